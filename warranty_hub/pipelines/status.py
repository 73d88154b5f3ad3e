"""How the hub is doing, read from its own tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import RunStatus
from warranty_hub.warehouse.tables import OUTCOMES, outbox, run


@dataclass(frozen=True)
class LastRun:
    """The newest run of a step on a unit. ``outcome``: what became of what, or its status when it did not succeed."""

    step: str
    unit: str
    finished_at: datetime | None
    outcome: str
    error: str | None


def last_runs(hub: Hub) -> list[LastRun]:
    """One for each step and unit, the oldest first."""
    of_each = distinct_on(run.c.step, run.c.unit)
    newest = select(run).ext(of_each).order_by(run.c.step, run.c.unit, run.c.run_id.desc()).subquery()
    with hub.transactions() as db:
        return [
            LastRun(row.step, row.unit, row.finished_at, _outcome(row._mapping), row.error)
            for row in db.execute(select(newest).order_by(newest.c.run_id))
        ]


def _outcome(row: Mapping[Any, Any]) -> str:
    if row["status"] != RunStatus.SUCCEEDED:
        return str(row["status"])
    counted = [f"{row[outcome]} {outcome}" for outcome in OUTCOMES if row[outcome]]
    found = [f"{name} {value}" for name, value in row["details"].items() if value]
    return ", ".join([*counted, *found]) or "nothing new"


def outbox_counts(hub: Hub) -> list[tuple[str, str, int]]:
    """Outbox items by sink and state."""
    query = select(outbox.c.sink, outbox.c.state, func.count()).group_by(outbox.c.sink, outbox.c.state).order_by(outbox.c.sink)
    with hub.transactions() as db:
        return [(sink, state, count) for sink, state, count in db.execute(query)]
