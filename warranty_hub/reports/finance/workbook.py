"""The cost rollup as a workbook that finance opens: the rows, a chart, and notes that say how to read them.

A cell of a worksheet holds a binary fraction, exact for 15 digits. So amounts are rounded to the currency's unit here, in a way
that keeps the sum; a longer number is written as text. The exact amounts are in the CSV and Parquet files.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import xlsxwriter

from warranty_hub.money import quantise
from warranty_hub.reports.analytics.figures import Monthly
from warranty_hub.reports.finance.cost_rollup import AMOUNT, COLUMNS, CURRENCY, STAGE, ControlTotal
from warranty_hub.reports.finance.cross_table import CrossTable
from warranty_hub.reports.table import Kind, Row

SHEET_ROWS = 1_000_000  # a worksheet has room for 1,048,576
EXACT_DIGITS = 15
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - XlsxWriter takes no zone; fixed, so that the same facts give the same file
FONT = {"font_name": "Microsoft YaHei", "font_size": 10}
Note = tuple[str, str, str]
"""A line of the notes: its name in Chinese and English, and what there is to say."""

MONEY_FORMAT = "#,##0.00;[Red]-#,##0.00"


@dataclass(frozen=True)
class Contents:
    """What stands in the workbook beside its rows: tables, the chart of ``by_month``, and the notes with the control totals."""

    totals: Sequence[ControlTotal]
    tables: Sequence[CrossTable]
    by_month: Monthly
    notes: Sequence[Note]


def write_workbook(path: Path, rows: Iterable[Row], contents: Contents) -> None:
    """Write the workbook."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": "保修成本汇总 Warranty cost rollup", "created": CREATED})
        book.formats[0].set_font_name(FONT["font_name"])
        formats = _formats(book)
        rounded = Rounding()
        _cost_sheets(book, formats, rounded.rows(rows))
        _table_sheet(book, formats, contents.tables)
        _chart_sheet(book, formats, contents.by_month)
        _notes_sheet(book, formats, contents.notes, contents.totals, rounded)


