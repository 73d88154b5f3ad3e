"""Register and elements of an estate of sample towers: what a text may mean is looked up here, not by the hub's parser."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mappings.lexicon import read
from mappings.places import Place, Register
from sandbox.building import Room, Tower
from warranty_hub.pipelines.places import dwelling_id, place_id, storey_place, unit_place
from warranty_hub.records.codes import PlaceKind

PROJECT = "P01"


@dataclass(frozen=True)
class Estate:
    """Towers with their places and, by room, their elements as (class, name, ``building/tag``)."""

    towers: tuple[Tower, ...]

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every place from the project down, each once."""
        found = {place.place_id: place for place in _places(self.towers)}
        return tuple(found.values())

    @cached_property
    def register(self) -> Register:
        """The register of all places."""
        return Register(self.places)

    @cached_property
    def dwellings(self) -> tuple[Place, ...]:
        """All flats."""
        return tuple(place for place in self.places if place.kind is PlaceKind.DWELLING)

    @cached_property
    def contents(self) -> Mapping[str, frozenset[str]]:
        """What people call the components in each kind of room; the same in all towers."""
        found: dict[str, set[str]] = defaultdict(set)
        tower = replace(self.towers[0], storeys=2)
        kinds = {room.name: room.long_name for room in tower.rooms()}
        for item in tower.components():
            for room in item.rooms:
                found[kinds[room]].add(item.name)
        return {kind: frozenset(names) for kind, names in found.items()}

    @cached_property
    def elements(self) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """By place id of a room: what people call a component → the ids of the elements that are it."""
        found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for tower in self.towers:
            building = code_of(tower)
            rooms = {room.name: room_id(building, room) for room in tower.rooms()}
            for item in tower.components():
                for room in item.rooms:
                    found[rooms[room]][item.name].add(f"{building}/{item.tag}")
        return {room: {name: frozenset(tags) for name, tags in by_name.items()} for room, by_name in found.items()}


def standard() -> Estate:
    """Six towers of two units by numbers, two by letters."""
    numbered = (Tower("云湖花园", f"{number}号楼") for number in range(1, 7))
    lettered = (Tower("云湖花园", f"{letter}座", storeys=28, units=1, flats_per_storey=4) for letter in "AB")
    return Estate((*numbered, *lettered))


def large() -> Estate:
    """Fifty towers with 20,000 flats."""
    towers = (Tower("云湖花园", f"{number}号楼", storeys=25, units=4, flats_per_storey=4) for number in range(1, 51))
    return Estate(tuple(towers))


def code_of(tower: Tower) -> str:
    """3 for 3号楼, A for A座."""
    return tower.name.rstrip("号楼座")


def room_id(building: str, room: Room) -> str:
    """The place id that the hub gives a room of a model."""
    if room.dwelling:
        return place_id(dwelling_id(PROJECT, building, str(room.unit), room.dwelling)) + f"/{room.long_name}"
    return f"{place_id(PROJECT, building, f'F{room.storey}')}/{room.name}"


def _places(towers: Iterable[Tower]) -> Iterator[Place]:
    yield Place(PROJECT, PlaceKind.PROJECT, None, "云湖花园")
    for tower in towers:
        building = code_of(tower)
        yield Place(place_id(PROJECT, building), PlaceKind.BUILDING, PROJECT, tower.name, building=building)
        yield from (unit_place(PROJECT, building, str(unit)) for unit in range(1, tower.units + 1))
        for room in tower.rooms():
            yield from _room_places(building, room)


def _room_places(building: str, room: Room) -> Iterator[Place]:
    level = storey_place(PROJECT, building, room.storey)
    yield level
    unit = str(room.unit) if room.unit else None
    parent = level
    if room.dwelling:
        parent = Place(
            dwelling_id(PROJECT, building, unit, room.dwelling), PlaceKind.DWELLING, place_id(PROJECT, building, f"U{unit}"),
            f"{unit}-{room.dwelling}", building=building, unit=unit, storey=level.storey, dwelling=room.dwelling,
        )  # fmt: skip
        yield parent
    yield Place(
        room_id(building, room), PlaceKind.ROOM, parent.place_id, room.long_name,
        building=building, unit=unit, storey=level.storey, dwelling=room.dwelling,
        room_code=read(f"{room.long_name} {room.name}").room, aliases=(room.name,),
    )  # fmt: skip
