"""A real Tryton, of either generation, and our connector agree to the cent on what repairs cost; and it takes our entries."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from connectors.contract import OutboxItem
from connectors.erp.tryton.rpc import Tryton, TrytonOptions
from connectors.erp.tryton.sink import TrytonSink, build_sink
from tests.foreign.counterparts import free_port, listening, printed, program
from warranty_hub.errors import BusinessError, ConfigError, LoginError, ProtocolError
from warranty_hub.pipelines.feed import publish_feed
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, FeedSettings, Settings

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(900)]

COUNTERPARTS = ("Tryton 7.0", "Tryton 8")
PASSWORD = "canary-密码-1"
STREAMS = ("cost_lines", "purchase_lines", "parties", "periods", "balances")
SERIES = ("tryton70", "tryton8x")
EXPENSE, PROVISION = "660105", "224101"
COSTS = {
    "erp": {"costs_from": "entries"},
    "invoices": {"costs_from": "invoices"},
    "analytic": {"costs_from": "analytic", "analytic_root": "PROJECTS"},
}


@dataclass(frozen=True)
class Served:
    """A running Tryton, and what it says of its own books."""

    port: int
    told: dict[str, Any]
    database: Path

    def connection(self, password: str = PASSWORD) -> Connection:
        return Connection("tryton", "http", "127.0.0.1", self.port, "http", "admin", SecretStr(password))

    def hub(self, engine: Engine, password: str = PASSWORD, **options: Any) -> Hub:
        """Its entries as source ``erp``, and once more its invoices and its analytic lines as sources."""
        given = {"database": "hub", "accounts": ["6601*", PROVISION], "page_size": 5, **options}
        streams = {stream: {"map": f"tryton_{stream}", "job": "costs"} for stream in STREAMS}
        sources = {
            name: {
                "system": "tryton", "connection": "tryton", "safety": 0, "options": {**given, **costs},
                "streams": {**streams, "cost_lines": {"map": f"tryton_{costs['costs_from']}", "job": "costs"}},
            }
            for name, costs in COSTS.items()
        }  # fmt: skip
        settings = Settings.model_validate({"database": "postgresql+psycopg:///unused", "sources": sources})
        return Hub(settings, engine, connections=lambda _: self.connection(password))

    def sink(self) -> TrytonSink:
        return build_sink(self.connection(), {"database": "hub", "journal": "MISC"})


@dataclass(frozen=True)
class Books:
    """A company's books in SQLite, and the environment of the Tryton that keeps them."""

    series: str
    settings: Path
    port: int
    told: dict[str, Any]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, "Future[Books]"]]:
    """Both generations' books, filled at the same time."""
    with ThreadPoolExecutor() as both:
        yield {series: both.submit(_fill, series, tmp_path_factory.mktemp(series)) for series in SERIES}


def _fill(series: str, folder: Path) -> Books:
    port = free_port()
    settings = folder / "trytond.conf"
    settings.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    (folder / "hub.sqlite").touch()
    (folder / "password").write_text(PASSWORD)
    modules = ["--update", "account_invoice", "purchase", "analytic_account", "--activate-dependencies"]
    manage = [program(series, "trytond-admin"), "-c", settings, "-d", "hub", *modules, "--email", "hub@hub.example"]
    printed(*manage, TRYTONPASSFILE=str(folder / "password"))
    script = Path(__file__).with_name("tryton_company.py")
    told = printed(program(series, "python"), "-W", "ignore", script, settings, "hub", EXPENSE, PROVISION)
    return Books(series, settings, port, json.loads(told.splitlines()[-1]))


@pytest.fixture(scope="module", params=SERIES)
def served(request: pytest.FixtureRequest, books: Mapping[str, "Future[Books]"]) -> Iterator[Served]:
    """One generation's server. Fails where its environment is missing: a skip would look like agreement."""
    kept = books[request.param].result()
    # 8.x answers for a database only once it was named at the start, or its web client was opened
    command = [program(kept.series, "trytond"), "-c", kept.settings, "-d", "hub"]
    with listening(command, kept.port, kept.settings.with_name("log")):
        yield Served(kept.port, kept.told, kept.settings.with_name("hub.sqlite"))


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text(query))]


