"""The commit protocol: where a page of records and its cursor are committed. docs/commit-protocol.md is its page.

One run of one stream is in charge at a time: starting a run takes the stream over, and the run before it, should it still be
alive, stops at its next commit. Every commit happens under a lock on the cursors of everything that works on the stream (sync,
backfill, retries), so that they write its rows one after the other:

    start          take the stream over, mark a dead predecessor ABANDONED, fix the window          one transaction
    commit_page    rows + quarantine + counts (+ cursor, when the stream is ordered)                one transaction a page
    finish         judge the rejected share, move the cursor to the window's end, close the run     one transaction

Kill the process between or inside any of them and start again: the next run begins at the committed cursor minus the lookback,
upserts make the overlap harmless, and each run's counts describe exactly the pages that it committed.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, Text, and_, column, func, insert, literal_column, or_, select, text, update
from sqlalchemy import table as table_clause
from sqlalchemy.dialects.postgresql import insert as pg_insert

from warranty_hub.errors import CountingError, HubError, RejectedShareError, StreamTakenOverError
from warranty_hub.records.codes import QuarantineState, RunStatus
from warranty_hub.warehouse.load import merge_facts, stage_facts
from warranty_hub.warehouse.tables import OUTCOMES, cursor, quarantine, run

Transactions = Callable[[], AbstractContextManager[Connection]]
"""Opens a transaction that commits on success: ``engine.begin``, or a savepoint of a dry run."""

OnStep = Callable[[str], None]
"""Told after each step of the protocol; progress for people, and where the kill tests strike."""


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Unit:
    """What a run is about: a step of the hub and the thing it works on (``sync`` of ``wms.tickets``)."""

    step: str
    name: str


@dataclass(frozen=True)
class Reject:
    """A record that could not be used, with its reason; free of personal data, which stays in the payload."""

    source_id: str | None
    code: str
    reason: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """A page after mapping: rows of (source_id, *fact_columns), and what became of the other records.

    ``retried``: the names in quarantine of records that came from there.
    """

    rows: Sequence[Sequence[Any]]
    rejects: Sequence[Reject] = ()
    superseded: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    unmapped: Mapping[str, int] = field(default_factory=dict)
    retried: Sequence[str] = ()


@dataclass(frozen=True)
class RejectLimit:
    """Share of quarantined records of a window above which the run fails, judged from a minimum count on."""

    share: float
    at_least: int


@dataclass(frozen=True)
class Position:
    """Where a stream stands when a run starts."""

    run_id: int
    cursor: datetime | None


class StreamRun:
    """One run of one stream, from `start` to `finish` or `fail`."""

    def __init__(self, transactions: Transactions, unit: Unit, *, code_version: str, on_step: OnStep = lambda _: None) -> None:
        self._transactions = transactions
        self.unit = unit
        self._code_version = code_version
        self._step = on_step
        self.run_id = 0
        self._cursor: datetime | None = None

    def start(self) -> Position:
        """Take the stream over; a predecessor that never finished is marked ABANDONED."""
        with self._transactions() as db:
            db.execute(pg_insert(cursor).values(step=self.unit.step, unit=self.unit.name, run_id=0).on_conflict_do_nothing())
            self._cursor = db.execute(select(cursor.c.position).where(self._is_unit(cursor)).with_for_update()).scalar_one()
            db.execute(
                update(run)
                .where(self._is_unit(run), run.c.status == RunStatus.RUNNING)
                .values(status=RunStatus.ABANDONED, finished_at=func.clock_timestamp())
            )
            self.run_id = db.execute(
                insert(run)
                .values(step=self.unit.step, unit=self.unit.name, status=RunStatus.RUNNING, code_version=self._code_version)
                .returning(run.c.run_id)
            ).scalar_one()
            db.execute(update(cursor).where(self._is_unit(cursor)).values(run_id=self.run_id))
        self._step("run started")
        return Position(self.run_id, self._cursor)

    def open_window(self, start: datetime | None, end: datetime) -> None:
        """Write down what the run is going to read."""
        with self._transactions() as db:
            self.take_charge(db)
            db.execute(update(run).where(run.c.run_id == self.run_id).values(window_start=start, window_end=end))
        self._step("window opened")

    def commit_page(
        self,
        table: Table,
        source_system: str,
        batch: Batch,
        *,
        position: str,
        move_to: datetime | None,
        meanwhile: Callable[[], None] = lambda: None,
        also: Callable[[Connection], None] = lambda _: None,
        read_at: datetime | None = None,
    ) -> None:
        """Commit one page with its quarantine and counts; ``move_to`` moves the cursor on with it (ordered streams).

        ``meanwhile`` is called when the rows are with the server, to begin with work that goes on beside its own: begun
        earlier, it would slow the COPY down, for which Python is at work too (measured: a third of a sync's time).
        ``also`` writes what belongs to this page into its transaction, or raises if it must not be committed.
        ``read_at`` is when the source gave an old page that is replayed: what was deleted there since stays deleted.
        """
        with self._transactions() as db:
            self.take_charge(db)
            db.execute(text("SET LOCAL synchronous_commit = off"))  # a server that crashes takes page and cursor back together
            stage = stage_facts(db, table, batch.rows)
            self._step("page staged")
            meanwhile()
            outcomes = merge_facts(db, table, source_system=source_system, run_id=self.run_id, read_at=read_at)
            also(db)
            self._step("rows written")
            resolve_quarantine(db, self.unit.name, stage, batch)
            put_into_quarantine(db, self.unit.name, self.run_id, batch.rejects)
            self._step("quarantine written")
            if outcomes.total != len(batch.rows):
                raise CountingError(f"{self.unit.name}: {len(batch.rows)} rows staged, {outcomes.total} accounted for")
            self._count(
                db,
                position,
                {
                    "new": outcomes.new,
                    "changed": outcomes.changed,
                    "unchanged": outcomes.unchanged,
                    "superseded": outcomes.superseded + batch.superseded,
                    "skipped": sum(batch.skipped.values()),
                    "quarantined": len(batch.rejects),
                },
                batch,
            )
            self._step("counts written")
            moved = self._move_cursor(db, move_to)
            if moved:
                self._step("cursor moved")
        if moved:
            self._cursor = move_to
        self._step("page committed")

    def finish(self, *, move_to: datetime | None, limit: RejectLimit | None = None) -> None:
        """Close the run. Above the rejected share it fails, and an unordered stream's cursor stays where it was."""
        with self._transactions() as db:
            self.take_charge(db)
            if limit:
                self._judge(db, limit)
            self._move_cursor(db, move_to)
            db.execute(update(cursor).where(self._is_unit(cursor)).values(succeeded_at=func.clock_timestamp()))
            self._close(db, RunStatus.SUCCEEDED)
            self._step("run closed")
        self._step("run committed")

    def fail(self, error: BaseException) -> None:
        """Write down why the run ended; its committed pages stay."""
        code, message = (error.code, error.message) if isinstance(error, HubError) else (type(error).__name__, "see the log")
        with self._transactions() as db:
            self._close(db, RunStatus.FAILED, error_code=code, error=storable_text(message))

    def count_tombstones(self, db: Connection, tombstones: int) -> None:
        """Count records that a sweep marked deleted, in the transaction that marked them."""
        self.take_charge(db)
        db.execute(update(run).where(run.c.run_id == self.run_id).values(tombstones=tombstones))

    def take_charge(self, db: Connection) -> None:
        """Lock the stream until the transaction ends. Raises StreamTakenOverError when another run has taken it over."""
        of_all_steps = select(cursor).where(cursor.c.unit == self.unit.name).order_by(cursor.c.step).with_for_update()
        held = next(row for row in db.execute(of_all_steps).all() if row.step == self.unit.step)
        if held.run_id != self.run_id or held.position != self._cursor:
            raise StreamTakenOverError(f"{self.unit.name}: run {held.run_id} has taken over from run {self.run_id}")

    def note(self, **details: Any) -> None:
        """Keep figures of a run that are not counts of records."""
        with self._transactions() as db:
            db.execute(update(run).where(run.c.run_id == self.run_id).values(details=run.c.details.concat(details)))

    def _move_cursor(self, db: Connection, position: datetime | None) -> bool:
        """Move it on; never back, where the lookback is read again. Returns whether it moved."""
        if position is None or (self._cursor is not None and position <= self._cursor):
            return False
        moved = db.execute(
            update(cursor)
            .where(self._is_unit(cursor), cursor.c.run_id == self.run_id, cursor.c.position.is_not_distinct_from(self._cursor))
            .values(position=position)
        )
        if moved.rowcount != 1:
            raise StreamTakenOverError(f"{self.unit.name}: the cursor was moved by another run")
        return True

    def _count(self, db: Connection, position: str, counts: Mapping[str, int], batch: Batch) -> None:
        values: dict[Any, Any] = {run.c[outcome]: run.c[outcome] + counts[outcome] for outcome in OUTCOMES}
        values |= {
            run.c.read: run.c.read + sum(counts.values()),
            run.c.pages: run.c.pages + 1,
            run.c.rows_written: run.c.rows_written + counts["new"] + counts["changed"],
            run.c.position: storable_text(position),
        }
        if batch.unmapped or batch.skipped:
            had = db.execute(select(run.c.unmapped, run.c.skipped_by).where(run.c.run_id == self.run_id)).one()
            values[run.c.unmapped] = _add(had.unmapped, storable(batch.unmapped))
            values[run.c.skipped_by] = _add(had.skipped_by, batch.skipped)
        db.execute(update(run).where(run.c.run_id == self.run_id).values(values))

    def _judge(self, db: Connection, limit: RejectLimit) -> None:
        counts = db.execute(select(run.c.read, run.c.quarantined).where(run.c.run_id == self.run_id)).one()
        if counts.quarantined >= limit.at_least and counts.quarantined > limit.share * counts.read:
            raise RejectedShareError(
                f"{self.unit.name}: {counts.quarantined} of {counts.read} records went to quarantine, "
                f"more than the allowed {limit.share:.0%}"
            )

    def _close(self, db: Connection, status: RunStatus, **values: Any) -> None:
        db.execute(
            update(run)
            .where(run.c.run_id == self.run_id, run.c.status == RunStatus.RUNNING)
            .values(status=status, finished_at=func.clock_timestamp(), **values)
        )

    def _is_unit(self, table: Table) -> Any:
        return and_(table.c.step == self.unit.step, table.c.unit == self.unit.name)


def put_into_quarantine(db: Connection, unit: str, run_id: int, rejects: Sequence[Reject]) -> None:
    """Keep rejected records with payload, code and reason; the same record again counts another attempt."""
    latest = {_quarantine_key(reject): reject for reject in rejects}
    if not latest:
        return
    values = [
        {
            "unit": unit,
            "source_id": key,
            "code": reject.code,
            "reason": reject.reason,
            "payload": storable(reject.payload),
            "state": QuarantineState.OPEN,
            "first_run": run_id,
            "last_run": run_id,
        }
        for key, reject in latest.items()
    ]
    statement = pg_insert(quarantine)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["unit", "source_id"],
            index_where=quarantine.c.state == literal_column("'OPEN'"),
            set_={
                "code": statement.excluded.code,
                "reason": statement.excluded.reason,
                "payload": statement.excluded.payload,
                "last_run": statement.excluded.last_run,
                "last_seen": func.now(),
                "attempts": quarantine.c.attempts + 1,
            },
        ),
        values,
    )


