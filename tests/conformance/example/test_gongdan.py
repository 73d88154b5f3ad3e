"""The example's Gongdan, played in memory, and its suite."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sandbox.misbehaviour import Misbehaviour
from sandbox.web import Answer, Request, WebServer
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.trial import ZONE, Example, HttpSystem

PASSWORD = "canary-密码"


class GongdanServer(WebServer):
    """Answers as Gongdan's manual says."""

    def __init__(self) -> None:
        self.plans: dict[int, dict[str, Any]] = {}
        super().__init__()

    def answer(self, request: Request) -> Answer:
        """Plans behind a mark in (changed, id) order, or all ids."""
        if request.headers.get("authorization") != "Basic " + base64.b64encode(f"hub:{PASSWORD}".encode()).decode():
            return Answer(401, b"{}", "application/json")
        if request.path == "/api/ids":
            return _json(sorted(self.plans))
        query = request.query
        marked = sorted((f"{plan['changed']} {number:06d}", plan) for number, plan in self.plans.items())
        since, until = query.get("since", ""), query.get("until", "9999")
        wanted = [one for one in marked if since <= one[1]["changed"] <= until and one[0] > query.get("after", "")]
        page = wanted[: int(query["limit"])]
        return _json({"plans": [plan for _, plan in page], "next": page[-1][0] if len(page) < len(wanted) else None})


def _json(body: Any) -> Answer:
    return Answer(200, json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8")


class GongdanForTests(HttpSystem):
    """Example n is plan n."""

    connector = "tests.conformance.example.gongdan:build_source"
    stream, field_map, folder = "plans", "gongdan_plans", Path(__file__).parent
    arrives_in: ClassVar = {"text": "text", "amount": "amount", "changed": "changed_at"}

    def __init__(self, server: GongdanServer) -> None:
        self._plans = server.plans
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("gongdan", server, "hub", PASSWORD)
        self.options = {"page_size": 3, "http": IMPATIENT}

    def put(self, example: Example) -> None:
        """Write a plan down, its cost as text, as Gongdan does."""
        local = example.changed.astimezone(ZONE).replace(tzinfo=None).isoformat(timespec="microseconds")
        self._plans[example.number] = {
            "id": example.number, "ticket": "WX1", "what": example.text, "cost": str(example.amount), "state": "open",
            "approval": None, "changed": local,
        }  # fmt: skip

    def spoil(self, example: Example) -> None:
        """A cost that somebody will tell later."""
        self.put(example)
        self._plans[example.number]["cost"] = "待定"

    def remove(self, number: int) -> None:
        """Gongdan forgets what is deleted."""
        del self._plans[number]

    def source_id(self, number: int) -> str:
        """Its number."""
        return str(number)


class TestGongdan(HttpSourceSuite):
    """The example passes."""

    bypass: ClassVar = {"test_http_expired_session": "the login goes with every request: there is no session to expire"}

    @pytest.fixture
    def system(self) -> Iterator[HttpSystem]:
        """A Gongdan without plans."""
        with GongdanServer() as server:
            yield GongdanForTests(server)
