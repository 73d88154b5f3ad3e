"""Where a project's elements and rooms lie, and which of them are near a night's points, all asked at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mappings.elements.near import Boxes, Metres, Numbers
from mappings.elements.points.frames import OUTSIDE, Grid, Placement, ReadAs, from_gcj02, in_metres, readings, rows
from warranty_hub.records.points import Point, PointFrame

Name = TypeVar("Name")

REACH = 4.0
"""What may be meant is within so many times the point's accuracy; a room within half of that."""
COARSE = 1.0
"""A point that is known less well than this, metres, tells no room: a phone's."""


@dataclass(frozen=True, slots=True)
class Told:
    """A ticket's point, and how far off it usually is, metres (one standard deviation on each axis)."""

    point: Point
    accuracy: float


@dataclass(frozen=True, slots=True)
class Pin:
    """What a point stands for: how it was read, and by how many metres which elements and rooms are off it.

    ``read_as`` is None where it lies in no model however it is read; ``why`` says so then.
    """

    accuracy: float
    read_as: ReadAs | None
    near: Mapping[UUID, float] = field(default_factory=dict)
    rooms: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Part:
    """Models that share their coordinates: boxes of elements and of rooms, metres, one row each (`near.Boxes`)."""

    placement: Placement | None
    elements: tuple[UUID, ...]
    element_boxes: Metres
    rooms: tuple[str, ...] = ()
    room_boxes: Metres = field(default_factory=lambda: np.empty((0, 6)))

    @cached_property
    def extent(self) -> Metres:
        """The box around all of them."""
        boxes = np.vstack([self.element_boxes, self.room_boxes])
        return np.concatenate([boxes[:, :3].min(axis=0), boxes[:, 3:].max(axis=0)])

    def holds(self, points: Metres, margin: Metres) -> NDArray[np.bool_]:
        """Which points are in or near its box; a height that is not told is no matter."""
        low, high = self.extent[:3] - margin[:, None], self.extent[3:] + margin[:, None]
        inside = (points >= low) & (points <= high)
        inside[:, 2] |= np.isnan(points[:, 2])
        return np.asarray(inside.all(axis=1))

    @cached_property
    def _asked(self) -> dict[bool, tuple[Boxes, Boxes]]:
        """Elements and rooms; flat ones for points without a height."""
        return {flat: (_boxes(self.element_boxes, flat), _boxes(self.room_boxes, flat)) for flat in (False, True)}

    def near(self, points: Metres, accuracy: Metres) -> tuple[list[dict[UUID, float]], list[dict[str, float]]]:
        """For each point the elements and the rooms that it may mean, with their distances."""
        elements: list[dict[UUID, float]] = [{} for _ in points]
        rooms: list[dict[str, float]] = [{} for _ in points]
        for flat in (False, True):
            mine = np.flatnonzero(np.isnan(points[:, 2]) == flat)
            asked = np.where(np.isnan(points[mine]), 0.0, points[mine])
            of_elements, of_rooms = self._asked[flat]
            _collect(elements, mine, self.elements, of_elements, asked, accuracy[mine] * REACH)
            _collect(rooms, mine, self.rooms, of_rooms, asked, accuracy[mine] * REACH / 2)
        return elements, rooms


def _boxes(boxes: Metres, flat: bool) -> Boxes:
    return Boxes(boxes * (1, 1, 0, 1, 1, 0) if flat else boxes)


def _collect(
    found: list[dict[Name, float]], mine: Numbers, names: Sequence[Name], boxes: Boxes, points: Metres, reach: Metres
) -> None:
    if not len(points) or not names:
        return
    pairs = boxes.within(points, float(reach.max()))
    close = pairs.distance <= reach[pairs.point]
    columns = (mine[pairs.point[close]], pairs.box[close], pairs.distance[close])
    for point, box, far in zip(*(column.tolist() for column in columns), strict=True):
        known = found[point]
        known[names[box]] = min(far, known.get(names[box], far))


