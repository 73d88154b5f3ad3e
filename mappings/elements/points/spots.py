"""Which changes of the models concern a point: the ground is cut into cubes, each with a mark of all that comes into it.

A ticket asks for the marks of the cubes that its point may mean something in, and for that of the frames, which say where its
point is. Marks are numbers as in `moved`: a hash of the question beside a hash of the answer.
"""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import product
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mappings.elements.near import Numbers, covered
from mappings.elements.points.frames import Metres
from mappings.elements.points.layout import COARSE, REACH, Layout, Part, Told

Marks = NDArray[np.uint64]

CUBE = 4.0
"""The edge of a cube, metres."""
_MANY = 20_000  # cubes that one box comes into: the ground itself; it is taken to be everywhere
_BITS, _WRAPPED = 21, (1 << 21) - 1
_EVERYWHERE = "everywhere"


def marks(layout: Layout, known: Mapping[UUID, int]) -> tuple[Marks, Marks]:
    """The questions that can be asked of a layout, and the marks of their answers. ``known``: the marks of its elements."""
    found = [_marks(number, part, known) for number, part in enumerate(layout.parts)]
    questions, answers = ([column[which] for column in found] for which in (0, 1))
    if layout.parts:
        frames = _hash("frames", *(f"{part.placement} {part.extent.tolist()}" for part in layout.parts), repr(layout.grid))
        questions.append(np.array([_hash("frames")], np.uint64))
        answers.append(np.array([frames], np.uint64))
    nothing = [np.empty(0, np.uint64)]
    return np.concatenate(questions or nothing), np.concatenate(answers or nothing)


def spots(layout: Layout, told: Sequence[Told | None]) -> list[tuple[int, ...]]:
    """For each ticket the questions that decide about its point."""
    frames = _hash("frames")
    found: list[tuple[int, ...]] = [(frames,) if one else () for one in told]
    for numbers, where in layout.found(told):
        for part, (shown, points) in enumerate(zip(layout.parts, where.of_parts, strict=True)):
            for number, point in zip(numbers, points, strict=True):
                one = told[number]
                if one and one.accuracy <= COARSE and np.isfinite(point[0]):
                    found[number] += (_hash(_EVERYWHERE, str(part)), *_cubes(part, shown, point, one.accuracy * REACH))
    return found


def _cubes(number: int, part: Part, point: Metres, reach: float) -> list[int]:
    """Those that something within reach of a point comes into; over the whole height where that is not told."""
    low, high = point - reach, point + reach
    low, high = np.where(np.isnan(low), part.extent[:3], low), np.where(np.isnan(high), part.extent[3:], high)
    places = [range(int(start), int(end) + 1) for start, end in zip(low // CUBE, high // CUBE, strict=True)]
    asked: list[int] = _questions(number, np.array(list(product(*places)), np.int64)).tolist()
    return asked


def _marks(number: int, part: Part, known: Mapping[UUID, int]) -> tuple[Marks, Marks]:
    """Every cube that something comes into, with the sum of the marks of what does."""
    boxes = np.vstack([part.element_boxes, part.room_boxes])
    things = [known.get(key, 0) for key in part.elements] + [_hash("room", place_id) for place_id in part.rooms]
    own = np.array([_hash(str(thing), repr(box)) for thing, box in zip(things, boxes.tolist(), strict=True)], np.uint64)
    first, last = (np.floor(corner / CUBE).astype(np.int64) for corner in (boxes[:, :3], boxes[:, 3:]))
    large = (last - first + 1).prod(axis=1) > _MANY
    thing, place = covered(first[~large], last[~large])
    asked = _questions(number, place)
    order = np.argsort(asked, kind="stable")
    cubes, starts = np.unique(asked[order], return_index=True)
    sums = np.add.reduceat(own[~large][thing[order]], starts) if len(starts) else np.empty(0, np.uint64)
    everywhere = own[large].sum(dtype=np.uint64)
    question = np.array([_hash(_EVERYWHERE, str(number))], np.uint64)
    return np.concatenate([cubes, question]), np.concatenate([sums, [everywhere]])


def _questions(part: int, place: Numbers) -> Marks:
    """A well mixed number for each cube of a part (the finalizer of SplitMix64)."""
    x, y, z = (place & _WRAPPED).astype(np.uint64).T
    mixed: Marks = (x << np.uint64(2 * _BITS) | y << np.uint64(_BITS) | z) + np.uint64(_hash("cubes", str(part)))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big")
