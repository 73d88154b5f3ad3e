"""A ticket store on a bad day: what fails is told, nothing half is kept, and the next run ends as an undisturbed one."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from connectors.contract import Page
from connectors.tickets.sql import _converter
from sandbox.ticket_store import repair_order
from tests.pipelines.bad_day import Row, System, hub_of, once_after
from tests.pipelines.fake import FakeSource, fake_hub, record, tickets
from warranty_hub.errors import (
    ConfigError,
    HubError,
    ProtocolError,
    RejectedShareError,
    SchemaChangedError,
    SystemUnreachableError,
)
from warranty_hub.pipelines.quarantine import retry
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection
from warranty_hub.warehouse.embedded import EmbeddedPostgres

NUMBERS, TICKETS_A_PAGE = range(101, 126), 5
MINUTE = timedelta(minutes=1)
FIRST = datetime(2025, 5, 31, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
_numbers = itertools.count(1)


@dataclass
class Store(System):
    """The tickets of a store in a database of its own, three changed a minute from FIRST on."""

    engine: Engine

    def connections(self) -> int:
        """How many others are connected to it, once those that hung up a moment ago are gone."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        for _ in range(50):
            with self.engine.connect() as db:
                left = int(db.execute(text(query)).scalar_one())
            if not left:
                break
            time.sleep(0.1)
        return left

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
    with pytest.raises(error, match=rf"\b{column}\b") as caught:
        store.sync()
    assert (caught.type, store.connections()) == (error, 0)
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
        with pytest.raises(KeyboardInterrupt) as caught:
            store.sync(on_step=once_after("page committed", crash))
        assert (caught.type, store.connections()) == (KeyboardInterrupt, 0)
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


def test_texts_kept_as_bytes_become_pythons_words_for_them(store: Store) -> None:
    expected = store.undisturbed()
    store.run("ALTER TABLE t_repair_order ALTER address TYPE bytea USING convert_to(address, 'GBK')")
    with pytest.raises(RejectedShareError, match="25 of 25"):
        store.sync()
    assert (store.rows(), store.cursor()) == ([], None)
    assert {why for _, why in store.quarantine()} == {"address_text (source field address): bytes in an unknown character set"}
    assert retry(store.hub, "it.tickets").outcomes["quarantined"] == len(NUMBERS)
    store.run("ALTER TABLE t_repair_order ALTER address TYPE text USING convert_from(address, 'GBK')")
    store.sync()
    assert store.rows() == expected
    assert (store.quarantine(), len(store.quarantine("RESOLVED"))) == ([], len(NUMBERS))
    store.accounts_for_everything()


def test_of_two_copies_on_a_page_the_older_wins_because_it_stands_last(warehouse: Engine) -> None:
    """An API that pages from the newest change backwards, and gives a ticket again that changed meanwhile."""
    copies = [record(1, address="old"), record(1, address="new", updated="2025-02-01T00:00:00+00:00"), record(2)]
    source = FakeSource(copies, ordered=False, rearrange=lambda pages: [Page(pages[0].records[::-1], "backwards")])
    report = sync_stream(fake_hub(warehouse, source), "wms", "tickets")
    assert (report.read, report.outcomes["new"], report.outcomes["superseded"]) == (3, 2, 1)
    assert [row[2] for row in tickets(warehouse)] == ["new", "3号楼1单元301"]
