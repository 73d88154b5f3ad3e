"""Raw pages: what a source sent, kept for a while so that a corrected field map can be replayed without asking it again.

A page's row in ``ops.raw_page`` is written in the transaction that commits the page, and its file put before that transaction
ends: what was committed is kept. What was put and not committed, nobody refers to, and `expire_raw_pages` takes it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, text

from connectors.page_file import SUFFIX
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import raw_page

STEP = "expire"


@dataclass(frozen=True)
class KeptPage:
    """One page of records as its source sent it."""

    raw_page_id: int
    run_id: int
    address: str
    records: int
    kept_at: datetime


@dataclass(frozen=True)
class KeptRun:
    """What is kept of one run."""

    run_id: int
    kept_at: datetime
    pages: int
    records: int


def keep_page(hub: Hub, db: Connection, unit: Unit, run_id: int, content: bytes, records: int) -> None:
    """Keep a page's file with the transaction that commits the page.

    The row comes first: it waits while old files are taken out, so that none goes that this page has in common with an old one.
    """
    address = hub.artefacts.address_of(content, SUFFIX)
    db.execute(insert(raw_page).values(unit=unit.name, run_id=run_id, address=address, records=records))
    hub.artefacts.put(content, SUFFIX)


def kept_pages(hub: Hub, unit: str, keep_for: timedelta) -> list[KeptPage]:
    """The pages of a stream, the newest first, back to a run of which one is not kept: it may have read newer ones."""
    with hub.transactions() as db:
        gap = db.execute(text(_LAST_NOT_KEPT), {"unit": unit, "keep_for": keep_for}).scalar_one()
        young = raw_page.c.kept_at >= func.now() - keep_for
        return _pages(db, raw_page.c.unit == unit, raw_page.c.run_id > gap, young)


def pages_after(hub: Hub, unit: str, raw_page_id: int) -> list[KeptPage]:
    """The pages of a stream that were committed after this one, the newest first."""
    with hub.transactions() as db:
        return _pages(db, raw_page.c.unit == unit, raw_page.c.raw_page_id > raw_page_id)


def _pages(db: Connection, *conditions: ColumnElement[bool]) -> list[KeptPage]:
    columns = (raw_page.c[field.name] for field in fields(KeptPage))
    query = select(*columns).where(*conditions).order_by(raw_page.c.raw_page_id.desc())
    return [KeptPage(*row) for row in db.execute(query)]


_LAST_NOT_KEPT = """
    WITH kept AS (
        SELECT run_id, count(*) AS pages FROM ops.raw_page
        WHERE unit = :unit AND kept_at >= now() - CAST(:keep_for AS interval) GROUP BY run_id
    )
    SELECT coalesce(max(run.run_id), 0) FROM ops.run LEFT JOIN kept ON kept.run_id = run.run_id
    WHERE run.unit = :unit AND run.step IN ('sync', 'backfill') AND run.run_id >= (SELECT min(run_id) FROM kept)
    AND run.pages > coalesce(kept.pages, 0)"""


def kept_runs(hub: Hub, unit: str) -> list[KeptRun]:
    """What is kept of a stream, the newest run first."""
    query = (
        select(raw_page.c.run_id, func.max(raw_page.c.kept_at), func.count(), func.sum(raw_page.c.records))
        .where(raw_page.c.unit == unit)
        .group_by(raw_page.c.run_id)
        .order_by(raw_page.c.run_id.desc())
    )
    with hub.transactions() as db:
        return [KeptRun(*row) for row in db.execute(query)]


def expire_raw_pages(hub: Hub) -> RunReport:
    """Take out pages older than their stream's ``keep_raw``, those of streams that keep none, and files that belong to none."""
    with hub.recorded(Unit(STEP, "raw_pages")) as run:
        with hub.transactions() as db:
            db.execute(text("LOCK TABLE ops.raw_page IN SHARE ROW EXCLUSIVE MODE"))  # nobody puts one meanwhile
            expired = sum(_expire(db, unit, _keep_for(hub, unit)) for unit in _units(db))
            known = set(db.execute(select(raw_page.c.address).distinct()).scalars())
            files = 0 if hub.is_trial else hub.artefacts.sweep(SUFFIX, known)
        run.note(expired=expired, files=files)
    return hub.report(run.run_id)


def _units(db: Connection) -> Sequence[str]:
    return db.execute(select(raw_page.c.unit).distinct()).scalars().all()


def _keep_for(hub: Hub, unit: str) -> timedelta:
    source_name, _, stream_name = unit.partition(".")
    source = hub.settings.sources.get(source_name)
    stream = source.streams.get(stream_name) if source else None
    return (stream.keep_raw if stream else None) or timedelta()


def _expire(db: Connection, unit: str, keep_for: timedelta) -> int:
    return db.execute(delete(raw_page).where(raw_page.c.unit == unit, raw_page.c.kept_at <= func.now() - keep_for)).rowcount
