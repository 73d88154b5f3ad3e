"""A floor plan shows each room and element where it is, and how much is broken there."""

import xml.etree.ElementTree as ET
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from connectors.bim.cuts import CUTS, SPACE, cut_storeys
from connectors.bim.meshes import Mesh, pack_meshes
from connectors.bim.section import label_point, outlines
from connectors.bim.shapes import Storey
from tests.reports.conftest import Publish
from tests.reports.facts import OTHER_WINDOW, OTHER_WINDOW_GUID, WALL_GUID, WINDOW_GUID
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.errors import ConfigError
from warranty_hub.reports.bim.damage import Damage, Scale, scale_of
from warranty_hub.reports.bim.plan_svg import Part, drawn
from warranty_hub.reports.bim.plans import ModelPlans, model_plans
from warranty_hub.reports.bim.write_back import OWN_SET, element_facts

SVG = "{http://www.w3.org/2000/svg}"
CORNERS = np.array([(x, y, z) for z in (0.0, 1.0) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))], dtype=float)
FACES = np.array(
    [(0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7), (0, 1, 5), (0, 5, 4), (1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6), (3, 0, 4),
     (3, 4, 7)]
)  # fmt: skip


def block(x: float, y: float, z: float, dx: float, dy: float, dz: float) -> Mesh:
    return Mesh(CORNERS * (dx, dy, dz) + (x, y, z), FACES)


def together(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts[:-1], strict=True)]
    return Mesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def area(outline: np.ndarray) -> float:
    """Positive where the corners go round counter-clockwise: material lies to the left."""
    x, y = outline.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


@pytest.mark.parametrize("height", [0.5, 1.0, 1.9999])
def test_a_cut_is_open_or_inside_out(height: float) -> None:
    (outline,) = outlines(block(1, 2, 0, 3, 2, 2), height)
    assert area(outline) == pytest.approx(6)
    assert outline.min(axis=0).tolist() == pytest.approx([1, 2])


def test_a_plane_through_corners_or_beside_the_shape_is_no_cut() -> None:
    assert outlines(block(0, 0, 0, 1, 1, 1), 2) == []
    assert [area(found) for found in outlines(block(0, 0, 0, 1, 1, 1), 0.0)] == [pytest.approx(1)]
    assert outlines(block(0, 0, 0, 1, 1, 1), 1.0) == []


def test_parts_that_touch_and_a_vertex_for_each_triangle_lose_a_piece() -> None:
    touching = together(block(0, 0, 0, 1, 1, 2), block(1, 1, 0, 1, 1, 2), block(1, 0, 0, 1, 1, 2))
    loose = Mesh(touching.vertices[touching.faces].reshape(-1, 3), np.arange(len(touching.faces) * 3).reshape(-1, 3))
    for mesh in (touching, loose):
        assert sum(map(area, outlines(mesh, 1))) == pytest.approx(3)


def test_the_name_of_an_l_shaped_room_stands_in_its_neighbour() -> None:
    room = np.array([(0, 0), (6, 0), (6, 1), (1, 1), (1, 5), (0, 5)], dtype=float)
    x, y, width = label_point(room)
    assert 0 < x < 6
    assert 0 < y < (1 if x > 1 else 5)
    assert width in (1, 6)