def resolve_quarantine(db: Connection, unit: str, stage: str, batch: Batch) -> None:
    """A record that loads closes its open quarantine row, in the same transaction; so does one that was tried again and is no
    more rejected, though it is skipped now, or has got a key.

    Its payload goes: what it holds is in the fact by now, and personal data is kept in as few places as can be.
    """
    staged: Select[str] = select(column("source_id", Text)).select_from(table_clause(stage, schema="pg_temp"))
    settled = set(batch.retried) - {_quarantine_key(reject) for reject in batch.rejects}
    db.execute(
        update(quarantine)
        .where(
            quarantine.c.unit == unit,
            quarantine.c.state == QuarantineState.OPEN,
            or_(quarantine.c.source_id.in_(staged), quarantine.c.source_id.in_(settled)),
        )
        .values(state=QuarantineState.RESOLVED, last_seen=func.now(), payload={})
    )


def storable(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as JSON that PostgreSQL can hold: times and decimals as text, bytes as what no field takes for text."""
    return {storable_text(str(name)): _storable(value) for name, value in payload.items()}


def _storable(value: Any) -> Any:
    match value:
        case Mapping():
            return storable(value)
        case list() | tuple():
            return [_storable(item) for item in value]
        case bytes():
            return {"bytes": value.hex()}
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case _:
            return storable_text(str(value))


def storable_text(text: str) -> str:
    """What PostgreSQL has no text for, NUL and halves of a character, becomes U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def _quarantine_key(reject: Reject) -> str:
    if reject.source_id:
        return reject.source_id
    payload = json.dumps(storable(reject.payload), sort_keys=True, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(payload.encode()).hexdigest()


def _add(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {key: left.get(key, 0) + right.get(key, 0) for key in {*left, *right}}
