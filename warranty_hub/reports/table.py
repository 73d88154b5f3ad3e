"""Tables as files: columns declared once with their titles, and written as CSV."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path

from warranty_hub.money import quantise

Value = str | int | Decimal | date | None
Row = tuple[Value, ...]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
TEXT_RULE = "A text that begins with = + - @ TAB or CR has an apostrophe ' put before it, so that no program runs it."


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    COUNT = "integer"
    MONEY = "decimal"
    NUMBER = "number"
    DAY = "date"


@dataclass(frozen=True)
class Column:
    """One column: its name in files, what people see above it, and its width in characters of a worksheet."""

    name: str
    zh: str
    en: str
    kind: Kind = Kind.TEXT
    width: int = 14


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Row], encoding: str = "utf-8-sig") -> None:
    """Write a CSV: UTF-8 with BOM unless told otherwise, CRLF, one header line. For texts see `TEXT_RULE`."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(column.name for column in columns)
        for row in rows:
            writer.writerow(map(cell, row))


def cell(value: Value) -> str:
    """A value as CSV text: decimals without exponent, no text that a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    text = str(value)
    return "'" + text if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text


def exact(amount: Decimal, currency: str) -> Decimal:
    """The amount unchanged in value, with as many digits as it needs and at least the currency's own."""
    rounded = quantise(amount, currency)
    return rounded if rounded == amount else amount.normalize()


def described(columns: Iterable[Column]) -> list[dict[str, str]]:
    """The columns for a manifest."""
    return [{"name": column.name, "zh": column.zh, "en": column.en, "type": column.kind.value} for column in columns]
