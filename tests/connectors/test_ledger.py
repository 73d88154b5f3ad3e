"""Ledgers kept by hand: what people do to a table loses no ticket, changes no amount, and is told by sheet and cell."""

import csv
import io
import os
import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fsspec
import pytest
from sqlalchemy import Engine, text

from connectors.contract import Window
from connectors.files.ledger import LedgerSource, build_source
from mappings.fields.compiler import Mapped, load_field_map
from tests.connectors.ledgers import COLUMNS, DAY, HEADER, STREAM, messy_ledger, row, workbook
from warranty_hub.errors import ConfigError, HubError, MalformedAnswerError, SchemaChangedError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.quarantine import open_rows
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.records.facts import Ticket
from warranty_hub.settings import Connection, Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALL = Window(None, datetime(2100, 1, 1, tzinfo=UTC))


def source(folder: Path | str, **changes: Any) -> LedgerSource:
    connection = Connection("ledgers", "fs", extra={"path": str(folder)})
    return build_source(connection, {"zone": "Asia/Shanghai", "streams": {"tickets": {**STREAM, **changes}}})


def records(reader: LedgerSource, window: Window = ALL) -> list[Mapping[str, Any]]:
    return [record for page in reader.pages("tickets", window) for record in page.records]


def mapped(reader: LedgerSource, name: str = "ledger_tickets") -> Mapped:
    return load_field_map(name, SHANGHAI).apply(records(reader))


def tickets_of(reader: LedgerSource, *names: str) -> list[tuple[Any, ...]]:
    """These fields of each ticket."""
    fields = ["source_id", *Ticket.model_fields]
    return [tuple(row[fields.index(name)] for name in names) for row in mapped(reader).rows]


def csv_text(rows: list[list[Any]], separator: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows(rows)
    return stream.getvalue()


def test_a_messy_ledger_loses_no_ticket_and_no_fen(tmp_path: Path) -> None:
    (tmp_path / "台账.xlsx").write_bytes(messy_ledger())
    tickets = mapped(source(tmp_path))
    assert not tickets.rejected
    assert not tickets.unmapped
    assert dict(tickets.skipped) == {"total_row": 2, "note": 2, "repeated_header": 1}
    assert tickets_of(source(tmp_path), "ticket_no", "project_code", "building_code") == [
        ("WX001", "P01", "3"), ("WX002", "P01", "3"), ("WX003", "P01", "3"), ("WX004", "P02", "3"), ("WX005", "P02", "3"),
        ("1006", "P03", "2"), ("1007", "P04", "2"),
    ]  # fmt: skip
    reported = tickets_of(source(tmp_path), "reported_at")
    assert [f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for (moment,) in reported] == [
        "2024-03-05 00:00", "2024-03-06 09:00", "2024-03-07 00:00", "2024-03-08 09:05", "2024-03-05 00:00",
        "2024-04-03 00:00", "2024-04-09 00:00",
    ]  # fmt: skip
    plans = mapped(source(tmp_path), "ledger_repair_plans")
    amounts = [found[5] for found in plans.rows]
    assert amounts == [3500, 12000, 3500, 3000, 25000, 4700]
    assert sum(amounts) == Decimal("51700")


def test_a_quarantined_row_names_file_sheet_and_cell(tmp_path: Path) -> None:
    rows = [HEADER, row(1), row(2, amount="待定"), row(3, day="下周")]
    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": rows}))
    (late,) = mapped(source(tmp_path)).rejected
    assert late.source_id == "WX003"
    assert "reported_at (source field reported_at): not a date" in late.reason
    place = late.record
    assert (place["file"], place["sheet"], f"{place['cells']['reported_at']}{place['row']}") == ("台账.xlsx", "3月", "I4")
    (undecided,) = mapped(source(tmp_path), "ledger_repair_plans").rejected
    assert undecided.source_id == "WX002"


def _merged(ref: str) -> Callable[[Any], None]:
    return lambda sheet: sheet.merge_cells(ref)


def _set(cell: str, value: Any) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        sheet[cell] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (_merged("K2:K3"), "one amount for the rows of K2:K3"),
        (_set("K3", "=J3*2"), "never calculated"),
        (_set("K3", "#REF!"), "#REF!"),
    ],
)
def test_an_amount_that_is_none_is_never_taken_for_one(tmp_path: Path, edit: Callable[[Any], None], told: str) -> None:
    """A merged amount is one for several tickets: in each row it would be counted twice."""
    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": [HEADER, row(1), row(2)]}, edit))
    plans = mapped(source(tmp_path), "ledger_repair_plans")
    assert told in str([found.record["amount"] for found in plans.rejected])
    assert all(found[5] == 3500 for found in plans.rows)


