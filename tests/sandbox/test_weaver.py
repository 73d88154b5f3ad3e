"""The sandbox's Weaver, through our connector and zeep in strict mode: listings, forms, creations, decisions."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep

from connectors.contract import OutboxItem, Window
from connectors.oa.weaver import WeaverSink, WeaverSinkOptions, WeaverSource, WeaverSourceOptions
from sandbox.weaver import APPROVED, PATH, WeaverRequest, WeaverServer
from sandbox.weaver_wsdl import SERVICE_NS
from tests.sandbox.systems import http_connection
from warranty_hub.errors import BusinessError, ConfigError

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


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "", "约一万"])
def test_a_plan_that_nobody_can_read_is_approved_or_stops_all_others(oa: WeaverServer, amount: str) -> None:
    reference = sink(oa).perform(plan(1, amount)).reference
    time.sleep(0.3)
    assert read(oa)[reference]["decision"] == "RETURNED"


def test_the_most_that_may_be_approved_is_sent_back(oa: WeaverServer) -> None:
    most, more = sink(oa).perform(plan(1, "50000.00")).reference, sink(oa).perform(plan(2, "50000.01")).reference
    time.sleep(0.3)
    found = read(oa)
    assert (found[most]["decision"], found[more]["decision"]) == ("APPROVED", "RETURNED")
    assert found[most]["lastOperateTime"] >= found[most]["createTime"]


def test_a_plan_is_decided_before_anybody_saw_it() -> None:
    with WeaverServer([], workflow_id=12, decide_after=3600) as oa:
        reference = sink(oa).perform(plan(1, "1")).reference
        assert read(oa)[reference]["decision"] == "RUNNING"


def test_a_plan_without_a_title_is_kept(oa: WeaverServer) -> None:
    assert int(client(oa).service.doCreateWorkflowRequest({"workflowBaseInfo": {"workflowId": "12"}}, 7)) < 0
    assert client(oa).service.getMyWorkflowRequestCount(7, None) == 0


def test_a_field_that_is_not_marked_as_editable_and_visible_is_kept(oa: WeaverServer) -> None:
    marks = {"a": (True, True), "b": (True, False), "c": (False, True)}
    cells = [{"fieldName": name, "fieldValue": "1", "edit": edit, "view": view} for name, (edit, view) in marks.items()]
    record = {"workflowRequestTableFields": {"WorkflowRequestTableField": cells}}
    table = {"requestRecords": {"WorkflowRequestTableRecord": [record]}}
    base = {"requestName": "方案", "workflowBaseInfo": {"workflowId": "12"}}
    number = client(oa).service.doCreateWorkflowRequest({**base, "workflowMainTableInfo": table}, 7)
    assert read(oa)[number]["fields"] == {"a": "1"}


def client(oa: WeaverServer) -> zeep.Client:
    """Somebody else's client, by the WSDL."""
    return zeep.Client(f"{oa.address}{PATH}?wsdl", settings=zeep.Settings(strict=True))


def test_plans_of_many_people_at_once_get_the_same_number(oa: WeaverServer) -> None:
    with ThreadPoolExecutor(8) as people:
        references = list(people.map(lambda number: sink(oa).perform(plan(number, "1")).reference, range(24)))
    assert len(set(references)) == 24


def test_conditions_are_ignored_and_everything_is_shown(oa: WeaverServer) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="conditions"):
        client(oa).service.getAllWorkflowRequestCount(7, {"string": ["workflowid = 99"]})


ENVELOPE = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
GET = f'<getWorkflowRequest xmlns="{SERVICE_NS}">{{}}</getWorkflowRequest>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("not XML", "operation"),
        (ENVELOPE.format(""), "operation"),
        (ENVELOPE.format("<deleteEverything/>"), "deleteEverything"),
        (ENVELOPE.format(GET.format("<in0>1</in0>")), "wants 3 arguments"),
        (ENVELOPE.format(GET.format("<in0>one</in0><in1>7</in1><in2>0</in2>")), "in0 is no number"),
        ('<!DOCTYPE e [<!ENTITY n "1">]>' + ENVELOPE.format(GET.format("<in0>&n;</in0><in1>7</in1><in2>0</in2>")), "no number"),
    ],
)
def test_a_wrong_call_hangs_up_instead_of_saying_what_is_wrong(oa: WeaverServer, body: str, said: str) -> None:
    answer = requests.post(oa.address + PATH, body.encode(), timeout=10)
    assert answer.status_code == 500
    assert said in answer.text


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


def test_a_broken_state_file_has_no_clear_error(tmp_path: Path) -> None:
    state = tmp_path / "weaver.jsonl"
    state.write_text('{"request_id": 900001, "na')
    with pytest.raises(ConfigError, match="line 1 holds no request"):
        WeaverServer([], workflow_id=12, state=state)
