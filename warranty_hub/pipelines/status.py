"""How the hub is doing, read from its own tables."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from warranty_hub.pipelines.hub import Hub
from warranty_hub.warehouse.tables import outbox, run


def last_runs(hub: Hub) -> list[Sequence[Any]]:
    """The newest run of each step and unit: step, unit, status, finished at, read, new, changed, quarantined, error."""
    of_each = distinct_on(run.c.step, run.c.unit)
    newest = select(run).ext(of_each).order_by(run.c.step, run.c.unit, run.c.run_id.desc()).subquery()
    columns = ("step", "unit", "status", "finished_at", "read", "new", "changed", "quarantined", "error")
    with hub.transactions() as db:
        return [tuple(row) for row in db.execute(select(*(newest.c[name] for name in columns)).order_by(newest.c.run_id))]


def outbox_counts(hub: Hub) -> list[tuple[str, str, int]]:
    """Outbox items by sink and state."""
    query = select(outbox.c.sink, outbox.c.state, func.count()).group_by(outbox.c.sink, outbox.c.state).order_by(outbox.c.sink)
    with hub.transactions() as db:
        return [(sink, state, count) for sink, state, count in db.execute(query)]
