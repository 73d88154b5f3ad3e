"""The places that a model adds to the register: its storeys and its rooms, each room in the dwelling it belongs to.

A room's dwelling is read from its zone's name (2-1501), else from its own name; models that name things in their own manner
get their rooms below the storey, under all the names that the model gives them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from connectors.bim.shapes import ModelIndex, Space, Storey
from mappings.lexicon import read
from mappings.places import AddressReading, Place, parse_address
from warranty_hub.pipelines.places import dwelling_id, place_id, storey_place, unit_place
from warranty_hub.records.codes import PlaceKind


@dataclass(frozen=True)
class ModelPlaces:
    """The places of a model, and which storey and space of the file each is."""

    places: tuple[Place, ...]
    of_storey: Mapping[int, str]
    of_space: Mapping[int, str]


def places_of_model(model: ModelIndex, project: str, building: str) -> ModelPlaces:
    """Storeys and rooms of a model as places of one building."""
    names = model.buildings[0].name if len(model.buildings) == 1 else None
    house = Place(place_id(project, building), PlaceKind.BUILDING, place_id(project), names or building, building=building)
    storeys = {item.step_id: _storey(project, building, item) for item in model.storeys}
    taken: Counter[str] = Counter()
    dwellings: dict[str, Place] = {}
    rooms: dict[int, Place] = {}
    for space in model.spaces:
        level = storeys.get(space.storey_step or 0)
        dwelling = _dwelling(project, building, space, level)
        if dwelling:
            dwellings.setdefault(dwelling.place_id, dwelling)
        rooms[space.step_id] = _room(space, dwelling or level or house, level, taken)
    units = (unit_place(project, building, unit) for unit in sorted({flat.unit for flat in dwellings.values() if flat.unit}))
    places = (house, *storeys.values(), *units, *dwellings.values(), *rooms.values())
    return ModelPlaces(
        places,
        {step: item.place_id for step, item in storeys.items()},
        {step: item.place_id for step, item in rooms.items()},
    )


def _storey(project: str, building: str, item: Storey) -> Place:
    name = item.name or f"#{item.step_id}"
    return storey_place(project, building, name, name)


def _dwelling(project: str, building: str, space: Space, level: Place | None) -> Place | None:
    """The dwelling a space is part of, if its zone or its name says so; a common room (2-15F-电梯厅) has none."""
    reading = next((found for name in (*space.zones, space.name) if name and (found := _flat(name))), None)
    if reading is None or reading.room_no is None:
        return None
    unit = place_id(project, building, f"U{reading.unit}" if reading.unit else None)
    return Place(
        dwelling_id(project, building, reading.unit, reading.room_no), PlaceKind.DWELLING, unit,
        f"{reading.unit}-{reading.room_no}" if reading.unit else reading.room_no,
        building=building, unit=reading.unit, storey=level.storey if level else reading.storey, dwelling=reading.room_no,
    )  # fmt: skip


@lru_cache(maxsize=1 << 12)  # the rooms of a flat are in one zone
def _flat(name: str) -> AddressReading | None:
    """``2-1501`` or ``2-1501-主卧`` names unit and flat; inside one building its first number cannot be a building."""
    parts = name.split("-")
    if len(parts) < 2 or not (parts[0].isdigit() and parts[1].isdigit() and len(parts[1]) >= 3):
        return None
    return next(iter(parse_address(f"{parts[0]}单元{parts[1]}室")), None)


def _room(space: Space, parent: Place, level: Place | None, taken: Counter[str]) -> Place:
    name = space.long_name or space.name or f"#{space.step_id}"
    identity = name if parent.kind is PlaceKind.DWELLING else (space.name or name)
    key = "/".join((parent.place_id, place_id(identity)))
    taken[key] += 1
    number = taken[key]
    both = f"{space.name} {space.long_name}" if space.name and space.long_name else None
    return Place(
        key if number == 1 else f"{key}#{number}", PlaceKind.ROOM, parent.place_id, name,
        building=parent.building, unit=parent.unit or _unit(space), storey=(level or parent).storey, dwelling=parent.dwelling,
        room_code=read(f"{space.long_name or ''} {space.name or ''}").room,
        aliases=tuple(dict.fromkeys(alias for alias in (space.name, space.long_name, both) if alias and alias != name)),
    )  # fmt: skip


def _unit(space: Space) -> str | None:
    first, dash, _ = (space.name or "").partition("-")
    return first if dash and first.isdigit() else None
