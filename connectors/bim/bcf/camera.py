"""Where to stand to see an element."""

import math

from connectors.bim.bcf.shapes import Camera, Vector
from connectors.bim.shapes import Box

FIELD_OF_VIEW = 60.0  # BCF 2.1 allows 45 to 60
EYE_HEIGHT = 1.6
ELBOW_ROOM = 0.3  # from the room's faces, so that the camera is not in a wall
REACH = 0.5  # how far beyond a room's faces its walls and slabs go
NEAREST = 1.0
FROM_OUTSIDE = Vector(-0.6, -0.7, 0.4)


def camera_to(box: Box, room_box: Box | None = None) -> Camera:
    """A perspective camera aimed at an element's box: from inside the room where that is known, else from outside and above.

    In a room it looks at the element's stretch along this room, from as far away as that needs or the room allows.
    """
    if room_box is None:
        eye = _along(_centre(box), FROM_OUTSIDE, _distance_to_fit(box))
    else:
        box = _overlap(box, _grown(room_box, REACH))
        eye = _eye_in(room_box, _centre(box), _distance_to_fit(box))
    aim = _centre(box)
    direction = _unit(_minus(aim, eye))
    return Camera(eye, direction, _up(direction), field_of_view=FIELD_OF_VIEW)


def _eye_in(room: Box, aim: Vector, distance: float) -> Vector:
    """From the aim through the middle of the room at eye height, as far as the room goes; else from a corner of it."""
    inside = _grown(room, -ELBOW_ROOM)
    middle = _centre(room)._replace(z=min(room.z_min + EYE_HEIGHT, inside.z_max))
    if math.dist(aim[:2], middle[:2]) < NEAREST:
        eye = Vector(inside.x_min, inside.y_min, middle.z)
    else:
        eye = _along(aim, _minus(middle, aim), max(distance, math.dist(aim, middle)))
    clamped = (min(max(value, low), high) for value, low, high in zip(eye, inside[:3], inside[3:], strict=True))
    return Vector(*clamped)


def _distance_to_fit(box: Box) -> float:
    """So that the sphere around the box fills the view."""
    radius = math.dist(box[:3], box[3:]) / 2
    return max(NEAREST, radius / math.sin(math.radians(FIELD_OF_VIEW / 2)))


def _centre(box: Box) -> Vector:
    return Vector(*((low + high) / 2 for low, high in zip(box[:3], box[3:], strict=True)))


def _grown(box: Box, margin: float) -> Box:
    """By the margin on each side; a negative one takes at most a quarter of the length from each side."""
    margins = [max(margin, (low - high) / 4) for low, high in zip(box[:3], box[3:], strict=True)]
    lows = (low - by for low, by in zip(box[:3], margins, strict=True))
    highs = (high + by for high, by in zip(box[3:], margins, strict=True))
    return Box(*lows, *highs)


def _overlap(box: Box, other: Box) -> Box:
    """What the boxes share; the first box where they share nothing."""
    lows = [max(pair) for pair in zip(box[:3], other[:3], strict=True)]
    highs = [min(pair) for pair in zip(box[3:], other[3:], strict=True)]
    apart = any(low > high for low, high in zip(lows, highs, strict=True))
    return box if apart else Box(*lows, *highs)


def _minus(one: Vector, other: Vector) -> Vector:
    return Vector(one.x - other.x, one.y - other.y, one.z - other.z)


def _along(start: Vector, direction: Vector, distance: float) -> Vector:
    unit = _unit(direction)
    return Vector(*(origin + distance * step for origin, step in zip(start, unit, strict=True)))


def _unit(vector: Vector) -> Vector:
    length = math.hypot(*vector)
    return Vector(*(value / length for value in vector)) if length else Vector(0.0, 0.0, -1.0)


def _up(direction: Vector) -> Vector:
    """Upwards in the picture, at a right angle to the direction; north when looking straight down."""
    if math.hypot(direction.x, direction.y) < 1e-6:
        return Vector(0.0, 1.0, 0.0)
    return _unit(Vector(-direction.x * direction.z, -direction.y * direction.z, 1 - direction.z**2))
