"""Masters out of a workbook: for groups whose organisation, buildings and contracts stand in no database that we could read.

`write_template` makes the empty workbook, one sheet a kind of master, its columns those of our records; row 1 holds their
names, row 2 the same for people. The reader checks sheets and columns as a whole; a wrong cell becomes a quarantine row.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, get_type_hints
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from connectors.contract import Page, Record, Stream, Window
from connectors.options import Options, read_options
from warranty_hub.errors import ConfigError, MalformedAnswerError
from warranty_hub.records.codes import UNMAPPED
from warranty_hub.records.facts import Building, Contract, Dwelling, Fact, OrgUnit, Party, Period, Project, WarrantyTerm
from warranty_hub.settings import Connection, ZoneName

SHEETS: Mapping[str, tuple[str, type[Fact], tuple[str, ...]]] = {
    "orgs": ("组织 Organisation", OrgUnit, ("code",)),
    "projects": ("项目 Projects", Project, ("code",)),
    "buildings": ("楼栋 Buildings", Building, ("project_code", "code")),
    "dwellings": ("房屋 Dwellings", Dwelling, ("project_code", "building_code", "unit_code", "room_no")),
    "parties": ("单位 Parties", Party, ("code",)),
    "contracts": ("合同 Contracts", Contract, ("contract_no",)),
    "warranty_terms": ("保修条款 Warranty terms", WarrantyTerm, ("contract_no", "line_no")),
    "periods": ("期间 Periods", Period, ("company_code", "period")),
}
"""Stream → sheet, the record it fills, and the columns that identify a row."""
TITLES = {
    "code": "编码 Code",
    "name": "名称 Name",
    "level": "层级 Level",
    "parent_code": "上级编码 Parent",
    "valid_from": "生效日 Valid from",
    "valid_to": "失效日 Valid to",
    "org_code": "组织编码 Organisation",
    "city": "城市 City",
    "project_code": "项目编码 Project",
    "gfa_m2": "建筑面积㎡ GFA m²",
    "acceptance_date": "竣工验收日 Acceptance",
    "design_life_years": "设计年限 Design life, years",
    "building_code": "楼栋编码 Building",
    "unit_code": "单元 Unit",
    "storey": "楼层 Storey",
    "room_no": "房号 Room no.",
    "area_m2": "面积㎡ Area m²",
    "delivery_date": "交付日 Delivery",
    "role": "角色 Role",
    "contract_no": "合同号 Contract no.",
    "party_code": "单位编码 Party",
    "scope": "范围 Scope",
    "retention_rate": "质保金比例 Retention (0.03)",
    "settlement_amount": "结算金额 Settlement",
    "line_no": "行号 Line",
    "clock": "保修主体 Clock",
    "category": "保修类别 Category",
    "value": "期限 Period",
    "measure": "单位 Measure",
    "currency": "币种 Currency",
    "company_code": "公司代码 Company code",
    "period": "会计期间 Period (2025-03)",
    "first_day": "首日 First day",
    "last_day": "末日 Last day",
    "status": "状态 Status",
}
FIRST_ROW = 3
PAGE_SIZE = 1000
TEMPLATE_REMEDY = "Write an empty one with `warranty-hub masters-template FILE` and copy your rows into it."


class MastersOptions(Options):
    """The options of a source of system ``masters_xlsx``."""

    zone: ZoneName
    file: str = Field(description="Name of the workbook below the connection's path")


def build_source(connection: Connection, options: Mapping[str, Any]) -> "MastersSource":
    """The connection is Airflow's ``fs``: ``{"conn_type": "fs", "extra": {"path": "/srv/masters"}}``. Raises ConfigError."""
    folder = connection.extra.get("path")
    if not folder:
        raise ConfigError(f"Connection {connection.id!r} has no path", remedy='Give it the extra {"path": "/folder"}.')
    return MastersSource(Path(folder) / read_options(MastersOptions, "masters_xlsx", options).file)