def test_the_plan_stands_on_its_head_or_leaves_the_picture() -> None:
    broken = Damage(4, 5, Decimal("1200"))
    north = Part("wall", WALL_GUID, "北墙 <N>", "", outlines(block(0, 4, 0, 4, 0.2, 3), 1), broken)
    room = Part("room", "0room", "主卧", "主卧", outlines(block(0, 0, 0, 4, 4, 3), 1))
    root = ET.fromstring(drawn("15F & 16F", [north, room], scale_of([broken], "CNY")))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    paths = {path.attrib["data-guid"]: path for path in root.iter(f"{SVG}path")}
    wall = [tuple(map(float, corner.split(","))) for corner in paths[WALL_GUID].attrib["d"].strip("MZ").split()]
    heights = [y for _, y in wall]
    assert (min(heights), max(heights)) == (-4.2, -4.0), "north is up: y is negated"
    assert all(left < x < left + width and top < y < top + height for x, y in wall)
    assert list(paths) == ["0room", WALL_GUID], "a wall is drawn over the room"
    said = {name: paths[WALL_GUID].attrib[name] for name in ("class", "data-defects", "data-cost")}
    assert said == {"class": "wall d3 c4", "data-defects": "4", "data-cost": "1200.00"}
    assert "data-defects" not in paths["0room"].attrib
    words = [item.text for item in root.iter(f"{SVG}text")]
    assert {"15F & 16F", "主卧", "未关闭缺陷 Open defects", "实际成本 Actual cost, CNY", "≥ 1,000"} < set(words)


@pytest.mark.parametrize(
    ("most", "end"), [("0", "1"), ("-5", "1"), ("1", "1"), ("1.01", "2"), ("399", "400"), ("4001", "10000")]
)
def test_a_scale_does_not_reach_the_dearest(most: str, end: str) -> None:
    assert scale_of([Damage(0, 1, Decimal(most))], "CNY").costs[3] == Decimal(end) / 2


def test_a_refund_is_coloured_as_a_cost() -> None:
    scale = Scale("CNY", (Decimal(0), Decimal(10), Decimal(25), Decimal(50)))
    amounts = ("-20", "0", "0.01", "10", "100")
    assert [scale.by_cost(Damage(1, 1, Decimal(amount))) for amount in amounts] == [0, 0, 1, 2, 4]
    assert [scale.by_defects(Damage(count)) for count in (0, 1, 2, 5, 6)] == [0, 1, 2, 3, 4]


def plans_of(seeded: Engine, store: ArtefactStore) -> ModelPlans:
    with seeded.begin() as db:
        return model_plans(db, store, "p01-3")


SPENT = """
    WITH link AS (INSERT INTO hub.cost_link (source_system, source_id, ticket_system, ticket_id, ticket_no, method, confidence)
                  VALUES ('erp', 'p1', 'wms', 'WX1', 'WX1', 'ASSIGNMENT', 1))
    INSERT INTO hub.allocation (source_system, source_id, part, fact_version, period, ticket_no, ticket_system, ticket_id,
        defect_seq, component_code, defect_type_code, cause, stage, currency, amount)
    VALUES ('erp', 'p1', 0, 1, '2025-05', 'WX1', 'wms', 'WX1', 1, 'C25', 'D01', 'UNKNOWN', 'ACTUAL', 'CNY', 1200.5)"""
ANOTHER_SOURCE = """
    WITH ticket AS (
        INSERT INTO hub.ticket (source_system, source_id, ticket_no, project_code, description, urgency, reported_state,
                                reported_at, changed_at, run_id)
        SELECT 'zendesk', '9', ticket_no, project_code, '窗户', urgency, reported_state, reported_at, changed_at, 1
        FROM hub.ticket WHERE ticket_no = 'WX1')
    INSERT INTO hub.defect (source_system, ticket_id, seq, ticket_no, project_code, element_key, method, confidence, reason,
                            rule_version, generation)
    VALUES ('zendesk', '9', 1, 'WX1', 'P01', :element, 'TAG', 1, '', '1', 1)"""
"""A ticket of another source with the number WX1."""


