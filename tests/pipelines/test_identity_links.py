"""A defect loses its element when the model changes, or is put on another one without a word."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.pipelines.test_models import FIRST, SECOND, house, hub_of, located, report, rows
from warranty_hub.pipelines.element_review import Decision, decide, open_pairs
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.records.codes import Verdict

THIRD = "0jf3CLnpz8pOaO3uS9qLRn"
ROOM = "P03/3/U1/201/主卧"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "3号楼.ifc"


@pytest.fixture
def hub(warehouse: Engine, path: Path) -> Hub:
    """A house with one wall, and a defect on it."""
    hub = hub_of(warehouse, model={"file": str(path)})
    show(hub, path, FIRST)
    report(hub, "WX1", "主卧墙面开裂", address_text="3号楼1单元201室")
    return hub


def show(hub: Hub, path: Path, *walls: str) -> None:
    house(*walls).write(path)
    index_model(hub, "model")


def candidates(hub: Hub) -> list[object]:
    query = """SELECT c.element_key FROM hub.defect_element c
        JOIN hub.defect d USING (source_system, ticket_id, seq, generation) ORDER BY c.rank"""
    return [row["element_key"] for row in rows(hub, query)]


def test_a_defect_is_dropped_with_its_element_or_does_not_come_back_with_it(hub: Hub, path: Path) -> None:
    before = located(hub)["WX1"]
    assert (before["method"], before["guid"]) == ("ROOM_COMPONENT", FIRST)
    show(hub, path)
    for _ in range(2):
        gone = located(hub)["WX1"]
        assert (gone["method"], gone["state"], gone["place_id"], gone["element_key"]) == ("GONE", "REVIEW", ROOM, None)
        assert candidates(hub) == [before["element_key"]]
        report(hub, f"again {_}", "主卧门锁坏", address_text="3号楼1单元201室")
    reason = rows(hub, "SELECT reason FROM hub.defect WHERE ticket_no = 'WX1'")[0]["reason"]
    assert reason.endswith("it was last seen in 3号楼.ifc at (2.00, 0.10, 1.40) m")
    show(hub, path, FIRST)
    assert located(hub)["WX1"]["element_key"] == before["element_key"]


def test_a_scanned_global_id_of_an_earlier_revision_leads_nowhere(hub: Hub, path: Path) -> None:
    key = located(hub)["WX1"]["element_key"]
    show(hub, path, SECOND)
    report(hub, "WX2", "漏水", element_ref=FIRST)
    answers = located(hub)
    for ticket in ("WX1", "WX2"):
        assert (answers[ticket]["state"], answers[ticket]["element_key"], answers[ticket]["guid"]) == ("AUTO", key, SECOND)
    show(hub, path)
    assert located(hub)["WX2"]["method"] == "GONE"


def test_a_defect_goes_to_what_stands_where_its_element_stood(hub: Hub, path: Path) -> None:
    key = located(hub)["WX1"]["element_key"]
    show(hub, path, SECOND, THIRD)
    assert located(hub)["WX1"]["method"] == "GONE"
    assert candidates(hub)[0] == key
    assert len(candidates(hub)) == 3
    pair = next(pair for pair in open_pairs(hub) if pair.new.guid == THIRD)
    decide(hub, Decision(pair.match_id, Verdict.SAME, "王工", "同一面墙"))
    report(hub, "WX2", "漏水", element_ref=FIRST)
    answers = located(hub)
    assert (answers["WX2"]["state"], answers["WX2"]["element_key"], answers["WX2"]["guid"]) == ("AUTO", key, THIRD)


def test_a_corrected_address_is_held_back_by_an_element_that_is_gone(hub: Hub, path: Path) -> None:
    located(hub)
    show(hub, path)
    with hub.engine.begin() as db:
        db.exec_driver_sql(
            "UPDATE hub.ticket SET address_text = '3号楼1单元202室', changed_tx = pg_current_xact_id()::text::bigint"
        )
    answer = located(hub)["WX1"]
    assert (answer["method"], answer["place_id"]) == ("ROOM", "P03/3/U1/202/主卧")