def test_a_second_row_under_a_merged_number_is_neither_lost_nor_takes_the_place_of_the_first(tmp_path: Path) -> None:
    rows = [HEADER, row(1), row(2, amount=0.1, plan="换管"), row(3)]

    def edit(sheet: Any) -> None:
        sheet.merge_cells("C2:C3")
        sheet.merge_cells("B2:B4")

    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": rows}, edit))
    plans = mapped(source(tmp_path), "ledger_repair_plans")
    assert [(found[0], found[5]) for found in plans.rows] == [("WX001", 3500), ("WX003", 3500)]
    (second,) = plans.rejected
    assert (second.record["row"], second.record["row_kind"], second.record["amount"]) == (3, "CONTINUED", "0.1万元")


def test_a_formula_counts_with_the_value_that_excel_saved(tmp_path: Path) -> None:
    content = workbook({"3月": [HEADER, row(1, amount="=1+1")]})
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(tmp_path / "台账.xlsx", "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, part.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(b"<v />", b"<v>2</v>"))
    assert [found[5] for found in mapped(source(tmp_path), "ledger_repair_plans").rows] == [20000]


def test_an_error_in_the_key_column_makes_no_ticket(tmp_path: Path) -> None:
    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": [HEADER, row(1, order="#N/A"), row(2, order="#N/A"), row(3)]}))
    tickets = mapped(source(tmp_path))
    assert [found[0] for found in tickets.rows] == ["WX003"]
    assert [found.source_id for found in tickets.rejected] == [None, None]


@pytest.mark.parametrize(
    "content",
    [
        csv_text([HEADER, row(1)]).encode(),
        csv_text([HEADER, row(1)]).encode("utf-8-sig"),
        csv_text([HEADER, row(1)], ";").encode("gb18030"),
        csv_text([HEADER, row(1)], "\t").encode("utf-16"),
        b"\xfe\xff" + csv_text([HEADER, row(1, text="a,b,c,d,e,f,g,h,i,j,k,l,m,n,主卧")], "\t").encode("utf-16-be"),
        csv_text([["维修台账"], [], HEADER, row(1, text='说"漏水"，\n两处')]).encode("gb18030"),
    ],
    ids=["utf-8", "utf-8 with mark", "gb18030 ;", "utf-16 tab", "utf-16-be commas inside", "quoted line break"],
)
def test_a_csv_reads_the_same_in_every_character_set_and_with_every_separator(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "台账.csv").write_bytes(content)
    found = tickets_of(source(tmp_path), "ticket_no", "project_code", "reported_at")
    assert found == [("WX001", "P01", DAY.replace(tzinfo=SHANGHAI))]
    assert mapped(source(tmp_path), "ledger_repair_plans").rows[0][5] == 3500


def test_a_sheet_in_ten_thousands_by_its_first_line_counts_so_unless_a_cell_says_otherwise(tmp_path: Path) -> None:
    plain_header = [*HEADER[:-1], "维修金额"]
    rows = [["台账", "单位：万元"], plain_header, row(1, amount="（0.05）"), row(2, amount="80元"), row(3, amount="¥1.5")]
    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": rows}))
    assert [found[5] for found in mapped(source(tmp_path), "ledger_repair_plans").rows] == [-500, 80, 15000]


def test_a_header_of_two_rows_is_found_and_is_no_ticket(tmp_path: Path) -> None:
    top = [*HEADER[:9], "维修", "维修"]
    lower = [*[None] * 9, "维修方案", "维修金额"]

    def edit(sheet: Any) -> None:
        for letter in "ABCDEFGHI":
            sheet.merge_cells(f"{letter}1:{letter}2")
        sheet.merge_cells("J1:K1")

    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": [top, lower, row(1)]}, edit))
    assert [found[0] for found in mapped(source(tmp_path)).rows] == ["WX001"]
    assert mapped(source(tmp_path), "ledger_repair_plans").rows[0][5] == Decimal("0.35")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ([*HEADER[:5], "现象", *HEADER[6:]], r"台账.xlsx, sheet 3月, row 1 has no column description \(问题描述 or 报修内容\)"),
        ([*HEADER[:2], "No.", *HEADER[3:]], r"has no table with order_no \(工单号 or 单号 or 编号\)"),
        ([*HEADER[:9], "报修时间", *HEADER[10:]], "I and J both say reported_at"),
    ],
)
def test_a_renamed_column_is_told_and_not_taken_for_an_empty_one(tmp_path: Path, header: list[str], problem: str) -> None:
    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": [header, row(1)]}))
    with pytest.raises(SchemaChangedError, match=problem):
        records(source(tmp_path))


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(201):
            part.write(bytes(1024 * 1024))
    return stream.getvalue()


