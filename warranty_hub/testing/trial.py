"""A connector on trial: one other system under our control, its stream in a warehouse, and a clock that we set."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Table, select

from connectors.contract import Page, Record, Source, Stream, Window
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.quarantine import Quarantined, open_rows
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import subject_of, sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.testing.faults import Fault
from warranty_hub.warehouse.commit import OnStep
from warranty_hub.warehouse.tables import VERSIONED, cursor

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2025, 3, 3, 9, 30, tzinfo=ZONE)
TODAY = datetime(2025, 3, 24, 18, 0, tzinfo=ZONE)
BEGINNING = datetime(2000, 1, 1, tzinfo=ZONE)
DAY = timedelta(days=1)
MOST_REQUESTS = 1000
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Example:
    """A record that a test wants to stand in the other system. ``number`` counts from 1 and makes its key there."""

    number: int
    changed: datetime
    text: str
    amount: Decimal


class System(ABC):
    """One other system with one stream, made for one test: what an author of a connector writes for the suite.

    Its pages must hold three records, where the connector lets their size be told; its HTTP options must be impatient: no pause
    longer than 0.05 s, no silence longer than 0.5 s.
    """

    connector: ClassVar[str]
    """What stands in hub.yaml as ``system:``."""
    stream: ClassVar[str]
    field_map: ClassVar[str]
    folder: ClassVar[Path] = Path()
    """Where the field map lies, when it is none of the hub's own."""
    arrives_in: ClassVar[Mapping[str, str]]
    """Part of an `Example` → column of our fact in which it must arrive: ``{"text": "description", "amount": "amount"}``."""
    resolution: ClassVar[timedelta] = timedelta(0)
    """How finely the system tells change times: a day, for those that keep dates only."""

    connection: Connection
    options: Mapping[str, Any]

    @abstractmethod
    def put(self, example: Example) -> None:
        """Make this record, or change it."""

    @abstractmethod
    def spoil(self, example: Example) -> None:
        """Put it with something in it that the field map must refuse."""

    @abstractmethod
    def remove(self, number: int) -> None:
        """Delete a record, as if it had never been. NotImplementedError where the real system deletes nothing."""

    @abstractmethod
    def source_id(self, number: int) -> str:
        """Our key for a record."""


class HttpSystem(System):
    """A system behind HTTP, which can misbehave."""

    opening: ClassVar[int] = 0
    """How many requests of a run open its session: a 401 to one of these is about the password, and renews nothing."""
    faults: list[Fault | None]
    """What its next requests meet, used up from the front, one a request; None is a good answer."""


