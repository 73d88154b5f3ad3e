"""A residential tower by a few parameters: its storeys, its rooms and its building elements."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from sandbox.building import plan
from sandbox.building.enclosure import floors, roofs, walls
from sandbox.building.fittings import fittings
from sandbox.building.parts import Component, Level, Room, box_at, component

LIFT = 1.8  # its width and depth, metres
LANDING = 1.0


@dataclass(frozen=True)
class Tower:
    """A tower of ``units`` staircases side by side, each with its flats on every storey, on basements and under a roof.

    ``corner`` is where its south-west corner stands on the site; all boxes are measured from there.
    """

    project: str
    name: str
    storeys: int = 18
    units: int = 2
    flats_per_storey: int = 2
    basements: int = 1
    corner: tuple[float, float] = (0.0, 0.0)

    @property
    def path(self) -> str:
        """What distinguishes it from all other towers."""
        return f"{self.project}/{self.name}"

    @property
    def size(self) -> tuple[float, float]:
        """How far it stretches along x and y, walls and bay windows not counted."""
        return self.units * self._unit_width, plan.DEPTH

    def levels(self) -> Iterator[Level]:
        """From the lowest basement to the roof."""
        for depth in range(self.basements, 0, -1):
            yield Level(f"B{depth}", -depth * plan.HEIGHT)
        for number in range(1, self.storeys + 1):
            yield Level(f"{number}F", (number - 1) * plan.HEIGHT)
        yield Level("屋面", self.storeys * plan.HEIGHT)

    def rooms(self) -> Iterator[Room]:
        """Every space, storey by storey."""
        return chain.from_iterable(map(self._rooms, self.levels()))

    def components(self) -> Iterator[Component]:
        """Every element, storey by storey, then the lifts."""
        lobbies: dict[int | None, list[Room]] = defaultdict(list)
        below: list[Room] = []
        for level in self.levels():
            rooms = list(self._rooms(level))
            yield from walls(rooms, ground=level.name == "1F")
            yield from roofs(rooms[0], below) if level.name == "屋面" else floors(rooms, lowest=not below)
            yield from chain.from_iterable(map(fittings, rooms))
            for room in rooms:
                if room.long_name == "楼梯间":
                    yield _stair(room)
                elif room.long_name == "电梯厅":
                    lobbies[room.unit].append(room)
            below = rooms
        yield from (_lift(unit, served) for unit, served in lobbies.items())

    def _rooms(self, level: Level) -> Iterator[Room]:
        width = self.units * self._unit_width
        if level.name == "屋面":
            yield plan.roof(self.path, level, width)
        elif level.elevation < 0:
            yield from plan.basement_rooms(self.path, level, width)
        else:
            for unit in range(1, self.units + 1):
                yield from self._unit_rooms(level, unit)

    def _unit_rooms(self, level: Level, unit: int) -> Iterator[Room]:
        start = (unit - 1) * self._unit_width
        for flat in range(1, self.flats_per_storey + 1):
            number = f"{level.name.removesuffix('F')}{flat:02}"
            x = start + (flat - 1) * plan.FLAT_WIDTH
            yield from plan.flat_rooms(self.path, level, unit, number, x, mirrored=flat % 2 == 0)
        yield from plan.core_rooms(self.path, level, unit, self.flats_per_storey, start)

    @property
    def _unit_width(self) -> float:
        return self.flats_per_storey * plan.FLAT_WIDTH


def _stair(room: Room) -> Component:
    """The flights from one storey to the next; the landing is the storey's slab."""
    west, south, floor, east, north, top = room.box
    flights = box_at(west, south + LANDING, floor, east - west, north - south - LANDING, top - floor)
    return component(f"ST-{room.name}", "IfcStair", "HALF_TURN_STAIR", "楼梯", [room], flights)


def _lift(unit: int | None, lobbies: list[Room]) -> Component:
    """One lift a unit, at the east end of its lobbies from the lowest to the highest."""
    _, south, floor, east, _, _ = lobbies[0].box
    shaft = box_at(east - LIFT, south, floor, LIFT, LIFT, lobbies[-1].box.z_max - floor)
    return component(f"EL-{unit}", "IfcTransportElement", "ELEVATOR", "电梯", lobbies, shaft)
