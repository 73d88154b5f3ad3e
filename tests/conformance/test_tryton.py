"""Tryton passes the suite, against the sandbox's Tryton of the generation with 8.2. The real ones are in tests/foreign."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from sandbox.misbehaviour import Misbehaviour
from sandbox.tryton import TrytonServer
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.trial import ZONE, Example, HttpSystem

COMPANY = {"id": 1, "party": {"id": 1, "code": "1000"}, "currency": {"id": 1, "code": "CNY"}}


class TrytonForTests(HttpSystem):
    """Example n is line n of entry n."""

    connector, stream, field_map = "tryton", "cost_lines", "tryton_entries"
    arrives_in: ClassVar = {"text": "text", "amount": "base_amount"}
    opening = 1

    def __init__(self, server: TrytonServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("tryton", server, "hub", "canary-密码")
        self.options = {"database": "hub", "accounts": ["6601*"], "page_size": 3, "http": IMPATIENT}

    def put(self, example: Example) -> None:
        """An entry that was posted at the time of the change."""
        self._put(example, {"id": 3, "name": "2025-03", "fiscalyear": {"id": 1, "name": "2025"}})

    def spoil(self, example: Example) -> None:
        """A period without a name."""
        self._put(example, {"id": 3, "name": "", "fiscalyear": {"id": 1, "name": "2025"}})

    def _put(self, example: Example, period: dict[str, Any]) -> None:
        move = self._server.put(
            "account.move", example.number, number=str(example.number), date=example.changed.astimezone(ZONE).date(),
            description=None, state="posted", origin=None, period=period, company=COMPANY,
            journal={"id": 1, "code": "EXP", "type": "expense"}, create_date=example.changed, write_date=example.changed,
        )  # fmt: skip
        self._server.put(
            "account.move.line", example.number, move=move, debit=example.amount, credit=Decimal(0),
            amount_second_currency=None, second_currency=None, account={"id": 2, "code": "660105"}, party=None,
            description=example.text, origin=None, state="valid", create_date=example.changed,
        )  # fmt: skip

    def remove(self, number: int) -> None:
        """What was posted is cancelled, never deleted."""
        raise NotImplementedError

    def source_id(self, number: int) -> str:
        """The line's id."""
        return str(number)


class TestTryton(HttpSourceSuite):
    """Lines of posted entries over JSON-RPC."""

    bypass: ClassVar = {
        "test_records_that_go_between_pages_hide_no_others": "posted entries are cancelled by others, never deleted",
    }

    @pytest.fixture
    def system(self) -> Iterator[HttpSystem]:
        """A database with nothing in it."""
        with TrytonServer("hub", "canary-密码") as server:
            server.put("account.account", 2, code="660105")
            yield TrytonForTests(server)