def entry(key: str, amount: str = "4321.09", account: str = EXPENSE, day: date | None = None) -> OutboxItem:
    """A provision: expense to provision, today."""
    when = (day or date.today()).isoformat()  # noqa: DTZ011 - Tryton's own day
    lines = [
        {"account": account, "amount": amount, "project_code": "P03", "text": "计提保修准备金"},
        {"account": PROVISION, "amount": f"-{amount}"},
    ]
    head = {"company_code": "1000", "posting_date": when, "document_date": when, "currency": "CNY", "reference": "PROV-11"}
    return OutboxItem(key, "post_journal", {**head, "text": "保修准备金 100%_计提", "lines": lines})


def of_key(engine: Engine, key: str) -> list[tuple[Any, ...]]:
    query = "SELECT account, base_amount, stage, text FROM hub.cost_line WHERE document_no = :number ORDER BY account"
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text(query), {"number": key})]


def test_trytons_books_and_ours_differ(served: Served, warehouse: Engine) -> None:
    hub, told = served.hub(warehouse), served.told
    both = [("erp", stream) for stream in STREAMS] + [("invoices", "cost_lines"), ("analytic", "cost_lines")]
    for source, stream in both:
        report = sync_stream(hub, source, stream)
        assert report.outcomes["quarantined"] == 0, (stream, rows(warehouse, "SELECT reason FROM ops.quarantine"))
    invoiced = "SELECT split_part(source_id, '/', 2), amount, currency FROM hub.cost_line WHERE source_system = 'invoices'"
    assert {number: f"{amount:.2f} {currency}" for number, amount, currency in rows(warehouse, invoiced)} == told[
        "invoice_lines"
    ]
    moved = f"SELECT period, base_amount FROM hub.cost_line WHERE source_system = 'erp' AND account = '{EXPENSE}'"
    ours: dict[str, list[Decimal]] = {}
    for period, amount in rows(warehouse, moved):
        ours.setdefault(period, []).append(amount)
    theirs = {period: sorted(map(Decimal, amounts)) for period, amounts in told["moved"].items()}
    assert {period: sorted(amounts) for period, amounts in ours.items()} == theirs
    projects = "SELECT project_code, sum(base_amount) FROM hub.cost_line WHERE source_system = 'analytic' GROUP BY 1 ORDER BY 1"
    assert {project: f"{amount:.2f}" for project, amount in rows(warehouse, projects)} == told["analysed"]
    sums = f"SELECT period, debit - credit FROM hub.gl_balance WHERE account = '{EXPENSE}' AND debit <> credit"
    assert dict(rows(warehouse, sums)) == {period: sum(amounts) for period, amounts in theirs.items()}
    assert [f"{row[0]:.2f}" for row in rows(warehouse, "SELECT amount FROM hub.commitment ORDER BY amount DESC")] == told[
        "ordered"
    ]
    assert [row[0] for row in rows(warehouse, "SELECT period FROM hub.period ORDER BY 1")] == told["periods"]
    assert ("V002", "Façade & Glass Ltd.") in rows(warehouse, "SELECT code, name FROM hub.party")
    for source, stream in both:
        again = sync_stream(hub, source, stream)
        assert (again.outcomes["new"], again.outcomes["changed"]) == (0, 0), stream


def fed(engine: Engine) -> dict[str, Decimal]:
    """What finance has been given, by account."""
    return dict(rows(engine, "SELECT account, sum(amount) FROM mart.published_cost GROUP BY 1"))