@dataclass(frozen=True)
class Layout:
    """All parts of a project, and its site's grid where it has one."""

    parts: tuple[Part, ...]
    grid: Grid | None = None

    @cached_property
    def elements(self) -> frozenset[UUID]:
        """The elements whose place is known."""
        return frozenset(chain.from_iterable(part.elements for part in self.parts))

    def pins(self, told: Sequence[Told | None]) -> list[Pin | None]:
        """What each point stands for; None where there is none."""
        pins = [Pin(one.accuracy, None, why=self._useless(one.point.frame)) if one else None for one in told]
        for numbers, where in self.found(told):
            asked = [one for number in numbers if (one := told[number])]
            for number, pin in zip(numbers, self._pins(asked, where), strict=True):
                pins[number] = pin
        return pins

    def found(self, told: Sequence[Told | None]) -> Iterator[tuple[list[int], "Positions"]]:
        """Where the points are, frame by frame: their numbers and positions. A frame that leads nowhere is left out."""
        by_frame: dict[PointFrame, list[int]] = defaultdict(list)
        for number, one in enumerate(told):
            if one:
                by_frame[one.point.frame].append(number)
        for frame, numbers in by_frame.items():
            if not self._useless(frame):
                asked = [one for number in numbers if (one := told[number])]
                accuracy = np.array([one.accuracy for one in asked])
                yield numbers, self._positions(frame, rows([one.point for one in asked]), accuracy)

    def _pins(self, told: Sequence[Told], where: "Positions") -> Iterator[Pin]:
        accuracy = np.array([one.accuracy for one in told])
        near: list[dict[UUID, float]] = [{} for _ in told]
        rooms: list[dict[str, float]] = [{} for _ in told]
        for part, points in zip(self.parts, where.of_parts, strict=True):
            fine = np.flatnonzero(np.isfinite(points[:, 0]) & (accuracy <= COARSE))
            for number, elements, spaces in zip(fine.tolist(), *part.near(points[fine], accuracy[fine]), strict=True):
                _closest(near[number], elements)
                _closest(rooms[number], spaces)
        return (
            Pin(one.accuracy, read_as, near[number], rooms[number], why)
            for number, (one, read_as, why) in enumerate(zip(told, where.read_as, where.why, strict=True))
        )

    def _useless(self, frame: PointFrame) -> str:
        """Why points of a frame can be found nowhere in this project."""
        if frame is PointFrame.GRID and self.grid is None:
            return "the point is on the site's grid, and hub.yaml lays no grid on this project's models"
        if frame is PointFrame.WGS84 and not any(part.placement for part in self.parts):
            return "the point is on the map, and no model of the project says how it lies there"
        return "" if self.parts else "no model of the project shows where anything is"

    def _positions(self, frame: PointFrame, points: Metres, accuracy: Metres) -> "Positions":
        """Where points are in each part, by the one reading that puts them into a box."""
        tried = readings(frame, self.grid.unit if self.grid else "m")
        of_readings = [[self._moved(frame, points, read_as, part) for part in self.parts] for read_as in tried]
        margin = OUTSIDE + np.where(accuracy > COARSE, REACH * accuracy, 0.0)
        inside = np.array(
            [[part.holds(moved, margin) for part, moved in zip(self.parts, parts, strict=True)] for parts in of_readings]
        )  # readings, parts, points
        possible = np.asarray(inside.any(axis=1))
        chosen = np.where(possible[0], 0, np.where(possible.sum(axis=0) == 1, possible.argmax(axis=0), -1))
        each = np.arange(len(points))
        return Positions(
            tuple(
                np.where(
                    ((chosen >= 0) & inside[chosen, number, each])[:, None],
                    np.array([parts[number] for parts in of_readings])[chosen, each],
                    np.nan,
                )
                for number in range(len(self.parts))
            ),
            tuple(tried[number] if number >= 0 else None for number in chosen.tolist()),
            tuple(_why(number, count) for number, count in zip(chosen.tolist(), possible.sum(axis=0).tolist(), strict=True)),
        )

    def _moved(self, frame: PointFrame, points: Metres, read_as: ReadAs, part: Part) -> Metres:
        if frame is PointFrame.WGS84:
            nowhere = np.full_like(points, np.nan)
            asked = from_gcj02(points) if read_as is ReadAs.GCJ02 else points
            return part.placement.to_model(asked) if part.placement else nowhere
        if frame is PointFrame.GRID and self.grid:
            return self.grid.to_model(in_metres(points, read_as, self.grid.unit))
        return in_metres(points, read_as)


@dataclass(frozen=True)
class Positions:
    """Of each part an array of x, y, z, a row a point, not numbers where it is not in the part's box; how each was read."""

    of_parts: tuple[Metres, ...]
    read_as: tuple[ReadAs | None, ...]
    why: tuple[str, ...]


def _why(chosen: int, possible: int) -> str:
    if chosen >= 0:
        return ""
    if possible:
        return "the point lies outside all models, and more than one other unit would put it into one: it is not used"
    return f"the point lies more than {OUTSIDE:.0f} m outside all models, whatever unit it is read in: it is not used"


def _closest(known: dict[Name, float], more: Mapping[Name, float]) -> None:
    for name, far in more.items():
        known[name] = min(far, known.get(name, far))


def parts_of(
    elements: Iterable[tuple[Placement | None, UUID, Sequence[float]]],
    rooms: Iterable[tuple[Placement | None, str, Sequence[float]]],
) -> tuple[Part, ...]:
    """Parts from the boxes of elements and rooms, each with how its model lies on the map."""
    boxes: dict[Placement | None, tuple[list[UUID], list[Sequence[float]], list[str], list[Sequence[float]]]]
    boxes = defaultdict(lambda: ([], [], [], []))
    for placement, key, box in elements:
        boxes[placement][0].append(key)
        boxes[placement][1].append(box)
    for placement, place_id, box in rooms:
        boxes[placement][2].append(place_id)
        boxes[placement][3].append(box)
    return tuple(
        Part(placement, tuple(keys), _table(element_boxes), tuple(places), _table(room_boxes))
        for placement, (keys, element_boxes, places, room_boxes) in sorted(boxes.items(), key=lambda item: repr(item[0]))
    )


def _table(boxes: Sequence[Sequence[float]]) -> Metres:
    return np.array(boxes, np.float64).reshape(-1, 6)
