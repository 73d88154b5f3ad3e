"""Boxes are where the elements are, in metres; what cannot be built is told, and costs nobody else its box."""

from pathlib import Path
from typing import Any

import pytest

from connectors.bim.geometry import element_boxes
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
    result = element_boxes(model.write(tmp_path / "a.ifc"))
    assert result.boxes[wall.id()] == pytest.approx((1, 2, 3, 6, 2.2, 5.8))
    assert result.boxes[room.id()] == pytest.approx((1, 2.2, 3, 4, 5.2, 5.8))
    assert (len(result.boxes), result.missing, result.reason) == (2, frozenset(), None)


def test_an_opening_gets_a_box_or_cuts_its_wall_short(model: SmallModel, tmp_path: Path) -> None:
    wall = model.content("IfcWall", "墙", of=model.first, **model.box((0, 0, 0), (5000, 200, 2800)))
    window = model.thing("IfcWindow", "窗", **model.box((4000, 0, 900), (5000, 200, 2800)))
    opening = model.opening(wall, window)
    shape = model.box((4000, -100, 900), (5000, 300, 2800))
    opening.ObjectPlacement, opening.Representation = shape["ObjectPlacement"], shape["Representation"]
    boxes = element_boxes(model.write(tmp_path / "a.ifc")).boxes
    assert boxes.keys() == {wall.id(), window.id()}
    assert boxes[wall.id()] == pytest.approx((0, 0, 0, 5, 0.2, 2.8))


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
    result = element_boxes(model.write(tmp_path / "a.ifc"))
    assert result.boxes.keys() == {wall.id() for wall in good}
    assert result.missing == {bad.id()}


def test_a_model_without_any_geometry_fails(model: SmallModel, tmp_path: Path) -> None:
    model.content("IfcWall", "墙", of=model.first)
    result = element_boxes(model.write(tmp_path / "a.ifc"))
    assert (result.boxes, result.missing, result.reason) == ({}, frozenset(), None)


def test_time_that_runs_out_is_not_told(model: SmallModel, tmp_path: Path) -> None:
    model.content("IfcWall", "墙", of=model.first, **model.box((0, 0, 0), (5000, 200, 2800)))
    result = element_boxes(model.write(tmp_path / "a.ifc"), timeout_s=0.01)
    assert result.boxes == {}
    assert "time limit" in str(result.reason)
