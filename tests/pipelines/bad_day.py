"""Other systems on a bad day: one stream of one source end to end, and servers of the sandbox whose answers are spoilt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text

from sandbox.web import Answer, Request, WebServer
from tests.pipelines.fake import runs
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
        """A run."""
        return sync_stream(self.hub, self.source, self.stream, **options)

    def undisturbed(self) -> list[Row]:
        """What the table would hold after a run on a good day; nothing of it stays."""
        with self.hub.dry_run() as trial:
            sync_stream(trial, self.source, self.stream)
            return _rows(trial, self.table)

    def rows(self) -> list[Row]:
        """What the table holds, without the bookkeeping that differs between runs."""
        return _rows(self.hub, self.table)

    def cursor(self) -> datetime | None:
        """Where the stream stands."""
        with self.hub.engine.connect() as db:
            position: datetime | None = db.execute(text("SELECT position FROM ops.cursor")).scalar_one()
        return position

    def quarantine(self, state: str = "OPEN") -> list[tuple[str, str]]:
        """Source ids and reasons."""
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
    """A hub with one source, reached by this connection."""
    settings = {"database": "postgresql+psycopg:///unused", "sources": {"it": {"connection": "it", **source}}}
    return Hub(Settings.model_validate(settings), warehouse, lambda _: connection, clock=lambda: NOW)


def unspoilt(_: Request, answer: Answer) -> Answer:
    return answer


class Disturbed(WebServer):
    """Mixed into a server of the sandbox: its answers go through ``spoil``."""

    spoil: Spoil = staticmethod(unspoilt)

    def answer(self, request: Request) -> Answer:
        return self.spoil(request, super().answer(request))


def instead(body: bytes, media_type: str, status: int = 200) -> Callable[[Answer], Answer]:
    """Answer with this."""
    return lambda _: Answer(status, body, media_type)


def hung_up(answer: Answer) -> Answer:
    """Announce more than is sent."""
    headers = {"Transfer-Encoding": "chunked", "Connection": "close"}
    return Answer(200, b"400\r\n" + answer.body[:300], answer.media_type, headers)


def cut_short(answer: Answer) -> Answer:
    """Half an answer that says it is whole."""
    return Answer(200, answer.body[: len(answer.body) // 2], answer.media_type)


def once_after(step: str, strike: Callable[[], None]) -> Callable[[str], None]:
    """Something that happens once, after a step of the commit protocol."""
    pending = [strike]

    def on_step(name: str) -> None:
        if name == step and pending:
            pending.pop()()

    return on_step
