"""The files of one batch of the feed: its lines as CSV, JSON lines, Parquet and workbook, and the manifest.

All of them are written from sealed lines alone, so the same batch gives the same bytes, however often and whenever.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import starmap
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from mappings.lexicon import label
from warranty_hub.reports.finance.sheets import data_sheets, formats_of, new_workbook, write_cell
from warranty_hub.reports.parquet import write_parquet
from warranty_hub.reports.table import TEXT_RULE, Column, Kind, described, exact, write_csv
from warranty_hub.reports.table import Row as TableRow

COLUMNS = (
    Column("line_id", "行标识", "Line id", width=20),
    Column("entity", "公司代码", "Entity", width=10),
    Column("posting_period", "入账期间", "Posting period", width=12),
    Column("batch_no", "批次号", "Batch no.", Kind.COUNT, width=8),
    Column("kind", "类型", "Kind", width=10),
    Column("corrects_line", "更正行", "Corrects line", width=20),
    Column("facts_period", "归属期间", "Facts' period", width=12),
    Column("account", "科目", "Account", width=14),
    Column("project_code", "项目编号", "Project", width=12),
    Column("building_code", "楼栋", "Building", width=10),
    Column("party_code", "责任方编号", "Party", width=14),
    Column("cause", "原因编码", "Cause", width=16),
    Column("stage", "阶段编码", "Stage", width=12),
    Column("currency", "币种", "Currency", width=9),
    Column("amount", "成本金额", "Cost", Kind.MONEY, width=18),
    Column("document_no", "凭证号", "Document no.", width=14),
    Column("item_no", "凭证行", "Item", width=8),
    Column("ticket_no", "工单号", "Ticket", width=16),
    Column("component_code", "部位编号", "Component", width=12),
    Column("defect_type_code", "缺陷编号", "Defect type", width=12),
    Column("room_code", "房间编号", "Room", width=10),
    Column("element_guid", "构件 GlobalId", "Element (IFC GlobalId)", width=24),
    Column("source_system", "来源系统", "Source", width=10),
    Column("source_id", "来源行", "Source line", width=22),
    Column("fact_version", "事实版本", "Fact version", Kind.COUNT, width=8),
    Column("part", "分摊序号", "Part", Kind.COUNT, width=8),
    Column("settles_line", "冲销的预提行", "Settles accrual", width=20),
    Column("category", "费用类别", "Category", width=14),
    Column("payer", "承担方", "Payer", width=14),
    Column("repairer_code", "维修方编号", "Repairer", width=14),
    Column("finality", "责任状态", "Finality", width=12),
    Column("responsibility_version", "责任版本", "Responsibility version", Kind.COUNT, width=8),
    Column("share_bp", "责任份额(万分比)", "Share (basis points)", Kind.COUNT, width=10),
    Column("repeat_no", "重复次数", "Repeat no.", Kind.COUNT, width=8),
    Column("basis", "成本口径", "Cost basis", width=10),
    Column("original_currency", "原币", "Original currency", width=9),
    Column("rate", "汇率", "Rate", width=12),
    Column("rate_date", "汇率日期", "Rate date", width=12),
)
"""The contract of the files, schema version 2; a new column is appended and raises the version."""
_LAST_COLUMN = {1: "part", 2: "rate_date"}
"""By schema version: a batch that was sealed under an earlier one keeps the columns it had."""

NAME = "warranty_cost"
MANIFEST = f"{NAME}.manifest.json"


def columns_of(batch: Row[Any]) -> tuple[Column, ...]:
    """The columns of a batch's files."""
    last = _LAST_COLUMN[batch.schema_version]
    return COLUMNS[: next(at for at, column in enumerate(COLUMNS, start=1) if column.name == last)]


def write_batch(db: Connection, batch: Row[Any], folder: Path, formats: list[str], csv_encoding: str) -> list[Path]:
    """Write a sealed batch's files into a folder and return them, the manifest last."""
    files = []
    for name in formats:
        path = folder / f"{NAME}.{name}"
        _WRITERS[name](path, lambda: _lines(db, batch), batch, csv_encoding)
        files.append(path)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps(_manifest(batch, files, csv_encoding), ensure_ascii=False, indent=2), encoding="utf-8")
    return [*files, manifest]


Lines = Callable[[], Iterator[TableRow]]


def _csv(path: Path, lines: Lines, batch: Row[Any], encoding: str) -> None:
    write_csv(path, columns_of(batch), lines(), encoding)


def _jsonl(path: Path, lines: Lines, batch: Row[Any], encoding: str) -> None:
    """One object a line, amounts as text: a JSON number would pass through a binary fraction at the receiver."""
    names = [column.name for column in columns_of(batch)]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines():
            values = (format(value, "f") if isinstance(value, Decimal) else value for value in line)
            file.write(json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False) + "\n")


