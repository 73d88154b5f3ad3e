"""Boxes are where the elements are, in metres; what cannot be built is told, and costs nobody else its box."""

from pathlib import Path
from typing import Any

import pytest

from connectors.bim import meshing
from connectors.bim.geometry import UNBUILDABLE, read_geometry
from tests.connectors.bim import faulty
from tests.connectors.bim.material import NEEDS_SHARED, SHARED
from tests.connectors.bim.small import SmallModel


@pytest.fixture
def model() -> SmallModel:
    return SmallModel("IFC4")


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4"])
def test_a_box_is_in_another_unit_or_place(schema: str, tmp_path: Path) -> None:
    model = SmallModel(schema)
    wall = model.content("IfcWall", "墙", of=model.first, **model.box((1000, 2000, 3000), (6000, 2200, 5800)))
    room = model.part("IfcSpace", "主卧", of=model.first, **model.box((1000, 2200, 3000), (4000, 5200, 5800)))
    model.content("IfcDoor", "没有形状", of=model.first)
    result = read_geometry(model.write(tmp_path / "a.ifc"))
    assert result.boxes[wall.id()] == pytest.approx((1, 2, 3, 6, 2.2, 5.8))
    assert result.boxes[room.id()] == pytest.approx((1, 2.2, 3, 4, 5.2, 5.8))
    assert (len(result.boxes), result.failures, result.reason) == (2, {}, None)


def test_an_opening_gets_a_box_or_its_wall_hides_the_window(model: SmallModel, tmp_path: Path) -> None:
    wall = model.content("IfcWall", "墙", of=model.first, **model.box((0, 0, 0), (5000, 200, 2800)))
    window = model.thing("IfcWindow", "窗", **model.box((4000, 0, 900), (5000, 200, 2800)))
    opening = model.opening(wall, window)
    shape = model.box((4000, -100, 900), (5000, 300, 2800))
    opening.ObjectPlacement, opening.Representation = shape["ObjectPlacement"], shape["Representation"]
    geometry = read_geometry(model.write(tmp_path / "a.ifc"))
    assert geometry.boxes.keys() == {wall.id(), window.id()}
    corners = geometry.meshes.mesh(wall.id()).vertices
    assert not ((corners[:, 0] > 4.0001) & (corners[:, 2] > 0.9001)).any()


def impossible(model: SmallModel) -> dict[str, Any]:
    """A solid swept from a profile that says nothing about its shape."""
    shape = model.box((0, 0, 0), (1000, 1000, 1000))
    solid = shape["Representation"].Representations[0].Items[0]
    solid.SweptArea = model.add("IfcRectangleProfileDef", ProfileType="AREA", XDim=1000.0)
    return shape


def test_a_shape_that_cannot_be_built_costs_the_others_theirs(model: SmallModel, tmp_path: Path) -> None:
    bad = model.content("IfcWall", "坏", of=model.first, **impossible(model))
    good = [
        model.content(
            "IfcWall", f"墙{number}", of=model.first, **model.box((number * 1000, 0, 0), (number * 1000 + 500, 200, 2800))
        )
        for number in range(4)
    ]
    result = read_geometry(model.write(tmp_path / "a.ifc"))
    assert result.boxes.keys() == {wall.id() for wall in good}
    assert result.failures == {bad.id(): UNBUILDABLE}


def test_a_model_without_any_geometry_fails(model: SmallModel, tmp_path: Path) -> None:
    model.content("IfcWall", "墙", of=model.first)
    result = read_geometry(model.write(tmp_path / "a.ifc"))
    assert (result.boxes, result.failures, result.reason) == ({}, {}, None)


def test_time_that_runs_out_is_not_told(model: SmallModel, tmp_path: Path) -> None:
    model.content("IfcWall", "墙", of=model.first, **model.box((0, 0, 0), (5000, 200, 2800)))
    result = read_geometry(model.write(tmp_path / "a.ifc"), timeout_s=0.01)
    assert result.boxes == {}
    assert "time limit" in str(result.reason)


# ------------------------------------------------------------------------------------------------ crash, hang, want of memory


