"""The migrations make the tables that the code speaks of, on the oldest and the newest PostgreSQL we support."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from alembic.command import upgrade
from sqlalchemy import Connection, Engine, inspect, text

from warranty_hub.errors import ConfigError
from warranty_hub.testing.postgres import quick_folder
from warranty_hub.warehouse import database
from warranty_hub.warehouse.database import SCHEMAS, current_revision, migrate, newest_revision, open_database, schema_drift
from warranty_hub.warehouse.embedded import EmbeddedPostgres
from warranty_hub.warehouse.tables import metadata

EMPTY = "nothing_yet"
ANYTHING = {str: "-", int: 1, bool: True, Decimal: 1, date: date(2026, 1, 1), datetime: datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with (
        quick_folder(tmp_path_factory.mktemp("postgres16")) as folder,
        EmbeddedPostgres(folder, version=16, throw_away=True) as started,
    ):
        yield started


@pytest.fixture(params=["server", "oldest"])
def empty(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on a database in which nothing stands yet."""
    server: EmbeddedPostgres = request.getfixturevalue(request.param)
    server.create_database(EMPTY)
    engine = open_database(server.url(EMPTY))
    yield engine
    engine.dispose()
    admin = open_database(server.url("postgres")).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {EMPTY} WITH (FORCE)"))
    admin.dispose()


def test_migrations_from_nothing_make_exactly_the_tables_of_the_code(empty: Engine) -> None:
    assert migrate(empty) == newest_revision()
    with empty.connect() as db:
        assert schema_drift(db) == []
    made = {f"{schema}.{name}" for schema in SCHEMAS for name in inspect(empty).get_table_names(schema)}
    assert made - {"ops.migration"} == set(metadata.tables)


def test_what_the_comparison_does_not_see_is_the_same_too(empty: Engine) -> None:
    """Alembic compares neither check constraints nor conditions of indexes, keys, comments or defaults."""
    migrate(empty)
    migrated = _fine_print(empty)
    assert {row[1] for row in migrated} >= set(metadata.tables)
    with empty.begin() as db:
        db.execute(text("DROP SCHEMA hub, ops, mart CASCADE"))
        for schema in SCHEMAS:
            db.execute(text(f"CREATE SCHEMA {schema}"))
        metadata.create_all(db)
    assert migrated == _fine_print(empty)


def test_a_second_migration_changes_nothing(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as db:
        db.execute(text("INSERT INTO ops.alert VALUES ('wms.tickets', now(), now())"))
    assert migrate(empty) == newest_revision()
    with empty.connect() as db:
        assert db.execute(text("SELECT unit FROM ops.alert")).scalars().all() == ["wms.tickets"]


def test_two_machines_may_migrate_at_once(empty: Engine) -> None:
    with ThreadPoolExecutor(2) as machines:
        assert list(machines.map(lambda _: migrate(empty), range(2))) == [newest_revision()] * 2


def test_what_stood_in_a_database_is_led_over(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision that named a ticket by its number means one ticket; a line's first part in each cell is told (0027, 0030)."""
    with monkeypatch.context() as then:
        then.setattr(database, "upgrade", lambda config, _: upgrade(config, "0026"))
        then.setattr(database, "make_views", lambda _: None)
        migrate(empty)
    of_the_line = {"source_system": "sap", "source_id": "4711"}
    with empty.begin() as db:
        for system, key, project in ("wms", "a", "P01"), ("wms2", "b", "P02"):
            _put(db, "ticket", source_system=system, source_id=key, ticket_no="WX1", project_code=project)
        _put(db, "cost_line", **of_the_line, project_code="P02")
        for line, number in ("4711", "WX1"), ("4712", "WX1"), ("4713", "WX9"):
            _put(db, "link_decision", source_system="sap", source_id=line, ticket_no=number, verdict="ACCEPTED")
        for part, cell, amount in (1, UUID(int=1), "10.01"), (2, UUID(int=1), "20"), (3, UUID(int=2), "30"):
            _put(db, "allocation", **of_the_line, part=part, cell=cell, amount=Decimal(amount))
    migrate(empty)
    with empty.connect() as db:
        decided = db.execute(text("SELECT source_id, ticket_system, ticket_id FROM hub.link_decision ORDER BY 1")).all()
        parts = db.execute(text("SELECT part, first_in_cell, amount FROM hub.allocation ORDER BY 1")).all()
    assert [tuple(row) for row in decided] == [("4711", "wms2", "b"), ("4712", "wms", "a"), ("4713", "UNKNOWN", "WX9")]
    assert [tuple(row) for row in parts] == [(1, True, Decimal("10.01")), (2, False, Decimal(20)), (3, True, Decimal(30))]


def _put(db: Connection, table: str, **values: object) -> None:
    """A row of a table as it is now; what else it must have is filled in."""
    columns = inspect(db).get_columns(table, "hub")
    musts = [column for column in columns if not (column["nullable"] or column["default"] or column.get("identity"))]
    filled = {column["name"]: ANYTHING[column["type"].python_type] for column in musts} | values
    places = ", ".join(f":{name}" for name in filled)
    db.execute(text(f"INSERT INTO hub.{table} ({', '.join(filled)}) VALUES ({places})"), filled)


def test_a_table_that_was_changed_by_hand_is_told(warehouse: Engine) -> None:
    with warehouse.begin() as db:
        db.execute(text("ALTER TABLE hub.ticket DROP COLUMN score"))
        db.execute(text("DROP INDEX hub.ix_ticket_ticket_no"))
    with warehouse.connect() as db:
        drift = str(schema_drift(db))
    assert "score" in drift
    assert "ix_ticket_ticket_no" in drift


def test_a_database_without_tables_is_at_no_migration(empty: Engine) -> None:
    with empty.connect() as db:
        assert current_revision(db) == ""


@pytest.mark.parametrize("url", ["sqlite:///hub.db", "postgresql://hub@localhost/hub", "mysql+pymysql://localhost/hub"])
def test_a_database_that_we_cannot_use_is_refused_with_the_right_beginning(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_database(url)
    assert "postgresql+psycopg://" in caught.value.remedy


def test_a_database_url_that_cannot_be_read_keeps_its_password_to_itself() -> None:
    with pytest.raises(ConfigError) as caught:
        open_database("hub:canary@db.example")
    assert "canary" not in str(caught.value)


FINE_PRINT = """
SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace::regnamespace::text = ANY(:schemas) AND contype IN ('c', 'p', 'u', 'f')
UNION ALL
SELECT 'index', tablename::text, indexname::text, indexdef FROM pg_indexes WHERE schemaname = ANY(:schemas)
UNION ALL
SELECT 'column', attrelid::regclass::text, attname::text,
       concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid),
                 col_description(attrelid, attnum))
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE relnamespace::regnamespace::text = ANY(:schemas) AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
"""


def _fine_print(engine: Engine) -> set[tuple[str, ...]]:
    """Constraints, indexes and columns as the server writes them."""
    with engine.connect() as db:
        rows = {tuple(row) for row in db.execute(text(FINE_PRINT), {"schemas": list(SCHEMAS)})}
    return {row for row in rows if row[1].removeprefix("ops.") != "migration"}