def _parquet(path: Path, lines: Lines, batch: Row[Any], encoding: str) -> None:
    write_parquet(path, columns_of(batch), lines())


def _workbook(path: Path, lines: Lines, batch: Row[Any], encoding: str) -> None:
    """Summary first: whoever opens it sees what the batch is and what it sums to."""
    with new_workbook(path, "保修成本推送 Warranty-cost feed") as book:
        formats = formats_of(book)
        _summary_sheet(book, formats, batch)
        data_sheets(book, formats, "明细 Lines", columns_of(batch), lines())


def _summary_sheet(book: Any, formats: dict[Any, Any], batch: Row[Any]) -> None:
    sheet = book.add_worksheet("汇总 Summary")
    sheet.set_column(0, 3, 26)
    sheet.write_string(0, 0, "保修成本推送 Warranty-cost feed", formats["title"])
    for row, (name, value) in enumerate(_about(batch), start=2):
        sheet.write_string(row, 0, name, formats["head"])
        sheet.write_string(row, 1, value, formats["wrap"])
    row = 4 + len(_about(batch))
    for at, head in enumerate(("阶段 Stage", "币种 Currency", "成本金额 Cost", "行数 Lines")):
        sheet.write_string(row, at, head, formats["head"])
    for below, total in enumerate(batch.totals, start=row + 1):
        stage = label("cost_stage", total["stage"])
        sheet.write_string(below, 0, f"{stage.zh} {stage.en}", formats[Kind.TEXT])
        sheet.write_string(below, 1, total["currency"], formats[Kind.TEXT])
        write_cell(sheet, below, 2, exact(Decimal(total["amount"]), total["currency"]), formats[Kind.MONEY])
        write_cell(sheet, below, 3, total["lines"], formats[Kind.COUNT])
    if not batch.totals:
        sheet.write_string(row + 1, 0, "本批无新增 Nothing to report", formats[Kind.TEXT])


def _about(batch: Row[Any]) -> list[tuple[str, str]]:
    released = f"{batch.released_by}: {batch.release_reason}" if batch.released_by else "–"
    return [
        ("公司代码 Entity", batch.entity),
        ("入账期间 Posting period", batch.period),
        ("批次号 Batch no.", str(batch.seq)),
        ("行数 Lines", str(batch.lines)),
        ("编制 Prepared by", batch.prepared_by),
        ("放行 Released by", released),
        ("放行前提示 What the gate found", "; ".join(batch.findings) or "–"),
        ("内容哈希 Content hash", batch.content_hash),
    ]


_WRITERS: Mapping[str, Callable[[Path, Lines, Row[Any], str], None]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "xlsx": _workbook,
}


def _lines(db: Connection, batch: Row[Any]) -> Iterator[TableRow]:
    """The batch's lines in the order of their columns, always in the same sequence."""
    names = [column.name for column in columns_of(batch)]
    known = {"posting_period": batch.period, "batch_no": batch.seq}
    for row in db.execute(text(_LINES), {"batch": batch.batch_id}, execution_options={"yield_per": 10_000}):
        rate = {"rate": f"{row.rate.normalize():f}"} if row.rate else {}
        rate_date = {"rate_date": row.rate_date.isoformat()} if row.rate_date else {}
        said = {**row._mapping, **known, **rate, **rate_date, "amount": exact(row.amount, row.currency)}
        yield tuple(said[name] for name in names)


def _manifest(batch: Row[Any], files: list[Path], csv_encoding: str) -> dict[str, Any]:
    return {
        "feed": NAME,
        "schema_version": batch.schema_version,
        "entity": batch.entity,
        "period": batch.period,
        "batch_no": batch.seq,
        "record_count": batch.lines,
        "control_totals": batch.totals,
        "hash_total": batch.content_hash,
        "chain_hash": batch.chain_hash,
        "source_cursors": batch.sources,
        "findings": batch.findings,
        "prepared_by": batch.prepared_by,
        "released_by": batch.released_by,
        "release_reason": batch.release_reason,
        "sealed_at": batch.sealed_at.isoformat(),
        "run_id": batch.run_id,
        "csv_encoding": csv_encoding,
        "text_rule": TEXT_RULE,
        "columns": described(columns_of(batch)),
        "files": list(starmap(_entry, ((path.name, path.read_bytes()) for path in files))),
    }


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


_LINES = """
    SELECT * FROM hub.feed_line WHERE batch_id = :batch
    ORDER BY facts_period, project_code NULLS FIRST, document_no, item_no, part, kind, line_id COLLATE "C\""""