class Trial:
    """One test's system, warehouse and clock; records are put through here, so that the truth is known."""

    def __init__(self, engine: Engine, system: System) -> None:
        self.engine = engine
        self.system = system
        self.now = TODAY
        self._truth: dict[int, Example] = {}
        self._name = f"trial{next(_numbers)}"

    # ---------------------------------------------------------------------------------------------- the other system
    def put(self, number: int, changed: datetime | None = None, text: str | None = None, amount: str = "") -> Example:
        """Make or change a record: by default the n-th one of a day, n days after the first."""
        example = Example(
            number, changed or FIRST + number * DAY, text or f"主卧飘窗渗水 {number}", Decimal(amount or f"{number}00.10")
        )
        self.system.put(example)
        self._truth[number] = example
        return example

    def put_many(self, count: int) -> None:
        """Records 1 to ``count``, not in the order of their numbers."""
        for number in sorted(range(1, count + 1), key=lambda n: (n % 3, n)):
            self.put(number)

    def spoil(self, number: int) -> None:
        """Make or change a record so that it cannot be used; what we had of it stays what we have."""
        self.system.spoil(Example(number, FIRST + number * DAY, "", Decimal(0)))

    def remove(self, number: int) -> None:
        """Delete a record in the other system."""
        self.system.remove(number)
        del self._truth[number]

    def truth(self) -> dict[str, dict[str, Any]]:
        """What we must hold: by source id, the columns named in `System.arrives_in`."""
        return {
            self.system.source_id(example.number): {
                column: getattr(example, part) for part, column in self.system.arrives_in.items()
            }
            for example in self._truth.values()
        }

    # ------------------------------------------------------------------------------------------------- the hub
    def hub(self, connection: Connection | None = None, **options: Any) -> Hub:
        """A hub with this system as its only source; ``options`` override the system's."""
        stream = {"map": self.system.field_map, "job": "tickets", "max_deleted_share": 0.2}
        source = {
            "system": self.system.connector,
            "connection": "other",
            "options": {**self.system.options, **options},
            "streams": {self.system.stream: stream},
        }
        settings = Settings.model_validate(
            {"database": "postgresql+psycopg:///unused", "sources": {self._name: source}, "folder": self.system.folder}
        )
        return Hub(settings, self.engine, connections=lambda _: connection or self.system.connection, clock=lambda: self.now)

    def start_over(self) -> None:
        """From here on it is another source of the hub, of which nothing was read yet."""
        self._name = f"trial{next(_numbers)}"

    def sync(self, on_step: OnStep = lambda _: None) -> RunReport:
        """Connector → field map → warehouse, as a job does it."""
        return sync_stream(self.hub(), self._name, self.system.stream, on_step=on_step)

    def sweep(self) -> RunReport:
        """Look for deletions, as a job does it."""
        return sweep_deletions(self.hub(), self._name, self.system.stream)

    def stored(self) -> dict[str, dict[str, Any]]:
        """What the warehouse holds of this source, in the form of `truth`."""
        table = self._table
        query = select(table).where(table.c.source_system == self._name, table.c.deleted_at.is_(None))
        if table.name in VERSIONED:
            query = query.order_by(table.c.fact_version)
        with self.engine.connect() as db:
            rows = [row._mapping for row in db.execute(query)]
        return {row["source_id"]: {column: row[column] for column in self.system.arrives_in.values()} for row in rows}

    @cached_property
    def _table(self) -> Table:
        return subject_of(self.hub(), self._name, self.system.stream).table

    def cursor(self) -> datetime | None:
        """Up to when everything is said to be here."""
        with self.engine.connect() as db:
            return db.execute(select(cursor.c.position).where(cursor.c.unit == self.unit, cursor.c.step == "sync")).scalar()

    def passed_over(self) -> set[str]:
        """Source ids of what should be here, as the cursor says, and is not."""
        cursor = self.cursor()
        return self.ids_between(BEGINNING, cursor) - self.stored().keys() if cursor else set()

    def quarantined(self) -> list[Quarantined]:
        """The open rows of this stream."""
        return open_rows(self.hub(), self.unit)

    @property
    def unit(self) -> str:
        """What the ledger calls this stream."""
        return f"{self._name}.{self.system.stream}"

    # ------------------------------------------------------------------------------------------------- the connector
    def source(self, connection: Connection | None = None, **options: Any) -> Source:
        """The connector by itself, with another connection or other options than the system's."""
        return self.hub(connection, **options).source(self._name)

    def declared(self) -> Stream:
        """How the connector describes the stream."""
        return self.source().streams()[self.system.stream]

    def pages(self, window: Window | None = None) -> Iterator[Page]:
        """What it delivers of a window; by default of all until now."""
        return self.source().pages(self.system.stream, window or Window(None, self.now))

    def records(self) -> Iterator[Record]:
        """Every record until now."""
        return (record for page in self.pages() for record in page.records)

    def ids(self, *pages: Page) -> list[str]:
        """Our source ids of their records."""
        key = self.declared().key
        return ["/".join(str(at(record, part)) for part in key) for page in pages for record in page.records]

    def ids_between(self, start: datetime, end: datetime) -> set[str]:
        """Source ids of what changed between these times in truth, both included."""
        return {self.system.source_id(one.number) for one in self._truth.values() if start <= one.changed <= end}

    @property
    def http(self) -> HttpSystem:
        """The system, which can misbehave."""
        assert isinstance(self.system, HttpSystem), f"{type(self.system).__name__} must be an HttpSystem"
        return self.system

    @property
    def faults(self) -> list[Fault | None]:
        """What the system's next requests meet."""
        return self.http.faults

    @contextmanager
    def counted(self) -> Iterator[Callable[[], int]]:
        """How many requests were made since; none are counted where there is no HTTP."""
        if not isinstance(self.system, HttpSystem):
            yield lambda: 0
            return
        good: list[Fault | None] = [None] * MOST_REQUESTS
        self.faults[:] = good
        yield lambda: len(good) - len(self.faults)


def at(record: Record, path: str) -> Any:
    """A value of a record; dots go down into nested objects, as in a field map."""
    value: Any = record
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
