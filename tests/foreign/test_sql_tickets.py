"""MariaDB as a ticket store: it passes the suite, and the group's whole store arrives from it as from PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from getpass import getuser
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme
from pydantic import SecretStr
from sqlalchemy import Column, Engine, MetaData, String, Table, Text, create_engine, make_url, select, text
from sqlalchemy.engine import URL

from connectors.contract import Window
from connectors.registry import build_source
from connectors.tickets.database import open_database, reading
from sandbox.demo_settings import write_settings
from sandbox.history import write_history
from sandbox.ticket_store import fill_ticket_store, metadata, repair_order, repair_plan, rows_of
from tests.conformance.test_sql_tickets import RepairPlans, Tickets, emptied
from tests.foreign.counterparts import free_port, listening, printed, system_program
from warranty_hub.errors import ConfigError, LoginError, SystemUnreachableError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings, load_settings
from warranty_hub.testing.source_suite import SourceSuite
from warranty_hub.testing.trial import System
from warranty_hub.warehouse.embedded import EmbeddedPostgres
from warranty_hub.warehouse.load import fact_columns
from warranty_hub.warehouse.tables import fact_tables

pytestmark = pytest.mark.foreign

COUNTERPARTS = ("MariaDB",)
READER, PASSWORD = "wms_reader", "canary-密码"
PACKAGE = "mariadb-server-core"
ALL = Window(None, datetime(2027, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class MariaDb:
    """A running server; ``connection`` is the one of a user who may read and nothing else."""

    url: URL
    connection: Connection

    def database(self, name: str, character_set: str = "utf8mb4") -> Engine:
        """A new database, as its owner sees it."""
        with create_engine(self.url, isolation_level="AUTOCOMMIT").connect() as db:
            db.execute(text(f"CREATE DATABASE {name} CHARACTER SET {character_set}"))
            db.execute(text(f"GRANT SELECT ON {name}.* TO '{READER}'@'127.0.0.1'"))
        return create_engine(self.url.set(database=name))

    def reader(self, engine: Engine, **changes: Any) -> Connection:
        """What hub.yaml's connection would say of a database."""
        return replace(self.connection, schema=engine.url.database or "", **changes)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[MariaDb]:
    """A server of its own, on loopback, with its data in a folder."""
    port = free_port()
    data = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={getuser()}"]
    empty = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    printed(system_program("mariadb-install-db", PACKAGE), *data, *empty)
    address = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}"]
    quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--skip-name-resolve"]
    with listening([system_program("mariadbd", PACKAGE), *data, *address, *quick, *options], port, folder / "log"):
        url = URL.create("mariadb+pymysql", "owner", "owner", "127.0.0.1", port)
        root = make_url(f"mariadb+pymysql://root@localhost/?unix_socket={folder / 's'}")
        with create_engine(root, isolation_level="AUTOCOMMIT").connect() as db:
            db.execute(text("GRANT ALL ON *.* TO 'owner'@'127.0.0.1' IDENTIFIED BY 'owner' WITH GRANT OPTION"))
            db.execute(text(f"CREATE USER '{READER}'@'127.0.0.1' IDENTIFIED BY :password"), {"password": PASSWORD})
        yield MariaDb(url, Connection("wms", "mariadb", "127.0.0.1", port, "", READER, SecretStr(PASSWORD)))


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """The server of most tests."""
    with running(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


# ---------------------------------------------------------------------------------------------------- the suite
@pytest.fixture(scope="module")
def conformance(mariadb: MariaDb) -> Iterator[Engine]:
    """A ticket store."""
    engine = mariadb.database("conformance_store")
    metadata.create_all(engine, tables=[repair_order, repair_plan])
    yield engine
    engine.dispose()


class MariaDbTickets(Tickets):
    """DATETIME keeps whole seconds."""

    resolution = timedelta(seconds=1)


class MariaDbRepairPlans(RepairPlans):
    """DATETIME keeps whole seconds."""

    resolution = timedelta(seconds=1)


class TestMariaDbTickets(SourceSuite):
    """Tickets of a MariaDB."""

    bypass: ClassVar = {"test_amounts_arrive_to_the_cent": "a ticket holds no money; repair plans of the same store do"}

    @pytest.fixture
    def system(self, mariadb: MariaDb, conformance: Engine) -> System:
        """The store's tickets."""
        return MariaDbTickets(emptied(conformance), mariadb.reader(conformance))


class TestMariaDbRepairPlans(SourceSuite):
    """Repair plans of a MariaDB."""

    @pytest.fixture
    def system(self, mariadb: MariaDb, conformance: Engine) -> System:
        """The store's plans."""
        return MariaDbRepairPlans(emptied(conformance), mariadb.reader(conformance))


# ---------------------------------------------------------------------------------------- the group's store, in both
def for_mariadb(table: Table) -> Table:
    """The same table, with keys that MariaDB can index."""
    kept = [Column(c.name, String(50) if c.primary_key and isinstance(c.type, Text) else c.type, primary_key=c.primary_key)
            for c in table.columns]  # fmt: skip
    return Table(table.name, MetaData(), *kept)


@pytest.fixture(scope="module")
def stores(mariadb: MariaDb, server: EmbeddedPostgres) -> Iterator[dict[str, Connection]]:
    """The demo group's ticket store, the same rows in PostgreSQL and in MariaDB."""
    history = write_history({}, None)
    server.create_database("group_store")
    postgres, other = create_engine(make_url(server.url("group_store"))), mariadb.database("group_store")
    fill_ticket_store(postgres, history)
    with other.begin() as db:
        for table, rows in rows_of(history).items():
            copy = for_mariadb(table)
            copy.create(db)
            db.execute(copy.insert(), list(rows))
    query = postgres.url.query
    there = Connection("wms", "postgres", str(query["host"]), int(str(query["port"])), "group_store", "postgres")
    yield {"in_postgres": there, "in_mariadb": mariadb.reader(other)}
    postgres.dispose()
    other.dispose()


def facts(warehouse: Engine, table: Table, source: str) -> list[str]:
    """What a source's records said."""
    columns = [table.c[name] for name in ("source_id", *fact_columns(table))]
    with warehouse.connect() as db:
        return sorted(map(repr, db.execute(select(*columns).where(table.c.source_system == source))))


def test_the_groups_store_says_something_else_in_mariadb_than_in_postgresql(
    stores: dict[str, Connection], warehouse: Engine, tmp_path: Path
) -> None:
    write_settings(tmp_path / "hub.yaml", "postgresql+psycopg:///unused", {})
    wms = load_settings(tmp_path / "hub.yaml").sources["wms"]
    sources = {name: wms.model_copy(update={"connection": name}) for name in stores}
    hub = Hub(
        Settings.model_validate({"database": "postgresql+psycopg:///unused", "sources": sources}), warehouse, stores.__getitem__
    )
    for stream in wms.streams:
        one, other = (sync_stream(hub, name, stream) for name in stores)
        assert one.read > 0
        assert (other.read, other.outcomes) == (one.read, one.outcomes), stream
    compared = 0
    for table in fact_tables.values():
        there, here = (facts(warehouse, table, name) for name in stores)
        assert here == there, table.name
        compared += len(here)
    assert compared > 5000
    again = sync_stream(hub, "in_mariadb", "tickets").outcomes
    assert (again["new"], again["changed"]) == (0, 0)
    assert sweep_deletions(hub, "in_mariadb", "tickets").tombstones == 0


# ------------------------------------------------------------------------------------------------- what is MariaDB's own
def test_an_old_store_loses_characters_digits_or_moments(mariadb: MariaDb) -> None:
    engine = mariadb.database("old_store", "gbk")
    with engine.begin() as db:
        db.execute(text(
            "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, words TEXT, money DECIMAL(23,6), rough DOUBLE,"
            " changed DATETIME(6), seen TIMESTAMP NULL, done TINYINT(1), note TEXT CHARACTER SET utf8mb4)"
        ))  # fmt: skip
        row = {
            "words": "飘窗渗水：阳台",
            "note": "渗水😀𠮷",
            "money": Decimal("12345678901234567.123456"),
            "at": "2025-03-09 02:30:00.000001",
        }
        db.execute(text("INSERT INTO t VALUES (18446744073709551615, :words, :money, 0.1, :at, NULL, 1, :note)"), row)
    source = build_source("sql_tickets", mariadb.reader(engine), {
        "zone": "Asia/Shanghai", "streams": {"t": {"table": "t", "key": ["id"], "cursor": "changed"}},
    })  # fmt: skip
    ((record,),) = [page.records for page in source.pages("t", ALL)]
    assert (record["words"], record["note"]) == ("飘窗渗水：阳台", "渗水😀𠮷")
    assert (record["id"], record["money"], record["rough"]) == (2**64 - 1, Decimal("12345678901234567.123456"), Decimal("0.1"))
    assert record["changed"].isoformat() == "2025-03-09T02:30:00.000001+08:00"
    assert next(iter(source.keys("t"))) == [str(2**64 - 1)]


def test_a_store_that_cannot_be_read_is_not_told_why(mariadb: MariaDb) -> None:
    engine = mariadb.database("closed_store")
    with engine.begin() as db:
        db.execute(text("CREATE TABLE t (id INT PRIMARY KEY)"))

    def check(table: str = "t", **changes: Any) -> str:
        options = {"zone": "UTC", "streams": {"t": {"table": table, "key": ["id"]}}}
        return build_source("sql_tickets", mariadb.reader(engine, **changes), options).check()

    assert check() == "mariadb: t can be read"
    with pytest.raises(LoginError, match="Access denied"):
        check(password=SecretStr("wrong"))
    with pytest.raises(ConfigError, match="does not exist"):
        check(table="no_such")
    with pytest.raises(SystemUnreachableError, match="cannot be reached"):
        check(port=free_port())
    with engine.begin() as db:
        db.execute(text(f"REVOKE SELECT ON closed_store.* FROM '{READER}'@'127.0.0.1'"))
    with pytest.raises(LoginError, match="denied"):
        check()


def test_something_can_be_written_into_a_store(mariadb: MariaDb) -> None:
    engine = mariadb.database("kept_store")
    with engine.begin() as db:
        db.execute(text("CREATE TABLE t (id INT PRIMARY KEY)"))
    owner = replace(mariadb.reader(engine), login="owner", password=SecretStr("owner"))
    with pytest.raises(SystemUnreachableError, match="broke off"), reading(open_database(owner), "wms") as db:
        db.execute(text("INSERT INTO t VALUES (1)"))


@pytest.mark.parametrize(("age", "told"), [(30, "certificate has expired"), (0, None)])
def test_an_expired_certificate_is_taken_for_an_outage(tmp_path: Path, age: int, told: str | None) -> None:
    authority, until = trustme.CA(), datetime.now(UTC) + timedelta(days=1 - age)
    made = authority.issue_cert("127.0.0.1", not_before=until - timedelta(days=365), not_after=until)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    made.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    with running(tmp_path, f"--ssl-cert={tmp_path / 'cert.pem'}", f"--ssl-key={tmp_path / 'key.pem'}") as mariadb:
        database = mariadb.database("secure_store")
        with database.begin() as db:
            db.execute(text("CREATE TABLE t (id INT PRIMARY KEY)"))
        connection = mariadb.reader(database, extra={"ssl_ca": str(tmp_path / "authority.pem")})
        source = build_source("sql_tickets", connection, {"zone": "UTC", "streams": {"t": {"table": "t", "key": ["id"]}}})
        if told is None:
            assert source.check() == "mariadb: t can be read"
        else:
            with pytest.raises(ConfigError, match=told):
                source.check()
