"""A company's books in the sandbox's Tryton, and what reads and posts there."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.contract import Window
from connectors.erp.tryton.sink import TrytonSink, build_sink
from connectors.erp.tryton.source import TrytonSource, build_source
from sandbox.tryton import TrytonServer
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.settings import Connection

PASSWORD = "canary-密码"
NOW = datetime(2025, 6, 1, tzinfo=UTC)
ALL = Window(None, NOW)
COMPANY = {"id": 1, "party": {"id": 1, "code": "1000"}, "currency": {"id": 1, "code": "CNY"}}
YEAR = {"id": 1, "name": "2025"}
MARCH = {
    "name": "2025-03", "start_date": date(2025, 3, 1), "end_date": date(2025, 3, 31), "state": "open", "type": "standard",
    "fiscalyear": YEAR, "company": COMPANY,
}  # fmt: skip
EXPENSE, PROVISION, PAYABLE = "660105", "224101", "2202"


class Books(TrytonServer):
    """A company with three accounts, one open period and a closed one, a journal and a supplier."""

    def __init__(self, version: str) -> None:
        super().__init__("hub", PASSWORD, version=version)
        self.put("company.company", 1, **{**COMPANY, "id": 1})
        self.put("account.period", 3, **MARCH)
        february = {"name": "2025-02", "start_date": date(2025, 2, 1), "end_date": date(2025, 2, 28), "state": "closed"}
        self.put("account.period", 2, **{**MARCH, **february})
        self.put("account.journal", 5, code="MISC", type="general")
        self.put("party.party", 7, code="V001", name="江南防水工程有限公司", active=True)
        for number, code in enumerate((EXPENSE, PROVISION, PAYABLE), start=20):
            self.put("account.account", number, code=code, company=COMPANY, type={"id": 1}, party_required=code == PAYABLE)

    def enter(self, number: int, amount: str, *, state: str = "posted", account: int = 20, **line: Any) -> dict[str, Any]:
        """An entry of one line that matters; returns the entry."""
        move = self.put(
            "account.move", number, number=f"M{number}", post_number=f"M{number}", date=date(2025, 3, 9), description="计提",
            state=state, origin=None, period=self.tables["account.period"][3], company=COMPANY,
            journal=self.tables["account.journal"][5],
        )  # fmt: skip
        net = Decimal(amount)
        told = {
            "debit": max(net, Decimal(0)), "credit": max(-net, Decimal(0)), "amount_second_currency": None,
            "second_currency": None, "party": None, "description": None, "origin": None, "state": "valid",
        }  # fmt: skip
        self.put("account.move.line", number, move=move, account=self.tables["account.account"][account], **{**told, **line})
        return move

    def invoice(self, number: int, amount: str, base: str, *, currency: str = "CNY", state: str = "posted") -> None:
        """A supplier's invoice of one line, with its entry."""
        move = self.enter(number, base, origin=f"account.invoice.line,{number}")
        head = {
            "id": number, "number": f"R{number}", "reference": f"WX2025{number:05d}", "state": state, "type": "in",
            "invoice_date": date(2025, 3, 8), "description": None, "party": self.tables["party.party"][7], "move": move,
            "currency": {"id": 9, "code": currency}, "company": COMPANY, "write_date": None,
        }  # fmt: skip
        self.put(
            "account.invoice.line", number, type="line", invoice=head, amount=Decimal(amount), description=f"维修 {number}",
            origin=None, account=self.tables["account.account"][20],
        )  # fmt: skip


def connection(server: TrytonServer) -> Connection:
    return http_connection("tryton", server, "hub", PASSWORD)


def options(**given: Any) -> dict[str, Any]:
    return {"zone": "Asia/Shanghai", "database": "hub", "accounts": ["66*"], "page_size": 2, "http": IMPATIENT, **given}


def source(server: TrytonServer, **given: Any) -> TrytonSource:
    return build_source(connection(server), options(**given))


def sink(server: TrytonServer) -> TrytonSink:
    return build_sink(connection(server), {"database": "hub", "journal": "MISC", "http": IMPATIENT})


def scripted(given: Connection) -> TrytonSource:
    return build_source(given, options())


def ids(given: TrytonSource, stream: str = "cost_lines", window: Window = ALL) -> list[int]:
    return [record["id"] for page in given.pages(stream, window) for record in page.records]
