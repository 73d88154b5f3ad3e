"""Tickets out of the ledgers that a team keeps in a folder: XLSX workbooks and CSV files, made by hand.

A stream says which columns it wants and what people call them; sheets and header rows are found by that. Files have no change
times inside, so a window reads the files saved in it, whole, the one saved last first. When rows have one key, the one saved
last counts (in one file the last row) and the others are marked `OUTDATED`: reading a window again writes nothing.
"""

import hashlib
import logging
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal
from zoneinfo import ZoneInfo

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel
from pydantic import Field, field_validator, model_validator

from connectors.contract import Page, Record, Stream, Window
from connectors.files.folder import Folder, StoredFile
from connectors.files.sheets import Row, Sheet, plain, read_sheets
from connectors.options import Options, read_options
from warranty_hub.errors import ConfigError, HubError, MalformedAnswerError, SchemaChangedError
from warranty_hub.settings import Connection, ZoneName

logger = logging.getLogger(__name__)

HEADER_WITHIN = 20  # rows from the top
PAGE_SIZE = 1000
SERIAL_DATES = range(20_000, 80_000)  # days since 1900: 1954 to 2119
PLACE = ("file", "sheet", "row", "cells", "row_kind", "saved_at")
"""What every record carries beside its columns; `cells` tells the column letter of each."""
_UNIT = re.compile(r"\((?:单位:?)?([^()]*元|万)\)$")
_UNIT_OF_SHEET = re.compile(r"单位:([^():]*元|万)")
_SERIAL = re.compile(r"[0-9]{5}(\.[0-9]+)?")


class RowKind(StrEnum):
    """What a row is; a field map skips all but RECORD by named rules, so that they are counted.

    NOTE: nothing but one text, as headings of sections and signatures have it. HEADER: the header again, on each printed page.
    CONTINUED: more of the row above, with which it shares a merged key; not skipped, it goes without a key to quarantine, since
    what it adds (a second amount) would else be lost.
    """

    RECORD = "RECORD"
    TOTAL = "TOTAL"
    NOTE = "NOTE"
    HEADER = "HEADER"
    CONTINUED = "CONTINUED"
    OUTDATED = "OUTDATED"


class LedgerColumn(Options):
    """A column as people head it."""

    headers: tuple[str, ...] = Field(
        min_length=1, description="What people call it; white space and (万元) behind do not matter"
    )
    kind: Literal["text", "code", "time", "amount"] = Field(
        "text",
        description="`code`: full-width forms made narrow; `time`: Excel's serial dates too; `amount`: with its 万元 or 元",
    )
    optional: bool = Field(False, description="Whether a sheet may be without it")


class LedgerStream(Options):
    """One kind of ledger."""

    files: tuple[str, ...] = Field(("*.xls*", "*.csv"), min_length=1, description="Patterns of file names below the folder")
    columns: dict[str, LedgerColumn] = Field(min_length=1, description="Our name of each column → its headers")
    key: tuple[str, ...] = Field(min_length=1, description="Columns that identify a record")
    character_set: str | None = Field(None, description="Of CSV files without a mark; default UTF-8, else GB18030")
    totals: tuple[str, ...] = Field(
        ("合计", "总计", "小计", "共计"), description="How the first cell of a total row begins or ends"
    )
    read_all: bool = Field(False, description="Read every file every time, for stores that keep old times of new files")
    sweepable: bool = Field(False, description="Whether the folder holds every record, so that a missing one was deleted")

    @field_validator("columns", mode="before")
    @classmethod
    def _headers_alone(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: {"headers": column} if isinstance(column, list | tuple) else column for name, column in value.items()}

    @model_validator(mode="after")
    def _fits(self) -> "LedgerStream":
        if unknown := [name for name in self.key if name not in self.columns]:
            raise ValueError(f"key {', '.join(unknown)} is none of its columns")
        if taken := [name for name in self.columns if name in PLACE]:
            raise ValueError(f"column {', '.join(taken)} is the connector's own word; take another")
        return self


