"""Every defect with its place and, where it is certain, its building element: for BIM tools and for pivot tables."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from mappings.lexicon import label
from warranty_hub.reports.privacy import published
from warranty_hub.reports.queries import LIVING_DEFECTS, REPORTER, one_name
from warranty_hub.reports.table import Column, Kind, Row

CHUNK = 10_000

COLUMNS = (
    Column("project_code", "项目编号", "Project code"),
    Column("project_name", "项目", "Project"),
    Column("building", "楼栋", "Building"),
    Column("storey", "楼层", "Storey"),
    Column("dwelling", "户", "Dwelling"),
    Column("place_id", "位置编号", "Place id"),
    Column("place_name", "位置", "Place"),
    Column("global_id", "构件全局编号", "GlobalId"),
    Column("element_tag", "构件编号", "Element tag"),
    Column("ifc_class", "IFC类", "IFC class"),
    Column("element_name", "构件名称", "Element name"),
    Column("component_code", "部位编号", "Component code"),
    Column("component_zh", "部位", "Component (Chinese)"),
    Column("component_en", "部位(英文)", "Component"),
    Column("defect_type_code", "缺陷编号", "Defect code"),
    Column("defect_type_zh", "缺陷类型", "Defect (Chinese)"),
    Column("defect_type_en", "缺陷类型(英文)", "Defect"),
    Column("method", "定位方法", "Located by"),
    Column("confidence", "置信度", "Confidence", Kind.NUMBER),
    Column("state", "定位状态", "Link state"),
    Column("ticket_no", "工单号", "Ticket"),
    Column("reported_on", "报修日期", "Reported on", Kind.DAY),
    Column("reported_state", "工单状态", "Ticket state"),
    Column("reason", "定位说明", "Reason"),
    Column("description", "描述(已脱敏)", "Description (masked)"),
)
"""The contract of the file. ``global_id`` and the other element columns are empty unless exactly one element is certain."""


def defect_rows(db: Connection, zone: str) -> Iterator[Row]:
    """One tuple for each defect of a ticket that is not deleted, in the order of COLUMNS, sorted by place and element."""
    for row in db.execute(text(_ROWS), {"zone": zone}, execution_options={"yield_per": CHUNK}):
        component, defect_type = label("component", row.component_code), label("defect_type", row.defect_type_code)
        yield (
            row.project_code, row.project_name, row.building, row.storey, row.dwelling, row.place_id, row.place_name,
            row.guid, row.tag, row.ifc_class, row.element_name,
            row.component_code, component.zh, component.en, row.defect_type_code, defect_type.zh, defect_type.en,
            row.method, row.confidence, row.state, row.ticket_no, row.reported_on, row.reported_state,
            published(row.reason, row.reporter), published(row.description, row.reporter),
        )  # fmt: skip


_ROWS = f"""
    SELECT d.project_code, project.name AS project_name, coalesce(place.building, e.building_code, t.building_code) AS building,
           coalesce(place.storey, e.storey) AS storey, place.dwelling, d.place_id, place.name AS place_name,
           e.guid, e.tag, e.ifc_class, e.name AS element_name, d.component_code, d.defect_type_code,
           d.method, d.confidence, d.state, d.ticket_no, (t.reported_at AT TIME ZONE :zone)::date AS reported_on,
           t.reported_state, d.reason, t.description, reporter.name AS reporter
    FROM {LIVING_DEFECTS}
    LEFT JOIN {REPORTER}
    LEFT JOIN hub.place ON place.place_id = d.place_id
    LEFT JOIN {one_name("project")} project ON project.code = d.project_code
    LEFT JOIN (SELECT item.*, r.building_code, s.name AS storey FROM hub.bim_element_revision item
               JOIN hub.bim_revision r ON r.revision_id = item.revision_id AND r.current
               LEFT JOIN hub.bim_storey s ON s.revision_id = item.revision_id AND s.step_id = item.storey_step) e
        ON e.element_key = d.element_key
    ORDER BY d.project_code, d.place_id, e.ifc_class, e.guid, d.ticket_no, d.source_system, d.ticket_id, d.seq"""
