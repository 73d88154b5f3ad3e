"""What the models show of an estate: most of it, said well by most exporters and badly by one.

Some fittings and some rooms are in no model, as in real ones; a model's tags are unique in its tower only. What an answer is
judged by is the estate itself, so a missing element costs what it costs.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from uuid import NAMESPACE_URL, UUID, uuid5

from benchmarks.locating.homes import Estate, code_of, room_id
from mappings.elements import Element, ElementIndex, Surroundings
from mappings.elements.points.frames import Grid, Placement
from mappings.elements.points.layout import Layout, parts_of
from mappings.places import Register
from sandbox.building import Component, Room, Tower

NO_FITTING, NO_ROOM, NO_FLAT = 0.02, 0.01, 0.01
"""The share of fittings, of rooms, and of whole flats that no model has."""
SAME_GUID = 0.005
"""The share of elements that bear the GlobalId of another one as well."""
NUMBERED = frozenset("135A")
"""The towers whose tags begin with their number."""
APART = 75.0
"""From one tower to the next, metres."""
MAP = Placement("EPSG:4547", 528_770.0, 3_386_666.0, 23.5, 12.0, 1.0)
GRID = Grid(-12.0, 8.0, 0.0, -12.0)
"""How the models lie on the map, and the site's grid on the models."""
_FLAGGED = frozenset({"IfcWall", "IfcSlab", "IfcDoor", "IfcWindow", "IfcCovering", "IfcRailing"})


@dataclass(frozen=True)
class Models:
    """The models of an estate, the same for the same seed.

    ``speechless``: towers whose exporter tells no names and types; ``unmodelled``: those without a model; ``gaps``: whether
    fittings, rooms and flats are missing elsewhere too.
    """

    estate: Estate
    seed: int = 1
    speechless: frozenset[str] = frozenset()
    unmodelled: frozenset[str] = frozenset()
    gaps: bool = True

    @cached_property
    def surroundings(self) -> Surroundings:
        """Places and elements as the hub would know them."""
        missing = self._missing_rooms
        places = [place for place in self.estate.places if place.place_id not in missing]
        shown = {self.key(building, item): item for building, item in self._shown}
        rooms = [
            (self._rooms[building][room], self.key(building, item))
            for building, item in self._shown
            for room in item.rooms
            if self._rooms[building][room] not in missing
        ]
        elements = [self._element(key, item) for key, item in shown.items()]
        return Surroundings(Register(places), ElementIndex(elements, rooms), layout=self._layout)

    @cached_property
    def items(self) -> dict[str, tuple[UUID, Component]]:
        """Everything that is built, by ``building/tag``: its key, and what it is."""
        return {f"{building}/{item.tag}": (self.key(building, item), item) for building, item in self._built}

    @cached_property
    def shown(self) -> frozenset[UUID]:
        """The keys of what the models show."""
        return frozenset(self.key(building, item) for building, item in self._shown)

    def box(self, building: str, item: Component | Room) -> tuple[float, ...]:
        """Where something is on the site, metres."""
        across, along = self._corners[building]
        low_x, low_y, low_z, high_x, high_y, high_z = item.box
        return low_x + across, low_y + along, low_z, high_x + across, high_y + along, high_z

    def on_storey(self, building: str, storey: str) -> list[Component]:
        """Everything that is built on a storey."""
        return self._by_storey[building, storey]

    def beside(self, building: str, item: Component) -> list[Component]:
        """What stands in the same first room."""
        return self._in_room[building, item.rooms[0]]

    def tagged(self, element: str) -> str:
        """The tag of ``building/tag``."""
        return self.tag(element.partition("/")[0], self.items[element][1])

    def tag(self, building: str, item: Component) -> str:
        """What its model calls an element; half of the towers use the same tags again."""
        return f"{building}-{item.tag}" if building in NUMBERED else item.tag

    def key(self, building: str, item: Component) -> UUID:
        """The key of an element."""
        return uuid5(NAMESPACE_URL, f"{building}/{item.tag}")

    @cached_property
    def _built(self) -> list[tuple[str, Component]]:
        return [(code_of(tower), item) for tower in self.estate.towers for item in tower.components()]

    @cached_property
    def _shown(self) -> list[tuple[str, Component]]:
        dice, missing = random.Random(self.seed), self._missing_rooms
        return [
            (building, item)
            for building, item in self._built
            if not (item.fitting and dice.random() < NO_FITTING * self.gaps)
            and not all(self._rooms[building][room] in missing for room in item.rooms)
        ]

    @cached_property
    def _rooms(self) -> dict[str, dict[str, str]]:
        return {code_of(tower): dict(_room_ids(tower)) for tower in self.estate.towers}

    @cached_property
    def _missing_rooms(self) -> frozenset[str]:
        dice = random.Random(self.seed + 1)
        missing: set[str] = set()
        for building, rooms in self._rooms.items():
            flats = {room.rpartition("/")[0] for room in rooms.values()}
            lost = {flat for flat in sorted(flats) if building in self.unmodelled or dice.random() < NO_FLAT * self.gaps}
            missing.update(
                room for room in rooms.values() if room.rpartition("/")[0] in lost or dice.random() < NO_ROOM * self.gaps
            )
        return frozenset(missing)

    @cached_property
    def _copied(self) -> dict[UUID, str]:
        """The GlobalIds that some exporters give to another element as well."""
        dice, keys = random.Random(self.seed + 2), [key for key, _ in self.items.values()]
        guids = [item.guid for _, item in self.items.values()]
        return {key: guid for key, guid in zip(keys[1:], guids, strict=False) if dice.random() < SAME_GUID}

    def _element(self, key: UUID, item: Component) -> Element:
        guid = self._copied.get(key, item.guid)
        tag = self.tag(self._building[key], item)
        if self._building[key] in self.speechless:
            return Element(key, item.ifc_class, guid, tag, name=f"TYPE-{len(item.name):02}")
        external = item.is_external if item.ifc_class in _FLAGGED else None
        bearing = item.load_bearing if item.ifc_class in ("IfcWall", "IfcSlab") else None
        return Element(key, item.ifc_class, guid, tag, item.predefined_type, None, item.name, external, bearing)

    @cached_property
    def _layout(self) -> Layout:
        missing = self._missing_rooms
        elements = ((MAP, self.key(building, item), self.box(building, item)) for building, item in self._shown)
        rooms = (
            (MAP, place, self.box(code_of(tower), room))
            for tower in self.estate.towers
            for room in tower.rooms()
            if (place := self._rooms[code_of(tower)][room.name]) not in missing
        )
        return Layout(parts_of(elements, rooms), GRID)

    @cached_property
    def _corners(self) -> dict[str, tuple[float, float]]:
        """Towers in a row."""
        return {code_of(tower): (number * APART, 0.0) for number, tower in enumerate(self.estate.towers)}

    @cached_property
    def _by_storey(self) -> dict[tuple[str, str], list[Component]]:
        found: dict[tuple[str, str], list[Component]] = defaultdict(list)
        for building, item in self._built:
            found[building, item.storey].append(item)
        return found

    @cached_property
    def _in_room(self) -> dict[tuple[str, str], list[Component]]:
        found: dict[tuple[str, str], list[Component]] = defaultdict(list)
        for building, item in self._built:
            found[building, item.rooms[0]].append(item)
        return found

    @cached_property
    def _building(self) -> dict[UUID, str]:
        return {self.key(building, item): building for building, item in self._built}


def _room_ids(tower: Tower) -> Iterator[tuple[str, str]]:
    building = code_of(tower)
    return ((room.name, room_id(building, room)) for room in tower.rooms())
