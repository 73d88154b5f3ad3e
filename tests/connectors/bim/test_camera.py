"""The engineer opens a viewpoint and sees the element, not a wall or the sky."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bim.bcf import Camera, camera_to
from connectors.bim.bcf.shapes import Vector
from connectors.bim.shapes import Box

coordinate = st.floats(-500, 500)
length = st.floats(0, 40)
boxes = st.builds(lambda x, y, z, dx, dy, dz: Box(x, y, z, x + dx, y + dy, z + dz), *[coordinate] * 3, *[length] * 3)
ROOM = Box(0, 0, 0, 4, 3, 2.8)
IN_OR_AT_THE_ROOM = {
    "window in the wall": Box(1, -0.2, 0.9, 2.5, 0, 2.4),
    "wall behind the room": Box(-0.2, -0.2, 0, 0, 3.2, 2.8),
    "facade along five rooms": Box(-8, 3, 0, 12, 3.24, 2.8),
    "slab below the whole storey": Box(-20, -20, -0.2, 20, 20, 0),
    "slab above the whole storey": Box(-20, -20, 2.8, 20, 20, 3),
    "column in the middle": Box(1.8, 1.3, 0, 2.2, 1.7, 2.8),
    "socket in a corner": Box(0, 0, 0.3, 0.08, 0.01, 0.38),
    "pipe through the house": Box(3.8, 2.8, -30, 3.9, 2.9, 60),
    "lamp at the ceiling": Box(1.9, 1.4, 2.6, 2.1, 1.6, 2.8),
}


def off_axis(camera: Camera, point: Vector) -> float:
    """Degrees between the middle of the picture and a point."""
    ray = [there - here for there, here in zip(point, camera.position, strict=True)]
    cosine = sum(a * b for a, b in zip(ray, camera.direction, strict=True)) / math.hypot(*ray)
    return math.degrees(math.acos(min(1, max(-1, cosine))))


def corners(box: Box) -> list[Vector]:
    return [Vector(box[x], box[y], box[z]) for x in (0, 3) for y in (1, 4) for z in (2, 5)]


def visible_part(box: Box, room: Box) -> Vector:
    """The middle of what is near the room."""
    spans = zip(box[:3], box[3:], room[:3], room[3:], strict=True)
    return Vector(*((max(low, near - 0.5) + min(high, far + 0.5)) / 2 for low, high, near, far in spans))


def strictly_inside(point: Vector, box: Box) -> bool:
    return all(low < value < high for low, value, high in zip(box[:3], point, box[3:], strict=True))


@given(boxes)
def test_an_element_is_partly_out_of_the_picture(box: Box) -> None:
    camera = camera_to(box)
    assert camera.field_of_view is not None
    assert all(off_axis(camera, corner) <= camera.field_of_view / 2 + 1e-3 for corner in corners(box))
    assert camera.position.z >= box.z_min


@given(boxes, st.none() | boxes)
def test_a_viewer_refuses_the_camera(box: Box, room: Box | None) -> None:
    """Direction and up vector of unit length at a right angle, all finite, whatever the boxes are."""
    camera = camera_to(box, room)
    assert math.hypot(*camera.direction) == pytest.approx(1)
    assert math.hypot(*camera.up) == pytest.approx(1)
    assert sum(a * b for a, b in zip(camera.direction, camera.up, strict=True)) == pytest.approx(0, abs=1e-6)
    assert camera.up.z >= 0
    assert all(map(math.isfinite, camera.position))


@given(boxes, boxes)
def test_the_camera_leaves_the_room(box: Box, room: Box) -> None:
    eye = camera_to(box, room).position
    assert all(low - 1e-6 <= value <= high + 1e-6 for low, value, high in zip(room[:3], eye, room[3:], strict=True))


@pytest.mark.parametrize("box", IN_OR_AT_THE_ROOM.values(), ids=IN_OR_AT_THE_ROOM)
def test_a_viewpoint_from_the_room_shows_something_else(box: Box) -> None:
    camera = camera_to(box, ROOM)
    assert strictly_inside(camera.position, ROOM)
    assert not strictly_inside(camera.position, box)
    assert off_axis(camera, visible_part(box, ROOM)) < 1
    assert math.dist(camera.position, visible_part(box, ROOM)) > 0.5
