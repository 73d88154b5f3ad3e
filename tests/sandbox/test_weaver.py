"""The sandbox's Weaver, through our connector and zeep in strict mode: listings, forms, creations, decisions."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import OutboxItem, Window
from connectors.oa.weaver import WeaverSink, WeaverSinkOptions, WeaverSource, WeaverSourceOptions
from sandbox.weaver import APPROVED, WeaverRequest, WeaverServer
from tests.sandbox.systems import http_connection
from warranty_hub.errors import BusinessError

ALL = Window(None, datetime(2030, 1, 1, tzinfo=UTC))
LONG_AGO = datetime(2025, 3, 1, 8, 0)  # noqa: DTZ001 - the OA writes local times


def requests_until(count: int) -> list[WeaverRequest]:
    return [
        WeaverRequest(number, 12, f"维修方案 FA{number} V1", 1, LONG_AGO, LONG_AGO + timedelta(days=1), APPROVED,
                      {"plan_no": f"FA{number}", "amount": "1200.50", "text": "铲除<重做>&防水"})
        for number in range(1, count + 1)
    ]  # fmt: skip


@pytest.fixture
def oa() -> Iterator[WeaverServer]:
    with WeaverServer(requests_until(230), workflow_id=12, decide_after=0.2) as server:
        yield server


def source(oa: WeaverServer) -> WeaverSource:
    options = WeaverSourceOptions.model_validate({"zone": "Asia/Shanghai", "user_id": 7, "workflow_ids": [12]})
    return WeaverSource(http_connection("oa", oa), options)


def sink(oa: WeaverServer, workflow: int = 12) -> WeaverSink:
    return WeaverSink(http_connection("oa", oa), WeaverSinkOptions.model_validate({"user_id": 7, "workflow_id": workflow}))


def plan(number: int, amount: str) -> OutboxItem:
    payload = {
        "plan_no": f"P{number}", "ticket_no": "WX1", "version": 1, "project_code": "P01", "text": "重做防水", "amount": amount,
        "currency": "CNY", "content_hash": "abc",
    }  # fmt: skip
    return OutboxItem(f"wms:P{number}:1", "submit_plan", payload)


def read(oa: WeaverServer) -> dict[str, Any]:
    return {record["requestId"]: record for page in source(oa).pages("approvals", ALL) for record in page.records}


def test_every_request_is_read_with_its_form(oa: WeaverServer) -> None:
    found = read(oa)
    assert len(found) == 230
    assert found["17"]["fields"] == {"plan_no": "FA17", "amount": "1200.50", "text": "铲除<重做>&防水"}
    assert (found["17"]["decision"], found["17"]["lastOperateTime"]) == ("APPROVED", "2025-03-02 08:00:00")


def test_a_plan_is_found_again_and_decided_by_its_amount(oa: WeaverServer) -> None:
    cheap, dear = sink(oa).perform(plan(1, "12800.00")), sink(oa).perform(plan(2, "86500.00"))
    assert sink(oa).lookup(plan(1, "12800.00")) == cheap
    assert sink(oa).lookup(plan(3, "1")) is None
    time.sleep(0.5)
    found = read(oa)
    assert (found[cheap.reference]["decision"], found[dear.reference]["decision"]) == ("APPROVED", "RETURNED")
    assert found[cheap.reference]["fields"]["plan_no"] == "P1"


def test_a_plan_of_another_workflow_is_refused(oa: WeaverServer) -> None:
    with pytest.raises(BusinessError, match=r"no right to create this workflow \(-2\)"):
        sink(oa, workflow=99).perform(plan(1, "1"))


def test_what_was_created_is_still_there_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "weaver.jsonl"
    with WeaverServer(requests_until(3), workflow_id=12, decide_after=0, state=state) as first:
        reference = sink(first).perform(plan(1, "12800.00")).reference
    with WeaverServer(requests_until(3), workflow_id=12, decide_after=0, state=state) as second:
        assert read(second)[reference]["decision"] == "APPROVED"
        assert sink(second).perform(plan(2, "1")).reference == str(int(reference) + 1)
