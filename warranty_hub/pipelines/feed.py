"""Publish the warranty-cost feed of an entity: sealed batches that never change. docs/published-ledger.md tells the rules.

One transaction an attempt. Lines are written and hashed, and the gate is asked; if it is shut, they are rolled back and only
the summary of each batch stays, HELD. A consumer of our own tables: it reads what the rollup has brought up to date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from warranty_hub.errors import FeedRefusedError
from warranty_hub.pipelines.feed_delivery import deliver_batches, take_in
from warranty_hub.pipelines.feed_draft import Draft, Summary, calendar_of
from warranty_hub.pipelines.gate import findings
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.reconcile import reconcile_entity
from warranty_hub.pipelines.rollup import UNIT as ROLLUP
from warranty_hub.records.codes import FeedBatchState
from warranty_hub.warehouse.changes import remember, since
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.ledger import SCHEMA_VERSION, chain
from warranty_hub.warehouse.tables import feed_batch

SCHEDULE = "schedule"
"""Who prepares a batch when nobody does by hand."""


@dataclass(frozen=True)
class Release:
    """A person's word that held batches may go out in spite of what the gate found."""

    person: str
    reason: str


def entities(hub: Hub) -> list[str]:
    """The entities whose periods an ERP tells; without them nobody could say what is closed."""
    with hub.transactions() as db:
        return list(db.execute(text(_ENTITIES)).scalars())


def publish_feed(hub: Hub, entity: str, *, preparer: str = SCHEDULE, release: Release | None = None) -> RunReport:
    """Publish what changed since the entity's last sealed batches; hold it when the gate is shut and nobody releases it.

    Raises FeedRefusedError when periods are missing, and when a release does not fit what was held.
    """
    unit = Unit("feed", entity)
    with hub.recorded(unit) as run:
        with hub.transactions() as db:
            run.take_charge(db)
            held = _take_held(db, entity)
            upto = since(db, ROLLUP)
            reconcile_entity(db, entity, str(hub.settings.zone), hub.settings.feed.ticket_tolerance)
            found = findings(hub, db, entity)
            attempt = db.begin_nested()
            drafted = Draft(db, entity, run.run_id, calendar_of(db, entity, _today(hub))).write(since(db, unit))
            if found and release:
                _judge(entity, release, held, drafted, found)
            if found and not release:
                attempt.rollback()
                _hold(db, entity, drafted, run.run_id, preparer, found)
            else:
                _seal(db, entity, drafted, _Approval(held.preparer if release else preparer, found, release))
                attempt.commit()
                remember(db, unit, upto)
        delivered, acknowledged = deliver_batches(hub, entity, run.run_id), take_in(hub, entity)
        held_back = {"held": "; ".join(found)} if found and not release else {}
        run.note(
            batches=len(drafted),
            lines=sum(summary.lines for summary in drafted),
            delivered=delivered,
            acknowledged=acknowledged,
            **held_back,
        )
    return hub.report(run.run_id)


@dataclass(frozen=True)
class _Held:
    """What an earlier attempt left HELD: content hash by period, what the gate found, and who prepared it."""

    hashes: Mapping[str, str]
    findings: Sequence[str]
    preparer: str


@dataclass(frozen=True)
class _Approval:
    """Under whose eyes a batch goes out, and what the gate had found."""

    preparer: str
    findings: Sequence[str]
    release: Release | None


def _take_held(db: Connection, entity: str) -> _Held:
    """An attempt begins anew: the summaries of the last one that was held are taken away."""
    rows = db.execute(text(_TAKE_HELD), {"entity": entity}).all()
    if not rows:
        return _Held({}, (), SCHEDULE)
    return _Held({row.period: row.content_hash for row in rows}, rows[0].findings, rows[0].prepared_by)


def _judge(entity: str, release: Release, held: _Held, drafted: Sequence[Summary], found: Sequence[str]) -> None:
    """A named person lets out what was held, for the reasons for which it was held, says why, and did not prepare it."""
    if not release.person.strip() or not release.reason.strip():
        raise FeedRefusedError(
            f"Entity {entity}: nobody says who lets these batches out, or why",
            remedy="Name the person with --person and the reason with --reason; both are kept with the batch.",
        )
    if not held.hashes:
        raise FeedRefusedError(f"Entity {entity}: nothing is held", remedy="`warranty-hub feed list` shows what is.")
    if release.person.strip().casefold() == held.preparer.strip().casefold():
        raise FeedRefusedError(
            f"Entity {entity}: {release.person} prepared these batches and cannot release them",
            remedy="Another person has to look at them and release them.",
        )
    if {summary.period: summary.content_hash for summary in drafted} != held.hashes or list(found) != list(held.findings):
        raise FeedRefusedError(
            f"Entity {entity}: the facts, or what the gate found, have changed since these batches were held",
            remedy="Run the feed again and look at what it holds now.",
        )


def _seal(db: Connection, entity: str, drafted: Sequence[Summary], approval: _Approval) -> None:
    before = db.execute(text(_LAST_CHAIN), {"entity": entity}).scalar_one_or_none() or ""
    released = approval.release if approval.findings else None
    for summary in drafted:
        before = chain(before, summary.period, summary.seq, summary.content_hash)
        sealed = {"state": FeedBatchState.SEALED, "chain_hash": before, "sealed_at": _after(entity)}
        by = {"released_by": released.person, "release_reason": released.reason} if released else {}
        about = _about(db, summary, approval.preparer, approval.findings)
        db.execute(update(feed_batch).where(feed_batch.c.batch_id == summary.batch_id).values(**sealed, **by, **about))


def _after(entity: str) -> Any:
    """Now, and never before the entity's last batch, whatever the server's clock did: "as of" is asked by this time."""
    last = select(func.max(feed_batch.c.sealed_at)).where(feed_batch.c.entity == entity).scalar_subquery()
    return func.greatest(func.clock_timestamp(), last)


def _hold(db: Connection, entity: str, drafted: Sequence[Summary], run_id: int, preparer: str, found: Sequence[str]) -> None:
    for summary in drafted:
        place = {"entity": entity, "period": summary.period, "seq": summary.seq, "schema_version": SCHEMA_VERSION}
        about = _about(db, summary, preparer, found)
        db.execute(insert(feed_batch).values(**place, state=FeedBatchState.HELD, run_id=run_id, **about))


def _about(db: Connection, summary: Summary, preparer: str, found: Sequence[str]) -> dict[str, Any]:
    return {
        "lines": summary.lines,
        "totals": [{**total, "amount": format(total["amount"], "f")} for total in summary.totals],
        "content_hash": summary.content_hash,
        "prepared_by": preparer,
        "findings": list(found),
        "sources": _cursors(db),
    }


def _cursors(db: Connection) -> dict[str, str | None]:
    """How far each synced stream had been read."""
    return {row.unit: row.position for row in db.execute(text(_CURSORS))}


def _today(hub: Hub) -> date:
    return hub.clock().astimezone(hub.settings.zone).date()


_ENTITIES = "SELECT DISTINCT company_code FROM hub.period WHERE deleted_at IS NULL ORDER BY 1"
_TAKE_HELD = """
    DELETE FROM hub.feed_batch WHERE entity = :entity AND state = 'HELD'
    RETURNING period, content_hash, findings, prepared_by"""
_CURSORS = """
    SELECT unit, to_char(position AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS position
    FROM ops.cursor WHERE step = 'sync' ORDER BY unit"""
_LAST_CHAIN = """
    SELECT chain_hash FROM hub.feed_batch WHERE entity = :entity AND state = 'SEALED' ORDER BY batch_id DESC LIMIT 1"""
