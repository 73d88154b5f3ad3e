"""The engineer opens a viewpoint, and the element is really to be seen: rays against all triangles of a model."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.sight import scene, views
from connectors.bim.bcf import camera_to
from connectors.bim.bcf.scenery import Scenery
from connectors.bim.ifc import read_model
from connectors.bim.shapes import Box
from sandbox.building.ifc import write_tower
from sandbox.building.tower import Tower
from tests.connectors.bim.material import NEEDS_SHARED, SHARED


def seen_from_rooms(path: Path, most: int) -> float:
    """The share of elements with a room that the camera sees."""
    index = read_model(path)
    model = scene(path, index)
    looks = [step in model.seen(camera) for step, in_room, camera in views(model, index, most) if in_room]
    assert looks, "no element of this model has a room"
    return sum(looks) / len(looks)


def test_an_issue_of_the_sample_tower_shows_a_wall_in_front_of_its_element(tmp_path: Path) -> None:
    write_tower(Tower("P01", "1", storeys=2, units=1), tmp_path / "tower.ifc")
    assert seen_from_rooms(tmp_path / "tower.ifc", 30) >= 0.9


@NEEDS_SHARED
def test_an_issue_of_a_real_house_shows_a_wall_in_front_of_its_element() -> None:
    assert seen_from_rooms(SHARED / "Duplex_A_20110907.ifc", 25) >= 0.9


@pytest.mark.parametrize("room", [None, Box(0, 0, 0, 9, 3, 2.8)], ids=["from outside", "from the room"])
def test_the_camera_stays_behind_what_hides_the_element(room: Box | None) -> None:
    """A cupboard stands between the usual place and the window: the camera goes where it sees past it."""
    window = Box(0.5, -0.2, 0.9, 1.5, 0, 2.4)
    usual = camera_to(window, room).position
    between = [(there + here) / 2 for there, here in zip((1.0, -0.1, 1.65), usual, strict=True)]
    cupboard = [*(value - 0.4 for value in between), *(value + 0.4 for value in between)]
    assert camera_to(window, room, Scenery(np.array([[9.0, 9.0, 9.0, 9.1, 9.1, 9.1], list(window)]))).position == usual
    eye = np.array(camera_to(window, room, Scenery(np.array([cupboard, list(window)]))).position)
    on_the_way = eye + (np.array((1.0, -0.1, 1.65)) - eye) * np.linspace(0, 1, 50)[:, None]
    in_it = (on_the_way > cupboard[:3]).all(axis=1) & (on_the_way < cupboard[3:]).all(axis=1)
    assert not in_it.any()