def own_balances(served: Served) -> dict[str, Decimal]:
    """What Tryton itself says its accounts stand at: of posted entries, over all periods."""
    tryton = Tryton(served.connection(), TrytonOptions.model_validate({"database": "hub"}))
    (company,) = tryton.search_read("company.company", [], ["party.code"])
    domain = [["code", "in", [EXPENSE, PROVISION]]]
    found = tryton.search_read("account.account", domain, ["code", "balance"], company=company["id"], posted=True)
    return {account["code"]: account["balance"] for account in found}


def publish(hub: Hub) -> str:
    """Sync, roll up, publish; returns what kept the feed back."""
    for stream in STREAMS:
        sync_stream(hub, "erp", stream)
    roll_up_costs(hub)
    return str(publish_feed(hub, "1000").details.get("held", ""))


def exact_feed(served: Served, engine: Engine, folder: Path) -> Hub:
    """A hub that publishes what ties to Tryton's balances to the cent; it knows no tickets."""
    hub = served.hub(engine)
    feed = FeedSettings(tolerance=Decimal(0), one_sided_share=Decimal(1))
    return replace(hub, settings=hub.settings.model_copy(update={"folder": folder, "feed": feed})).only("erp")


def test_the_feed_is_what_tryton_says_its_accounts_stand_at(served: Served, warehouse: Engine, tmp_path: Path) -> None:
    hub = exact_feed(served, warehouse, tmp_path)
    assert publish(hub) == ""
    assert fed(warehouse) == own_balances(served)
    assert len(fed(warehouse)) == 2


@contextmanager
def changed_in_tryton(served: Served, line: str) -> Iterator[None]:
    """Tryton's books with a cent more in one line, and right again afterwards: behind its back, as no user of it could."""

    def change(amount: str) -> None:
        with closing(sqlite3.connect(served.database, timeout=60)) as books, books:
            assert books.execute("UPDATE account_move_line SET debit = ? WHERE id = ?", (amount, int(line))).rowcount == 1

    change("1000.01")
    yield
    change("1000.00")


@dataclass(frozen=True)
class Line:
    """A posted expense in Tryton, as we have read it: where it stands, and what its account moved in that month."""

    source_id: str
    period: str
    total: Decimal

    def untied(self, lines: Decimal, balance: Decimal) -> str:
        """What the gate says when one of the sums is so much off."""
        ours, theirs = self.total + lines, self.total + balance
        return f"account {EXPENSE}, {self.period}: the cost lines sum to {ours:f} CNY, the ERP's balance is {theirs:f}"


def posted_and_read(hub: Hub, served: Served, engine: Engine) -> Line:
    number = served.sink().perform(entry("watched", "1000.00")).reference
    for stream in STREAMS:
        sync_stream(hub, "erp", stream)
    ours = f"FROM hub.cost_line WHERE account = '{EXPENSE}'"
    ((line, period),) = rows(engine, f"SELECT source_id, period {ours} AND document_no = '{number}'")
    ((total,),) = rows(engine, f"SELECT sum(base_amount)::numeric(12, 2) {ours} AND period = '{period}'")
    return Line(line, period, total)


def test_a_wrong_amount_in_tryton_keeps_the_feed_back_and_is_named(served: Served, warehouse: Engine, tmp_path: Path) -> None:
    hub = exact_feed(served, warehouse, tmp_path)
    line = posted_and_read(hub, served, warehouse)
    with changed_in_tryton(served, line.source_id):
        sync_stream(hub, "erp", "balances")
        roll_up_costs(hub)
        held = publish_feed(hub, "1000").details["held"]
    assert held == line.untied(Decimal(0), Decimal("0.01"))
    assert {state for (state,) in rows(warehouse, "SELECT state FROM hub.feed_batch")} == {"HELD"}
    assert publish(hub) == ""
    assert fed(warehouse) == own_balances(served)


