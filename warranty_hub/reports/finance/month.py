"""The figures of one entity's month as it was published: the sums of its sealed lines along each dimension.

Costs follow from sealed batches alone; names, floor areas, the approval of a ticket and what came back are as they are now.
Stages and currencies are never added together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from mappings.lexicon import label
from warranty_hub.errors import ConfigError, CountingError
from warranty_hub.records.codes import CostStage
from warranty_hub.reports.queries import one_name
from warranty_hub.reports.table import Column, Kind, Row, exact
from warranty_hub.warehouse.named import approval_of

CHUNK = 10_000


@dataclass(frozen=True)
class Dimension:
    """One way to sum the month: the columns it goes by, and where the names of its last one come from."""

    name: str
    zh: str
    en: str
    keys: tuple[str, ...]
    label_set: str | None = None
    with_area: bool = False


DIMENSIONS = (
    Dimension("project", "项目", "Project", ("project_code",), with_area=True),
    Dimension("building", "楼栋", "Building", ("project_code", "building_code"), with_area=True),
    Dimension("component", "部位", "Component", ("component_code",), "component"),
    Dimension("defect_type", "缺陷类型", "Defect type", ("defect_type_code",), "defect_type"),
    Dimension("cause", "责任原因", "Responsibility", ("cause",), "cause"),
    Dimension("payer", "承担方", "Borne by", ("payer",), "payer"),
    Dimension("party", "责任单位", "Contractor", ("party_code",)),
    Dimension("category", "费用类别", "Category", ("category",), "cost_category"),
)

DETAIL = (
    Column("period", "归属期间", "Facts' period", width=10),
    Column("project_code", "项目", "Project", width=10),
    Column("document_no", "凭证号", "Voucher", width=14),
    Column("item_no", "凭证行", "Item", width=8),
    Column("posting_date", "过账日期", "Posted on", width=12),
    Column("account", "科目", "Account", width=13),
    Column("stage", "阶段", "Stage", width=10),
    Column("currency", "币种", "Currency", width=8),
    Column("amount", "成本金额", "Cost", Kind.MONEY, width=14),
    Column("kind", "类型", "Kind", width=10),
    Column("building_code", "楼栋", "Building", width=8),
    Column("component_code", "部位", "Component", width=11),
    Column("defect_type_code", "缺陷类型", "Defect type", width=11),
    Column("cause", "责任原因", "Responsibility", width=14),
    Column("finality", "责任状态", "Finality", width=12),
    Column("payer", "承担方", "Borne by", width=14),
    Column("party_code", "责任单位", "Contractor", width=11),
    Column("repairer_code", "维修方", "Repairer", width=10),
    Column("category", "费用类别", "Category", width=13),
    Column("ticket_no", "工单号", "Ticket", width=16),
    Column("approval_id", "审批实例", "Approval", width=12),
    Column("room_code", "房间", "Room", width=8),
    Column("element_guid", "构件 GlobalId", "Element (IFC GlobalId)", width=25),
    Column("batch_no", "批次号", "Batch no.", Kind.COUNT, width=8),
    Column("line_id", "行标识", "Line id", width=20),
    Column("corrects_line", "更正行", "Corrects line", width=20),
    Column("settles_line", "冲销的预提行", "Settles accrual", width=20),
    Column("basis", "成本口径", "Cost basis", width=9),
    Column("source_system", "来源系统", "Source", width=10),
    Column("source_id", "来源行", "Source line", width=26),
)
"""Every key of a line: each figure of the workbook is a filter on these."""


class Sum(NamedTuple):
    """What lies under one value of a dimension, in one currency: by stage, with the floor area it is set against."""

    keys: tuple[str | None, ...]
    name: str | None
    currency: str
    by_stage: Mapping[str, Decimal]
    recovered: Decimal
    lines: int
    tickets: int
    area_m2: Decimal | None

    @property
    def net(self) -> Decimal:
        """The actual cost less what was received in the month."""
        return self.by_stage.get(CostStage.ACTUAL, Decimal(0)) - self.recovered

    @property
    def per_m2(self) -> Decimal | None:
        """The actual cost of the month for each square metre; None where there is no area."""
        return self.by_stage.get(CostStage.ACTUAL, Decimal(0)) / self.area_m2 if self.area_m2 else None


@dataclass(frozen=True)
class Month:
    """One entity's month: ``stages`` in the order of their progress, ``sums`` by dimension, largest actual cost first."""

    entity: str
    period: str
    batches: Sequence[Any]
    stages: Sequence[str]
    totals: Sequence[Sum]
    sums: Mapping[str, Sequence[Sum]]


def month(db: Connection, entity: str, period: str) -> Month:
    """Sum the month. Raises ConfigError when nothing was published to it, CountingError when a dimension lacks a line."""
    named = {"entity": entity, "period": period}
    batches = db.execute(text(_BATCHES), named).all()
    if not batches:
        raise ConfigError(
            f"Nothing was published for entity {entity} and period {period!r}",
            remedy="`warranty-hub feed list` shows what was; periods are written as the ERP writes them, e.g. 2026-06.",
        )
    whole = _sums(db, Dimension("", "", "", (), with_area=True), named)
    sums = {dimension.name: _sums(db, dimension, named) for dimension in DIMENSIONS}
    for name, parts in sums.items():
        if _added(parts) != _added(whole):
            raise CountingError(
                f"Entity {entity}, {period}: the sums by {name} are not those of the lines",
                remedy="This is a defect of the hub: keep the entity and period and report it. No workbook was written.",
            )
    used = {stage for part in whole for stage in part.by_stage}
    return Month(entity, period, batches, [stage for stage in CostStage if stage in used], whole, sums)


