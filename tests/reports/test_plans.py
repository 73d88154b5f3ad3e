"""A floor plan shows each room and element where it is, and how much is broken there."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from sqlalchemy import Engine, text

from connectors.bim.meshes import MESHES, Mesh, pack_meshes
from connectors.bim.section import label_point, outlines
from tests.reports.facts import WALL_GUID, WINDOW_GUID
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.reports.bim.plans import Part, drawn, floor_plans

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
    north = Part("wall", WALL_GUID, "北墙 <N>", "", outlines(block(0, 4, 0, 4, 0.2, 3), 1))
    room = Part("room", "0room", "主卧", "主卧", outlines(block(0, 0, 0, 4, 4, 3), 1))
    root = ET.fromstring(drawn("15F & 16F", [north, room], {WALL_GUID: 4}))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    paths = {path.attrib["data-guid"]: path for path in root.iter(f"{SVG}path")}
    wall = [tuple(map(float, corner.split(","))) for corner in paths[WALL_GUID].attrib["d"].strip("MZ").split()]
    heights = [y for _, y in wall]
    assert (min(heights), max(heights)) == (-4.2, -4.0), "north is up: y is negated"
    assert all(left < x < left + width and top < y < top + height for x, y in wall)
    assert list(paths) == ["0room", WALL_GUID], "a wall is drawn over the room"
    assert paths[WALL_GUID].attrib["data-defects"] == "4"
    assert "data-defects" not in paths["0room"].attrib
    words = [item.text for item in root.iter(f"{SVG}text")]
    assert {"15F & 16F", "主卧", "未关闭缺陷 Open defects"} < set(words)


def test_each_storey_has_a_plan_or_a_reason(seeded: Engine, tmp_path: object) -> None:
    store = ArtefactStore(str(tmp_path))
    with seeded.begin() as db:
        assert [plan.reason for plan in floor_plans(db, store, "none", heat=True)] == ["the model is not indexed"]
        assert [plan.reason for plan in floor_plans(db, store, "p01-3", heat=True)] == ["the model has no geometry"]
        shapes = {"window": block(1, 4, 1, 1, 0.2, 1), "room": block(0, 0, 0, 4, 4, 3)}
        still = np.hstack([np.eye(3), np.zeros((3, 1))])
        address = store.put(pack_meshes([(1, "window", still), (11, "room", still)], shapes).packed(), MESHES)
        db.execute(text("UPDATE hub.bim_revision SET meshes = :address"), {"address": address})
        db.execute(text("UPDATE hub.bim_storey SET level = 0"))
        roof_row = "SELECT revision_id, 20, '屋面/R', 9 FROM hub.bim_revision"
        db.execute(text(f"INSERT INTO hub.bim_storey (revision_id, step_id, name, level) {roof_row}"))
        storey, roof = floor_plans(db, store, "p01-3", heat=True)
    assert (roof.svg, roof.reason, roof.file_name) == (None, "nothing stands 1.2 m above its floor", "屋面_R.svg")
    assert storey.svg is not None
    assert f'data-guid="{WINDOW_GUID}"' in storey.svg
    assert 'data-defects="1"' in storey.svg
