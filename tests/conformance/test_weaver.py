"""Weaver's approvals and the submission of repair plans pass the suites, against the sandbox's OA."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from sandbox.misbehaviour import Misbehaviour
from sandbox.weaver import APPROVED, WeaverRequest, WeaverServer
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.records.effects import SUBMIT_PLAN
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.sink_suite import SinkSuite, SinkSystem
from warranty_hub.testing.trial import BEGINNING, ZONE, Example, HttpSystem

WORKFLOW = 12
NO_LOGIN = "the OA asks for no password: it knows its callers by address"


class OaForTests(HttpSystem):
    """Example n is request n, which the people of the OA have approved."""

    connector, stream, field_map = "weaver", "approvals", "weaver_approvals"
    arrives_in: ClassVar = {"text": "title", "amount": "amount", "changed": "decided_at"}
    resolution = timedelta(seconds=1)

    def __init__(self, server: WeaverServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("oa", server)
        self.options = {"user_id": 7, "page_size": 3, "http": IMPATIENT}

    def put(self, example: Example) -> None:
        """A request, decided at the time of the change."""
        self._put(example, "1")

    def spoil(self, example: Example) -> None:
        """A version that is no number."""
        self._put(example, "第二版")

    def _put(self, example: Example, version: str) -> None:
        local = example.changed.astimezone(ZONE).replace(tzinfo=None)
        created = BEGINNING.replace(tzinfo=None) + timedelta(days=example.number)
        fields = {"plan_no": f"FA{example.number}", "version": version, "amount": str(example.amount)}
        name = example.text or "维修方案"
        self._server.put(WeaverRequest(example.number, WORKFLOW, name, 1, created, local, APPROVED, fields))

    def remove(self, number: int) -> None:
        """Delete the request."""
        self._server.remove(number)

    def source_id(self, number: int) -> str:
        """The request's number."""
        return str(number)


class TestApprovals(HttpSourceSuite):
    """Approvals out of listings."""

    bypass: ClassVar = {
        "test_a_wrong_login_is_told_and_not_insisted_on": NO_LOGIN,
        "test_http_expired_session": NO_LOGIN,
    }

    @pytest.fixture
    def system(self) -> Iterator[HttpSystem]:
        """An OA without requests."""
        with WeaverServer([], WORKFLOW) as server:
            yield OaForTests(server)


class PlansForTests(SinkSystem):
    """The OA as it is written to."""

    connector, kind = "weaver", SUBMIT_PLAN

    def __init__(self, server: WeaverServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("oa", server)
        self.options = {"user_id": 7, "workflow_id": WORKFLOW, "page_size": 3, "http": IMPATIENT}

    def payload(self, number: int) -> Mapping[str, Any]:
        """A repair plan."""
        return {
            "plan_no": f"FA{number}", "ticket_no": "WX1", "version": 1, "project_code": "P01", "text": "重做<防水>&闭水",
            "amount": "1200.00", "currency": "CNY", "content_hash": "abc",
        }  # fmt: skip

    def made(self, idempotency_key: str) -> int:
        """Requests with the key in their title."""
        return sum(f"[{idempotency_key}]" in title for title in self._server.titles())

    def refuse(self) -> None:
        """Nobody may start that other workflow."""
        self.options = {**self.options, "workflow_id": WORKFLOW + 1}


class TestPlans(SinkSuite):
    """Repair plans submitted for approval."""

    bypass: ClassVar = {"test_a_wrong_login_leaves_the_item_for_later": NO_LOGIN}

    @pytest.fixture
    def sink_system(self) -> Iterator[SinkSystem]:
        """An OA without requests."""
        with WeaverServer([], WORKFLOW) as server:
            yield PlansForTests(server)
