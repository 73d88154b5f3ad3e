"""Sync: read what changed in one stream of one source, and commit it page by page (docs/commit-protocol.md)."""

import gc
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table
from sqlalchemy.exc import SQLAlchemyError

from connectors.contract import Page, Source, Stream, Window
from connectors.page_file import write_page
from mappings.fields.compiler import FieldMap, Mapped, load_field_map
from warranty_hub.errors import ConfigError, PageOrderError, SchemaChangedError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.raw_pages import keep_page
from warranty_hub.settings import SourceSettings, StreamSettings
from warranty_hub.warehouse.commit import Batch, OnStep, Reject, RejectLimit, StreamRun, Unit
from warranty_hub.warehouse.load import fact_columns
from warranty_hub.warehouse.tables import fact_tables

STEP = "sync"
BACKFILL = "backfill"
OBJECTS_BETWEEN_COLLECTIONS = 100_000


@dataclass(frozen=True)
class Subject:
    """One stream of one source, with its settings and its field map."""

    source_name: str
    source: SourceSettings
    settings: StreamSettings
    stream_name: str
    field_map: FieldMap

    @property
    def unit(self) -> Unit:
        """What the run ledger calls it: ``wms.tickets``."""
        return Unit(STEP, f"{self.source_name}.{self.stream_name}")

    @property
    def table(self) -> Table:
        """The fact table it fills."""
        return fact_tables[self.field_map.table]


def subject_of(hub: Hub, source_name: str, stream_name: str) -> Subject:
    """Look a stream up in hub.yaml and load its field map. Raises ConfigError."""
    source = hub.settings.sources.get(source_name)
    settings = source.streams.get(stream_name) if source else None
    if source is None or settings is None:
        raise ConfigError(
            f"hub.yaml has no stream {source_name}.{stream_name}", remedy="`warranty-hub check` lists the streams."
        )
    field_map = load_field_map(settings.map, ZoneInfo(source.zone), hub.settings.folder)
    return Subject(source_name, source, settings, stream_name, field_map)


def sync_stream(
    hub: Hub, source_name: str, stream_name: str, *, again: Window | None = None, on_step: OnStep = lambda _: None
) -> RunReport:
    """Bring one stream up to date. Any error leaves all committed pages and the cursor as they are; run it again.

    With ``again`` that window is read instead: a backfill, which neither moves the stream's cursor nor makes it fresh, and is
    in nobody's way: syncs go on beside it.
    """
    subject = subject_of(hub, source_name, stream_name)
    source = hub.source(source_name)
    stream = _stream(subject, source, again)
    unit = Unit(BACKFILL, subject.unit.name) if again else subject.unit
    run = StreamRun(hub.transactions, unit, code_version=hub.code_version, on_step=on_step)
    cursor = run.start().cursor
    try:
        window = again or _window(hub, subject, source, stream, cursor)
        run.open_window(window.start, window.end)
        _commit_pages(hub, run, subject, source, stream, window)
        run.finish(move_to=None if again else window.end, limit=reject_limit(subject.settings))
    except BaseException as error:
        _write_down(run, error)
        raise
    return hub.report(run.run_id)


def _stream(subject: Subject, source: Source, again: Window | None) -> Stream:
    stream = source.streams().get(subject.stream_name)
    if stream is None:
        offered = ", ".join(source.streams())
        raise ConfigError(f"{subject.source.system} offers no stream {subject.stream_name!r}; it has {offered}")
    if again and stream.cursor is None:
        raise ConfigError(
            f"{subject.unit.name} is read whole each time, so it has no window to read again",
            remedy=f"Run `warranty-hub run sync {subject.unit.name}`: it reads everything.",
        )
    return replace(stream, ordered=False) if again else stream  # what moves no cursor need not arrive in its order


def reject_limit(settings: StreamSettings) -> RejectLimit:
    """The share of a stream's records in quarantine above which its runs fail."""
    return RejectLimit(settings.max_rejected_share, settings.min_rejected)


