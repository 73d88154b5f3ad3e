"""The SQL source on a real PostgreSQL: every record of a window once, whatever happens between pages."""

import itertools
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url, text

from connectors.contract import Source, Window
from connectors.registry import build_source
from connectors.tickets.database import open_database, reading
from warranty_hub.errors import ConfigError, HubError, LoginError, PageOrderError, ProtocolError, SystemUnreachableError
from warranty_hub.settings import Connection
from warranty_hub.warehouse.embedded import EmbeddedPostgres

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 3, 1, 8, tzinfo=SHANGHAI)
ALL = Window(None, START + timedelta(days=999))
OTHERS = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Store:
    """A ticket store in a database of its own."""

    engine: Engine
    connection: Connection

    def run(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as db:
            db.execute(text(statement), values)

    def source(self, page_size: int = 10, **stream: Any) -> Source:
        declared = {"table": "工单.ticket", "key": ["id"], "cursor": "update_time", **stream}
        return build_source(
            "sql_tickets",
            self.connection,
            {"zone": "Asia/Shanghai", "page_size": page_size, "streams": {"tickets": declared}},
        )


@pytest.fixture
def store(server: EmbeddedPostgres) -> Iterator[Store]:
    """25 tickets, two a minute from START on, and three that were never changed."""
    name = f"store_{next(_numbers)}"
    server.create_database(name)
    url = make_url(server.url(name))
    made = Store(
        create_engine(url),
        Connection("wms", "postgres", str(url.query["host"]), int(str(url.query["port"])), name, url.username or ""),
    )
    made.run('CREATE SCHEMA "工单"')
    made.run(
        'CREATE TABLE "工单".ticket (id int PRIMARY KEY, "Order No" text, cost numeric(12,2), rough double precision,'
        " update_time timestamp, seen timestamptz, born date)"
    )
    made.run(
        "INSERT INTO \"工单\".ticket SELECT n, 'WX' || n, n + 0.10, 0.1::float8 + 0.2, "
        "timestamp '2025-03-01 08:00' + n / 2 * interval '1 minute', timestamptz '2025-03-01T00:00Z', date '2025-03-01' "
        "FROM generate_series(1, 25) n"
    )
    made.run('INSERT INTO "工单".ticket (id) SELECT n FROM generate_series(101, 103) n')
    yield made
    made.engine.dispose()


def ids(source: Source, window: Window = ALL) -> list[int]:
    return [record["id"] for page in source.pages("tickets", window) for record in page.records]


@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 14, 28, 100])
def test_a_page_boundary_loses_or_doubles_records(store: Store, page_size: int) -> None:
    assert ids(store.source(page_size)) == [101, 102, 103, *range(1, 26)]
    assert [key for page in store.source(page_size).keys("tickets") for key in page] == [
        str(number) for number in (*range(1, 26), 101, 102, 103)
    ]


def test_a_window_loses_its_ends(store: Store) -> None:
    window = Window(START + timedelta(minutes=2), START + timedelta(minutes=4))
    assert ids(store.source(2), window) == [4, 5, 6, 7, 8, 9]
    assert ids(store.source(2), replace(window, start=window.end)) == [8, 9]


def test_a_window_in_another_zone_is_hours_off(store: Store) -> None:
    start, end = (moment.astimezone(UTC) for moment in (START + timedelta(minutes=2), START + timedelta(minutes=3)))
    assert ids(store.source(), Window(start, end)) == [4, 5, 6, 7]
    assert ids(store.source(zone="UTC"), Window(start, end)) == []


def test_rows_that_come_and_go_between_pages_hide_others(store: Store) -> None:
    pages = store.source(5).pages("tickets", Window(START, START + timedelta(days=1)))
    read = [record["id"] for record in next(pages).records]
    store.run('DELETE FROM "工单".ticket WHERE id IN (1, 2)')
    store.run("INSERT INTO \"工单\".ticket (id, update_time) VALUES (200, '2025-03-01 08:00')")
    store.run("UPDATE \"工单\".ticket SET update_time = '2025-03-01 09:00' WHERE id = 3")
    read += [record["id"] for page in pages for record in page.records]
    assert sorted(read) == sorted([*range(1, 26), 3])


