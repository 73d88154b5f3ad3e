"""A small group of two projects with everything the reports show, and things that must never reach them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, insert

from warranty_hub.warehouse import tables
from warranty_hub.warehouse.tables import fact_tables

NAME = "欧阳明月"
PHONE = "13800138000"
ID_NUMBER = "310101198001011234"
ATTACK = '=HYPERLINK("http://evil.example","x")'
WINDOW, OTHER_WINDOW, WALL = (UUID(int=number) for number in (1, 2, 3))
WINDOW_GUID, OTHER_WINDOW_GUID, WALL_GUID = "0aaaaaaaaaaaaaaaaaaaa1", "0aaaaaaaaaaaaaaaaaaaa2", "0aaaaaaaaaaaaaaaaaaaa3"
ROOM = "P01/3/U2/1501/主卧"


def seed(db: Connection) -> None:
    """Put the group into an empty warehouse."""
    fact(db, "project", "P01", code="P01", name="云湖花园")
    fact(db, "project", "P03", code="P03", name=ATTACK)
    fact(db, "party", "G1", code="G1", name="@总包有限公司", role="GENERAL_CONTRACTOR")
    fact(db, "person", "U1", name=NAME, phone=PHONE, id_number=ID_NUMBER)
    _model(db)
    _tickets(db)
    _costs(db)
    for number, state in enumerate(("APPROVED", "APPROVED", "RUNNING", "REJECTED")):
        fact(db, "approval", f"A{number}", title=f"维修方案审批 {NAME}", state=state)
    _row(db, tables.cursor, step="sync", unit="wms.tickets", run_id=1, succeeded_at=datetime(2025, 5, 31, 22, tzinfo=UTC))


def fact(db: Connection, table: str, source_id: str, **values: Any) -> None:
    """Insert one fact."""
    _row(db, fact_tables[table], source_system="wms", source_id=source_id, run_id=1, **values)


def ticket(db: Connection, number: str, description: str, **values: Any) -> None:
    """Insert one ticket of project P01, reported on the evening of 31 March in UTC: already April in Shanghai."""
    standard: dict[str, Any] = {
        "project_code": "P01",
        "building_code": "3",
        "urgency": "NORMAL",
        "reported_state": "IN_REPAIR",
        "reporter_id": "U1",
        "reported_at": datetime(2025, 3, 31, 17, tzinfo=UTC),
        "changed_at": datetime(2025, 4, 2, tzinfo=UTC),
    }
    fact(db, "ticket", number, **{**standard, "ticket_no": number, "description": description, **values})


def defect(db: Connection, ticket_no: str, *candidates: UUID, **values: Any) -> None:
    """Insert the located defect of a ticket; without an element key its candidates wait for review."""
    standard: dict[str, Any] = {
        "project_code": "P01",
        "component_code": "C25",
        "defect_type_code": "D01",
        "method": "ROOM_COMPONENT",
        "confidence": "0.950",
        "state": "AUTO" if "element_key" in values else "REVIEW" if candidates else None,
        "reason": "",
        "rule_version": "test-1",
        "place_id": ROOM,
    }
    key = {"source_system": "wms", "ticket_id": ticket_no, "seq": 1, "generation": 2}
    found = {**standard, **values}
    _row(db, tables.defect, ticket_no=ticket_no, **key, **found)
    shared = {name: found[name] for name in ("method", "confidence", "state", "rule_version")}
    for rank, element in enumerate(candidates, start=1):
        _row(db, tables.defect_element, **key, rank=rank, element_key=element, run_id=1, **shared)


def cost(db: Connection, period: str, amount: str, **values: Any) -> None:
    """Insert one cell of the monthly rollup."""
    standard = {
        "project_code": "P01",
        "component_code": "C25",
        "defect_type_code": "D01",
        "cause": "CONSTRUCTION",
        "party_code": "G1",
        "stage": "ACTUAL",
        "currency": "CNY",
        "building_code": "3",
        "category": "SUBCONTRACT",
        "repairer_code": "G1",
        "payer": "LIABLE_PARTY",
        "finality": "FINAL",
        "is_repeat": False,
        "claimed": 0,
        "agreed": 0,
        "recovered": 0,
        "lines": 1,
        "tickets": 1,
    }
    _row(db, tables.cost_month, **{**standard, "period": period, "amount": amount, **values})


def _tickets(db: Connection) -> None:
    ticket(db, "WX1", f"主卧飘窗渗水,联系{NAME} {PHONE},身份证{ID_NUMBER}", urgency="EMERGENCY")
    defect(db, "WX1", WINDOW, element_key=WINDOW, reason="only one in the room")
    ticket(db, "WX2", "=cmd|' /C calc'!A0 窗户漏水", reported_state="CLOSED", reported_at=datetime(2025, 5, 2, tzinfo=UTC))
    defect(db, "WX2", WINDOW, OTHER_WINDOW, confidence="0.600", reason="two windows")
    ticket(db, "WX3", "楼道有异味", reported_at=datetime(2025, 5, 3, tzinfo=UTC))
    defect(db, "WX3", component_code=None, defect_type_code=None, method="BUILDING", confidence="0", place_id="P01/3")
    ticket(db, "WX4", "重复", reported_state="DUPLICATE")
    ticket(db, "WX5", "已删除", deleted_at=datetime(2025, 5, 3, tzinfo=UTC))
    defect(db, "WX5", WALL, element_key=WALL)


def _costs(db: Connection) -> None:
    cost(db, "2025-04", "100.10")
    cost(db, "2025-04", "-20.05", cause="UNKNOWN", party_code="", project_code="P03")
    cost(db, "2025-05", "0.005", component_code="C01")
    cost(db, "2025-05", "0.005", component_code="C02")
    cost(db, "2025-05", "12345678901234567.123456", stage="ESTIMATE")
    cost(db, "2025-05", "500", currency="JPY", project_code="P03")
    cost(db, "2025-05", "7.77", component_code="UNLINKED", defect_type_code="UNLINKED", cause="UNKNOWN", party_code="")
    link = {"source_system": "erp", "source_id": "100/2"}
    _row(db, tables.cost_link, **link, ticket_no=None, method="NO_REFERENCE", confidence=0)
    _row(
        db, tables.allocation, **link, part=0, fact_version=1, period="2025-05", project_code="P01",
        component_code="UNLINKED", defect_type_code="UNLINKED", cause="UNKNOWN", stage="ACTUAL", currency="CNY", amount="7.77",
    )  # fmt: skip


def _model(db: Connection) -> None:
    """One model: a room two metres high with two windows and a wall; the wall has no box."""
    _row(db, tables.place, place_id="P01/3", project_code="P01", kind="BUILDING", building="3", name="3号楼", origin="MASTER")
    _row(
        db, tables.place, place_id=ROOM, project_code="P01", kind="ROOM", building="3", unit="2", storey="15", dwelling="1501",
        name="主卧", origin="MODEL",
    )  # fmt: skip
    revision = {"model_id": "p01-3", "project_code": "P01", "building_code": "3", "discipline": "ARC", "run_id": 1}
    _row(
        db, tables.bim_revision, **revision, sha256="1", file_name="p01-3.ifc", status="INDEXED", current=True,
        authoring_app="Revit", ifc_project_guid="0pppppppppppppppppppp1", counts={"elements": 3},
    )  # fmt: skip
    revision_id = db.execute(tables.bim_revision.select()).one().revision_id
    _row(db, tables.bim_storey, revision_id=revision_id, step_id=10, name="15F")
    _row(
        db, tables.bim_space, revision_id=revision_id, step_id=11, name="主卧", storey_step=10, place_id=ROOM,
        **_box(0, 0, 0, 4, 4, 3),
    )  # fmt: skip
    for step, key, guid, ifc_class, box in (
        (1, WINDOW, WINDOW_GUID, "IfcWindow", _box(1, 4, 1, 2, 4.2, 2)),
        (2, OTHER_WINDOW, OTHER_WINDOW_GUID, "IfcWindow", _box(3, 4, 1, 3.5, 4.2, 2)),
        (3, WALL, WALL_GUID, "IfcWall", {}),
    ):
        _row(
            db, tables.bim_element_revision, revision_id=revision_id, step_id=step, element_key=key, own_key=key, guid=guid,
            ifc_class=ifc_class, name=f"{ifc_class} {step}", tag=f"90{step}", storey_step=10, space_step=11, **box,
        )  # fmt: skip


def _box(*corners: float) -> dict[str, float]:
    return dict(zip(("x_min", "y_min", "z_min", "x_max", "y_max", "z_max"), corners, strict=True))


def _row(db: Connection, table: Table, **values: Any) -> None:
    db.execute(insert(table).values(values))