class LedgerOptions(Options):
    """The options of a source of system ``ledger``."""

    zone: ZoneName
    streams: dict[str, LedgerStream] = Field(min_length=1)


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
            records = self._read(stream, files[0], self._folder.read(files[0]))
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
                    source_id = _source_id(stream, record)
                    if source_id is None:
                        raise MalformedAnswerError(f"{_where(file, record['sheet'])}, row {record['row']}: the key is empty")
                    keys.append(source_id)
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
            if window and not stream.read_all and not _is_in(window, file.saved_at):
                continue
            try:
                content = self._folder.read(file)
                original = contents.setdefault(hashlib.sha256(content).hexdigest(), file.name)
                if original != file.name:
                    logger.info("%s is a copy of %s and was not read again", file.name, original)
                    continue
                records = self._read(stream, file, content)
            except (MalformedAnswerError, SchemaChangedError) as error:
                refused.append(error)
                continue
            _mark_outdated(stream, records, seen)
            yield file, records

    def _read(self, stream: LedgerStream, file: StoredFile, content: bytes) -> list[dict[str, Any]]:
        """All rows below the headers. Raises MalformedAnswerError and SchemaChangedError with the file's name."""
        try:
            sheets = read_sheets(content, stream.character_set)
        except MalformedAnswerError as error:
            raise MalformedAnswerError(f"{file.name} {error.message}", remedy=error.remedy) from None
        tables = [(sheet, header) for sheet in sheets if (header := find_header(stream, sheet, _where(file, sheet.name)))]
        if not tables:
            raise SchemaChangedError(
                f"{file.name} has no table with {_headers_of(stream, stream.key)} within its first {HEADER_WITHIN} rows",
                remedy="Correct the header or the character set, add the header to hub.yaml, or leave the file out by `files`.",
            )
        return [
            self._record(stream, file, sheet, header, row)
            for sheet, header in tables
            for row in sheet.rows
            if row.number > header.row.number and any(_at(row.own, place) is not None for place in header.places.values())
        ]

    def _record(self, stream: LedgerStream, file: StoredFile, sheet: Sheet, header: "Header", row: Row) -> dict[str, Any]:
        values = {
            name: self._value(column, row, header, name, sheet) if name in header.places else None
            for name, column in stream.columns.items()
        }
        kind = _kind_of(stream, header, row)
        values |= {name: None for name in stream.key if kind is RowKind.CONTINUED or isinstance(values[name], dict)}
        # What has no key is told apart by its content: a time would make it another record whenever the file is saved.
        saved_at = file.saved_at if _source_id(stream, values) else None
        place = (file.name, sheet.name, row.number, header.letters, kind, saved_at)
        return values | dict(zip(PLACE, place, strict=True))

    def _value(self, column: LedgerColumn, row: Row, header: "Header", name: str, sheet: Sheet) -> Any:
        place = header.places[name]
        value = _at(row.cells, place)
        if value is None or isinstance(value, dict):
            return value
        if column.kind == "time":
            return _time(value, sheet.epoch, self._zone)
        if column.kind == "amount":
            merge = row.shared.get(place)
            error = f"one amount for the rows of {merge}: write each row's own"
            return {"error": error} if merge else _amount(value, header.units.get(name, ""))
        text = _text(value)
        return plain(text) if column.kind == "code" else text


@dataclass(frozen=True)
class Header:
    """Where a sheet's columns are: places from 0, letters for people, and the unit of each amount (``万元``)."""

    row: Row
    places: Mapping[str, int]
    letters: Mapping[str, str]
    units: Mapping[str, str]


def find_header(stream: LedgerStream, sheet: Sheet, where: str) -> Header | None:
    """The first of the top rows that names most of the columns; None when the key is not in it: another kind of sheet.

    Raises SchemaChangedError when columns are missing beside the key, or one stands there twice.
    """
    top = [row for row in sheet.rows if row.number <= HEADER_WITHIN]
    row = max(top, key=lambda row: len(_columns_in(stream, row)), default=None)
    found = _columns_in(stream, row) if row else {}
    if row is None or not all(name in found for name in stream.key):
        return None
    missing = [name for name, column in stream.columns.items() if name not in found and not column.optional]
    if missing:
        raise SchemaChangedError(
            f"{where}, row {row.number} has no column {_headers_of(stream, missing)}",
            remedy="Correct the header there, or add what it says now to the column's headers in hub.yaml.",
        )
    for name, candidates in found.items():
        if len(candidates) > 1:
            both = " and ".join(get_column_letter(place + 1) for place in candidates)
            raise SchemaChangedError(f"{where}, row {row.number}: {both} both say {name}", remedy="Rename one of them.")
    places = {name: candidates[0] for name, candidates in found.items()}
    letters = {name: get_column_letter(place + 1) for name, place in places.items()}
    return Header(row, places, letters, _units(stream, top, row, places))


