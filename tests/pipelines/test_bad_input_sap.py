"""Other systems on a bad day, end to end: what fails is told, nothing half is kept, and the next run makes good.

Each case runs a real connector against a system of the sandbox whose answers are spoilt on their way. What an undisturbed run
would have made is found out first, by a dry run.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from connectors.erp.sap import LINES
from connectors.tickets.sql import _converter
from sandbox.sap_s4 import KEY, SapServer
from sandbox.ticket_store import repair_order
from sandbox.web import Answer, Request, WebServer
from tests.pipelines.fake import runs
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    ConfigError,
    HubError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RejectedShareError,
    SchemaChangedError,
    SystemUnreachableError,
)
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.warehouse.embedded import EmbeddedPostgres
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
LINE_COUNT, PAGE_SIZE, LAST_PAGE = 23, 5, 5


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


def one_line(**values: Any) -> Callable[[Answer], Answer]:
    """Change values of the first line of a page."""
    return edited(lambda data: data["results"][0].update(values))


SAP_RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"AmountInTransactionCurrency": "1,2x"}, "amount (source field AmountInTransactionCurrency+DebitCreditCode)"),
    ({"AmountInTransactionCurrency": 0.30000000000000004}, "no more than 6 decimal places"),
    ({"DebitCreditCode": ""}, "neither S nor H"),
    ({"PostingDate": "2025-03-01"}, "posting_date (source field PostingDate)"),
    ({"FiscalPeriod": "017"}, "fiscal period is not 1 to 16"),
    ({"DocumentItemText": "漏水\ud83d"}, "text (source field DocumentItemText)"),  # half an emoji, at the end of 50 characters
    ({"DocumentItemText": "漏水\x00"}, "text (source field DocumentItemText)"),
    ({"OrderID": {"Value": "WX00011"}, "GLAccount": None}, "account (source field GLAccount)"),
]


@pytest.mark.parametrize(("values", "reason"), SAP_RECORDS, ids=[" ".join(values) for values, _ in SAP_RECORDS])
def test_one_bad_line_of_sap_takes_others_with_it_or_stays_in_quarantine_for_ever(
    sap: tuple[System, DisturbedSap], values: dict[str, Any], reason: str
) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(LAST_PAGE, one_line(**values))
    report = system.sync()
    assert (report.outcomes["new"], report.outcomes["quarantined"]) == (LINE_COUNT - 1, 1)
    ((key, why),) = system.quarantine()
    assert key == "1000/2025/0000000021/001"
    assert reason in why
    assert [row["source_id"] for row in expected if row not in system.rows()] == [key]
    server.spoil = unspoilt
    assert system.sync().outcomes["new"] == 1
    assert system.rows() == expected
    assert (system.quarantine(), len(system.quarantine("RESOLVED"))) == ([], 1)
    system.accounts_for_everything()


@pytest.mark.parametrize("document", ["", None, "21\x00", "21\ud83d", "9" * 501])
def test_a_line_whose_key_cannot_be_stored_stops_all_others(sap: tuple[System, DisturbedSap], document: str | None) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(LAST_PAGE, one_line(AccountingDocument=document))
    for _ in range(2):
        assert system.sync().outcomes["quarantined"] == 1
    ((key, why),) = system.quarantine()
    assert key.startswith("sha256:")
    assert "source_id (source field CompanyCode/FiscalYear/AccountingDocument/AccountingDocumentItem)" in why
    server.spoil = unspoilt
    system.sync()
    assert system.rows() == expected
    system.accounts_for_everything()


def test_a_code_that_cannot_be_stored_stops_the_run_instead_of_being_counted(sap: tuple[System, DisturbedSap]) -> None:
    system, server = sap
    server.spoil = from_page(LAST_PAGE, one_line(AccountingDocumentType="K\x00\ud83d"))
    system.sync()
    assert [row["stage"] for row in system.rows()].count("UNMAPPED") == 1
    assert runs(system.hub.engine)[-1]["unmapped"] == {"stage=K\ufffd?": 1}
    system.accounts_for_everything()


def without_side(data: Any) -> None:
    for entity in data["results"]:
        entity["DebitCreditCode"] = ""


def test_too_many_bad_lines_pass_for_a_success(sap: tuple[System, DisturbedSap]) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(1, edited(without_side))
    with pytest.raises(RejectedShareError, match=f"{LINE_COUNT} of {LINE_COUNT}"):
        system.sync()
    assert (system.rows(), system.cursor(), len(system.quarantine())) == ([], None, LINE_COUNT)
    server.spoil = unspoilt
    system.sync()
    assert system.rows() == expected
    assert (system.quarantine(), len(system.quarantine("RESOLVED"))) == ([], LINE_COUNT)
    system.accounts_for_everything()


def test_lines_that_stand_on_two_pages_or_on_another_one_are_doubled_or_lost(sap: tuple[System, DisturbedSap]) -> None:
    """SAP pages by number: what is posted meanwhile moves lines to the next page. The first page's come again here."""
    system, server = sap
    expected = system.undisturbed()
    entities: list[Any] = []

    def move(data: Any) -> None:
        data["results"] = [*entities[-1:], *reversed(data["results"])]
        entities.extend(data["results"])

    server.spoil = from_page(1, edited(move))
    report = system.sync()
    assert (report.outcomes["new"], report.outcomes["unchanged"]) == (LINE_COUNT, LAST_PAGE - 1)
    assert system.rows() == expected
    system.accounts_for_everything()


