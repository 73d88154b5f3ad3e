"""Tables out of workbooks and text files as people keep them: merged cells, any character set, any separator.

What a file is stands in its first bytes, whatever it is called. A file that cannot be read safely is refused with
MalformedAnswerError saying why; a cell that holds no value (``#N/A``, a formula never calculated) becomes ``{"error": …}``,
which no field map takes for a value.
"""

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from statistics import median_low
from typing import Any, Self

from openpyxl import load_workbook
from openpyxl.utils import coordinate_to_tuple
from openpyxl.utils.datetime import WINDOWS_EPOCH

from warranty_hub.errors import MalformedAnswerError

MOST_ROWS = 1_048_576  # Excel's own limit: a row number beyond it is a trap
MOST_COLUMNS = 256
LARGEST_CONTENT = 200 * 1024 * 1024  # bytes of a workbook's XML once unpacked; photographs are not unpacked
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
CHARACTER_SETS = ("utf-8", "gb18030")  # in this order: GB18030 takes almost anything, UTF-8 hardly anything but itself
SEPARATORS = (",", "\t", ";", "|")
LINES_TO_LOOK_AT = 20
SAVE_AS_XLSX = "Open it in Excel or WPS and save it as XLSX without a password."

_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')
_FORMULA_WITHOUT_VALUE = re.compile(
    rb'<(?:\w+:)?c r="([A-Z]+[0-9]+)"([^>]*)><(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)


@dataclass(frozen=True)
class Row:
    """A row that is not empty.

    ``own``: its cells as they stand. ``cells``: the same with each merge's value in all its cells. ``shared``: the merge
    (``F5:F7``) of each column, counted from 0, where several rows have one value.
    """

    number: int
    own: Sequence[Any]
    cells: Sequence[Any]
    shared: Mapping[int, str]


@dataclass(frozen=True)
class Sheet:
    """A table: a sheet of a workbook, or a whole text file (``name`` is empty). ``epoch`` is day 0 of its serial dates."""

    name: str
    rows: Sequence[Row]
    epoch: datetime = WINDOWS_EPOCH


def read_sheets(content: bytes, character_set: str | None = None) -> list[Sheet]:
    """Every table of a file; ``character_set`` is that of a text file which does not tell.

    Raises MalformedAnswerError for a file that is neither an XLSX workbook nor text.
    """
    if content.startswith(ZIP):
        return _read_workbook(content)
    if content.startswith(OLE):
        raise MalformedAnswerError("is an old XLS or a workbook with a password", remedy=SAVE_AS_XLSX)
    text = _decode(content, character_set)
    if text.lstrip().startswith("<"):
        raise MalformedAnswerError("is a web page or XML that only calls itself a table", remedy=SAVE_AS_XLSX)
    return [_read_text(text)]


def _read_workbook(content: bytes) -> list[Sheet]:
    try:
        _refuse_bombs(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        return [Sheet(sheet.title, list(_rows(sheet)), book.epoch) for sheet in book.worksheets]
    except MalformedAnswerError:
        raise
    except Exception as error:  # a broken workbook makes openpyxl and zipfile stumble in two dozen ways
        raise MalformedAnswerError(f"is no workbook that can be read ({type(error).__name__})", remedy=SAVE_AS_XLSX) from None


def _refuse_bombs(content: bytes) -> None:
    """zipfile never unpacks more than the announced sizes, so these can be judged before anything is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
        if sum(part.file_size for part in parts) > LARGEST_CONTENT:
            raise MalformedAnswerError(
                f"unpacks to more than {LARGEST_CONTENT:,} bytes", remedy="Delete empty formatted rows, or split the file."
            )
        for part in parts:
            with archive.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(4096):
                    raise MalformedAnswerError("holds XML with a DOCTYPE, which no workbook has", remedy=SAVE_AS_XLSX)


def _rows(sheet: Any) -> Iterator[Row]:
    with sheet._get_source() as source:  # openpyxl reads neither merges nor formulas while it streams
        xml = source.read()
    merges = sorted((_Merge.of(ref.decode()) for ref in _MERGE.findall(xml)), key=lambda merge: merge.top)
    uncalculated = {ref.decode() for ref, attributes in _FORMULA_WITHOUT_VALUE.findall(xml) if b't="str"' not in attributes}
    sheet.reset_dimensions()  # what a file says about its size is often wrong
    held: list[tuple[_Merge, Any]] = []
    for number, cells in enumerate(islice(sheet.iter_rows(), MOST_ROWS), start=1):
        own = [_value(cell, uncalculated) for cell in cells[:MOST_COLUMNS]]
        held = [(merge, value) for merge, value in held if merge.bottom >= number]
        while merges and merges[0].top <= number:
            merge = merges.pop(0)
            if merge.left <= len(own):
                held.append((merge, own[merge.left - 1]))
        if any(value is not None for value in own):
            yield _row(number, own, held)


@dataclass(frozen=True)
class _Merge:
    """Merged cells; columns and rows are counted from 1."""

    left: int
    top: int
    right: int
    bottom: int
    ref: str

    @classmethod
    def of(cls, ref: str) -> Self:
        """Of ``F5:F7``."""
        first, _, last = ref.partition(":")
        (top, left), (bottom, right) = coordinate_to_tuple(first), coordinate_to_tuple(last)
        return cls(left, top, right, bottom, ref)


def _row(number: int, own: list[Any], held: Sequence[tuple[_Merge, Any]]) -> Row:
    cells, shared = list(own), {}
    for merge, value in held:
        columns = range(merge.left - 1, min(merge.right, MOST_COLUMNS))
        cells += [None] * (columns.stop - len(cells))
        for column in columns:
            cells[column] = value
            if merge.bottom > merge.top:
                shared[column] = merge.ref
    return Row(number, own, cells, shared)


def _value(cell: Any, uncalculated: set[str]) -> Any:
    value = cell.value
    if value is None:
        missing = uncalculated and getattr(cell, "coordinate", None) in uncalculated
        return {"error": "a formula that was never calculated: open the file in Excel and save it"} if missing else None
    if cell.data_type == "e":
        return {"error": value}
    return (value.strip() or None) if isinstance(value, str) else value


def _decode(content: bytes, character_set: str | None) -> str:
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if content.startswith(mark)), None)
    for name in (marked or character_set,) if marked or character_set else CHARACTER_SETS:
        try:
            text = content.decode(name or "")
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text
    tried = marked or character_set or " or ".join(CHARACTER_SETS)
    raise MalformedAnswerError(
        f"is neither a workbook nor text in {tried}", remedy="Save it as XLSX, or as CSV UTF-8; or name its `character_set`."
    )


def _read_text(text: str) -> Sheet:
    try:
        return Sheet("", list(_text_rows(text, max(SEPARATORS, key=lambda separator: _usual_width(text, separator)))))
    except csv.Error as error:
        raise MalformedAnswerError(
            f"has a quotation mark out of place or never closed ({error})",
            remedy="Save it as XLSX, or mend the quotation marks.",
        ) from None


def _usual_width(text: str, separator: str) -> int:
    """In how many columns most of the first lines fall; a line's description may hold any number of other separators."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return median_low([len(line) for line in islice(lines, LINES_TO_LOOK_AT)] or [0])


def _text_rows(text: str, separator: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() or None for cell in line[:MOST_COLUMNS]]
        if any(cells):
            yield Row(number, cells, cells, {})


def plain(text: str) -> str:
    """Text for comparing and for numbers: full-width forms made narrow, no white space at all."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