def _window(hub: Hub, subject: Subject, source: Source, stream: Stream, cursor: datetime | None) -> Window:
    """[cursor − lookback, min(source's now, our now) − safety]; never ends before it starts."""
    started = hub.clock()
    end = min(source.now() or started, started) - subject.source.safety
    if cursor is None:
        return Window(None, end)
    lookback = subject.settings.lookback if subject.settings.lookback is not None else stream.lookback
    start = cursor - lookback
    return Window(start, max(end, start))


def _commit_pages(hub: Hub, run: StreamRun, subject: Subject, source: Source, stream: Stream, window: Window) -> None:
    """Commit pages one by one; the next page is read and mapped while the server works on this one."""
    reached: datetime | None = None
    keeps = subject.settings.keep_raw is not None and not hub.is_trial
    with _rare_collections(), _ReadAhead(_read_pages(subject.field_map, source.pages(stream.name, window), keeps)) as ahead:
        ahead.start()
        while (current := ahead.take()) is not None:
            page, mapped = current.page, current.mapped
            if stream.uniform:
                _check_schema(subject, page)
            if stream.ordered:
                reached = _check_order(subject, page, mapped, reached)
            move_to = min(reached, window.end) if reached else None
            run.commit_page(
                subject.table, subject.source_name, batch_of(mapped),
                position=page.position, move_to=move_to, meanwhile=ahead.start, also=partial(_keep, hub, subject, run, current),
            )  # fmt: skip


@dataclass(frozen=True)
class _ReadPage:
    """A page from the source, in our words too, and as a file where it is kept."""

    page: Page
    mapped: Mapped
    raw: bytes | None


class _ReadAhead:
    """Reads and maps pages in a thread of its own, one at a time, each from `start` on."""

    def __init__(self, pages: Generator[_ReadPage]) -> None:
        self._pages = pages
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._upcoming: Future[_ReadPage | None]

    def start(self) -> None:
        """Begin with the next page."""
        self._upcoming = self._thread.submit(next, self._pages, None)

    def take(self) -> _ReadPage | None:
        """Wait for the page that was begun; None behind the last one."""
        return self._upcoming.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._pages.close)  # where it was read: what a failed run holds open at the source ends with it
        self._thread.shutdown()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """A page is many objects that all live until it is committed. Python looks for garbage after every 700 new ones and finds
    none: measured, a quarter of a sync's CPU time."""
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _read_pages(field_map: FieldMap, pages: Iterator[Page], keeps: bool) -> Generator[_ReadPage]:
    for page in pages:
        yield _ReadPage(page, field_map.apply(page.records), write_page(page.records) if keeps else None)


def _keep(hub: Hub, subject: Subject, run: StreamRun, read: _ReadPage, db: Connection) -> None:
    if read.raw is not None:
        keep_page(hub, db, subject.unit, run.run_id, read.raw, len(read.page.records))


def _check_schema(subject: Subject, page: Page) -> None:
    """A field that is gone must not pass for an empty one: it would empty ours in every record that changes."""
    missing = subject.field_map.missing_from(page.records[0]) if page.records else []
    if missing:
        raise SchemaChangedError(
            f"{subject.unit.name}: records at {page.position} have no {', '.join(missing)}, "
            f"which field map {subject.settings.map} reads"
        )


def batch_of(mapped: Mapped) -> Batch:
    """A mapped page as the warehouse takes it."""
    rejects = [Reject(item.source_id, item.code, item.reason, item.record) for item in mapped.rejected]
    return Batch(mapped.rows, rejects, mapped.superseded, mapped.skipped, mapped.unmapped)


def _check_order(subject: Subject, page: Page, mapped: Mapped, reached: datetime | None) -> datetime | None:
    """An ordered stream must not go back: the cursor would pass over what comes late. Returns the newest time seen."""
    column = 1 + fact_columns(subject.table).index("changed_at")
    for row in mapped.rows:
        if reached is not None and row[column] < reached:
            raise PageOrderError(
                f"{subject.unit.name}: record {row[0]} at {page.position} changed at {row[column].isoformat()}, "
                f"but {reached.isoformat()} was already reached"
            )
        reached = row[column]
    return reached


def _write_down(run: StreamRun, error: BaseException) -> None:
    try:
        run.fail(error)
    except SQLAlchemyError as second:
        error.add_note(
            f"run {run.run_id} could not be closed in the ledger ({type(second).__name__}); the next run marks it ABANDONED"
        )
