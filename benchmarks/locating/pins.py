"""Tickets that carry a point: on a face of what was meant, as far off as its source usually is, and sometimes mistaken.

Made from the other tickets with dice of their own. The point says which of all that the words allow is meant, so that alone is
true then; unless it was set in another room, where the words stay what is true. Some tickets say no address, or next to
nothing, because the point says it. A ticket of two defects has the point of its first.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from pyproj import Transformer

from benchmarks.locating.models import GRID, MAP, Models
from benchmarks.locating.situations import Situation, bare, situations
from mappings.elements.points.frames import Metres, moved_by_gcj02, turned
from mappings.elements.points.layout import Told
from sandbox.building import Component
from warranty_hub.records.points import Point, PointFrame

FRAMES = {PointFrame.MODEL: 0.4, PointFrame.GRID: 0.4, PointFrame.WGS84: 0.2}
MISTAKEN, CHINESE_MAP, OTHER_ROOM, NO_HEIGHT, NO_ADDRESS, LITTLE = 0.05, 0.3, 0.03, 0.1, 0.15, 0.1
"""How often: in another unit; of a Chinese map; set in another room; without a height; no address is said; hardly a word."""
NOISES = (0.05, 0.3)
"""How far off points are, metres on each axis: one standard deviation, which their source says."""
METRES_PER = {"mm": 0.001, "ft": 0.3048}


def pinned(models: Models, count: int, noise: float, seed: int) -> Iterator[Situation]:
    """So many tickets whose points are off by ``noise`` metres on each axis (one standard deviation)."""
    pins = _Pins(models, noise, random.Random(f"pins {noise} {seed}"))
    return (pins.on(one) if one.meant[0] else one for one in situations(models, count, seed))


@dataclass
class _Pins:
    models: Models
    noise: float
    dice: random.Random

    def on(self, one: Situation) -> Situation:
        dice, meant = self.dice, str(one.meant[0])
        building, _, _ = meant.partition("/")
        item, elsewhere = self.models.items[meant][1], dice.random() < OTHER_ROOM
        if elsewhere:
            item = self._of_another_room(building, item)
        point = self._written(self._touched(building, item))
        return replace(one if elsewhere else self._told_apart(one, meant), told=Told(point, self.noise))

    def _told_apart(self, one: Situation, meant: str) -> Situation:
        first, *others = one.ticket.defects
        ticket = replace(one.ticket, defects=(replace(first, elements=frozenset({meant})), *others))
        luck = self.dice.random()
        if luck < LITTLE:
            ticket = bare(ticket, self.dice)
        elif luck < LITTLE + NO_ADDRESS and not others:
            ticket = replace(ticket, address="", building=None)
        return replace(one, ticket=ticket, meant=one.meant[: len(ticket.defects)])

    def _of_another_room(self, building: str, item: Component) -> Component:
        """Something else in a room that the element is not at, of the same storey."""
        return self.dice.choice(
            [other for other in self.models.on_storey(building, item.storey) if not {*other.rooms} & {*item.rooms}]
        )

    def _touched(self, building: str, item: Component) -> tuple[float, ...]:
        """A place on one of its faces, as it is read."""
        dice, box = self.dice, self.models.box(building, item)
        place = [dice.uniform(box[axis], box[axis + 3]) for axis in range(3)]
        axis = dice.randrange(3)
        place[axis] = box[axis + dice.choice((0, 3))]
        return tuple(value + dice.gauss(0, self.noise) for value in place)

    def _written(self, place: tuple[float, ...]) -> Point:
        dice = self.dice
        (frame,) = dice.choices(list(FRAMES), list(FRAMES.values()))
        x, y, z = map(float, self._coordinates(frame, np.array([place]))[0])
        if frame is not PointFrame.WGS84 and dice.random() < MISTAKEN:
            unit = METRES_PER[dice.choice(("mm", "ft"))]
            x, y, z = x / unit, y / unit, z / unit
        return Point(frame, x, y, None if dice.random() < NO_HEIGHT else z)

    def _coordinates(self, frame: PointFrame, places: Metres) -> Metres:
        if frame is PointFrame.GRID:
            return turned(places - (GRID.x, GRID.y, GRID.z), -GRID.rotation)
        if frame is PointFrame.WGS84:
            told = _on_map(places)
            if self.dice.random() < CHINESE_MAP:
                told[:, :2] += moved_by_gcj02(told[:, 0], told[:, 1])
            return told
        return places


@cache
def _from_map() -> Transformer:
    return Transformer.from_crs(MAP.crs, "EPSG:4326", always_xy=True)


def _on_map(places: Metres) -> Metres:
    """Longitude, latitude and height of places in the models' coordinates."""
    moved = turned(places, MAP.rotation) + np.array([MAP.eastings, MAP.northings, MAP.height])
    longitude, latitude = _from_map().transform(moved[:, 0], moved[:, 1])
    return np.column_stack([longitude, latitude, moved[:, 2]])
