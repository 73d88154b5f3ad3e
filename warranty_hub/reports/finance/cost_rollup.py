"""What warranty cost: by month, project, component, defect type, responsibility, stage and currency.

The rows are those of mart.cost_month, exactly; stages and currencies are never added together.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from mappings.lexicon import label
from warranty_hub.errors import CountingError
from warranty_hub.reports.queries import one_name
from warranty_hub.reports.table import Column, Kind, Row, exact

CHUNK = 10_000

COLUMNS = (
    Column("period", "月份", "Month", width=10),
    Column("project_code", "项目编号", "Project code", width=12),
    Column("project_name", "项目", "Project", width=18),
    Column("component_code", "部位编号", "Component code", width=12),
    Column("component_zh", "部位", "Component (Chinese)", width=14),
    Column("component_en", "部位(英文)", "Component", width=22),
    Column("defect_type_code", "缺陷编号", "Defect code", width=12),
    Column("defect_type_zh", "缺陷类型", "Defect (Chinese)", width=14),
    Column("defect_type_en", "缺陷类型(英文)", "Defect", width=22),
    Column("cause", "原因编码", "Cause code", width=16),
    Column("cause_zh", "原因", "Cause (Chinese)", width=12),
    Column("cause_en", "原因(英文)", "Cause", width=16),
    Column("party_code", "责任方编号", "Party code", width=14),
    Column("party_name", "责任方", "Responsible party", width=26),
    Column("stage", "阶段编码", "Stage code", width=12),
    Column("stage_zh", "阶段", "Stage (Chinese)", width=10),
    Column("stage_en", "阶段(英文)", "Stage", width=12),
    Column("currency", "币种", "Currency", width=9),
    Column("amount", "成本金额(收回前)", "Gross cost", Kind.MONEY, width=18),
    Column("lines", "凭证行数", "Lines", Kind.COUNT, width=10),
    Column("tickets", "工单数", "Tickets", Kind.COUNT, width=10),
    Column("building_code", "楼栋编号", "Building", width=10),
    Column("category", "费用类别编码", "Category code", width=14),
    Column("category_zh", "费用类别", "Category (Chinese)", width=14),
    Column("category_en", "费用类别(英文)", "Category", width=16),
    Column("repairer_code", "维修方编号", "Repairer code", width=14),
    Column("repairer_name", "维修方", "Repairer", width=26),
    Column("payer", "承担方编码", "Payer code", width=14),
    Column("payer_zh", "承担方", "Payer (Chinese)", width=14),
    Column("payer_en", "承担方(英文)", "Payer", width=16),
    Column("finality", "责任状态编码", "Finality code", width=14),
    Column("finality_zh", "责任状态", "Finality (Chinese)", width=10),
    Column("finality_en", "责任状态(英文)", "Finality", width=12),
    Column("is_repeat", "重复缺陷", "Repeated defect", width=8),
    Column("claimed", "已索赔", "Claimed", Kind.MONEY, width=18),
    Column("agreed", "已确认", "Agreed", Kind.MONEY, width=18),
    Column("recovered", "已收回", "Recovered", Kind.MONEY, width=18),
    Column("net", "净额(成本-已收回)", "Net of recoveries", Kind.MONEY, width=18),
)
"""The contract of the three files; a new column is appended, none is moved or renamed."""

AMOUNT = next(at for at, column in enumerate(COLUMNS) if column.name == "amount")
CURRENCY = next(at for at, column in enumerate(COLUMNS) if column.name == "currency")
STAGE = next(at for at, column in enumerate(COLUMNS) if column.name == "stage")


@dataclass(frozen=True)
class ControlTotal:
    """What the rows of a currency and stage have to sum to."""

    currency: str
    stage: str
    amount: Decimal
    rows: int

    def described(self) -> dict[str, Any]:
        """For the manifest: the amount as exact decimal text."""
        return {"currency": self.currency, "stage": self.stage, "amount": format(self.amount, "f"), "rows": self.rows}


def control_totals(db: Connection) -> list[ControlTotal]:
    """The sums of the mart, by currency and stage."""
    rows = db.execute(text(_TOTALS))
    return [ControlTotal(row.currency, row.stage, exact(row.amount, row.currency), row.rows) for row in rows]


def cost_rows(db: Connection) -> Iterator[Row]:
    """One tuple for each row of the mart, in the order of COLUMNS and always in the same sequence."""
    for row in db.execute(text(_ROWS), execution_options={"yield_per": CHUNK}):
        component, defect_type = label("component", row.component_code), label("defect_type", row.defect_type_code)
        cause, stage = label("cause", row.cause), label("cost_stage", row.stage)
        yield (
            row.period, row.project_code, row.project_name,
            row.component_code, component.zh, component.en,
            row.defect_type_code, defect_type.zh, defect_type.en,
            row.cause, cause.zh, cause.en, row.party_code, row.party_name,
            row.stage, stage.zh, stage.en,
            row.currency, exact(row.amount, row.currency), row.lines, row.tickets,
            row.building_code, *_coded("cost_category", row.category), row.repairer_code, row.repairer_name,
            *_coded("payer", row.payer), *_coded("finality", row.finality), "Y" if row.is_repeat else "",
            *(exact(amount, row.currency) for amount in (row.claimed, row.agreed, row.recovered, row.net)),
        )  # fmt: skip


def _coded(code_set: str, code: str) -> tuple[str, str, str]:
    shown = label(code_set, code)
    return code, shown.zh, shown.en


def checked(rows: Iterable[Row], totals: Iterable[ControlTotal]) -> Iterator[Row]:
    """The rows as they pass by; at the end their sums must be the control totals. Raises CountingError."""
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        found[str(row[CURRENCY]), str(row[STAGE])] += row[AMOUNT]  # type: ignore[assignment, operator]
        yield row
    expected = {(total.currency, total.stage): total.amount for total in totals}
    if dict(found) != expected:
        raise CountingError(
            f"The cost rollup as written sums to {_shown(found)}, the mart to {_shown(expected)}",
            remedy="This is a defect of the hub: keep the run id and report it. The former publication still stands.",
        )


def _shown(sums: Any) -> str:
    return ", ".join(f"{amount} {currency} {stage}" for (currency, stage), amount in sorted(sums.items())) or "nothing"


_TOTALS = """
    SELECT currency, stage, sum(amount) AS amount, count(*) AS rows
    FROM mart.cost_month GROUP BY 1, 2 ORDER BY 1, 2"""

_ROWS = f"""
    SELECT m.*, project.name AS project_name, party.name AS party_name, repairer.name AS repairer_name
    FROM mart.cost_month m
    LEFT JOIN {one_name("project")} project ON project.code = m.project_code
    LEFT JOIN {one_name("party")} party ON party.code = m.party_code
    LEFT JOIN {one_name("party")} repairer ON repairer.code = m.repairer_code
    ORDER BY m.period, m.project_code, m.component_code, m.defect_type_code, m.cause, m.party_code, m.stage, m.currency,
             m.building_code, m.category, m.repairer_code, m.payer, m.finality, m.is_repeat"""