def with_geometry(seeded: Engine, store: ArtefactStore) -> str:
    """A window that the plan cuts, one that lies below the cut, a room; and a roof above which nothing is."""
    shapes = {"window": block(1, 4, 1, 1, 0.2, 1), "low": block(3, 4, 0.2, 0.5, 0.2, 0.5), "room": block(0, 0, 0, 4, 4, 3)}
    still = np.hstack([np.eye(3), np.zeros((3, 1))])
    meshes = pack_meshes([(1, "window", still), (2, "low", still), (11, "room", still)], shapes)
    storeys = [Storey(10, None, "15F", None, None), Storey(20, None, "屋面/R", None, None)]
    classes = {1: "IfcWindow", 2: "IfcWindow", 11: SPACE}
    cuts, _ = cut_storeys(storeys, {10: 0.0, 20: 9.0}, classes, meshes.boxes(), meshes)
    address = store.put(cuts.packed(), CUTS)
    with seeded.begin() as db:
        db.execute(
            text("UPDATE hub.bim_revision SET cuts = :address, extent = :extent"), {"address": address, "extent": [0.0] * 6}
        )
        db.execute(text(SPENT))
        db.execute(text("UPDATE hub.bim_storey SET level = 0"))
        roof_row = "SELECT revision_id, 20, '屋面/R', 9 FROM hub.bim_revision"
        db.execute(text(f"INSERT INTO hub.bim_storey (revision_id, step_id, name, level) {roof_row}"))
    return address


def test_each_storey_has_a_plan_or_a_reason(seeded: Engine, tmp_path: Path) -> None:
    store = ArtefactStore(str(tmp_path))
    assert [plan.reason and plan.reason.en for plan in plans_of(seeded, store).plans] == ["the model has no geometry"]
    address = with_geometry(seeded, store)
    storey, roof = plans_of(seeded, store).plans
    assert (roof.svg, roof.reason and roof.reason.en) == (None, "nothing stands 1.2 m above its floor")
    assert roof.file_name == "02-屋面_R.svg"
    assert storey.svg is not None
    kinds = {path.attrib["data-guid"]: path.attrib["class"] for path in ET.fromstring(storey.svg).iter(f"{SVG}path")}
    assert kinds[WINDOW_GUID] == "window d1 c4"
    assert kinds[OTHER_WINDOW_GUID].split()[0] == "below"
    store.delete(address)
    assert [plan.reason and plan.reason.zh for plan in plans_of(seeded, store).plans] == ["平面轮廓已丢失,请重新读取模型"]
    with seeded.begin() as db, pytest.raises(ConfigError, match="No current revision"):
        model_plans(db, store, "none")


def test_rooms_and_damaged_elements_are_not_listed_without_geometry(seeded: Engine, tmp_path: Path) -> None:
    with seeded.begin() as db:
        db.execute(text(SPENT))
    found = plans_of(seeded, ArtefactStore(str(tmp_path)))
    assert [(row.name, row.storey) for row in found.rooms] == [("主卧", "15F")]
    assert {row.guid for row in found.elements} == {WINDOW_GUID}
    assert found.elements[0].damage.open == 1
    assert found.elements[0].damage.cost == Decimal("1200.5")


def test_a_cost_shows_on_the_elements_of_another_ticket_with_the_same_number(seeded: Engine, tmp_path: Path) -> None:
    with seeded.begin() as db:
        db.execute(text(SPENT))
        db.execute(text(ANOTHER_SOURCE), {"element": OTHER_WINDOW})
        sets = element_facts(db, "p01-3")
    found = {row.guid: row.damage for row in plans_of(seeded, ArtefactStore(str(tmp_path))).elements}
    assert found == {WINDOW_GUID: Damage(1, 1, Decimal("1200.5")), OTHER_WINDOW_GUID: Damage(1, 1, Decimal(0))}
    assert ["ActualCostCNY" in sets[step][OWN_SET] for step in (1, 2)] == [True, False]


def test_the_report_does_not_lead_to_the_plans(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    with_geometry(seeded, ArtefactStore("memory://reports"))
    names = {file.name for file in publish_now()}
    assert {"plans/p01-3.html", "plans/p01-3/01-15F.svg"} <= names
    assert 'href="plans/p01-3.html"' in (folder / "report.html").read_text(encoding="utf-8")
    page = (folder / "plans" / "p01-3.html").read_text(encoding="utf-8")
    assert 'href="p01-3/01-15F.svg"' in page
    assert 'id="cost"' not in page
    with seeded.begin() as db:
        db.execute(text("DELETE FROM hub.defect"))
    publish_now(run_id=8)
    assert list(folder.rglob("*.svg*")) == []