def test_a_wrong_amount_on_our_side_keeps_the_feed_back_and_is_named(served: Served, warehouse: Engine, tmp_path: Path) -> None:
    hub = exact_feed(served, warehouse, tmp_path)
    line = posted_and_read(hub, served, warehouse)
    with warehouse.begin() as db:
        db.execute(
            text("UPDATE hub.cost_line SET base_amount = base_amount - 0.01 WHERE source_id = :id"), {"id": line.source_id}
        )
    roll_up_costs(hub)
    assert publish_feed(hub, "1000").details["held"] == line.untied(Decimal("-0.01"), Decimal(0))
    assert fed(warehouse) == {}


def test_what_a_line_is_about_is_lost_on_its_way_into_the_ledger(served: Served, warehouse: Engine) -> None:
    hub = served.hub(warehouse)
    for source in ("erp", "invoices"):
        sync_stream(hub, source, "cost_lines")
    leak = "SELECT source_system, stage, text FROM hub.cost_line WHERE text LIKE 'WX2025000123%' ORDER BY 1"
    assert rows(warehouse, leak) == [
        ("erp", "ACTUAL", "WX2025000123 主卧飘窗渗水"),
        ("invoices", "ACTUAL", "WX2025000123 主卧飘窗渗水"),
    ]
    glass = "SELECT amount, currency, base_amount, base_currency FROM hub.cost_line WHERE currency = 'USD'"
    assert {row[:2] + row[3:] for row in rows(warehouse, glass)} == {(Decimal("700.07"), "USD", "CNY")}
    assert len({row[2] for row in rows(warehouse, glass)}) == 1
    wrong = "SELECT stage, is_reversed, base_amount FROM hub.cost_line WHERE source_system = 'invoices' AND text = '录错'"
    assert rows(warehouse, wrong) == [("REVERSED", True, Decimal("55555.55"))]


def test_what_is_deleted_in_tryton_lives_on_here(served: Served, warehouse: Engine) -> None:
    hub = served.hub(warehouse)
    for stream in ("parties", "periods", "purchase_lines"):
        sync_stream(hub, "erp", stream)
        assert sweep_deletions(hub, "erp", stream).tombstones == 0


def test_an_entry_is_posted_twice_or_not_at_all(served: Served, warehouse: Engine) -> None:
    hub, sink = served.hub(warehouse), served.sink()
    sync_stream(hub, "erp", "cost_lines")
    item = entry("prov:2025-11")
    assert sink.lookup(item) is None
    reply = sink.perform(item)
    assert sink.lookup(item) == reply
    assert sink.perform(item) == reply
    assert sync_stream(hub, "erp", "cost_lines").outcomes["new"] == 2
    assert of_key(warehouse, reply.reference)[-1] == (EXPENSE, Decimal("4321.09"), "ACCRUED", "P03 计提保修准备金")
    assert sink.lookup(entry("prov:2025-1")) is None
    assert sink.lookup(entry("prov_2025-11")) is None


def test_a_refused_entry_stays_as_a_draft(served: Served, warehouse: Engine) -> None:
    sink = served.sink()
    long_ago = date.today() - timedelta(days=4000)  # noqa: DTZ011
    with pytest.raises(BusinessError, match="no open period"):
        sink.perform(entry("old", day=long_ago))
    with pytest.raises(BusinessError, match="no account 9999"):
        sink.perform(entry("account", account="9999"))
    hub = served.hub(warehouse)
    sync_stream(hub, "erp", "cost_lines")
    assert rows(warehouse, "SELECT text FROM hub.cost_line WHERE text LIKE '%[old]%' OR text LIKE '%[account]%'") == []


def test_a_wrong_password_or_database_is_not_told_apart(served: Served, warehouse: Engine) -> None:
    with pytest.raises(LoginError, match="401"):
        served.hub(warehouse, password="wrong").source("erp").check()
    with pytest.raises(ConfigError, match="no Tryton database 'nowhere'"):
        served.hub(warehouse, database="nowhere").source("erp").check()
    with pytest.raises(ProtocolError, match="no_such"):
        sync_stream(served.hub(warehouse, extra_fields={"parties": ["no_such.name"]}), "erp", "parties")
    assert "2 accounts are ours" in served.hub(warehouse).source("erp").check()
