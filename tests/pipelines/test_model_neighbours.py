"""The plumber's file has no rooms; a leak in the bathroom must still find the pipe there."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from tests.connectors.bim.small import SmallModel, Triple
from tests.pipelines.test_models import FIRST, SECOND, hub_of, located, report, rows
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.pipelines.model_rows import OF_REVISION
from warranty_hub.warehouse.tables import bim_revision, space_element

IN_THE_ROOM, BEHIND_THE_WALL = (500, 500, 100), (500, -900, 100)
REVISIONS = [space_element.c.element_revision_id, *(table.c.revision_id for table in OF_REVISION)]


def architecture(path: Path) -> Path:
    """A bathroom in a dwelling, with a wall that the file says bounds it."""
    model = SmallModel("IFC4")
    room = model.part("IfcSpace", "1-201-卫生间", of=model.first, LongName="卫生间", **model.box((0, 0, 0), (3000, 2000, 2700)))
    model.group("IfcZone", "1-201", [room])
    wall = model.content("IfcWall", "墙", of=model.first, GlobalId=FIRST, **model.box((0, -200, 0), (3000, 0, 2700)))
    model.relate("IfcRelSpaceBoundary", RelatingSpace=room, RelatedBuildingElement=wall)
    return model.write(path)


def plumbing(path: Path, at: Triple, *, far: float = 0) -> Path:
    """A pipe and no rooms; ``far`` moves all of it along x, millimetres."""
    model = SmallModel("IFC4")
    low = (at[0] + far, at[1], at[2])
    high = (low[0] + 1000, low[1] + 100, low[2] + 100)
    model.content("IfcPipeSegment", "给水管", of=model.first, GlobalId=SECOND, **model.box(low, high))
    return model.write(path)


@pytest.fixture
def hub(warehouse: Engine, tmp_path: Path) -> Hub:
    """A hub that knows both files of the building."""
    architecture(tmp_path / "arc.ifc")
    plumbing(tmp_path / "plumbing.ifc", IN_THE_ROOM)
    return hub_of(
        warehouse,
        arc={"file": str(tmp_path / "arc.ifc")},
        mep={"file": str(tmp_path / "plumbing.ifc"), "discipline": "MEP"},
    )


def across(hub: Hub) -> Sequence[tuple[str, str, float]]:
    """What stands at current rooms of another current file: room, element, distance."""
    found = rows(
        hub,
        """SELECT room.long_name, e.guid, s.distance FROM hub.space_element s
        JOIN hub.bim_space room ON room.revision_id = s.revision_id AND room.step_id = s.space_step
        JOIN hub.bim_element_revision e ON e.revision_id = s.element_revision_id AND e.step_id = s.element_step
        JOIN hub.bim_revision one ON one.revision_id = s.revision_id AND one.current
        JOIN hub.bim_revision two ON two.revision_id = s.element_revision_id AND two.current
        WHERE s.revision_id <> s.element_revision_id ORDER BY 1, 2""",
    )
    return [(row["long_name"], row["guid"], row["distance"]) for row in found]


def changed(hub: Hub) -> int:
    """When the revision with the rooms last changed."""
    return int(rows(hub, "SELECT changed_tx FROM hub.bim_revision WHERE model_id = 'arc' AND current")[0]["changed_tx"])


@pytest.mark.parametrize("order", [("arc", "mep"), ("mep", "arc")])
def test_the_pipe_in_a_bathroom_is_in_no_room_of_the_architect_s(hub: Hub, order: tuple[str, str]) -> None:
    for name in order:
        index_model(hub, name)
    assert across(hub) == [("卫生间", SECOND, 0.0)]
    report(hub, "WX1", "卫生间水管漏水", address_text="3号楼1单元201室")
    report(hub, "WX2", "卫生间墙面开裂", address_text="3号楼1单元201室")
    answers = located(hub)
    assert {number: answer["guid"] for number, answer in answers.items()} == {"WX1": SECOND, "WX2": FIRST}


def test_a_pipe_that_moves_out_stays_or_nobody_sees_that_the_room_has_changed(hub: Hub, tmp_path: Path) -> None:
    for name in ("arc", "mep"):
        index_model(hub, name)
    before = changed(hub)
    plumbing(tmp_path / "plumbing.ifc", BEHIND_THE_WALL)
    index_model(hub, "mep")
    assert across(hub) == []
    left = changed(hub)
    assert left > before
    index_model(hub, "mep")
    assert changed(hub) == left  # nothing new, nothing touched
    plumbing(tmp_path / "plumbing.ifc", IN_THE_ROOM)
    index_model(hub, "mep")
    assert across(hub) == [("卫生间", SECOND, 0.0)]
    assert changed(hub) > left


def test_a_new_revision_of_the_rooms_has_no_pipes(hub: Hub, tmp_path: Path) -> None:
    for name in ("arc", "mep"):
        index_model(hub, name)
    architecture(tmp_path / "arc.ifc")  # other GlobalIds, and so another file
    index_model(hub, "arc")
    assert across(hub) == [("卫生间", SECOND, 0.0)]


def test_a_model_that_lies_elsewhere_or_is_another_building_s_is_looked_at(hub: Hub, warehouse: Engine, tmp_path: Path) -> None:
    index_model(hub, "arc")
    plumbing(tmp_path / "plumbing.ifc", IN_THE_ROOM, far=90_000)
    index_model(hub, "mep")
    assert across(hub) == []
    said = rows(hub, "SELECT findings FROM hub.bim_revision WHERE model_id = 'mep' AND current")
    assert [found["code"] for found in said[0]["findings"] if found["code"] == "FRAMES_DIFFER"] == ["FRAMES_DIFFER"]
    plumbing(tmp_path / "five.ifc", IN_THE_ROOM)
    five = hub_of(
        warehouse,
        arc={"file": str(tmp_path / "arc.ifc")},
        mep={"file": str(tmp_path / "five.ifc"), "building": "5"},
    )
    index_model(five, "mep")
    assert across(five) == []


def test_meshes_that_the_store_has_lost_end_the_run(hub: Hub) -> None:
    index_model(hub, "arc")
    lost = rows(hub, "SELECT meshes FROM hub.bim_revision WHERE current")[0]["meshes"]
    hub.artefacts.delete(lost)
    index_model(hub, "mep")
    assert across(hub) == [("卫生间", SECOND, 0.0)]  # by the room's box


def written(hub: Hub) -> dict[str, int]:
    """How many rows of revisions each table has; all are those of revisions that are there."""
    with hub.engine.connect() as db:
        known = select(bim_revision.c.revision_id)
        lost = (db.scalar(select(func.count()).where(column.not_in(known))) for column in REVISIONS)
        assert not any(lost)
        return {table.name: db.scalar(select(func.count()).select_from(table)) or 0 for table in OF_REVISION}


def test_a_file_that_is_read_again_leaves_nothing_of_what_was_read_before(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("arc", "mep"):
        index_model(hub, name)
    before = written(hub)
    monkeypatch.setattr("warranty_hub.pipelines.model_revision.INDEX_VERSION", 1_000)
    for name in ("arc", "mep"):
        index_model(hub, name)
    assert (written(hub), len(across(hub))) == (before, 1)