def test_values_change_on_their_way(store: Store) -> None:
    page = next(store.source().pages("tickets", Window(START, START)))
    assert page.records == [
        {
            "id": 1,
            "update_time": START,
            "Order No": "WX1",
            "cost": Decimal("1.10"),
            "rough": Decimal("0.30000000000000004"),
            "seen": datetime(2025, 3, 1, tzinfo=UTC),
            "born": START.date(),
        }
    ]
    assert page.position == "2025-03-01 08:00:00 1"


def test_columns_that_nobody_asked_for_leave_the_store(store: Store) -> None:
    page = next(store.source(columns=["Order No"]).pages("tickets", Window(START, START)))
    assert page.records == [{"id": 1, "update_time": START, "Order No": "WX1"}]


def test_a_cursor_with_a_zone_or_of_whole_days_is_misread(store: Store) -> None:
    midnight = datetime(2025, 3, 1, tzinfo=UTC)
    assert len(ids(store.source(cursor="seen"), Window(midnight, midnight))) == 25
    assert ids(store.source(cursor="seen"), Window(midnight + timedelta(seconds=1), ALL.end)) == []
    assert len(ids(store.source(4, cursor="born"), Window(START + timedelta(hours=9), START + timedelta(hours=9)))) == 25
    assert ids(store.source(cursor="born"), Window(START + timedelta(hours=16), ALL.end)) == []


def test_a_table_without_change_times_is_not_read(store: Store) -> None:
    source = store.source(4, cursor=None)
    assert ids(source, Window(START, START)) == [*range(1, 26), 101, 102, 103]
    stream = source.streams()["tickets"]
    assert (stream.ordered, stream.cursor, stream.sweepable) == (False, None, True)


def test_records_without_a_key_vanish(store: Store) -> None:
    store.run('CREATE VIEW nameless AS SELECT nullif(id % 10, 0) AS a, "Order No" AS b, id, update_time FROM "工单".ticket')
    source = store.source(3, table="nameless", key=["a", "b"])
    window = Window(START, START + timedelta(days=1))
    assert sorted(ids(source, window)) == list(range(1, 26))
    assert sorted(ids(source)) == [*range(1, 26), 101, 102, 103]
    keys = [key for page in source.keys("tickets") for key in page]
    assert len(keys) == 23
    assert keys[:3] == ["1/WX1", "1/WX11", "1/WX21"]


def test_the_servers_clock_is_not_its_own(store: Store) -> None:
    now = store.source().now()
    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_check_overlooks_a_clock_in_another_zone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    source = store.source()
    assert source.check() == "postgresql: tickets can be read"
    monkeypatch.setattr(type(source), "now", lambda _: datetime.now(UTC) + timedelta(hours=8, seconds=1))
    assert "8:00:0" in source.check()
    assert "ahead: is Asia/Shanghai its zone?" in source.check()


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        ({"table": "工单.tickets"}, "table 工单.tickets does not exist"),
        ({"cursor": "updated"}, "has no column updated"),
        ({"key": ["id", "no"], "columns": ["x"]}, "has no column no, x"),
        ({"cursor": "Order No"}, "cursor Order No is TEXT"),
    ],
)
def test_a_wrong_declaration_has_no_clear_error(store: Store, stream: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        store.source(**stream).check()
    assert "options.streams.tickets" in caught.value.remedy


def test_the_source_can_write(store: Store) -> None:
    with pytest.raises(HubError), reading(open_database(store.connection), "wms") as db:
        db.execute(text('DELETE FROM "工单".ticket'))
    assert len(ids(store.source())) == 28


def test_a_name_in_hub_yaml_becomes_sql(store: Store) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        store.source(table='ticket"; DROP SCHEMA "工单" CASCADE; --').check()
    assert len(ids(store.source())) == 28


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"host": "127.0.0.1", "port": 9}, SystemUnreachableError),
        ({"login": "nobody"}, LoginError),
        ({"schema": "no_such"}, ConfigError),
        ({"conn_type": "dbase"}, ConfigError),
        ({"conn_type": "mssql+pyodbc"}, ConfigError),
    ],
)
def test_a_database_that_cannot_be_opened_ends_in_the_wrong_class(
    store: Store, change: dict[str, Any], error: type[HubError]
) -> None:
    broken = replace(store, connection=replace(store.connection, password=SecretStr("canary"), **change))
    with pytest.raises(HubError) as caught:
        broken.source().check()
    assert type(caught.value) is error
    assert "canary" not in str(caught.value)


