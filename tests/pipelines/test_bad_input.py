"""Other systems on a bad day, end to end: what fails is told, nothing half is kept, and the next run makes good.

Each case runs a real connector against a system of the sandbox whose answers are spoilt on their way. What an undisturbed run
would have made is found out first, by a dry run.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.erp.sap import LINES
from sandbox.sap_s4 import KEY, SapServer
from sandbox.web import Answer, Request, WebServer
from tests.pipelines.fake import runs
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    HubError,
    MalformedAnswerError,
    PageOrderError,
    SchemaChangedError,
    SystemUnreachableError,
)
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.warehouse.tables import OUTCOMES

NOW = datetime(2025, 6, 1, tzinfo=UTC)
QUICK = {"attempts": 2, "longest_wait": 0.02, "read_timeout": 2}
BOOKKEEPING = {"run_id", "recorded_at", "changed_tx"}
Row = dict[str, Any]
Spoil = Callable[[Request, Answer], Answer]


@dataclass
class System:
    """A hub with one stream of one source, and the table that it fills."""

    hub: Hub
    source: str
    stream: str
    table: str

    def sync(self, **options: Any) -> RunReport:
        return sync_stream(self.hub, self.source, self.stream, **options)

    def undisturbed(self) -> list[Row]:
        """What the table would hold after a run on a good day; nothing of it stays."""
        with self.hub.dry_run() as trial:
            sync_stream(trial, self.source, self.stream)
            return _rows(trial, self.table)

    def rows(self) -> list[Row]:
        return _rows(self.hub, self.table)

    def cursor(self) -> datetime | None:
        with self.hub.engine.connect() as db:
            position: datetime | None = db.execute(text("SELECT position FROM ops.cursor")).scalar_one()
        return position

    def quarantine(self, state: str = "OPEN") -> list[tuple[str, str]]:
        query = "SELECT source_id, reason FROM ops.quarantine WHERE state = :state ORDER BY 1"
        with self.hub.engine.connect() as db:
            return [(row.source_id, row.reason) for row in db.execute(text(query), {"state": state})]

    def accounts_for_everything(self) -> None:
        """The counting rule over all runs: one outcome a record, and as many new ones as the table has keys."""
        ledger = runs(self.hub.engine)
        assert all(run["read"] == sum(run[outcome] for outcome in OUTCOMES) for run in ledger)
        assert all(run["rows_written"] == run["new"] + run["changed"] for run in ledger)
        assert sum(run["new"] for run in ledger) == len({row["source_id"] for row in self.rows()})


def _rows(hub: Hub, table: str) -> list[Row]:
    with hub.transactions() as db:
        found = db.execute(text(f"SELECT * FROM hub.{table} ORDER BY source_id"))
        return [{name: value for name, value in row._mapping.items() if name not in BOOKKEEPING} for row in found]


def hub_of(warehouse: Engine, connection: Connection, source: dict[str, Any]) -> Hub:
    settings = {"database": "postgresql+psycopg:///unused", "sources": {"it": {"connection": "it", **source}}}
    return Hub(Settings.model_validate(settings), warehouse, lambda _: connection, clock=lambda: NOW)


# ------------------------------------------------------------------------------------------------ SAP, on a bad day
LINE_COUNT, PAGE_SIZE = 23, 5


def unspoilt(_: Request, answer: Answer) -> Answer:
    return answer


class Disturbed(WebServer):
    """Mixed into a server of the sandbox: its answers go through ``spoil``."""

    spoil: Spoil = staticmethod(unspoilt)

    def answer(self, request: Request) -> Answer:
        return self.spoil(request, super().answer(request))


class DisturbedSap(Disturbed, SapServer):
    """SAP behind a proxy that spoils what it passes on."""


def line(number: int) -> dict[str, Any]:
    return {
        "CompanyCode": "1000", "FiscalYear": "2025", "AccountingDocument": f"{number:010d}", "AccountingDocumentItem": "001",
        "AccountingDocumentType": "KR", "GLAccount": "6601050000", "FiscalPeriod": "003", "DebitCreditCode": "S",
        "PostingDate": date(2025, 3, 1), "AccountingDocumentCreationDate": date(2025, 5, 31),
        "LastChangeDate": date(2025, 5, 31), "AmountInCompanyCodeCurrency": Decimal("1234.50"), "CompanyCodeCurrency": "CNY",
        "AmountInTransactionCurrency": Decimal("1234.50"), "TransactionCurrency": "CNY", "OrderID": f"WX{number:05d}",
    }  # fmt: skip


@pytest.fixture
def sap(warehouse: Engine) -> Iterator[tuple[System, DisturbedSap]]:
    with DisturbedSap(map(line, range(1, LINE_COUNT + 1)), "HUB", "x", PAGE_SIZE) as server:
        source = {
            "system": "sap_s4",
            "options": {"company_codes": ["1000"], "accounts": ["6601050000"], "http": QUICK},
            "streams": {"cost_lines": {"map": "sap_cost_lines", "job": "costs"}},
        }
        hub = hub_of(warehouse, http_connection("it", server, "HUB", "x"), source)
        yield System(hub, "it", "cost_lines", "cost_line"), server


def from_page(number: int, spoil: Callable[[Answer], Answer]) -> Spoil:
    """Spoil the answers to the requests for SAP's page ``number`` (from 1) and later ones."""

    def spoiling(request: Request, answer: Answer) -> Answer:
        is_due = request.path.endswith(LINES) and int(request.query.get("$skiptoken", "0")) >= (number - 1) * PAGE_SIZE
        return spoil(answer) if is_due else answer

    return spoiling


