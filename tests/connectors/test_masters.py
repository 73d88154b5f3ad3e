"""Masters out of a workbook: the template is what the reader takes, Excel's habits do no harm, mistakes are named."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook, load_workbook

from connectors.contract import Window
from connectors.files.masters import SHEETS, MastersSource, build_source, write_template
from mappings.fields.compiler import load_field_map
from warranty_hub.errors import ConfigError, MalformedAnswerError
from warranty_hub.settings import Connection

ALL = Window(None, datetime(2026, 1, 1, tzinfo=UTC))
ROWS: dict[str, list[list[Any]]] = {
    "buildings": [["P01", 3, "3号楼", 6660.0, datetime(2023, 3, 31), 50], ["P01", "4", "4号楼", 92.55, None, None]],  # noqa: DTZ001
    "dwellings": [["P01", 3, 2, 15, 1501.0, 104.5, date(2023, 6, 14)], [None] * 7, ["P01", 3, 2, 15, 1502, None, None]],
    "contracts": [["HT-1", "P01", "C101", None, 0.03, 180000000.1, "CNY"]],
    "periods": [[1000, "2025-03", date(2025, 3, 1), date(2025, 3, 31), "CLOSED"], [1000, date(2025, 4, 1), None, None, "OPEN"]],
}
Edit = Callable[[Workbook], None]


def workbook(folder: Path, edit: Edit = lambda _: None) -> MastersSource:
    """The template, filled with `ROWS`, then edited."""
    path = folder / "masters.xlsx"
    write_template(path)
    book = load_workbook(path)
    for stream, rows in ROWS.items():
        sheet = book[SHEETS[stream][0]]
        for number, row in enumerate(rows, start=3):
            for column, value in enumerate(row, start=1):
                sheet.cell(number, column, value)
    edit(book)
    book.save(path)
    return build_source(
        Connection("masters", "fs", extra={"path": str(folder)}), {"zone": "Asia/Shanghai", "file": "masters.xlsx"}
    )


def mapped(source: MastersSource, stream: str) -> Any:
    records = [record for page in source.pages(stream, ALL) for record in page.records]
    return load_field_map(f"masters_{stream}", ZoneInfo("Asia/Shanghai")).apply(records)


def test_codes_that_excel_made_numbers_stay_codes_and_money_stays_exact(tmp_path: Path) -> None:
    source = workbook(tmp_path)
    assert mapped(source, "buildings").rows == [
        ("P01/3", "P01", "3", "3号楼", Decimal(6660), date(2023, 3, 31), 50),
        ("P01/4", "P01", "4", "4号楼", Decimal("92.55"), None, None),
    ]
    assert mapped(source, "contracts").rows[0][5:7] == (Decimal("0.03"), Decimal("180000000.1"))


def test_a_period_that_excel_made_a_date_passes_for_another_period(tmp_path: Path) -> None:
    periods = mapped(workbook(tmp_path), "periods")
    assert [row[1:] for row in periods.rows] == [("1000", "2025-03", date(2025, 3, 1), date(2025, 3, 31), "CLOSED")]
    assert [reject.code for reject in periods.rejected] == ["HUB-400"]


def test_empty_rows_are_none_and_every_key_is_listed_for_the_sweep(tmp_path: Path) -> None:
    source = workbook(tmp_path)
    assert [row[0] for row in mapped(source, "dwellings").rows] == ["P01/3/2/1501", "P01/3/2/1502"]
    assert [key for page in source.keys("dwellings") for key in page] == ["P01/3/2/1501", "P01/3/2/1502"]
    counted = "0 orgs, 0 projects, 2 buildings, 2 dwellings, 0 parties, 1 contracts, 0 warranty_terms, 2 periods"
    assert source.check() == f"masters.xlsx: {counted}"


def _set(stream: str, cell: str, value: Any) -> Edit:
    def edit(book: Workbook) -> None:
        book[SHEETS[stream][0]][cell] = value

    return edit


def test_a_wrong_cell_costs_its_row_only_and_the_payload_names_the_row(tmp_path: Path) -> None:
    found = mapped(workbook(tmp_path, _set("buildings", "E3", "next spring")), "buildings")
    assert [row[0] for row in found.rows] == ["P01/4"]
    assert found.rejected[0].source_id == "P01/3"
    assert found.rejected[0].record["row"] == 3


def test_a_row_without_its_key_stops_a_sweep_before_it_deletes_anything(tmp_path: Path) -> None:
    source = workbook(tmp_path, _set("dwellings", "E5", None))
    with pytest.raises(MalformedAnswerError, match=r"row 5: .*room_no is empty"):
        list(source.keys("dwellings"))


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda book: book.remove(book[SHEETS["projects"][0]]), "has no sheet '项目 Projects'"),
        (_set("projects", "A1", "Code"), "column code is missing; column Code is not known"),
    ],
)
def test_a_workbook_of_another_shape_is_refused_with_every_difference(tmp_path: Path, edit: Edit, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        workbook(tmp_path, edit).check()


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "masters.xlsx").write_bytes(b"PK\x03\x04 half a file")
    source = build_source(
        Connection("masters", "fs", extra={"path": str(tmp_path)}), {"zone": "Asia/Shanghai", "file": "masters.xlsx"}
    )
    with pytest.raises(ConfigError, match="is no XLSX workbook"):
        source.check()


def test_a_template_never_overwrites_a_filled_workbook(tmp_path: Path) -> None:
    write_template(tmp_path / "masters.xlsx")
    with pytest.raises(FileExistsError):
        write_template(tmp_path / "masters.xlsx")
