"""Look at quarantined records, and put them through the same path again once the source or the field map is corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.issue_retry import is_issue_unit, retry_issues
from warranty_hub.pipelines.sync import batch_of, subject_of
from warranty_hub.records.codes import QuarantineState
from warranty_hub.rules.privacy import MASK, mask
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import quarantine

STEP = "retry"
PAGE = 1000


@dataclass(frozen=True)
class Quarantined:
    """One record in quarantine, with its payload masked."""

    quarantine_id: int
    unit: str
    source_id: str
    code: str
    reason: str
    attempts: int
    first_seen: datetime
    last_seen: datetime
    payload: Mapping[str, Any]


def open_rows(hub: Hub, unit: str | None = None, limit: int = 50) -> list[Quarantined]:
    """The newest open rows, of one stream or of all."""
    query = select(quarantine).where(quarantine.c.state == QuarantineState.OPEN)
    if unit:
        query = query.where(quarantine.c.unit == unit)
    with hub.transactions() as db:
        rows = db.execute(query.order_by(quarantine.c.last_seen.desc(), quarantine.c.quarantine_id.desc()).limit(limit))
        return [_quarantined(hub, row) for row in rows]


def one_row(hub: Hub, quarantine_id: int) -> Quarantined:
    """One row, whatever its state. Raises ConfigError when there is none."""
    with hub.transactions() as db:
        row = db.execute(select(quarantine).where(quarantine.c.quarantine_id == quarantine_id)).one_or_none()
    if row is None:
        raise ConfigError(
            f"There is no quarantine row {quarantine_id}", remedy="`warranty-hub quarantine list` shows the open ones."
        )
    return _quarantined(hub, row)


def open_counts(hub: Hub) -> dict[str, int]:
    """Open rows by stream."""
    query = (
        select(quarantine.c.unit, func.count()).where(quarantine.c.state == QuarantineState.OPEN).group_by(quarantine.c.unit)
    )
    with hub.transactions() as db:
        return {unit: count for unit, count in db.execute(query.order_by(quarantine.c.unit))}


def open_keys(hub: Hub, unit: str) -> set[str]:
    """The source ids of a stream's open rows."""
    query = select(quarantine.c.source_id).where(quarantine.c.unit == unit, quarantine.c.state == QuarantineState.OPEN)
    with hub.transactions() as db:
        return set(db.execute(query).scalars())


def retry(hub: Hub, unit: str) -> RunReport:
    """Map and load all open rows of a stream again: what loads, or is skipped now, is RESOLVED, the rest counts an attempt.

    A project instead of a stream: what BCF files said of it.
    """
    if is_issue_unit(hub, unit):
        return retry_issues(hub, unit)
    source_name, _, stream_name = unit.partition(".")
    subject = subject_of(hub, source_name, stream_name)
    with hub.recorded(Unit(STEP, unit)) as run:
        last = 0
        while rows := _open_payloads(hub, unit, last):
            last = rows[-1].quarantine_id
            batch = replace(
                batch_of(subject.field_map.apply([row.payload for row in rows])), retried=[row.source_id for row in rows]
            )
            run.commit_page(subject.table, source_name, batch, position=f"quarantine row {last}", move_to=None)
    return hub.report(run.run_id)


def _open_payloads(hub: Hub, unit: str, after: int) -> Sequence[Row[int, str, Any]]:
    query = (
        select(quarantine.c.quarantine_id, quarantine.c.source_id, quarantine.c.payload)
        .where(quarantine.c.unit == unit, quarantine.c.state == QuarantineState.OPEN, quarantine.c.quarantine_id > after)
        .order_by(quarantine.c.quarantine_id)
        .limit(PAGE)
    )
    with hub.transactions() as db:
        return db.execute(query).all()


def _quarantined(hub: Hub, row: Any) -> Quarantined:
    return Quarantined(
        row.quarantine_id,
        row.unit,
        row.source_id,
        row.code,
        row.reason,
        row.attempts,
        row.first_seen,
        row.last_seen,
        _masked(row.payload, hide=_holds_persons(hub, row.unit)),
    )


def _holds_persons(hub: Hub, unit: str) -> bool:
    source_name, _, stream_name = unit.partition(".")
    source = hub.settings.sources.get(source_name)
    if source is None or stream_name not in source.streams:
        return True  # not in hub.yaml any more: nobody can say what it holds
    return subject_of(hub, source_name, stream_name).field_map.table == "person"


def _masked(value: Any, *, hide: bool) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked(inner, hide=hide) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, hide=hide) for inner in value]
    if isinstance(value, str):
        return MASK if hide else mask(value)
    return value