class Rounding:
    """Rounds amounts so that those of a currency and stage sum to their rounded total.

    What rounding one row adds or takes is made up for in the next one: each row is less than one unit away from its amount.
    """

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], Decimal] = {}
        self.sums: dict[tuple[str, str], Decimal] = {}

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows with rounded amounts."""
        for row in rows:
            yield (*row[:AMOUNT], self._rounded(row), *row[AMOUNT + 1 :])

    def _rounded(self, row: Row) -> Decimal:
        amount, key = row[AMOUNT], (str(row[CURRENCY]), str(row[STAGE]))
        assert isinstance(amount, Decimal)
        self._exact[key] = self._exact.get(key, Decimal(0)) + amount
        before = self.sums.get(key, Decimal(0))
        self.sums[key] = quantise(self._exact[key], key[0])
        return self.sums[key] - before


def _formats(book: Any) -> dict[Any, Any]:
    head = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E5F", "text_wrap": True, "valign": "vcenter", "border": 1}
    return {
        "head": book.add_format({**FONT, **head}),
        "title": book.add_format({**FONT, "bold": True, "font_size": 14}),
        "wrap": book.add_format({**FONT, "text_wrap": True, "valign": "top"}),
        Kind.TEXT: book.add_format({**FONT, "num_format": "@"}),
        Kind.COUNT: book.add_format({**FONT, "num_format": "#,##0"}),
        Kind.MONEY: book.add_format({**FONT, "num_format": MONEY_FORMAT}),
    }


def _cost_sheets(book: Any, formats: dict[Any, Any], rows: Iterator[Row]) -> None:
    """As many worksheets as the rows need, at least one."""
    number = 1
    while _cost_sheet(book, formats, number, islice(rows, SHEET_ROWS)) == SHEET_ROWS:
        number += 1


def _cost_sheet(book: Any, formats: dict[Any, Any], number: int, rows: Iterable[Row]) -> int:
    sheet = book.add_worksheet("成本 Cost" if number == 1 else f"成本 Cost {number}")
    sheet.freeze_panes(1, 3)
    sheet.set_row(0, 34)
    for at, column in enumerate(COLUMNS):
        sheet.set_column(at, at, column.width, formats[column.kind])
        sheet.write_string(0, at, f"{column.zh}\n{column.en}", formats["head"])
    count = 0
    for count, row in enumerate(rows, start=1):
        for at, (column, value) in enumerate(zip(COLUMNS, row, strict=True)):
            _write(sheet, count, at, value, formats[column.kind])
    sheet.autofilter(0, 0, count, len(COLUMNS) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return count


def _write(sheet: Any, row: int, at: int, value: object, cell_format: Any) -> None:
    if isinstance(value, (int, Decimal)) and len(Decimal(value).as_tuple().digits) <= EXACT_DIGITS:
        sheet.write_number(row, at, value, cell_format)
    elif value is not None:
        sheet.write_string(row, at, str(value), cell_format)


def _table_sheet(book: Any, formats: dict[Any, Any], tables: Sequence[CrossTable]) -> None:
    """One table below the other: the largest amounts of a currency and stage are found at a glance."""
    sheet = book.add_worksheet("部位×项目 By component")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 60, 16)
    row = 0
    for table in tables:
        sheet.write_string(row, 0, f"{table.stage} {table.currency}", formats["title"])
        sheet.write_string(row + 1, 0, "部位 Component", formats["head"])
        for at, project in enumerate(table.cells.columns, start=1):
            sheet.write_string(row + 1, at, project, formats["head"])
        for below, (component, amounts) in enumerate(table.cells.iterrows(), start=row + 2):
            sheet.write_string(below, 0, str(component), formats[Kind.TEXT])
            for at, amount in enumerate(amounts, start=1):
                _write(sheet, below, at, amount, formats[Kind.MONEY])
        row += len(table.cells) + 4


def _chart_sheet(book: Any, formats: dict[Any, Any], by_month: Monthly) -> None:
    name = "图表 Chart"
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, len(by_month.series) + 1, 16)
    if not by_month.months:
        sheet.write_string(0, 0, "暂无实际成本 No actual cost yet", formats["title"])
        return
    chart = book.add_chart({"type": "column", "subtype": "stacked"})
    chart.set_title({"name": "实际成本(按月、按项目) Actual cost by month and project"})
    chart.set_legend({"position": "bottom"})
    chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
    chart.set_size({"width": 960, "height": 440})
    last = len(by_month.months)
    for at in range(1, len(by_month.series) + 1):
        chart.add_series(
            {"name": [name, 0, at], "categories": [name, 1, 0, last, 0], "values": [name, 1, at, last, at], "gap": 60}
        )
    sheet.insert_chart(0, len(by_month.series) + 2, chart)
    sheet.write_string(0, 0, "月份 Month", formats["head"])
    for at, series in enumerate(by_month.series, start=1):
        sheet.write_string(0, at, series.label.zh, formats["head"])
    for row, month in enumerate(by_month.months, start=1):
        sheet.write_string(row, 0, month, formats[Kind.TEXT])
        for at, series in enumerate(by_month.series, start=1):
            _write(sheet, row, at, series.values[row - 1], formats[Kind.MONEY])


def _notes_sheet(
    book: Any, formats: dict[Any, Any], notes: Iterable[Note], totals: Sequence[ControlTotal], rounded: Rounding
) -> None:
    sheet = book.add_worksheet("说明 Notes")
    sheet.set_column(0, 1, 26, formats["wrap"])
    sheet.set_column(2, 4, 30, formats["wrap"])
    sheet.write_string(0, 0, "保修成本汇总 Warranty cost rollup", formats["title"])
    row = 2
    for row, line in enumerate(notes, start=2):
        for at, value in enumerate(line):
            sheet.write_string(row, at, value, formats["wrap"])
    row += 2
    heads = ("币种 Currency", "阶段 Stage", "精确合计 Exact total", "本表合计 Total of this workbook", "差额 Difference")
    for at, head in enumerate(heads):
        sheet.write_string(row, at, head, formats["head"])
    for below, total in enumerate(totals, start=1):
        shown = rounded.sums[total.currency, total.stage]
        values = (total.currency, total.stage, str(total.amount), str(shown), str(shown - total.amount))
        for at, value in enumerate(values):
            sheet.write_string(row + below, at, value, formats["wrap"])
