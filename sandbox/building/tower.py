"""A residential tower by a few parameters: its storeys, its rooms and its building elements."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from sandbox.building import plan
from sandbox.building.enclosure import enclosure
from sandbox.building.fittings import fittings
from sandbox.building.parts import Component, Level, Room, box_at, component

LIFT = 1.8  # its width and depth


@dataclass(frozen=True)
class Tower:
    """A tower of ``units`` staircases side by side, each with its flats on every storey, on basements and under a roof."""

    project: str
    name: str
    storeys: int = 18
    units: int = 2
    flats_per_storey: int = 2
    basements: int = 1

    @property
    def path(self) -> str:
        """What distinguishes it from all other towers."""
        return f"{self.project}/{self.name}"

    def levels(self) -> Iterator[Level]:
        """From the lowest basement to the roof."""
        for depth in range(self.basements, 0, -1):
            yield Level(f"B{depth}", -depth * plan.HEIGHT)
        for number in range(1, self.storeys + 1):
            yield Level(f"{number}F", (number - 1) * plan.HEIGHT)
        yield Level("屋面", self.storeys * plan.HEIGHT)

    def rooms(self) -> Iterator[Room]:
        """Every space, storey by storey."""
        for level in self.levels():
            yield from self._rooms(level)

    def components(self) -> Iterator[Component]:
        """Every element, storey by storey, then the stairs' and the lifts'."""
        lowest = next(self.levels())
        for level in self.levels():
            rooms = list(self._rooms(level))
            yield from enclosure(rooms, ground=level.name == "1F", lowest=level == lowest)
            yield from chain.from_iterable(fittings(room) for room in rooms)
        yield from self._stairs()
        yield from self._lifts()

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

    def _stairs(self) -> Iterator[Component]:
        for room in self.rooms():
            if room.long_name == "楼梯间":
                west, south, floor, east, north, _ = room.box
                flights = box_at(west, south + 1, floor, east - west, north - south - 1, plan.HEIGHT - plan.SLAB)
                yield component(f"ST-{room.name}", "IfcStair", "HALF_TURN_STAIR", "楼梯", (room,), flights)

    def _lifts(self) -> Iterator[Component]:
        """One lift a unit, at the lobbies' east end, as high as the flats."""
        for unit in range(1, self.units + 1):
            lobbies = [room for room in self.rooms() if room.unit == unit and room.long_name == "电梯厅"]
            _, south, floor, east, _, _ = lobbies[0].box
            shaft = box_at(east - LIFT, south, floor, LIFT, LIFT, lobbies[-1].box.z_max - floor)
            yield component(f"EL-{unit}", "IfcTransportElement", "ELEVATOR", "电梯", lobbies, shaft)