def with_body(body: bytes, media_type: str = "application/json") -> Callable[[Answer], Answer]:
    return lambda _: Answer(200, body, media_type)


def hung_up(answer: Answer) -> Answer:
    return Answer(
        200, b"400\r\n" + answer.body[:300], answer.media_type, {"Transfer-Encoding": "chunked", "Connection": "close"}
    )


def cut_short(answer: Answer) -> Answer:
    return Answer(200, answer.body[: len(answer.body) // 2], answer.media_type)


def in_gbk(answer: Answer) -> Answer:
    return Answer(200, answer.body.decode().replace("WX", "工单").encode("gbk"), "application/json")


def edited(edit: Callable[[Any], None]) -> Callable[[Answer], Answer]:
    """Change the data of an OData page."""

    def spoil(answer: Answer) -> Answer:
        body = json.loads(answer.body)
        edit(body["d"])
        return Answer(200, json.dumps(body).encode(), answer.media_type)

    return spoil


def without(name: str) -> Callable[[Answer], Answer]:
    def edit(data: Any) -> None:
        for entity in data["results"]:
            del entity[name]

    return edited(edit)


def first_line_again(data: Any) -> None:
    """Give every page the lines of the first."""
    key = {**dict(zip(KEY, ("1000", "2025", "", "001"), strict=True))}
    data["results"] = [{**data["results"][0], **key, "AccountingDocument": f"{n:010d}"} for n in range(1, PAGE_SIZE + 1)]


SAP_FAILURES: list[tuple[str, Callable[[Answer], Answer], type[HubError], str]] = [
    ("hung up", hung_up, MalformedAnswerError, "broke off its answer"),
    ("truncated", cut_short, MalformedAnswerError, "is not valid JSON"),
    ("html", with_body(b"<html>maintenance</html>", "text/html"), MalformedAnswerError, "is an HTML page"),
    ("html as json", with_body(b"<html>maintenance</html>"), MalformedAnswerError, "is not valid JSON"),
    ("gbk", in_gbk, MalformedAnswerError, "UnicodeDecodeError"),
    ("no results", with_body(b'{"d": {}}'), MalformedAnswerError, "no OData V2 results"),
    ("repeated page", edited(first_line_again), PageOrderError, "repeats page 3"),
    ("down", lambda _: Answer(503, b"", "text/plain"), SystemUnreachableError, "503"),
    ("key gone", without("AccountingDocument"), SchemaChangedError, "AccountingDocument"),
    ("needed property gone", without("PostingDate"), SchemaChangedError, "PostingDate"),
    ("optional property gone", without("OrderID"), SchemaChangedError, "OrderID"),
]


@pytest.mark.parametrize(
    ("spoil", "error", "said"), [case[1:] for case in SAP_FAILURES], ids=[case[0] for case in SAP_FAILURES]
)
def test_a_page_of_sap_that_cannot_be_used_leaves_the_costs_half_or_doubled(
    sap: tuple[System, DisturbedSap], spoil: Callable[[Answer], Answer], error: type[HubError], said: str
) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(3, spoil)
    with pytest.raises(error, match=said):
        system.sync()
    assert system.rows() == expected[: 2 * PAGE_SIZE]
    assert system.cursor() is None
    assert system.quarantine() == []
    assert (runs(system.hub.engine)[-1]["status"], runs(system.hub.engine)[-1]["error_code"]) == ("FAILED", error.code)
    server.spoil = unspoilt
    report = system.sync()
    assert (report.outcomes["unchanged"], report.outcomes["new"]) == (2 * PAGE_SIZE, LINE_COUNT - 2 * PAGE_SIZE)
    assert system.rows() == expected
    assert system.cursor() == NOW - timedelta(seconds=30)
    system.accounts_for_everything()
