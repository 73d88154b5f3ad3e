"""Worksheets as finance wants them: what our workbooks share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import xlsxwriter

from warranty_hub.reports.table import Column, Kind, Row

SHEET_ROWS = 1_000_000  # a worksheet has room for 1,048,576
EXACT_DIGITS = 15
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - XlsxWriter takes no zone; fixed, so that the same facts give the same file
FONT = {"font_name": "Microsoft YaHei", "font_size": 10}
MONEY_FORMAT = "#,##0.00;[Red]-#,##0.00"
Formats = dict[Any, Any]


def new_workbook(path: Path, title: str) -> Any:
    """A workbook that runs nothing and is the same file for the same content; a context manager."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(path, options)
    book.set_properties({"title": title, "created": CREATED})
    book.formats[0].set_font_name(FONT["font_name"])
    return book


def formats_of(book: Any) -> Formats:
    """The formats of our workbooks, by what a cell holds."""
    head = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E5F", "text_wrap": True, "valign": "vcenter", "border": 1}
    return {
        "head": book.add_format({**FONT, **head}),
        "title": book.add_format({**FONT, "bold": True, "font_size": 14}),
        "wrap": book.add_format({**FONT, "text_wrap": True, "valign": "top"}),
        Kind.TEXT: book.add_format({**FONT, "num_format": "@"}),
        Kind.COUNT: book.add_format({**FONT, "num_format": "#,##0"}),
        Kind.MONEY: book.add_format({**FONT, "num_format": MONEY_FORMAT}),
        Kind.NUMBER: book.add_format({**FONT, "num_format": "#,##0.0000"}),
    }


def both_languages(column: Column) -> str:
    """What stands above a column in a workbook for everybody."""
    return f"{column.zh}\n{column.en}"


def data_sheets(
    book: Any,
    formats: Formats,
    name: str,
    columns: Sequence[Column],
    rows: Iterator[Row],
    head: Callable[[Column], str] = both_languages,
) -> None:
    """As many worksheets as the rows need, at least one: ``head`` above each column, codes as text, panes frozen."""
    number, written = 1, SHEET_ROWS
    while written == SHEET_ROWS:
        sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
        for at, column in enumerate(columns):
            sheet.set_column(at, at, column.width, formats[column.kind])
            sheet.write_string(0, at, head(column), formats["head"])
        written = _data_sheet(sheet, formats, columns, islice(rows, SHEET_ROWS))
        number += 1


def _data_sheet(sheet: Any, formats: Formats, columns: Sequence[Column], rows: Iterable[Row]) -> int:
    sheet.freeze_panes(1, 3)
    sheet.set_row(0, 34)
    count = 0
    for count, row in enumerate(rows, start=1):
        for at, (column, value) in enumerate(zip(columns, row, strict=True)):
            write_cell(sheet, count, at, value, formats[column.kind])
    sheet.autofilter(0, 0, count, len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return count


def write_cell(sheet: Any, row: int, at: int, value: object, cell_format: Any) -> None:
    """A number where a worksheet holds it exactly, else text; nothing that a spreadsheet would run."""
    if isinstance(value, (int, Decimal)) and len(Decimal(value).as_tuple().digits) <= EXACT_DIGITS:
        sheet.write_number(row, at, value, cell_format)
    elif value is not None:
        sheet.write_string(row, at, str(value), cell_format)
