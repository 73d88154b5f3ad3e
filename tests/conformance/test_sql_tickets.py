"""Tickets and repair plans out of the sandbox's ticket store, a PostgreSQL of its own, pass the suite."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, Table, create_engine, delete, insert, make_url, update

from sandbox.ticket_store import metadata, repair_order, repair_plan
from warranty_hub.settings import Connection
from warranty_hub.testing.source_suite import SourceSuite
from warranty_hub.testing.trial import ZONE, Example, System
from warranty_hub.warehouse.embedded import EmbeddedPostgres


class StoreForTests(System):
    """Example n is the row with id n of a table, in whichever database."""

    connector = "sql_tickets"
    table: ClassVar[Table]

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self.connection = connection
        self.options = {
            "page_size": 3,
            "streams": {self.stream: {"table": self.table.name, "key": ["id"], "cursor": "update_time"}},
        }

    def row(self, example: Example) -> dict[str, Any]:
        """The rest of a row."""
        raise NotImplementedError

    def put(self, example: Example) -> None:
        """Insert or update a row."""
        local = example.changed.astimezone(ZONE).replace(tzinfo=None)
        self._write({"id": example.number, "update_time": local, "content": example.text, **self.row(example)})

    def spoil(self, example: Example) -> None:
        """What was reported, or planned, is missing."""
        local = example.changed.astimezone(ZONE).replace(tzinfo=None)
        self._write({"id": example.number, "update_time": local, **self.row(example), "content": None})

    def _write(self, row: dict[str, Any]) -> None:
        with self._engine.begin() as db:
            if not db.execute(update(self.table).where(self.table.c.id == row["id"]).values(row)).rowcount:
                db.execute(insert(self.table).values(row))

    def remove(self, number: int) -> None:
        """Delete the row."""
        with self._engine.begin() as db:
            db.execute(delete(self.table).where(self.table.c.id == number))

    def source_id(self, number: int) -> str:
        """The row's id."""
        return str(number)


class Tickets(StoreForTests):
    """t_repair_order."""

    stream, field_map, table = "tickets", "wms_tickets", repair_order
    arrives_in: ClassVar = {"text": "description", "changed": "changed_at"}

    def row(self, example: Example) -> dict[str, Any]:
        """A ticket without money."""
        return {
            "order_no": f"WX{example.number}", "project_no": "P01", "building_no": "3", "level": "1", "status": "10",
            "source": "APP", "create_time": example.changed.astimezone(ZONE).replace(tzinfo=None),
        }  # fmt: skip


class RepairPlans(StoreForTests):
    """t_repair_plan."""

    stream, field_map, table = "repair_plans", "wms_repair_plans", repair_plan
    arrives_in: ClassVar = {"text": "text", "amount": "amount", "changed": "changed_at"}

    def row(self, example: Example) -> dict[str, Any]:
        """A plan that waits."""
        return {
            "plan_no": f"FA{example.number}", "order_no": "WX1", "version": 1, "amount": example.amount, "status": "1",
        }  # fmt: skip


@pytest.fixture(scope="module")
def database(server: EmbeddedPostgres) -> Iterator[Engine]:
    """A ticket store."""
    server.create_database("conformance_store")
    engine = create_engine(make_url(server.url("conformance_store")))
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def emptied(database: Engine) -> Engine:
    """A ticket store without rows."""
    with database.begin() as db:
        for table in (repair_order, repair_plan):
            db.execute(delete(table))
    return database


def connection_to(database: Engine) -> Connection:
    """What hub.yaml's connection would say of a PostgreSQL."""
    url = database.url
    return Connection(
        "wms", "postgres", str(url.query["host"]), int(str(url.query["port"])), url.database or "", url.username or "",
        SecretStr("canary-密码"),
    )  # fmt: skip


class TestTickets(SourceSuite):
    """Tickets by (update_time, id)."""

    bypass: ClassVar = {"test_amounts_arrive_to_the_cent": "a ticket holds no money; repair plans of the same store do"}

    @pytest.fixture
    def system(self, database: Engine) -> System:
        """The store's tickets."""
        return Tickets(emptied(database), connection_to(database))


class TestRepairPlans(SourceSuite):
    """Repair plans by (update_time, id)."""

    @pytest.fixture
    def system(self, database: Engine) -> System:
        """The store's plans."""
        return RepairPlans(emptied(database), connection_to(database))
