"""Replay: put the kept pages of a stream through a corrected field map, without asking the source again.

The page that was read last is replayed first, and of each record its newest kept copy only: an older one neither overwrites it,
nor opens or closes its quarantine row. Syncs may go on meanwhile; what they bring is newer than all that is kept.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from connectors.page_file import read_page
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.quarantine import open_keys
from warranty_hub.pipelines.raw_pages import KeptPage, kept_pages, pages_after
from warranty_hub.pipelines.sync import Subject, batch_of, reject_limit, subject_of
from warranty_hub.warehouse.commit import Batch, OnStep, StreamRun, Unit
from warranty_hub.warehouse.tables import raw_page

STEP = "replay"
Keyed = list[tuple[str | None, dict[str, Any]]]
"""Records with the source ids that the field map gives them."""


def replay_stream(
    hub: Hub,
    source_name: str,
    stream_name: str,
    *,
    run_id: int | None = None,
    since: datetime | None = None,
    on_step: OnStep = lambda _: None,
) -> RunReport:
    """Apply the field map as it is now to all kept pages of a stream, or to those of one run, or to those read since.

    A run of its own, which moves no cursor and may be killed and repeated. Raises ConfigError when nothing is kept.
    """
    subject = subject_of(hub, source_name, stream_name)
    pages = kept_pages(hub, subject.unit.name, _keep_for(subject))
    chosen = {page.raw_page_id for page in pages if _is_chosen(page, run_id, since)}
    if not chosen:
        raise _nothing_kept(subject, run_id, since)
    with hub.recorded(Unit(STEP, subject.unit.name), limit=reject_limit(subject.settings), on_step=on_step) as run:
        _Replay(hub, subject, run, pages[0].raw_page_id).go_back(pages, chosen)
    return hub.report(run.run_id)


class _Replay:
    """One replay, from the newest page back."""

    def __init__(self, hub: Hub, subject: Subject, run: StreamRun, newest: int) -> None:
        self._hub = hub
        self._subject = subject
        self._run = run
        self._newest = newest
        self._seen: set[str] = set()
        self._in_quarantine = open_keys(hub, subject.unit.name)

    def go_back(self, pages: list[KeptPage], chosen: set[int]) -> None:
        """Replay the chosen pages; of the newer ones among them, only see what they hold."""
        read: set[str] = set()
        oldest = min(chosen)
        for page in pages:
            if page.raw_page_id < oldest:
                return
            if page.address not in read:  # the same page read again holds nothing older
                read.add(page.address)
                records = self._records(page)
                if page.raw_page_id in chosen:
                    self._commit(page, records)
                self._see(records)

    def _commit(self, page: KeptPage, records: Keyed) -> None:
        position = f"page {page.raw_page_id} of run {page.run_id}"
        while True:
            try:
                self._run.commit_page(
                    self._subject.table, self._subject.source_name, self._batch(records),
                    position=position, move_to=None, also=self._insist_on_newest, read_at=page.kept_at,
                )  # fmt: skip
            except _NewerPageError:
                self._look_at_newer()
            else:
                return

    def _batch(self, records: Keyed) -> Batch:
        """The records that no newer page holds; the others are superseded. What is skipped now leaves the quarantine."""
        newest = [(key, record) for key, record in records if key not in self._seen]
        batch = batch_of(self._subject.field_map.apply([record for _, record in newest]))
        retried = [key for key, _ in newest if key is not None and key in self._in_quarantine]
        return replace(batch, superseded=batch.superseded + len(records) - len(newest), retried=retried)

    def _insist_on_newest(self, db: Connection) -> None:
        """With the stream locked: what a sync has brought meanwhile must be seen first."""
        last = select(func.max(raw_page.c.raw_page_id)).where(raw_page.c.unit == self._subject.unit.name)
        if (db.execute(last).scalar_one() or 0) > self._newest:
            raise _NewerPageError

    def _look_at_newer(self) -> None:
        for page in pages_after(self._hub, self._subject.unit.name, self._newest):
            self._see(self._records(page))
            self._newest = max(self._newest, page.raw_page_id)

    def _see(self, records: Keyed) -> None:
        self._seen.update(key for key, _ in records if key is not None)

    def _records(self, page: KeptPage) -> Keyed:
        records = read_page(self._hub.artefacts.get(page.address))
        return [(self._subject.field_map.key_of(record), record) for record in records]


def _keep_for(subject: Subject) -> timedelta:
    if subject.settings.keep_raw is None:
        raise ConfigError(
            f"{subject.unit.name} keeps no raw pages",
            remedy=f"Set `keep_raw: P30D` at this stream in hub.yaml for the next time; for now {_ask_again(subject)}.",
        )
    return subject.settings.keep_raw


def _is_chosen(page: KeptPage, run_id: int | None, since: datetime | None) -> bool:
    return run_id in (None, page.run_id) and (since is None or page.kept_at >= since)


def _nothing_kept(subject: Subject, run_id: int | None, since: datetime | None) -> ConfigError:
    which = f" of run {run_id}" if run_id is not None else f" since {since:%Y-%m-%d %H:%M}" if since else ""
    return ConfigError(
        f"No raw pages of {subject.unit.name} are kept{which}: nothing was read, it was not kept, or it has aged out",
        remedy=f"`warranty-hub replay {subject.unit.name} --list` shows what there is; else {_ask_again(subject)}.",
    )


def _ask_again(subject: Subject) -> str:
    return f"ask the source again: `warranty-hub run sync {subject.unit.name} --from 2025-01-01`"


class _NewerPageError(Exception):
    """A sync has committed a page that the replay has not seen."""
