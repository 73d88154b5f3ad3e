"""The month's workbook says what was published, cell by cell, in both languages, and runs nothing that data says."""

import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, text

from tests.pipelines.books import Books
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.feed import publish_feed
from warranty_hub.pipelines.feed_delivery import write_workbooks
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.warehouse.tables import fact_tables

SHEETS = ("项目", "楼栋", "部位", "缺陷类型", "责任原因", "承担方", "责任单位", "费用类别")


@pytest.fixture
def books(warehouse: Engine, tmp_path: Path) -> Books:
    books = Books(warehouse, tmp_path)
    with warehouse.begin() as db:
        for number, area in (("3", "7992.0"), ("4", None)):
            named = {
                "source_system": "wms",
                "source_id": number,
                "project_code": "P01",
                "code": number,
                "name": f"{number}号楼",
            }
            db.execute(fact_tables["building"].insert().values(**named, gfa_m2=area, run_id=1))
    books.post("A", "3996.00")
    books.post("B", "-0.10", document_no="=cmd|x", assignment=None)
    books.post("C", "100.00", stage="ACCRUED")
    books.publish()
    books.set_period("2025-05", "CLOSED")
    books.blame("GC")
    books.publish()
    return books


def _write(books: Books, period: str, name: str = "") -> list[Path]:
    folder = books.landed.parent.parent / f"books{name}"
    folder.mkdir()
    with books.hub.engine.begin() as db:
        return write_workbooks(db, "1000", period, folder)


def _rows(path: Path, sheet: str) -> list[dict[str, Any]]:
    rows = iter(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))
    heads = [str(head) for head in next(rows)]
    return [dict(zip(heads, row, strict=False)) for row in rows]


def test_a_sheet_sums_to_another_amount_than_the_lines_beneath_it(books: Books) -> None:
    path, _ = _write(books, "2025-06")
    lines = _rows(path, "明细")
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        whole[line["阶段"]] += Decimal(str(line["成本金额"]))
    assert (len(lines), sorted(whole.items())) == (4, [("ACCRUED", Decimal(0)), ("ACTUAL", Decimal(0))])
    by_party = {row["责任单位 编号"]: row["实际\n成本"] for row in _rows(path, "责任单位")}
    assert by_party == {"GC": 3996, "–": -3996, "合计": 0}
    for sheet in SHEETS:
        assert _rows(path, sheet)[-1]["实际\n成本"] == 0


def test_what_came_back_is_taken_off_the_cost_or_what_was_only_claimed_counts(books: Books) -> None:
    shared: dict[str, Any] = {"source_system": "sap", "company_code": "1000", "recovery_no": "R1", "kind": "BACK_CHARGE"}
    shared |= {
        "currency": "CNY",
        "day": "2025-05-20",
        "period": "2025-05",
        "party_code": "GC",
        "project_code": "P01",
        "run_id": 1,
    }
    with books.hub.engine.begin() as db:
        for step, amount in (("CLAIMED", "900"), ("AGREED", "500"), ("RECEIVED", "300.10")):
            db.execute(fact_tables["recovery_line"].insert().values(**shared, source_id=step, step=step, amount=amount))
    roll_up_costs(books.hub)
    row = _rows(_write(books, "2025-05")[0], "项目")[0]
    net = row["净额\n实际 − 已收回"]
    assert (row["实际\n成本"], row["已收回"], net) == (3995.9, 300.1, 3695.8)


def test_a_cost_per_square_metre_stands_without_what_it_is_measured_by(books: Books) -> None:
    path, english = _write(books, "2025-05")
    (building, nowhere, total) = _rows(path, "楼栋")
    assert (building["建筑面积 ㎡"], building["实际成本 元/㎡"]) == (7992, 0.5)
    assert (nowhere["建筑面积 ㎡"], nowhere["实际成本 元/㎡"]) == (None, None)
    assert total["实际\n成本"] == 3995.9
    (project, _) = _rows(english, "Project")
    assert (project["GFA m²"], project["Actual cost per m²"]) == (7992, 0.5)
    assert "gross floor area" in str(_rows(english, "Notes"))


def test_a_text_of_the_erp_runs_as_a_formula_or_a_code_becomes_a_number(books: Books) -> None:
    for path in _write(books, "2025-05"):
        book = openpyxl.load_workbook(path)
        assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        detail = book["明细" if ".zh." in path.name else "Lines"]
        assert {cell.data_type for cell in detail["F"]} == {"s"}
        assert "=cmd|x" in {cell.value for cell in detail["C"]}
        assert all(sheet.freeze_panes for sheet in (detail, book.worksheets[1]))
        with zipfile.ZipFile(path) as archive:
            assert sum(name.startswith("xl/charts/chart") for name in archive.namelist()) == 8


def test_the_same_batches_give_another_file_or_a_later_month_changes_an_earlier_one(books: Books) -> None:
    assert [path.read_bytes() for path in _write(books, "2025-05")] == [
        path.read_bytes() for path in _write(books, "2025-05", "1")
    ]
    books.post("D", "1.00", "2025-06")
    books.blame("SUP", 2)
    books.publish()
    assert _rows(_write(books, "2025-05", "2")[0], "项目")[-1]["实际\n成本"] == 3995.9
    landed = books.landed / "2025-06"
    again = _write(books, "2025-06", "3")
    assert [(landed / path.name).read_bytes() for path in again] == [path.read_bytes() for path in again]
    with books.hub.engine.begin() as db:
        db.execute(text("DELETE FROM hub.recon_item"))
        db.execute(text("DELETE FROM ops.delivery"))
    books.publish()
    assert [(landed / path.name).read_bytes() for path in again] == [path.read_bytes() for path in again]


def test_years_of_history_delay_the_first_publication_by_a_workbook_a_month(books: Books) -> None:
    books.post("H", "1.00", "2025-02", company_code="2000")
    with books.hub.engine.begin() as db:
        db.execute(text("UPDATE hub.period SET company_code = '2000'"))
    roll_up_costs(books.hub)
    publish_feed(books.hub, "2000")
    landed = books.landed.with_name("2000")
    assert [path.parent.name for path in landed.rglob("warranty_month.zh.xlsx")] == ["2025-06"]
    assert len(list(landed.rglob("warranty_cost.manifest.json"))) == 2


def test_a_month_without_a_batch_gives_an_empty_workbook(books: Books) -> None:
    with pytest.raises(ConfigError, match="Nothing was published"):
        _write(books, "2025-01")
