"""What a tower is made of. Lengths are metres; x runs along the units, y to the north, z up from the ground floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid5

from ifcopenshell.guid import compress

from connectors.bim.shapes import Box

NAMESPACE = UUID("5d2c8d3c-0b8e-5c0f-9a57-6f4f0d0a3b1e")  # of the sample buildings' GlobalIds


class Level(NamedTuple):
    """A storey: 15F, B1, 屋面."""

    name: str
    elevation: float


@dataclass(frozen=True)
class Room:
    """A space. ``box`` is clear of the walls; ``unit`` and ``dwelling`` (``1501``) are None where the room has none."""

    guid: str
    name: str
    long_name: str
    storey: str
    unit: int | None
    dwelling: str | None
    box: Box


@dataclass(frozen=True)
class Component:
    """A building element; its name is what people call it (飘窗), its tag is unique in the building.

    ``rooms`` are the names of the rooms it bounds or, when it is a ``fitting``, of the one it stands in.
    """

    guid: str
    tag: str
    ifc_class: str
    predefined_type: str | None
    name: str
    storey: str
    rooms: tuple[str, ...]
    box: Box
    is_external: bool = False
    load_bearing: bool = False
    fitting: bool = False


def guid_of(*path: str) -> str:
    """A GlobalId in buildingSMART's base 64, the same for the same path at any time."""
    return compress(uuid5(NAMESPACE, "/".join(path)).hex)  # type: ignore[no-any-return]


def component(
    tag: str, ifc_class: str, predefined_type: str | None, name: str, rooms: Sequence[Room], box: Box, **flags: bool
) -> Component:
    """A component of some rooms; the first one's storey is its own. ``flags``: is_external, load_bearing, fitting."""
    home, names = rooms[0], tuple(room.name for room in rooms)
    return Component(guid_of(home.guid, tag), tag, ifc_class, predefined_type, name, home.storey, names, box, **flags)


def box_at(x: float, y: float, z: float, width: float, depth: float, height: float) -> Box:
    """A box from its lower south-west corner and its size, to the millimetre."""
    return Box(*(round(value, 3) for value in (x, y, z, x + width, y + depth, z + height)))