def detail_rows(db: Connection, entity: str, period: str) -> Iterator[Row]:
    """One tuple a sealed line in the order of DETAIL, always in the same sequence."""
    names = [column.name for column in DETAIL]
    named = {"entity": entity, "period": period}
    for row in db.execute(text(_DETAIL), named, execution_options={"yield_per": CHUNK}):
        said = {**row._mapping, "amount": exact(row.amount, row.currency)}
        yield tuple(said[name] for name in names)


def _added(parts: Sequence[Sum]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for part in parts:
        for stage, amount in part.by_stage.items():
            found[part.currency, stage] = found.get((part.currency, stage), Decimal(0)) + amount
    return {key: amount for key, amount in found.items() if amount}


def _sums(db: Connection, dimension: Dimension, named: Mapping[str, str]) -> list[Sum]:
    names, areas = _names(db, dimension), _areas(db, dimension, named)
    keys = ", ".join([*dimension.keys, "currency"])
    found: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    for row in db.execute(text(_BY_STAGE.format(keys=keys)), named):
        found.setdefault(tuple(row[:-2]), {})[row.stage] = row.amount
    recovered = {tuple(row[:-1]): row.amount for row in db.execute(text(_RECOVERED.format(keys=keys)), named)}
    counts: dict[tuple[Any, ...], tuple[int, int]] = {
        tuple(row[:-2]): (row[-2], row[-1]) for row in db.execute(text(_COUNTS.format(keys=keys)), named)
    }
    sums = [
        Sum(
            at[:-1], names(at[:-1]), at[-1], found.get(at, {}), recovered.get(at, Decimal(0)), *counts.get(at, (0, 0)),
            areas.get(at[:-1]),
        )
        for at in dict.fromkeys([*found, *recovered])
    ]  # fmt: skip
    return sorted(sums, key=lambda part: (part.currency, -part.by_stage.get(CostStage.ACTUAL, 0), *map(str, part.keys)))


def _names(db: Connection, dimension: Dimension) -> Any:
    if dimension.label_set is not None:
        return lambda keys: label(dimension.label_set, keys[-1]) if keys[-1] else None  # batches of schema 1 lack some
    query = {
        "project": f"SELECT code, name FROM {one_name('project')} n",
        "party": f"SELECT code, name FROM {one_name('party')} n",
        "building": "SELECT project_code, code, min(name) FROM hub.building WHERE deleted_at IS NULL GROUP BY 1, 2",
    }.get(dimension.name)
    known = {tuple(row[:-1]): row[-1] for row in db.execute(text(query))} if query else {}
    return known.get


def _areas(db: Connection, dimension: Dimension, named: Mapping[str, str]) -> Mapping[tuple[Any, ...], Decimal]:
    """Gross floor areas; of the whole: of all projects that the month has a line of."""
    if not dimension.with_area:
        return {}
    keys = [{"project_code": "b.project_code", "building_code": "b.code"}[key] for key in dimension.keys]
    grouped = f"GROUP BY {', '.join(keys)}" if keys else ""
    rows = db.execute(text(_AREAS.format(keys=", ".join([*keys, "sum(b.gfa_m2)"]), grouped=grouped)), named)
    return {tuple(row[:-1]): row[-1] for row in rows if row[-1]}


_LINES = """
    hub.feed_batch b JOIN hub.feed_line l USING (batch_id)
    WHERE b.state = 'SEALED' AND b.entity = :entity AND b.period = :period"""

_BATCHES = """
    SELECT * FROM hub.feed_batch WHERE state = 'SEALED' AND entity = :entity AND period = :period ORDER BY seq"""

_BY_STAGE = f"SELECT {{keys}}, stage, sum(amount) AS amount FROM (SELECT l.* FROM {_LINES}) l GROUP BY {{keys}}, stage"

_COUNTS = f"""
    SELECT {{keys}}, count(DISTINCT (source_system, source_id)) AS lines, count(DISTINCT ticket_no) AS tickets
    FROM (SELECT l.* FROM {_LINES}) l GROUP BY {{keys}}"""

_RECOVERED = """
    SELECT {keys}, sum(amount) AS amount FROM (
        SELECT r.* FROM hub.recovery r JOIN hub.recovery_line l USING (source_system, source_id)
        WHERE l.company_code = :entity AND r.period = :period AND r.step = 'RECEIVED') r
    GROUP BY {keys}"""

_AREAS = f"""
    SELECT {{keys}} FROM (SELECT project_code, code, max(gfa_m2) AS gfa_m2 FROM hub.building WHERE deleted_at IS NULL
                          GROUP BY 1, 2) b
    WHERE project_code IN (SELECT l.project_code FROM {_LINES}) {{grouped}}"""

_DETAIL = f"""
    SELECT l.*, l.facts_period AS period, b.seq AS batch_no, v.posting_date, p.approval_id
    FROM hub.feed_batch b JOIN hub.feed_line l USING (batch_id)
    LEFT JOIN hub.cost_line v USING (source_system, source_id, fact_version)
    LEFT JOIN hub.cost_link k USING (source_system, source_id, ticket_no)
    LEFT JOIN LATERAL {approval_of("k")} p ON true
    WHERE b.state = 'SEALED' AND b.entity = :entity AND b.period = :period
    ORDER BY l.project_code NULLS FIRST, l.document_no, l.item_no, l.part, b.seq, l.kind, l.line_id COLLATE "C\""""