def test_a_user_without_rights_is_told_nothing(store: Store) -> None:
    store.run("CREATE ROLE reader LOGIN")
    store.run('GRANT USAGE ON SCHEMA "工单" TO reader')
    limited = replace(store, connection=replace(store.connection, login="reader"))
    with pytest.raises(LoginError, match="does not let its user read") as caught:
        limited.source().check()
    assert "GRANT SELECT" in caught.value.remedy.upper()


def test_a_broken_query_shows_data_in_its_error(store: Store) -> None:
    store.run("""INSERT INTO "工单".ticket (id, "Order No", update_time) VALUES (300, '13800138000x', '2025-03-01 08:00')""")
    store.run('CREATE VIEW broken AS SELECT id, "Order No"::bigint AS phone, update_time FROM "工单".ticket WHERE id = 300')
    with pytest.raises(ProtocolError) as caught:
        store.source(table="broken").check()
    assert "13800138000" not in "".join(traceback.format_exception(caught.value))


def test_a_connection_lost_between_pages_is_taken_for_the_end(store: Store) -> None:
    pages = store.source(5).pages("tickets", ALL)
    next(pages)
    store.run(f"SELECT pg_terminate_backend(pid) FROM {OTHERS}")
    with pytest.raises(SystemUnreachableError):
        list(pages)


def test_a_page_holds_a_transaction_open_in_the_store(store: Store) -> None:
    pages = store.source(5).pages("tickets", ALL)
    next(pages)
    with store.engine.connect() as db:
        assert [row.state for row in db.execute(text(f"SELECT state FROM {OTHERS}"))] == ["idle"]
    pages.close()  # type: ignore[attr-defined]


def test_a_database_that_reads_times_back_coarser_is_read_for_ever(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.tickets.sql._behind", lambda order, last: order[-1] >= last[-1])
    with pytest.raises(PageOrderError, match="the same page again after 1"):
        ids(store.source(1), Window(START, ALL.end))


def test_sqlite_compares_times_as_text(tmp_path: Path) -> None:
    file = Connection("file", "sqlite", schema=str(tmp_path / "store.db"))
    with create_engine(f"sqlite:///{file.schema}").begin() as db:
        db.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, changed TIMESTAMP, cost NUMERIC(10, 2))"))
        db.execute(text("INSERT INTO t VALUES (1, '2025-03-01 08:00:00', 1.1), (2, NULL, 2.2)"))
    table = {"table": "t", "key": ["id"]}
    options = {"zone": "Asia/Shanghai", "page_size": 1, "streams": {"tickets": table}}
    source = build_source("sql_tickets", file, options)
    assert source.now() is None
    assert source.check() == "sqlite: tickets can be read"
    assert [record for page in source.pages("tickets", ALL) for record in page.records] == [
        {"id": 1, "changed": START, "cost": Decimal("1.10")},
        {"id": 2, "changed": None, "cost": Decimal("2.20")},
    ]
    with pytest.raises(ConfigError, match="leave out `cursor`"):
        build_source("sql_tickets", file, {**options, "streams": {"tickets": {**table, "cursor": "changed"}}}).check()
    with pytest.raises(SystemUnreachableError), reading(open_database(file), "file") as db:
        db.execute(text("DELETE FROM t"))