def _laughing() -> bytes:
    stream = io.BytesIO(workbook({"3月": [HEADER, row(1)]}))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/extra.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>')
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an old XLS or a workbook with a password"),
        (b"<html><table><tr><td>\xb5\xa5</td></tr></table></html>", "only calls itself a table"),
        (b"PK\x03\x04 half a file", "no workbook that can be read"),
        (workbook({"3月": [HEADER, row(1)]})[:-300], "no workbook that can be read"),
        (_bomb(), "unpacks to more than"),
        (_laughing(), "DOCTYPE"),
        (csv_text([HEADER, row(1)]).encode("utf-16-le"), "neither a workbook nor text"),
        (bytes(range(256)) * 4, "neither a workbook nor text"),
        (csv_text([HEADER]).encode() + b'"WX001,never closed\n' * 3, "quotation mark"),
        (b"", "has no table"),
    ],
    ids=["xls", "html", "half", "cut off", "bomb", "entities", "utf-16 without mark", "binary", "quote", "empty"],
)
def test_a_hostile_file_is_refused_by_name_after_all_others_were_read(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "bad.xlsx").write_bytes(content)
    (tmp_path / "good.xlsx").write_bytes(workbook({"3月": [HEADER, row(1)]}))
    os.utime(tmp_path / "good.xlsx", (1, 1))
    delivered: list[Any] = []
    with pytest.raises(HubError, match=problem) as caught:
        delivered.extend(record for page in source(tmp_path).pages("tickets", ALL) for record in page.records)
    assert [record["order_no"] for record in delivered] == ["WX001"]
    assert "bad.xlsx" in str(caught.value)


