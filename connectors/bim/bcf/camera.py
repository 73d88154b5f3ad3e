"""Where to stand to see an element."""

import itertools
import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from connectors.bim.bcf.scenery import NOTHING, Array, Holds, Scenery
from connectors.bim.bcf.shapes import Camera, Vector
from connectors.bim.shapes import Box

FIELD_OF_VIEW = 60.0  # BCF 2.1 allows 45 to 60
EYE_HEIGHT = 1.6
ELBOW_ROOM = 0.3  # from the room's faces, so that the camera is not in a wall
REACH = 0.5  # how far beyond a room's faces its walls and slabs go
NEAREST = 1.0
CONTEXT = 2.0  # a small element is looked at from here at most: from across the room it would be a speck
FROM_OUTSIDE = (-0.6, -0.7, 0.4)
COMPASS = [(math.cos(angle), math.sin(angle)) for angle in np.linspace(0, 2 * math.pi, 8, endpoint=False)]
SLOPES = (0.0, 0.5, -0.5)  # level, from above, from below
STEPS_BACK = (4.0, 2.0, 1.0)  # metres from the element's face
AT_ONCE = 3


def camera_to(box: Box, room_box: Box | None = None, others: Scenery = NOTHING) -> Camera:
    """A perspective camera aimed at an element's box: from inside the room where that is known, else from outside and above.

    In a room it looks at the element's stretch along this room, from as far away as that needs and the room allows.
    ``others``: boxes of other elements. Of several places to stand the camera takes the first from where the fewest
    of them are in the way: a room need not be a box, and a storey hides what is inside.
    """
    target = box if room_box is None else _overlap(box, _grown(room_box, REACH))
    eyes = _eyes_outside(target) if room_box is None else _eyes_in(room_box, target)
    if len(others):
        eyes = eyes[_outside(eyes, target)] if _outside(eyes, target).any() else eyes
        eye = _clearest(eyes, box, target, others)
    else:
        eye = eyes[0]
    direction = _unit(_centre(target) - eye)
    return Camera(Vector(*eye.tolist()), Vector(*direction.tolist()), _up(direction), field_of_view=FIELD_OF_VIEW)


# ------------------------------------------------------------------------------------------------ places to stand


def _eyes_outside(target: Box) -> Array:
    """From above first, so that all of it is in the picture; then nearer and nearer from all around."""
    centre, half = _centre(target), _size(target) / 2
    first = centre + _distance_to_fit(target) * _unit(np.array(FROM_OUTSIDE))
    around = [
        centre + np.array([x, y, slope]) * (abs(x) * half[0] + abs(y) * half[1] + abs(slope) * half[2] + back)
        for back, slope, (x, y) in itertools.product((_distance_to_fit(target), *STEPS_BACK), SLOPES, COMPASS)
    ]
    return np.array([first, *around])


def _eyes_in(room: Box, target: Box) -> Array:
    """From the aim towards the middle of the room at eye height, else from a corner of it; then from all around the element,
    nearer and nearer."""
    inside, aim = _grown(room, -ELBOW_ROOM), _centre(target)
    middle = _centre(room)
    middle[2] = min(room.z_min + EYE_HEIGHT, inside.z_max)
    distance, half = _distance_to_fit(target), _size(target) / 2
    if math.dist(aim[:2], middle[:2]) < NEAREST:
        first = np.array([inside.x_min, inside.y_min, middle[2]])
    else:
        farthest = max(CONTEXT, 2 * distance)
        first = aim + min(max(distance, math.dist(aim, middle)), farthest) * _unit(middle - aim)
    around = [
        np.array([*(aim[:2] + np.array([x, y]) * (abs(x) * half[0] + abs(y) * half[1] + back)), middle[2]])
        for back, (x, y) in itertools.product((distance, *STEPS_BACK), COMPASS)
    ]
    eyes: Array = np.clip(np.array([first, middle, *around]), inside[:3], inside[3:])
    return eyes


def _distance_to_fit(box: Box) -> float:
    """So that the sphere around the box fills the view."""
    radius = math.dist(box[:3], box[3:]) / 2
    return max(NEAREST, radius / math.sin(math.radians(FIELD_OF_VIEW / 2)))


# ------------------------------------------------------------------------------------------------ what is in the way
def _clearest(eyes: Array, box: Box, target: Box, others: Scenery) -> Array:
    """The first eye of those that see most; a few at a time, since one of the first mostly sees all."""
    obstacles = _obstacles(others, box, target, eyes)
    best: Array = eyes[0]
    most = -1.0
    for start in range(0, len(eyes), AT_ONCE):
        few = eyes[start : start + AT_ONCE]
        clear = _clearness(few, target, obstacles[_between(target, few)(obstacles)])
        if clear.max() > most:
            best, most = few[clear.argmax()], float(clear.max())
        if most == 1:
            break
    return best


