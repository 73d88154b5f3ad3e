"""The cost rollup as a workbook that finance opens: the rows, a chart, and notes that say how to read them.

A cell of a worksheet holds a binary fraction, exact for 15 digits. So amounts are rounded to the currency's unit here, in a way
that keeps the sum; a longer number is written as text. The exact amounts are in the CSV and Parquet files.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from warranty_hub.money import quantise
from warranty_hub.reports.analytics.figures import Monthly
from warranty_hub.reports.finance.cost_rollup import AMOUNT, COLUMNS, CURRENCY, STAGE, ControlTotal
from warranty_hub.reports.finance.cross_table import CrossTable
from warranty_hub.reports.finance.sheets import Formats, data_sheets, formats_of, new_workbook, write_cell
from warranty_hub.reports.table import Kind, Row

Note = tuple[str, str, str]
"""A line of the notes: its name in Chinese and English, and what there is to say."""


@dataclass(frozen=True)
class Contents:
    """What stands in the workbook beside its rows: tables, the chart of ``by_month``, and the notes with the control totals."""

    totals: Sequence[ControlTotal]
    tables: Sequence[CrossTable]
    by_month: Monthly
    notes: Sequence[Note]


def write_workbook(path: Path, rows: Iterable[Row], contents: Contents) -> None:
    """Write the workbook."""
    with new_workbook(path, "保修成本汇总 Warranty cost rollup") as book:
        formats = formats_of(book)
        rounded = Rounding()
        data_sheets(book, formats, "成本 Cost", COLUMNS, rounded.rows(rows))
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


def _table_sheet(book: Any, formats: Formats, tables: Sequence[CrossTable]) -> None:
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
                write_cell(sheet, below, at, amount, formats[Kind.MONEY])
        row += len(table.cells) + 4


def _chart_sheet(book: Any, formats: Formats, by_month: Monthly) -> None:
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
            write_cell(sheet, row, at, series.values[row - 1], formats[Kind.MONEY])


def _notes_sheet(book: Any, formats: Formats, notes: Iterable[Note], totals: Sequence[ControlTotal], rounded: Rounding) -> None:
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
