"""Kingdee's vouchers pass the suites, read and posted, against the sandbox's data centre."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from sandbox.kingdee import Bill, KingdeeServer, KingdeeUser
from sandbox.misbehaviour import Misbehaviour
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.records.effects import POST_JOURNAL
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.sink_suite import SinkSuite, SinkSystem
from warranty_hub.testing.trial import ZONE, Example, HttpSystem

USER = KingdeeUser("hub", "canary-密码", "63f5a1c2d3e4b5")
LOGIN = {"data_centre": USER.data_centre, "login": "password", "http": IMPATIENT}


class LedgerForTests(HttpSystem):
    """Example n is a voucher of one line."""

    connector, stream, field_map = "kingdee", "vouchers", "kingdee_voucher_lines"
    arrives_in: ClassVar = {"text": "text", "amount": "base_amount"}
    resolution = timedelta(seconds=1)

    def __init__(self, server: KingdeeServer) -> None:
        self._server = server
        self._vouchers: dict[int, Bill] = {}
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("kingdee", server, USER.name, USER.password)
        self.options = {**LOGIN, "page_size": 3}

    def put(self, example: Example) -> None:
        """A cost on the debit side, changed at that time."""
        self._put(example, "PRE001")

    def spoil(self, example: Example) -> None:
        """In a currency that the map does not know."""
        self._put(example, "PRE009")

    def _put(self, example: Example, currency: str) -> None:
        local = example.changed.astimezone(ZONE).replace(tzinfo=None)
        head: dict[str, Any] = {
            "FAccountBookID.FNumber": "101", "FBillNo": f"PZ{example.number}", "FDate": local.date(), "FYEAR": local.year,
            "FPERIOD": local.month, "FModifyDate": local, "FAuditDate": local,
        }  # fmt: skip
        line: dict[str, Any] = {
            "FACCOUNTID.FNumber": "6601.05", "FEXPLANATION": example.text, "FCURRENCYID.FNumber": currency,
            "FAMOUNTFOR": example.amount, "FDEBIT": example.amount, "FCREDIT": Decimal(0),
        }  # fmt: skip
        if known := self._vouchers.get(example.number):
            known.head |= head
            known.lines[0] |= line
        else:
            self._vouchers[example.number] = self._server.add("GL_VOUCHER", head, line)

    def remove(self, number: int) -> None:
        """Delete the voucher."""
        self._server.bills.remove(self._vouchers[number])

    def source_id(self, number: int) -> str:
        """Form, voucher and line."""
        voucher = self._vouchers[number]
        return f"GL_VOUCHER/{voucher.id}/{voucher.lines[0]['FEntity_FEntryID']}"


class TestVouchers(HttpSourceSuite):
    """Lines of the ledger."""

    bypass: ClassVar = {
        "test_http_expired_session": "Kingdee tells a lost session with status 200, see tests/connectors/test_kingdee_login.py",
    }

    @pytest.fixture
    def system(self) -> Iterator[HttpSystem]:
        """A data centre without vouchers."""
        with KingdeeServer(USER) as server:
            yield LedgerForTests(server)


class BalancesForTests(LedgerForTests):
    """Example n is what an account of its own moved, by one voucher."""

    stream, field_map = "balances", "kingdee_balances"
    arrives_in: ClassVar = {"amount": "debit"}

    def __init__(self, server: KingdeeServer) -> None:
        super().__init__(server)
        self.options = {**LOGIN, "balances": {"account_books": ["101"], "since": "2025-03"}}

    def put(self, example: Example) -> None:
        """A cost on that account."""
        super().put(example)
        self._vouchers[example.number].lines[0]["FACCOUNTID.FNumber"] = _account(example.number)

    def spoil(self, example: Example) -> None:
        """An amount that no table can hold."""
        self.put(Example(example.number, example.changed, example.text, Decimal("1e18")))

    def source_id(self, number: int) -> str:
        """Account book, year, period, account."""
        return f"101/2025/3/{_account(number)}"


def _account(number: int) -> str:
    return f"6601.{number:03d}"


class TestBalances(TestVouchers):
    """What accounts moved, from a report."""

    bypass: ClassVar = {**TestVouchers.bypass, "test_texts_arrive_as_they_were_written": "a balance has no text"}

    @pytest.fixture
    def system(self) -> Iterator[HttpSystem]:
        """A data centre without vouchers."""
        with KingdeeServer(USER) as server:
            yield BalancesForTests(server)


class PostingsForTests(SinkSystem):
    """The ledger as it is written to."""

    connector, kind = "kingdee", POST_JOURNAL

    def __init__(self, server: KingdeeServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("kingdee", server, USER.name, USER.password)
        self.options = {**LOGIN, "key_field": "F_HUB_Key"}

    def payload(self, number: int) -> Mapping[str, Any]:
        """A provision."""
        lines = [{"account": "6601.09", "amount": f"{number}00.10"}, {"account": "2241.03", "amount": f"-{number}00.10"}]
        return {
            "company_code": "101", "posting_date": "2025-05-31", "document_date": "2025-05-31", "currency": "CNY",
            "reference": f"PROV-{number}", "text": "计提维修费", "lines": lines,
        }  # fmt: skip

    def made(self, idempotency_key: str) -> int:
        """Vouchers with the key in their field, however far they are."""
        return sum(bill.head.get("F_HUB_Key") == idempotency_key for bill in self._server.bills)

    def refuse(self) -> None:
        """The period is closed."""
        self._server.refusals["Save"] = (11, "会计期间已关闭")


class TestPostings(SinkSuite):
    """Journal entries posted as vouchers."""

    @pytest.fixture
    def sink_system(self) -> Iterator[SinkSystem]:
        """A data centre without vouchers."""
        with KingdeeServer(USER) as server:
            yield PostingsForTests(server)
