"""Reads the ledgers of a folder.

Files have no change times inside, so a window reads the files saved in it, whole, the one saved last first. When rows have one
key, the one saved last counts (in one file the last row) and the others are marked OUTDATED: reading a window again writes
nothing.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Page, Stream, Window
from connectors.files.folder import Folder, StoredFile
from connectors.files.ledger.options import LedgerOptions, LedgerStream
from connectors.files.ledger.rows import RowKind, read_rows, source_id, where
from connectors.options import read_options
from warranty_hub.errors import ConfigError, HubError, MalformedAnswerError, SchemaChangedError
from warranty_hub.settings import Connection

logger = logging.getLogger(__name__)

PAGE_SIZE = 1000


def build_source(connection: Connection, options: Mapping[str, Any]) -> "LedgerSource":
    """The connection is Airflow's ``fs``: ``{"conn_type": "fs", "extra": {"path": "/srv/ledger"}}``. Raises ConfigError."""
    return LedgerSource(Folder(connection), read_options(LedgerOptions, "ledger", options))


class LedgerSource:
    """A Source (connectors.contract) over a folder. Records hold the declared columns and their `PLACE`."""

    def __init__(self, folder: Folder, options: LedgerOptions) -> None:
        self._folder = folder
        self._options = options
        self._zone = ZoneInfo(options.zone)

    def streams(self) -> Mapping[str, Stream]:
        """As declared in hub.yaml; the cursor is when a file was saved."""
        return {
            name: Stream(
                name,
                stream.key,
                None if stream.read_all else "saved_at",
                lookback=timedelta(days=1),
                sweepable=stream.sweepable,
            )
            for name, stream in self._options.streams.items()
        }

    def check(self) -> str:
        """Read the newest file of each stream."""
        found = []
        for name, stream in self._options.streams.items():
            files = self._folder.files(stream.files)
            if not files:
                raise ConfigError(
                    f"No file of folder {self._folder.name!r} matches {', '.join(stream.files)}",
                    remedy=f"Correct options.streams.{name}.files, or put a ledger there.",
                )
            records = read_rows(stream, files[0], self._folder.read(files[0]), self._zone)
            found.append(f"{name}: {len(files)} files, {len(records)} rows in {files[0].name}")
        return "; ".join(found)

    def now(self) -> datetime | None:
        """A folder has no clock."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """The rows of the files saved in the window. Files that cannot be read are told when all others are delivered."""
        declared = self._options.streams[stream]
        refused: list[HubError] = []
        for file, records in self._ledgers(declared, window, refused):
            for start in range(0, len(records), PAGE_SIZE):
                page = records[start : start + PAGE_SIZE]
                yield Page(page, f"{file.name} {page[-1]['sheet']} row {page[-1]['row']}".replace("  ", " "))
        if refused:
            raise _together(refused)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Every key of every file; raises when one cannot be read or a row has none, since a sweep must be complete."""
        declared = self._options.streams[stream]
        if not declared.sweepable:
            raise ConfigError(f"{stream} cannot be swept: hub.yaml does not say that its folder holds every record")
        return self._keys(declared)

    def _keys(self, stream: LedgerStream) -> Iterator[Sequence[str]]:
        refused: list[HubError] = []
        for file, records in self._ledgers(stream, None, refused):
            keys = []
            for record in records:
                if record["row_kind"] == RowKind.RECORD:
                    key = source_id(stream, record)
                    if key is None:
                        raise MalformedAnswerError(f"{where(file, record['sheet'])}, row {record['row']}: the key is empty")
                    keys.append(key)
            yield keys
        if refused:
            raise _together(refused)

    def _ledgers(
        self, stream: LedgerStream, window: Window | None, refused: list[HubError]
    ) -> Iterator[tuple[StoredFile, list[dict[str, Any]]]]:
        """Each file with its rows, the one saved last first; a copy of a file is none."""
        contents: dict[str, str] = {}
        seen: set[str] = set()
        for file in self._folder.files(stream.files):
            if window and not stream.read_all and not _is_in(window, file):
                continue
            try:
                content = self._folder.read(file)
                original = contents.setdefault(hashlib.sha256(content).hexdigest(), file.name)
                if original != file.name:
                    logger.info("%s is a copy of %s and was not read again", file.name, original)
                    continue
                records = read_rows(stream, file, content, self._zone)
            except (MalformedAnswerError, SchemaChangedError) as error:
                refused.append(error)
                continue
            _mark_outdated(stream, records, seen)
            yield file, records


def _is_in(window: Window, file: StoredFile) -> bool:
    """One saved after the window's end may still be in the making: next time. One from the future has an odd clock: always."""
    if file.saved_at <= window.end:
        return window.start is None or file.saved_at >= window.start
    now = datetime.now(UTC)
    if file.saved_at <= now:
        age = (now - file.saved_at).total_seconds()
        logger.info("%s was saved %.0f s ago and may still be in the making: the next run reads it", file.name, age)
    return file.saved_at > now


def _mark_outdated(stream: LedgerStream, records: list[dict[str, Any]], seen: set[str]) -> None:
    """Of rows with one key only the last counts; `seen` are the keys of the files saved later."""
    for record in reversed(records):
        key = source_id(stream, record)
        if record["row_kind"] != RowKind.RECORD or key is None:
            continue
        if key in seen:
            record["row_kind"] = RowKind.OUTDATED
        seen.add(key)


def _together(refused: Sequence[HubError]) -> HubError:
    """One error for all files that could not be read."""
    if len(refused) == 1:
        return refused[0]
    return MalformedAnswerError(
        f"{len(refused)} files cannot be read: " + "; ".join(error.message for error in refused),
        remedy="Correct these files or take them out of the folder; all others were read.",
    )
