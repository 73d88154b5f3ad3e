"""A file's rows as records: which sheets are ledgers, where their headers are, what each row is and each cell says."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel

from connectors.contract import Record
from connectors.files.folder import StoredFile
from connectors.files.ledger.options import PLACE, LedgerStream
from connectors.files.sheets import Row, Sheet, plain, read_sheets
from warranty_hub.errors import MalformedAnswerError, SchemaChangedError

HEADER_WITHIN = 20  # rows from the top
SERIAL_DATES = range(20_000, 80_000)  # days since 1900: 1954 to 2119
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


def read_rows(stream: LedgerStream, file: StoredFile, content: bytes, zone: ZoneInfo) -> list[dict[str, Any]]:
    """All rows below the headers: the declared columns and their `PLACE`.

    Raises MalformedAnswerError and SchemaChangedError with the file's name.
    """
    try:
        sheets = read_sheets(content, stream.character_set)
    except MalformedAnswerError as error:
        raise MalformedAnswerError(f"{file.name} {error.message}", remedy=error.remedy) from None
    tables = [(sheet, header) for sheet in sheets if (header := find_header(stream, sheet, where(file, sheet.name)))]
    if not tables:
        raise SchemaChangedError(
            f"{file.name} has no table with {_headers_of(stream, stream.key)} within its first {HEADER_WITHIN} rows",
            remedy="Correct the header or the character set, add the header to hub.yaml, or leave the file out by `files`.",
        )
    return [
        _record(_Table(stream, file, sheet, header, zone), row)
        for sheet, header in tables
        for row in sheet.rows
        if row.number > header.row.number and any(_at(row.own, place) is not None for place in header.places.values())
    ]


def source_id(stream: LedgerStream, record: Record) -> str | None:
    """A record's key; None when a part of it is empty."""
    parts = [record[name] for name in stream.key]
    return None if None in parts else "/".join(map(str, parts))


def where(file: StoredFile, sheet: str) -> str:
    """A sheet for people."""
    return f"{file.name}, sheet {sheet}" if sheet else file.name


# ------------------------------------------------------------------------------------------------ headers
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


# ------------------------------------------------------------------------------------------------ rows
@dataclass(frozen=True)
class _Table:
    """A sheet that is a ledger, and what its cells have to be read with."""

    stream: LedgerStream
    file: StoredFile
    sheet: Sheet
    header: Header
    zone: ZoneInfo


def _record(table: _Table, row: Row) -> dict[str, Any]:
    stream, header = table.stream, table.header
    values = {name: _value(table, name, row) if name in header.places else None for name in stream.columns}
    kind = _kind_of(stream, header, row)
    values |= {name: None for name in stream.key if kind is RowKind.CONTINUED or isinstance(values[name], dict)}
    # What has no key is told apart by its content: a time would make it another record whenever the file is saved.
    saved_at = table.file.saved_at if source_id(stream, values) else None
    place = (table.file.name, table.sheet.name, row.number, header.letters, kind, saved_at)
    return values | dict(zip(PLACE, place, strict=True))


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


def _value(table: _Table, name: str, row: Row) -> Any:
    kind, place = table.stream.columns[name].kind, table.header.places[name]
    value = _at(row.cells, place)
    if value is None or isinstance(value, dict):
        return value
    if kind == "time":
        return _time(value, table.sheet.epoch, table.zone)
    if kind == "amount":
        merge = row.shared.get(place)
        error = f"one amount for the rows of {merge}: write each row's own"
        return {"error": error} if merge else _amount(value, table.header.units[name])
    return plain(_text(value)) if kind == "code" else _text(value)


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
