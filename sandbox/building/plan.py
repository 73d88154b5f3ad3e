"""Where the rooms lie: flats in a row along the south, the core of each unit behind them, basements below, the roof above.

Every other flat is the mirror image of its neighbour, so that their entrances lie side by side at the core.
"""

from collections.abc import Iterator

from connectors.bim.shapes import Box
from sandbox.building.parts import Level, Room, box_at, guid_of

HEIGHT = 3.0  # from floor to floor
SLAB = 0.15
WALL = 0.2  # half of it on either side of the plan's lines
FLAT_WIDTH, FLAT_DEPTH = 11.0, 10.0
ENTRANCE = 6.0  # from here to the flat's end its north wall is the core's
LOBBY_DEPTH, STAIR_WIDTH, STAIR_DEPTH = 2.4, 2.8, 4.6
DEPTH = FLAT_DEPTH + LOBBY_DEPTH + STAIR_DEPTH
GARAGE = 0.75  # its share of a basement

FLAT = {  # x, y, width, depth of each room between the middles of its walls; together they fill the flat
    "客厅": (3.8, 1.6, 4.0, 4.8),
    "餐厅": (3.8, 6.4, 7.2, 3.6),
    "主卧": (0.0, 0.0, 3.8, 4.6),
    "次卧": (7.8, 0.0, 3.2, 4.0),
    "厨房": (0.0, 6.4, 3.8, 3.6),
    "主卫": (0.0, 4.6, 3.8, 1.8),
    "客卫": (7.8, 4.0, 3.2, 2.4),
    "阳台": (3.8, 0.0, 4.0, 1.6),
}

Rectangle = tuple[float, float, float, float]


def flat_rooms(building: str, level: Level, unit: int, number: str, x: float, mirrored: bool) -> Iterator[Room]:
    """The rooms of flat ``number`` (1501), whose west end is at ``x``."""
    for name, (left, y, width, depth) in FLAT.items():
        start = FLAT_WIDTH - left - width if mirrored else left
        yield _room(building, level, f"{unit}-{number}-{name}", name, (x + start, y, width, depth), unit, number)


def core_rooms(building: str, level: Level, unit: int, flats: int, x: float) -> Iterator[Room]:
    """Lobby and stairs of a unit of so many flats, from the first flat's entrance to the last one's."""
    end = flats * FLAT_WIDTH - (ENTRANCE if flats % 2 == 0 else 0)
    lobby = (x + ENTRANCE, FLAT_DEPTH, end - ENTRANCE, LOBBY_DEPTH)
    stairs = (x + ENTRANCE, FLAT_DEPTH + LOBBY_DEPTH, STAIR_WIDTH, STAIR_DEPTH)
    for name, rectangle in {"电梯厅": lobby, "楼梯间": stairs}.items():
        yield _room(building, level, f"{unit}-{level.name}-{name}", name, rectangle, unit)


def basement_rooms(building: str, level: Level, width: float) -> Iterator[Room]:
    """A basement below the whole tower."""
    garage = width * GARAGE
    yield _room(building, level, f"{level.name}-车库", "车库", (0, 0, garage, DEPTH))
    yield _room(building, level, f"{level.name}-设备用房", "设备用房", (garage, 0, width - garage, DEPTH))


def roof(building: str, level: Level, width: float) -> Room:
    """The roof above the flats."""
    return _room(building, level, level.name, level.name, (0, 0, width, FLAT_DEPTH))


def outline(room: Room) -> Box:
    """A room up to the middles of its walls."""
    x, y, z, east, north, top = room.box
    return box_at(x - WALL / 2, y - WALL / 2, z, east - x + WALL, north - y + WALL, top - z)


def _room(
    building: str,
    level: Level,
    name: str,
    long_name: str,
    rectangle: Rectangle,
    unit: int | None = None,
    flat: str | None = None,
) -> Room:
    x, y, width, depth = rectangle
    inside = box_at(x + WALL / 2, y + WALL / 2, level.elevation, width - WALL, depth - WALL, HEIGHT - SLAB)
    return Room(guid_of(building, level.name, name), name, long_name, level.name, unit, flat, inside)