def test_amounts_that_sap_writes_as_numbers_lose_digits(sap: tuple[System, DisturbedSap]) -> None:
    system, server = sap
    expected = system.undisturbed()

    def as_numbers(answer: Answer) -> Answer:
        return Answer(200, answer.body.replace(b'"1234.50"', b"1234.50"), answer.media_type)

    server.spoil = from_page(2, as_numbers)
    system.sync()
    assert system.rows() == expected


# ------------------------------------------------------------------------------------------------ the store, on a bad day
NUMBERS, TICKETS_A_PAGE = range(101, 126), 5
MINUTE = timedelta(minutes=1)
FIRST = datetime(2025, 5, 31, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
_numbers = itertools.count(1)


@dataclass
class Store(System):
    """The tickets of a store in a database of its own, three changed a minute from FIRST on."""

    engine: Engine

    def run(self, statement: str) -> None:
        with self.engine.begin() as db:
            db.execute(text(statement))


@pytest.fixture
def store(warehouse: Engine, server: EmbeddedPostgres) -> Iterator[Store]:
    name = f"bad_store_{next(_numbers)}"
    server.create_database(name)
    engine = create_engine(make_url(server.url(name)))
    yield store_in(warehouse, engine)
    engine.dispose()


def store_in(warehouse: Engine, engine: Engine, **extra: str) -> Store:
    """A store in the database of this engine."""
    url = engine.url
    connection = Connection(
        "it",
        "postgres",
        str(url.query["host"]),
        int(str(url.query["port"])),
        url.database or "",
        url.username or "",
        extra=extra,
    )
    source = {
        "system": "sql_tickets",
        "options": {
            "page_size": TICKETS_A_PAGE,
            "streams": {"tickets": {"table": "t_repair_order", "key": ["id"], "cursor": "update_time"}},
        },
        "streams": {"tickets": {"map": "wms_tickets", "job": "tickets"}},
    }
    made = Store(hub_of(warehouse, connection, source), "it", "tickets", "ticket", engine)
    with engine.begin() as db:
        repair_order.create(db)
        db.execute(repair_order.insert(), [ticket(number) for number in NUMBERS])
    return made


def ticket(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "order_no": f"WX{number:05d}", "project_no": "P01", "building_no": "3", "address": "3号楼1单元201",
        "content": "主卧飘窗渗水", "qr_text": "A-17", "level": "1", "status": "10", "source": "APP", "customer_id": 7,
        "create_time": datetime(2025, 3, 1), "promise_time": None, "score": None,  # noqa: DTZ001 - local, as the store keeps it
        "update_time": (FIRST + (number - NUMBERS[0]) // 3 * MINUTE).replace(tzinfo=None), **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "error"),
    [
        ("id", ConfigError),
        ("update_time", ConfigError),
        ("content", SchemaChangedError),
        ("qr_text", SchemaChangedError),
    ],
)
def test_a_renamed_column_empties_tickets_or_loses_their_changes(store: Store, column: str, error: type[HubError]) -> None:
    store.sync()
    before, reached = store.rows(), store.cursor()
    store.run("UPDATE t_repair_order SET address = '5号楼', update_time = '2025-06-01 07:30' WHERE id % 2 = 0")
    expected = store.undisturbed()
    store.run(f"ALTER TABLE t_repair_order RENAME {column} TO {column}_v2")
    with pytest.raises(error, match=rf"\b{column}\b"):
        store.sync()
    assert (store.rows(), store.cursor(), store.quarantine()) == (before, reached, [])
    store.run(f"ALTER TABLE t_repair_order RENAME {column}_v2 TO {column}")
    assert store.sync().outcomes["changed"] == len(NUMBERS) // 2
    assert store.rows() == expected != before
    store.accounts_for_everything()


def test_a_column_renamed_between_two_pages_ends_in_half_a_window(store: Store) -> None:
    expected = store.undisturbed()
    strike = once_after("page committed", lambda: store.run("ALTER TABLE t_repair_order RENAME status TO state"))
    with pytest.raises(ProtocolError, match="UndefinedColumn"):
        store.sync(on_step=strike)
    kept = store.rows()
    assert kept == expected[: len(kept)]
    assert store.cursor() == max(row["changed_at"] for row in kept)
    store.run("ALTER TABLE t_repair_order RENAME state TO status")
    store.sync()
    assert store.rows() == expected
    store.accounts_for_everything()


def test_a_connection_that_breaks_between_two_pages_loses_the_rest(store: Store) -> None:
    expected = store.undisturbed()
    hang_up = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(SystemUnreachableError, match="broke off"):
        store.sync(on_step=once_after("page committed", lambda: store.run(hang_up)))
    assert 0 < len(store.rows()) < len(NUMBERS)
    store.sync()
    assert store.rows() == expected
    store.accounts_for_everything()


def test_tickets_of_the_same_moment_are_lost_at_a_page_boundary_or_by_a_crash_there(store: Store) -> None:
    store.run("UPDATE t_repair_order SET update_time = '2025-05-31 08:00' WHERE id <= 118")
    expected = store.undisturbed()

    def crash() -> None:
        raise KeyboardInterrupt

    for pages in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            store.sync(on_step=once_after("page committed", crash))
        assert len(store.rows()) == TICKETS_A_PAGE, f"run {pages}"
        assert store.cursor() == FIRST
    assert store.sync().outcomes["new"] == len(NUMBERS) - TICKETS_A_PAGE
    assert store.rows() == expected
    store.accounts_for_everything()


def test_tickets_that_come_or_change_between_two_pages_are_lost_or_doubled(store: Store) -> None:
    """One comes late with an earlier time, one with a later; one that was read changes, and one that was not."""

    def meanwhile() -> None:
        late, later = ticket(201, update_time="2025-05-31 08:00"), ticket(202, update_time="2025-05-31 08:30")
        with store.engine.begin() as db:
            db.execute(repair_order.insert(), [late, later])
            db.execute(text("UPDATE t_repair_order SET score = 1, update_time = '2025-05-31 08:40' WHERE id IN (101, 124)"))

    store.hub = replace(store.hub, clock=lambda: FIRST + timedelta(minutes=50))
    read = store.sync(on_step=once_after("page committed", meanwhile)).outcomes
    assert {name: count for name, count in read.items() if count} == {"new": len(NUMBERS) + 1, "changed": 1}
    assert store.sync().outcomes["new"] == 1
    assert store.rows() == store.undisturbed()
    assert [row["source_id"] for row in store.rows()] == [str(number) for number in (*NUMBERS, 201, 202)]
    store.accounts_for_everything()


def test_a_time_that_cannot_be_read_back_is_stored_and_stops_every_reader(store: Store) -> None:
    """Midnight of 0001-01-01, another system's word for never, lies before year 1 in UTC."""
    expected = store.undisturbed()
    store.run("UPDATE t_repair_order SET promise_time = '0001-01-01' WHERE id = 104")
    store.run("UPDATE t_repair_order SET order_no = ' ' WHERE id = 106")
    report = store.sync()
    assert (report.outcomes["new"], report.outcomes["quarantined"]) == (len(NUMBERS) - 2, 2)
    (one, why), (other, _) = store.quarantine()
    assert (one, other) == ("104", "106")
    assert "promised_at (source field promise_time)" in why
    store.run("UPDATE t_repair_order SET promise_time = NULL, order_no = 'WX00' || id WHERE id IN (104, 106)")
    store.run("UPDATE t_repair_order SET update_time = '2025-06-01 07:30' WHERE id IN (104, 106)")
    store.sync()
    assert _without_change_time(store.rows()) == _without_change_time(expected)
    assert (store.quarantine(), len(store.quarantine("RESOLVED"))) == ([], 2)
    store.accounts_for_everything()


def test_mysqls_empty_time_stops_the_whole_stream() -> None:
    """PyMySQL gives a time that no calendar has as text (pymysql.converters.convert_datetime)."""
    read = _converter(repair_order.c.promise_time, ZoneInfo("Asia/Shanghai"))
    assert read is not None
    assert read("0000-00-00 00:00:00") == "0000-00-00 00:00:00"


def test_money_kept_as_floats_is_rounded_in_silence(warehouse: Engine, store: Store) -> None:
    """What a float shows is taken as it is; digits that no amount has tell that it is none."""
    store.run("CREATE TABLE t_repair_plan (id int PRIMARY KEY, plan_no text, order_no text, version int, content text,"
              " amount double precision, status text, oa_id text, update_time timestamp)")  # fmt: skip
    store.run("INSERT INTO t_repair_plan SELECT n, 'FA' || n, 'WX00101', 1, '重做防水', CASE n WHEN 1 THEN 86500.55 "
              "ELSE 0.1::float8 + 0.2 END, '1', NULL, '2025-05-31 08:00' FROM generate_series(1, 2) n")  # fmt: skip
    options = {"streams": {"plans": {"table": "t_repair_plan", "key": ["id"], "cursor": "update_time"}}}
    streams = {"plans": {"map": "wms_repair_plans", "job": "tickets"}}
    source = {"system": "sql_tickets", "options": options, "streams": streams}
    plans = System(hub_of(warehouse, store.hub.connections("it"), source), "it", "plans", "repair_plan")
    plans.sync()
    assert [row["amount"] for row in plans.rows()] == [Decimal("86500.55")]
    ((key, why),) = plans.quarantine()
    assert key == "2"
    assert "amount (source field amount): Decimal input should have no more than 6 decimal places" in why
    store.run("ALTER TABLE t_repair_plan ALTER amount TYPE numeric(12, 2)")
    store.run("UPDATE t_repair_plan SET update_time = '2025-06-01 07:30'")
    plans.sync()
    assert [row["amount"] for row in plans.rows()] == [Decimal("86500.55"), Decimal("0.30")]
    plans.accounts_for_everything()


def _without_change_time(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "changed_at"} for row in rows]


def test_gbk_in_a_database_that_does_not_say_so_becomes_garbage(warehouse: Engine, server: EmbeddedPostgres) -> None:
    name = f"bad_store_{next(_numbers)}"
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        db.execute(text(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"))
    admin.dispose()
    engine = create_engine(make_url(server.url("postgres")).set(database=name).update_query_dict({"client_encoding": "utf8"}))
    told = store_in(warehouse, engine, client_encoding="gbk")
    content = "主卧飘窗渗水".encode("gbk").hex()
    told.run(f"UPDATE t_repair_order SET address = '', content = convert_from('\\x{content}', 'SQL_ASCII')")
    untold = replace(told, hub=replace(told.hub, connections=lambda _: replace(told.hub.connections("it"), extra={})))
    with pytest.raises(ConfigError, match="character set") as caught:
        untold.sync()
    assert "client_encoding" in caught.value.remedy
    assert told.rows() == []
    told.sync()
    engine.dispose()
    assert {row["description"] for row in told.rows()} == {"主卧飘窗渗水"}


def once_after(step: str, strike: Callable[[], None]) -> Callable[[str], None]:
    """Something that happens once, after a step of the commit protocol."""
    pending = [strike]

    def on_step(name: str) -> None:
        if name == step and pending:
            pending.pop()()

    return on_step