def test_several_bad_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.csv"):
        (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0" + name.encode())
    with pytest.raises(MalformedAnswerError, match=r"2 files cannot be read: .*a\.xlsx") as caught:
        records(source(tmp_path))
    assert "b.csv" in caught.value.message


def test_rows_a_million_lines_down_cost_nothing(tmp_path: Path) -> None:
    content = workbook({"3月": [HEADER, row(1)]}, lambda sheet: sheet.cell(1_048_576, 16_384, " "))
    (tmp_path / "台账.xlsx").write_bytes(content)
    assert [record["order_no"] for record in records(source(tmp_path))] == ["WX001"]


def test_what_excel_keeps_while_editing_and_other_files_are_no_ledgers(tmp_path: Path) -> None:
    for name in ("~$台账.xlsx", ".台账.xlsx", "说明.docx"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConfigError, match="No file of folder"):
        source(tmp_path).check()
    (tmp_path / "台账.XLSX").write_bytes(messy_ledger())
    assert source(tmp_path).check() == "tickets: 1 files, 12 rows in 台账.XLSX"


# ------------------------------------------------------------------------------------------------ windows and files
MORNING = datetime(2024, 4, 1, 1, tzinfo=UTC)


@pytest.fixture
def store() -> Any:
    """A folder in memory, whose files' times a test can set."""
    folder = fsspec.filesystem("memory")
    folder.store.clear()
    folder.mkdirs("/ledgers", exist_ok=True)
    return folder


def save(store: Any, name: str, saved_at: datetime, *rows: list[Any]) -> None:
    store.pipe(f"/ledgers/{name}", workbook({"1": [HEADER, *rows]}))
    store.store[f"/ledgers/{name}"].modified = saved_at


def test_a_window_reads_the_files_saved_in_it_and_leaves_out_one_still_being_saved(store: Any) -> None:
    for hour, name in enumerate(("old.xlsx", "new.xlsx", "saving.xlsx")):
        save(store, name, MORNING + timedelta(hours=hour), row(hour))
    save(store, "odd clock.xlsx", datetime.now(UTC) + timedelta(days=2), row(9))
    reader = source("memory://ledgers")
    window = Window(MORNING + timedelta(minutes=1), MORNING + timedelta(minutes=119))
    assert [record["file"] for record in records(reader, window)] == ["odd clock.xlsx", "new.xlsx"]
    assert {record["file"] for record in records(reader)} == {"old.xlsx", "new.xlsx", "saving.xlsx", "odd clock.xlsx"}
    assert len(records(source("memory://ledgers", read_all=True), window)) == 4


def test_of_one_ticket_in_several_rows_and_files_the_one_saved_last_counts(store: Any) -> None:
    save(store, "3月.xlsx", MORNING, row(1, state="已登记"), row(2))
    save(store, "4月.xlsx", MORNING + timedelta(days=1), row(1, state="维修中"), row(3), row(1, state="已完成"))
    states = tickets_of(source("memory://ledgers"), "source_id", "reported_state")
    assert dict(states) == {"WX001": "REPAIRED", "WX002": "IN_REPAIR", "WX003": "IN_REPAIR"}
    assert dict(mapped(source("memory://ledgers")).skipped) == {"outdated_row": 2}


def test_a_copy_of_a_file_is_not_read_again(store: Any) -> None:
    save(store, "3月.xlsx", MORNING, row(1))
    store.pipe("/ledgers/3月 (副本).xlsx", store.cat("/ledgers/3月.xlsx"))
    assert len(records(source("memory://ledgers"))) == 1


def test_a_file_put_here_with_its_old_time_is_read_all_the_same(tmp_path: Path) -> None:
    """cp -p, unzip and many synchronisers keep it; the last window may have begun long after."""
    (tmp_path / "台账.xlsx").write_bytes(workbook({"3月": [HEADER, row(1)]}))
    os.utime(tmp_path / "台账.xlsx", (1, 1))
    now = datetime.now(UTC)
    assert len(records(source(tmp_path), Window(now - timedelta(hours=1), now + timedelta(hours=1)))) == 1


def hub(engine: Engine, folder: Path, clock: Callable[[], datetime], **changes: Any) -> Hub:
    streams = {"tickets": {**STREAM, **changes}, "repair_plans": STREAM}
    settings = {
        "database": "postgresql+psycopg:///unused",
        "sources": {
            "ledger": {
                "system": "ledger",
                "connection": "ledgers",
                "options": {"streams": streams},
                "streams": {
                    "tickets": {"map": "ledger_tickets", "job": "tickets", "max_deleted_share": 1},
                    "repair_plans": {"map": "ledger_repair_plans", "job": "tickets"},
                },
            }
        },
    }
    connection = Connection("ledgers", "fs", extra={"path": str(folder)})
    return Hub(Settings.model_validate(settings), engine, connections=lambda _: connection, clock=clock)


def test_a_ledger_arrives_in_the_warehouse_once_and_an_edit_changes_its_row_only(warehouse: Engine, tmp_path: Path) -> None:
    times = iter(range(1, 1000))
    opened = hub(warehouse, tmp_path, lambda: datetime.now(UTC) + timedelta(minutes=next(times)))
    (tmp_path / "台账.xlsx").write_bytes(messy_ledger())
    for stream, new in (("tickets", 7), ("repair_plans", 6)):
        first, second = sync_stream(opened, "ledger", stream), sync_stream(opened, "ledger", stream)
        assert (first.read, first.outcomes["new"], first.outcomes["quarantined"]) == (12, new, 0)
        assert second.read == 12
        assert second.outcomes["new"] == second.outcomes["changed"] == 0
    with warehouse.connect() as db:
        assert db.execute(text("SELECT sum(amount) FROM hub.repair_plan")).scalar_one() == Decimal("51700")
    (tmp_path / "4月.xlsx").write_bytes(workbook({"4月": [HEADER, row(1, state="已完成"), row(2, day="？")]}))
    third = sync_stream(opened, "ledger", "tickets")
    assert third.outcomes["changed"] == 1
    assert third.outcomes["quarantined"] == 1
    assert len(open_rows(opened)) == 1


def test_a_ticket_taken_out_of_a_folder_that_holds_all_is_deleted_and_a_bad_file_deletes_nothing(
    warehouse: Engine, tmp_path: Path
) -> None:
    opened = hub(warehouse, tmp_path, lambda: datetime.now(UTC) + timedelta(minutes=5), sweepable=True)
    (tmp_path / "台账.xlsx").write_bytes(workbook({"1": [HEADER, row(1), row(2)]}))
    sync_stream(opened, "ledger", "tickets")
    (tmp_path / "台账.xlsx").write_bytes(workbook({"1": [HEADER, row(1)]}))
    (tmp_path / "bad.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(MalformedAnswerError):
        sweep_deletions(opened, "ledger", "tickets")
    (tmp_path / "bad.xlsx").write_bytes(workbook({"1": [HEADER, row(3, order=None)]}))
    with pytest.raises(MalformedAnswerError, match="row 2: the key is empty"):
        sweep_deletions(opened, "ledger", "tickets")
    (tmp_path / "bad.xlsx").unlink()
    assert sweep_deletions(opened, "ledger", "tickets").tombstones == 1


def test_a_column_that_is_no_column_of_ours_is_told_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match="key number is none of its columns"):
        source("/srv", key=["number"])
    with pytest.raises(ConfigError, match="column sheet is the connector's own word"):
        source("/srv", columns={**COLUMNS, "sheet": ["页"]})


@pytest.mark.parametrize(
    ("address", "package"), [("sftp://files.example/ledgers", "paramiko"), ("s3://bucket/ledgers", "s3fs")]
)
def test_a_store_whose_client_is_not_installed_does_not_say_what_to_install(
    address: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (package, "fsspec.implementations.sftp"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match="needs a package that is not here") as caught:
        source(address).check()
    assert caught.value.remedy == f'`pip install "warranty-hub[{address[: address.index(":")]}]"`.'
