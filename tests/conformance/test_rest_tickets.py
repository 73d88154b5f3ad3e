"""A declared REST API passes the suite in each of its ways of paging, against the sandbox's help desk."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from sandbox.misbehaviour import Misbehaviour
from sandbox.rest_tickets import HelpDesk
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.trial import Example, HttpSystem

LISTS: Mapping[str, Mapping[str, Any]] = {
    "numbers": {
        "path": "api/numbers/tickets",
        "records": "data.items",
        "total": "data.total",
        "paging": {"kind": "page_number", "size": "page_size", "per_page": 3},
    },
    "offsets": {"path": "api/offsets/tickets", "records": "rows", "paging": {"kind": "offset", "per_page": 3}},
    "tokens": {
        "path": "api/tokens/tickets",
        "records": "tickets",
        "paging": {"kind": "cursor", "next": "meta.next", "token": "after", "size": "limit", "per_page": 3},
    },
    "links": {"path": "api/links/tickets", "paging": {"kind": "link", "size": "per_page", "per_page": 3}},
}


class HelpDeskForTests(HttpSystem):
    """Example n is ticket n; its text and its cost are those of a repair plan."""

    connector, stream, field_map = "rest_tickets", "repair_plans", "rest_repair_plans"
    arrives_in: ClassVar = {"text": "text", "amount": "amount", "changed": "changed_at"}
    resolution = timedelta(seconds=1)

    def __init__(self, server: HelpDesk, listing: Mapping[str, Any]) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("desk", server, "hub", "canary-密码")
        stream = {
            **listing,
            "key": ["id"],
            "cursor": "updated_at",
            "changed": {"since": "updated_from", "until": "updated_to", "form": "%Y-%m-%d %H:%M:%S"},
            "sweepable": True,
        }
        self.options = {"login": {"kind": "basic"}, "streams": {self.stream: stream}, "http": IMPATIENT}

    def put(self, example: Example) -> None:
        """A ticket with its cost."""
        self._server.put(example.number, example.changed, content=example.text, cost=example.amount)

    def spoil(self, example: Example) -> None:
        """A cost that is no amount."""
        self._server.put(example.number, example.changed, cost="面议")

    def remove(self, number: int) -> None:
        """Delete the ticket."""
        self._server.remove(number)

    def source_id(self, number: int) -> str:
        """The ticket's number."""
        return str(number)


class TestRestTickets(HttpSourceSuite):
    """Tickets of a declared API."""

    bypass: ClassVar = {
        "test_http_expired_session": "basic authentication goes with every request: a 401 is about the password, told at once; "
        "tokens that expire are in tests/connectors/test_rest_tickets.py",
    }

    @pytest.fixture(params=LISTS)
    def system(self, request: pytest.FixtureRequest) -> Iterator[HttpSystem]:
        """A help desk without tickets, listed in one way."""
        with HelpDesk("hub", "canary-密码") as server:
            yield HelpDeskForTests(server, LISTS[request.param])