class MastersSource:
    """A Source (connectors.contract) over one workbook. Records are rows by column name, with their ``row`` for people."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def streams(self) -> Mapping[str, Stream]:
        """One a sheet; a workbook has no change times, so each window is all of it."""
        return {name: Stream(name, key, sweepable=True) for name, (_, _, key) in SHEETS.items()}

    def check(self) -> str:
        """Look for every sheet and column, and count."""
        counts = ", ".join(f"{sum(1 for _ in self._records(name))} {name}" for name in SHEETS)
        return f"{self._path.name}: {counts}"

    def now(self) -> datetime | None:
        """A file has no clock."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """All rows of the stream's sheet; empty ones are none."""
        records = self._records(stream)
        while page := list(islice(records, PAGE_SIZE)):
            yield Page(page, f"row {page[-1]['row']}")

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Every source id; raises MalformedAnswerError when a row has no key, since a sweep must be complete."""
        title, _, key = SHEETS[stream]
        for record in self._records(stream):
            if any(record[part] is None for part in key):
                raise MalformedAnswerError(f"{self._path.name}, sheet {title}, row {record['row']}: {'/'.join(key)} is empty")
            yield ["/".join(record[part] for part in key)]

    def _records(self, stream: str) -> Iterator[Record]:
        title, fact, _ = SHEETS[stream]
        sheet = self._open(title)
        columns = self._columns(sheet, title, fact)
        hints = get_type_hints(fact)
        for number, cells in enumerate(sheet.iter_rows(min_row=FIRST_ROW, values_only=True), start=FIRST_ROW):
            values = {name: _plain(cells[place], hints[name]) for name, place in columns.items()}
            if any(value is not None for value in values.values()):
                yield {**values, "row": number}

    def _open(self, title: str) -> Worksheet:
        try:
            book = load_workbook(self._path, read_only=True, data_only=True)
        except FileNotFoundError:
            raise ConfigError(f"{self._path} does not exist", remedy=TEMPLATE_REMEDY) from None
        except (InvalidFileException, BadZipFile, KeyError, OSError) as error:
            raise ConfigError(f"{self._path} is no XLSX workbook ({type(error).__name__})", remedy=TEMPLATE_REMEDY) from None
        if title not in book.sheetnames:
            raise ConfigError(f"{self._path.name} has no sheet {title!r}", remedy=TEMPLATE_REMEDY)
        sheet: Worksheet = book[title]
        return sheet

    def _columns(self, sheet: Worksheet, title: str, fact: type[Fact]) -> Mapping[str, int]:
        header = next(sheet.iter_rows(max_row=1, values_only=True), ())
        found = {str(name).strip(): place for place, name in enumerate(header) if name is not None}
        missing = [name for name in fact.model_fields if name not in found]
        unknown = [name for name in found if name not in fact.model_fields]
        if missing or unknown:
            problems = [f"column {name} is missing" for name in missing] + [f"column {name} is not known" for name in unknown]
            raise ConfigError(f"{self._path.name}, sheet {title}: {'; '.join(problems)}", remedy=TEMPLATE_REMEDY)
        return found


def _plain(value: Any, hint: Any) -> Any:
    """A cell as our record wants it: codes as text though Excel made them numbers (1501.0 → "1501"), no float as money."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, float):
        value = int(value) if value.is_integer() else Decimal(repr(value))
    return str(value) if "str" in str(hint) and not isinstance(value, date) else value


def write_template(path: Path) -> None:
    """Write the empty workbook. An existing file is never overwritten: FileExistsError."""
    book = Workbook()
    for title, fact, key in SHEETS.values():
        sheet: Worksheet = book.create_sheet(title)
        hints = get_type_hints(fact)
        for place, name in enumerate(fact.model_fields, start=1):
            _write_column(sheet, get_column_letter(place), name, hints[name], required=name in key)
        sheet.freeze_panes = "A3"
    del book["Sheet"]
    with path.open("xb") as file:
        book.save(file)


def _write_column(sheet: Worksheet, letter: str, name: str, hint: Any, *, required: bool) -> None:
    sheet[f"{letter}1"], sheet[f"{letter}2"] = name, TITLES[name]
    sheet[f"{letter}1"].font = Font(color="808080", size=9)
    sheet[f"{letter}2"].font = Font(bold=True)
    if required:
        sheet[f"{letter}2"].fill = PatternFill("solid", fgColor="FFF2CC")
    sheet.column_dimensions[letter].width = 22
    cells = f"{letter}{FIRST_ROW}:{letter}20000"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        choices = ",".join(code for code in hint if code != UNMAPPED)
        rule = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
        sheet.add_data_validation(rule)
        rule.add(cells)
    sheet.column_dimensions[letter].number_format = (
        "yyyy-mm-dd" if "date" in str(hint) else "@" if "str" in str(hint) else "General"
    )