def _outside(eyes: Array, target: Box) -> NDArray[np.bool_]:
    """Whether an eye is not in the element itself, nor close to it."""
    gaps = np.maximum(np.maximum(np.array(target[:3]) - eyes, eyes - np.array(target[3:])), 0)
    near: NDArray[np.bool_] = np.linalg.norm(gaps, axis=1) > NEAREST / 4
    return near


def _obstacles(others: Scenery, box: Box, target: Box, eyes: Array) -> Array:
    """Boxes between here and there, without the element itself and what it is a part of, such as a window's wall."""
    near = others.where(_between(target, eyes))
    centre = _centre(target)
    around = (near[:, :3] <= centre).all(axis=1) & (near[:, 3:] >= centre).all(axis=1)
    itself = (np.abs(near - np.array(box)) < 1e-6).all(axis=1)
    kept: Array = near[~around & ~itself]
    return kept


def _between(target: Box, eyes: Array) -> Holds:
    """Whether boxes reach into the box around the eyes and the target."""
    low, high = np.minimum(eyes.min(axis=0), target[:3]), np.maximum(eyes.max(axis=0), target[3:])
    return lambda boxes: (boxes[:, :3] < high).all(axis=1) & (boxes[:, 3:] > low).all(axis=1)


def _clearness(eyes: Array, target: Box, obstacles: Array) -> Array:
    """For each eye, 1 where it sees all of the target and less for each box in the way (slab method).

    It looks at a grid of 3 × 3 × 3 points, so a ray has one of three slopes along each axis: each is divided by once, and
    only boxes that are in the way as seen from above are looked at in full.
    """
    grid = _centre(target) + np.outer((-0.4, 0.0, 0.4), _size(target))
    rays = grid - eyes[:, None, :]
    slabs = partial(_slabs, eyes, rays)
    (entry_x, leave_x), (entry_y, leave_y) = slabs(obstacles, 0), slabs(obstacles, 1)
    entry = np.maximum(np.maximum(entry_x, 0)[:, :, None], entry_y[:, None])
    leave = np.minimum(np.minimum(leave_x, 1)[:, :, None], leave_y[:, None])
    crossed = (leave > entry).any(axis=(0, 1, 2))
    entry_z, leave_z = slabs(obstacles[crossed], 2)
    entry = np.maximum(entry[..., crossed][:, :, :, None], entry_z[:, None, None])
    leave = np.minimum(leave[..., crossed][:, :, :, None], leave_z[:, None, None])
    blockers = (leave > entry).sum(axis=-1).reshape(len(eyes), -1)
    clear: Array = (0.5**blockers).mean(axis=1).round(6)
    return clear


def _slabs(eyes: Array, rays: Array, obstacles: Array, axis: int) -> tuple[Array, Array]:
    """Where on the way along one axis, 0 at the eye and 1 at the point, rays enter and leave boxes: eyes × points × boxes."""
    eye, ray = eyes[:, None, None, axis], rays[:, :, None, axis]
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (obstacles[:, axis] - eye) / ray, (obstacles[:, axis + 3] - eye) / ray
    return np.fmin(first, second), np.fmax(first, second)


# ------------------------------------------------------------------------------------------------ boxes and vectors


def _centre(box: Box) -> Array:
    centre: Array = (np.array(box[:3]) + np.array(box[3:])) / 2
    return centre


def _size(box: Box) -> Array:
    size: Array = np.array(box[3:]) - np.array(box[:3])
    return size


def _grown(box: Box, margin: float) -> Box:
    """By the margin on each side; a negative one takes at most a quarter of the length from each side."""
    margins = np.maximum(margin, -_size(box) / 4)
    return Box(*(np.array(box[:3]) - margins).tolist(), *(np.array(box[3:]) + margins).tolist())


def _overlap(box: Box, other: Box) -> Box:
    """What the boxes share; the first box where they share nothing."""
    lows, highs = np.maximum(box[:3], other[:3]), np.minimum(box[3:], other[3:])
    return box if (lows > highs).any() else Box(*lows.tolist(), *highs.tolist())


def _unit(vector: Array) -> Array:
    length = float(np.linalg.norm(vector))
    return vector / length if length else np.array([0.0, 0.0, -1.0])


def _up(direction: Array) -> Vector:
    """Upwards in the picture, at a right angle to the direction; north when looking straight down."""
    x, y, z = direction.tolist()
    if math.hypot(x, y) < 1e-6:
        return Vector(0.0, 1.0, 0.0)
    return Vector(*_unit(np.array([-x * z, -y * z, 1 - z**2])).tolist())