@pytest.mark.parametrize(
    ("harm", "told"),
    [("crash", "crashed (SIGSEGV)"), ("hang", "it took longer than 3 s"), ("eat_memory", "MemoryError")],
)
def test_a_shape_that_brings_a_kernel_down_costs_the_others_theirs_or_stays_unnamed(
    harm: str, told: str, model: SmallModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = [
        model.content("IfcWall", "墙", of=model.first, **model.box((x, 0, 0), (x + 500, 200, 2800 + x)))
        for x in range(0, 30_000, 1000)
    ]
    bad = model.content("IfcWall", faulty.BAD, of=model.first, **model.box((0, 0, 0), (1000, 1000, 1000)))
    monkeypatch.setattr(meshing, "ELEMENT_SECONDS", faulty.SECONDS)
    for name in ("plan_and_mesh", "mesh_at_once", "mesh_one_by_one"):
        monkeypatch.setattr(meshing, name, getattr(faulty, f"{name}_{harm}"))
    result = read_geometry(model.write(tmp_path / "a.ifc"), memory_mb=2048)
    assert result.boxes.keys() == {wall.id() for wall in good}
    assert result.failures.keys() == {bad.id()}
    assert told in result.failures[bad.id()]
    assert result.reason is None


# ------------------------------------------------------------------------------------------------ shapes that are known


def test_a_shape_that_did_not_change_is_meshed_again(model: SmallModel, tmp_path: Path) -> None:
    for place in (0, 2000):  # the same shape twice
        model.content("IfcWall", "墙", of=model.first, **model.box((place, 0, 0), (place + 500, 200, 2800)))
    before = read_geometry(model.write(tmp_path / "a.ifc"))
    assert (len(before.boxes), before.meshed) == (2, 1)
    later = SmallModel("IFC4")
    later.thing("IfcWall", "所有编号后移")
    walls = [
        later.content("IfcWall", "墙", of=later.first, **later.box((place, 0, 0), (place + 500, 200, height)))
        for place, height in ((7000, 2800), (9000, 2900))
    ]
    after = read_geometry(later.write(tmp_path / "b.ifc"), known=before.meshes)
    assert after.meshed == 1
    assert after.boxes[walls[0].id()] == pytest.approx((7, 0, 0, 7.5, 0.2, 2.8))
    assert after.boxes[walls[1].id()] == pytest.approx((9, 0, 0, 9.5, 0.2, 2.9))


def test_a_wall_keeps_the_hole_of_a_window_that_moved(model: SmallModel, tmp_path: Path) -> None:
    wall = model.content("IfcWall", "墙", of=model.first, **model.box((0, 0, 0), (5000, 200, 2800)))
    opening = model.opening(wall, model.thing("IfcWindow", "窗"))
    shape = model.box((1000, -100, 900), (2000, 300, 2000))
    opening.ObjectPlacement, opening.Representation = shape["ObjectPlacement"], shape["Representation"]
    before = read_geometry(model.write(tmp_path / "a.ifc"))
    opening.ObjectPlacement.RelativePlacement.Location.Coordinates = (3000.0, -100.0, 900.0)
    after = read_geometry(model.write(tmp_path / "b.ifc"), known=before.meshes)
    assert (before.meshed, after.meshed) == (1, 1)
    assert 4.0 in after.meshes.mesh(wall.id()).vertices[:, 0].round(3).tolist()


def test_the_unit_of_a_file_does_not_count_for_its_shapes(model: SmallModel, tmp_path: Path) -> None:
    wall = model.content("IfcWall", "墙", of=model.first, **model.box((0, 0, 0), (5000, 200, 2800)))
    before = read_geometry(model.write(tmp_path / "a.ifc"))
    model.project.UnitsInContext.Units[0].Prefix = "CENTI"
    after = read_geometry(model.write(tmp_path / "b.ifc"), known=before.meshes)
    assert after.boxes[wall.id()] == pytest.approx((0, 0, 0, 50, 2, 28))


@NEEDS_SHARED
@pytest.mark.parametrize(
    "name", ["Duplex_A_20110907", "4x3_PCERT_Building-Architecture", "XELLA-1e_verdieping", "hvac_heating"]
)
def test_a_real_model_has_other_boxes_from_its_known_shapes(name: str) -> None:
    first = read_geometry(SHARED / f"{name}.ifc")
    again = read_geometry(SHARED / f"{name}.ifc", known=first.meshes)
    assert again.meshed == 0
    assert again.boxes == first.boxes
