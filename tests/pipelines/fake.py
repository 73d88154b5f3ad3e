"""A source in memory and a hub that reads it: what the commit protocol is tried against."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from connectors.contract import OutboxItem, Page, Reply, Sink, Source, Stream, Window
from warranty_hub.pipelines.hub import Hub
from warranty_hub.settings import Settings

MAPS = Path(__file__).parent / "maps"
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def record(number: int, **changes: Any) -> dict[str, Any]:
    """One good source record, changed ``number`` minutes after the first."""
    return {
        "id": f"T{number:05d}",
        "order_no": f"WX{number:05d}",
        "project": "P01",
        "address": f"3号楼1单元{number % 20 + 1}01",
        "description": "主卧飘窗渗水",
        "level": "1",
        "created": "2025-01-01 08:00:00",
        "updated": (FIRST + timedelta(minutes=number)).isoformat(),
        **changes,
    }


@dataclass
class FakeSource:
    """Delivers its records of a window, ordered by change time, in pages."""

    records: list[dict[str, Any]]
    ordered: bool = True
    page_size: int = 10
    before_page: Callable[[int], None] = lambda _: None
    rearrange: Callable[[list[Page]], list[Page]] = lambda pages: pages
    windows: list[Window] = field(default_factory=list)

    def streams(self) -> Mapping[str, Stream]:
        return {"tickets": Stream("tickets", ("id",), "updated", ordered=self.ordered, sweepable=True)}

    def check(self) -> str:
        return "in memory"

    def now(self) -> datetime | None:
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        self.windows.append(window)
        due = [row for row in self.records if self._in(window, row)]
        due.sort(key=lambda row: str(row.get("updated")))
        size = self.page_size
        pages = [Page(due[start : start + size], f"from {start}") for start in range(0, len(due), size)]
        for number, page in enumerate(self.rearrange(pages)):
            self.before_page(number)
            yield page

    def _in(self, window: Window, row: Mapping[str, Any]) -> bool:
        try:
            moment = datetime.fromisoformat(row["updated"])
        except (KeyError, TypeError, ValueError):
            return True
        return (window.start is None or window.start <= moment) and moment <= window.end

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        yield [row["id"] for row in self.records]


@dataclass
class FakeSink:
    """Remembers what it performed; can be told to fail."""

    performed: list[str] = field(default_factory=list)
    on_perform: Callable[[OutboxItem], None] = lambda _: None
    on_lookup: Callable[[OutboxItem], None] = lambda _: None

    def perform(self, item: OutboxItem) -> Reply:
        self.on_perform(item)
        self.performed.append(item.idempotency_key)
        return Reply(f"REQ-{len(self.performed)}")

    def lookup(self, item: OutboxItem) -> Reply | None:
        self.on_lookup(item)
        return Reply("REQ-found") if item.idempotency_key in self.performed else None


@dataclass(frozen=True)
class FakeHub(Hub):
    """A hub whose only source and sink are in memory."""

    fake: FakeSource = field(default_factory=lambda: FakeSource([]))
    fake_sink: FakeSink = field(default_factory=FakeSink)

    def source(self, name: str) -> Source:
        return self.fake

    def sink(self, name: str) -> Sink:
        return self.fake_sink


def fake_hub(engine: Engine, source: FakeSource, sink: FakeSink | None = None, **stream: Any) -> FakeHub:
    """A hub on this database that reads this source; ``stream`` overrides its settings."""
    settings = Settings.model_validate(
        {
            "database": "postgresql+psycopg:///unused",
            "sources": {
                "wms": {
                    "system": "fake",
                    "connection": "none",
                    "streams": {"tickets": {"map": "fake_tickets", "job": "tickets", **stream}},
                }
            },
            "sinks": {"oa": {"system": "fake", "connection": "none", "kinds": ["submit_plan"], "grace": 60}},
            "folder": MAPS,
        }
    )
    return FakeHub(settings, engine, clock=lambda: NOW, fake=source, fake_sink=sink or FakeSink())


def tickets(engine: Engine) -> list[tuple[Any, ...]]:
    """What the table holds, without the bookkeeping that may differ between runs."""
    query = "SELECT source_id, ticket_no, address_text, urgency, changed_at, deleted_at IS NULL FROM hub.ticket ORDER BY 1"
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text(query))]


def quarantined(engine: Engine) -> list[tuple[Any, ...]]:
    """The quarantine, without attempts and times."""
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text("SELECT source_id, code, reason, state FROM ops.quarantine ORDER BY 1"))]


def runs(engine: Engine) -> list[Mapping[str, Any]]:
    """The run ledger, oldest first."""
    with engine.connect() as db:
        return [dict(row._mapping) for row in db.execute(text("SELECT * FROM ops.run ORDER BY run_id"))]
