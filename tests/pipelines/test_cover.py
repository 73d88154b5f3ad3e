"""Whether a defect is under warranty follows its place's dates, and is looked at again when they change."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.fake import FakeSource, fake_hub
from warranty_hub.pipelines.cover import cover_defects
from warranty_hub.pipelines.hub import Hub
from warranty_hub.settings import WarrantySettings
from warranty_hub.warehouse.tables import defect, fact_tables, place

CHANGED = {"changed_tx": text("pg_current_xact_id()::text::bigint")}
LATE_EVENING = datetime(2025, 3, 14, 16, 30, tzinfo=UTC)
"""Already the fifteenth in Shanghai."""


@pytest.fixture
def hub(warehouse: Engine) -> Hub:
    hub = fake_hub(warehouse, FakeSource([]))
    put(hub, fact_tables["project"], source_id="P01", code="P01", name="云湖花园", city="北京")
    put(
        hub, fact_tables["building"], source_id="3", project_code="P01", code="3", name="3号楼",
        acceptance_date=date(2020, 3, 15), design_life_years=50,
    )  # fmt: skip
    put(
        hub, fact_tables["dwelling"], source_id="1501", project_code="P01", building_code="3", unit_code="2", storey="15",
        room_no="1501", delivery_date=date(2024, 6, 1),
    )  # fmt: skip
    with hub.engine.begin() as db:
        values = {"building": "3", "unit": "2", "dwelling": "1501", "name": "2-1501", "origin": "MASTER"}
        db.execute(place.insert().values(place_id="P01/3/U2/1501", project_code="P01", kind="DWELLING", **values))
    report_leak(hub, "WX1")
    return hub


def put(hub: Hub, table: Any, **values: Any) -> None:
    with hub.engine.begin() as db:
        db.execute(table.insert().values(source_system="wms", run_id=1, **values))


def report_leak(hub: Hub, number: str, component: str = "C25", place_id: str | None = "P01/3/U2/1501") -> None:
    put(
        hub, fact_tables["ticket"], source_id=number, ticket_no=number, project_code="P01", building_code="3",
        description="窗边渗水", urgency="NORMAL", reported_state="CLOSED", reported_at=LATE_EVENING, changed_at=LATE_EVENING,
    )  # fmt: skip
    with hub.engine.begin() as db:
        db.execute(
            defect.insert().values(
                source_system="wms", ticket_id=number, seq=1, ticket_no=number, project_code="P01", component_code=component,
                defect_type_code="D01", place_id=place_id, method="ROOM", confidence=1, reason="", rule_version="1",
                generation=1,
            )
        )  # fmt: skip


def states(hub: Hub, ticket: str = "WX1") -> dict[str, tuple[Any, ...]]:
    query = "SELECT clock, state, last_day, rule_id, reported_on FROM hub.coverage WHERE ticket_id = :ticket"
    with hub.engine.connect() as db:
        return {row.clock: (row.state, row.last_day, row.rule_id) for row in db.execute(text(query), {"ticket": ticket})}


def test_the_last_day_of_warranty_is_cut_in_another_zone_or_the_home_buyers_clock_forgets_the_contractors(hub: Hub) -> None:
    cover_defects(hub, "P01")
    assert states(hub) == {
        "CONTRACTOR": ("COVERED", date(2025, 3, 15), "CN-02"),
        "HOMEBUYER": ("COVERED", date(2025, 6, 1), "CN-12"),
        "RETENTION": ("UNKNOWN", None, "CN-21"),
    }


def test_a_corrected_acceptance_or_a_new_contract_leaves_old_answers_standing(hub: Hub) -> None:
    cover_defects(hub, "P01")
    with hub.engine.begin() as db:
        db.execute(fact_tables["building"].update().values(acceptance_date=date(2020, 3, 1), **CHANGED))
    cover_defects(hub, "P01")
    assert states(hub)["CONTRACTOR"] == ("EXPIRED", date(2025, 3, 1), "CN-02")
    put(
        hub, fact_tables["warranty_term"], source_id="HT-1/1", contract_no="HT-1", line_no="1", project_code="P01",
        clock="CONTRACTOR", category="WATERPROOF_5Y", value=8, measure="YEARS",
    )  # fmt: skip
    cover_defects(hub, "P01")
    assert states(hub)["CONTRACTOR"] == ("COVERED", date(2028, 3, 1), "CN-02")


def test_another_law_is_applied_only_to_new_defects(hub: Hub) -> None:
    cover_defects(hub, "P01")
    settings = hub.settings.model_copy(update={"warranty": WarrantySettings(projects={"P01": "SG"})})
    cover_defects(replace(hub, settings=settings), "P01")
    assert states(hub) == {"HOMEBUYER": ("COVERED", date(2025, 3, 30), "SG-02")}


def test_a_quiet_run_works_on_every_defect_again(hub: Hub) -> None:
    cover_defects(hub, "P01")
    report_leak(hub, "WX2", place_id=None)
    assert cover_defects(hub, "P01").details["defects"] == 1
    assert cover_defects(hub, "P01").details["defects"] == 0
    assert states(hub, "WX2")["HOMEBUYER"] == ("UNKNOWN", None, "CN-12")
    assert len(states(hub)) == 3


def test_a_defect_that_is_gone_keeps_its_coverage(hub: Hub) -> None:
    cover_defects(hub, "P01")
    with hub.engine.begin() as db:
        db.execute(defect.delete())
    cover_defects(hub, "P01")
    assert states(hub) == {}