def _columns_in(stream: LedgerStream, row: Row) -> dict[str, list[int]]:
    """The places of each column that a row names; cells of one merge are one."""
    found: dict[str, list[int]] = {}
    texts = [plain(cell) if isinstance(cell, str) else "" for cell in row.cells]
    for name, column in stream.columns.items():
        wanted = {plain(header) for header in column.headers}
        for place, text in enumerate(texts):
            repeated = place > 0 and _at(row.own, place) is None and texts[place - 1] == text
            if text and not repeated and (text in wanted or _UNIT.sub("", text) in wanted):
                found.setdefault(name, []).append(place)
    return found


def _units(stream: LedgerStream, top: Sequence[Row], header: Row, places: Mapping[str, int]) -> dict[str, str]:
    """The unit of each amount: behind its header (金额(万元)), else for the whole sheet above it (单位:万元)."""
    above = [plain(str(cell)) for row in top if row.number < header.number for cell in row.own if cell is not None]
    of_sheet = next((match[1] for text in above if (match := _UNIT_OF_SHEET.search(text))), "")
    units = {}
    for name, place in places.items():
        if stream.columns[name].kind == "amount":
            match = _UNIT.search(plain(str(header.cells[place])))
            units[name] = match[1] if match else of_sheet
    return units


def _kind_of(stream: LedgerStream, header: Header, row: Row) -> RowKind:
    first = plain(str(next(cell for cell in row.own if cell is not None)))
    if any(first.startswith(word) or first.endswith(word) for word in stream.totals):
        return RowKind.TOTAL
    if all(_at(row.cells, place) == header.row.cells[place] for place in header.places.values()):
        return RowKind.HEADER
    keyless = all(_at(row.cells, header.places[name]) is None for name in stream.key)
    alone = sum(cell is not None for cell in row.own) == 1
    shown = [cell for cell in row.cells if cell is not None]
    spread = len(shown) > 1 and all(cell == shown[0] for cell in shown)
    if alone and (keyless or spread):
        return RowKind.NOTE
    key = [header.places[name] for name in stream.key]
    continued = all(place in row.shared and _at(row.own, place) is None for place in key)
    return RowKind.CONTINUED if continued else RowKind.RECORD


def _mark_outdated(stream: LedgerStream, records: list[dict[str, Any]], seen: set[str]) -> None:
    """Of rows with one key only the last counts; `seen` are the keys of the files saved later."""
    for record in reversed(records):
        source_id = _source_id(stream, record)
        if record["row_kind"] != RowKind.RECORD or source_id is None:
            continue
        if source_id in seen:
            record["row_kind"] = RowKind.OUTDATED
        seen.add(source_id)


def _source_id(stream: LedgerStream, record: Record) -> str | None:
    parts = [record[name] for name in stream.key]
    return None if None in parts else "/".join(map(str, parts))


def _is_in(window: Window, saved_at: datetime) -> bool:
    """One saved after the window's end may still be in the making: next time. One from the future has an odd clock: always."""
    if saved_at > window.end:
        return saved_at > datetime.now(UTC)
    return window.start is None or saved_at >= window.start


def _time(value: Any, epoch: datetime, zone: ZoneInfo) -> Any:
    """A cell's time with its zone, from a date or a serial number; other text as it stands, full-width forms made narrow."""
    if isinstance(value, str):
        value = unicodedata.normalize("NFKC", value)
        value = float(value) if _SERIAL.fullmatch(value) else value
    if isinstance(value, int | float) and SERIAL_DATES.start <= value < SERIAL_DATES.stop:
        value = from_excel(value, epoch)
    return value.replace(tzinfo=zone) if isinstance(value, datetime) else _text(value)


def _amount(value: Any, unit: str) -> str:
    """The amount as text, with its column's unit unless the cell has one of its own."""
    number = _text(value)
    return number if number.endswith(("元", "万")) else f"{number}{unit}"


def _text(value: Any) -> str:
    """A cell as text: 1501.0 is 1501, and a number has the 15 digits that Excel itself shows (0.30000000000000004 is 0.3)."""
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _at(cells: Sequence[Any], place: int) -> Any:
    return cells[place] if place < len(cells) else None


def _headers_of(stream: LedgerStream, names: Sequence[str]) -> str:
    return ", ".join(f"{name} ({' or '.join(stream.columns[name].headers)})" for name in names)


def _where(file: StoredFile, sheet: str) -> str:
    return f"{file.name}, sheet {sheet}" if sheet else file.name


def _together(refused: Sequence[HubError]) -> HubError:
    """One error for all files that could not be read."""
    if len(refused) == 1:
        return refused[0]
    return MalformedAnswerError(
        f"{len(refused)} files cannot be read: " + "; ".join(error.message for error in refused),
        remedy="Correct these files or take them out of the folder; all others were read.",
    )
