"""Finance gets the same exact sums in every file, and no text of a record runs as a formula."""

import csv
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, text

from tests.reports.conftest import Publish
from tests.reports.facts import ATTACK
from warranty_hub.errors import CountingError
from warranty_hub.reports.finance.cost_rollup import COLUMNS, checked, control_totals, cost_rows
from warranty_hub.reports.finance.cross_table import TOTAL, cross_tables


def _csv(folder: Path) -> list[dict[str, str]]:
    with (folder / "cost_rollup.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _sums(rows: list[dict[str, Any]]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = row["currency"], row["stage"]
        found[key] = found.get(key, Decimal(0)) + Decimal(row["amount"])
    return found


def _mart(warehouse: Engine) -> dict[tuple[str, str], Decimal]:
    with warehouse.connect() as db:
        rows = db.execute(text("SELECT currency, stage, sum(amount) AS amount FROM mart.cost_month GROUP BY 1, 2"))
        return {(row.currency, row.stage): row.amount for row in rows}


def test_csv_and_parquet_sum_exactly_to_the_mart(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    mart = _mart(seeded)
    assert _sums(_csv(folder)) == mart
    table = pq.read_table(folder / "cost_rollup.parquet")
    assert str(table.schema.field("amount").type) == "decimal128(23, 6)"
    assert _sums(table.to_pylist()) == mart
    manifest = json.loads((folder / "cost_rollup.csv.manifest.json").read_text(encoding="utf-8"))
    assert _sums(manifest["control_totals"]) == mart
    assert manifest["rows"] == table.num_rows == len(_csv(folder)) == 7
    assert [column["name"] for column in manifest["columns"]] == list(_csv(folder)[0]) == table.schema.names


def test_a_row_carries_codes_and_both_labels(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    row = _csv(folder)[0]
    assert row["amount"] == "100.10"
    assert (row["component_code"], row["component_zh"], row["component_en"]) == ("C25", "窗", "window")
    assert (row["cause_zh"], row["stage_en"], row["project_name"]) == ("施工", "actual", "云湖花园")
    unlinked = next(row for row in _csv(folder) if row["component_code"] == "UNLINKED")
    assert unlinked["component_zh"] == "未关联工单"


def test_the_workbook_rounds_to_cents_and_keeps_the_sum(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    book = openpyxl.load_workbook(folder / "cost_rollup.xlsx")
    sheet = book["成本 Cost"]
    names = [column.name for column in COLUMNS]
    rows = [dict(zip(names, line, strict=True)) for line in sheet.iter_rows(min_row=2, values_only=True)]
    cny = [row for row in rows if (row["currency"], row["stage"]) == ("CNY", "ACTUAL")]
    cents = [Decimal(str(row["amount"])) for row in cny]
    assert all(amount == amount.quantize(Decimal("0.01")) for amount in cents)
    assert sum(cents) == Decimal("87.83")  # 0.005 twice is one cent, not two
    estimate = next(row for row in rows if row["stage"] == "ESTIMATE")
    assert estimate["amount"] == "12345678901234567.12", "more digits than a cell holds: text, not a wrong number"
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref == "A1:AL8"
    assert "xl/charts/chart1.xml" in zipfile.ZipFile(folder / "cost_rollup.xlsx").namelist()
    notes = [line for line in book["说明 Notes"].iter_rows(values_only=True) if line[0]]
    assert any(line[2] == "oa.approvals" for line in notes)
    assert ("CNY", "ACTUAL", "87.83", "87.83", "0.00") in [line[:5] for line in notes]


def test_the_cross_tables_sum_both_ways_to_the_mart(seeded: Engine) -> None:
    with seeded.connect() as db:
        tables = {(table.currency, table.stage): table.cells for table in cross_tables(db)}
        assert {key: cells.loc[TOTAL, TOTAL] for key, cells in tables.items()} == {
            (total.currency, total.stage): total.amount for total in control_totals(db)
        }
    for cells in tables.values():
        inner = cells.drop(index=TOTAL, columns=TOTAL)
        assert all(isinstance(value, Decimal) for value in inner.stack().dropna())
        assert sum(inner.stack().dropna()) == cells.loc[TOTAL, TOTAL]


def test_no_text_is_a_formula(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    assert "'" + ATTACK in {row["project_name"] for row in _csv(folder)}
    assert "'@总包有限公司" in {row["party_name"] for row in _csv(folder)}
    assert "-20.05" in {row["amount"] for row in _csv(folder)}, "a negative number is no text"
    book = openpyxl.load_workbook(folder / "cost_rollup.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert ATTACK in {cell.value for cell in cells}
    with zipfile.ZipFile(folder / "cost_rollup.xlsx") as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)


def test_rows_that_do_not_sum_to_the_mart_are_not_published(seeded: Engine) -> None:
    with seeded.connect() as db:
        totals = control_totals(db)
        rows = list(cost_rows(db))
    assert list(checked(rows, totals)) == rows
    with pytest.raises(CountingError, match="CNY"):
        list(checked(rows[1:], totals))
