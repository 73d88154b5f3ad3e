"""What encloses the rooms of a storey: walls with their doors and windows, railings, and the slabs they stand on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from connectors.bim.shapes import Box
from sandbox.building.parts import Component, Room, box_at, component
from sandbox.building.plan import SLAB, WALL, outline

PARAPET = 1.1
BAY = 0.5  # how far a bay window stands out
SILL = 0.9
OPEN_PLAN = {"客厅", "餐厅"}
OPPOSITE = {"N": "S", "S": "N", "E": "W", "W": "E"}


class Opening(NamedTuple):
    """A door or window: what people call it, its width and height."""

    name: str
    width: float
    height: float


DOORS = {  # by the rooms on both sides
    frozenset(("餐厅", "电梯厅")): Opening("入户门", 1.0, 2.1),
    frozenset(("客厅", "主卧")): Opening("房门", 0.9, 2.1),
    frozenset(("客厅", "次卧")): Opening("房门", 0.9, 2.1),
    frozenset(("客厅", "客卫")): Opening("卫生间门", 0.8, 2.1),
    frozenset(("主卧", "主卫")): Opening("卫生间门", 0.8, 2.1),
    frozenset(("餐厅", "厨房")): Opening("厨房门", 0.9, 2.1),
    frozenset(("客厅", "阳台")): Opening("推拉门", 2.4, 2.3),
    frozenset(("电梯厅", "楼梯间")): Opening("防火门", 1.1, 2.1),
    frozenset(("车库", "设备用房")): Opening("防火门", 1.2, 2.1),
}
BLOCK_DOOR = Opening("单元门", 1.5, 2.3)
WINDOWS = {  # in the outer walls to the south and north
    "主卧": Opening("飘窗", 2.4, 1.6),
    "次卧": Opening("窗", 1.5, 1.5),
    "厨房": Opening("窗", 1.2, 1.5),
    "餐厅": Opening("窗", 1.5, 1.5),
    "楼梯间": Opening("窗", 1.2, 1.2),
}


class Face(NamedTuple):
    """A piece of a room's side, from ``start`` to ``end`` on a line of the plan; ``beyond`` is None where it meets the open."""

    room: Room
    side: str
    line: float
    start: float
    end: float
    beyond: Room | None

    @property
    def rooms(self) -> tuple[Room, ...]:
        """The room, and the one beyond."""
        return (self.room, self.beyond) if self.beyond else (self.room,)

    @property
    def names(self) -> frozenset[str]:
        """What the rooms are: 客厅, 主卧."""
        return frozenset(room.long_name for room in self.rooms)

    @property
    def outside(self) -> bool:
        """Whether there is weather on one side: a balcony has it too."""
        return self.beyond is None or "阳台" in self.names


def walls(rooms: Sequence[Room], ground: bool) -> Iterator[Component]:
    """The walls of one storey with their doors and windows, and the balconies' railings."""
    pieces: Counter[tuple[str, str]] = Counter()
    for face in faces(rooms):
        pieces[face.room.name, face.side] += 1
        number = pieces[face.room.name, face.side]
        yield from _on(face, f"{face.room.name}-{face.side}{number if number > 1 else ''}", ground)


def faces(rooms: Sequence[Room]) -> Iterator[Face]:
    """The sides of all rooms, cut where neighbours change; a side that two rooms share comes once, as the first one's."""
    told = set()
    for room in rooms:
        told.add(room.name)
        for side, (line, low, high) in _sides(room).items():
            for start, end, beyond in _pieces(rooms, side, line, low, high):
                if beyond is None or beyond.name not in told:
                    yield Face(room, side, line, start, end, beyond)


def _sides(room: Room) -> dict[str, tuple[float, float, float]]:
    """Each side's line, and where on it the side starts and ends."""
    west, south, _, east, north, _ = outline(room)
    return {"N": (north, west, east), "E": (east, south, north), "S": (south, west, east), "W": (west, south, north)}


def _pieces(
    rooms: Sequence[Room], side: str, line: float, low: float, high: float
) -> Iterator[tuple[float, float, Room | None]]:
    """A side from end to end: where it meets each neighbour, and the gaps between them."""
    at = low
    for start, end, beyond in sorted(_neighbours(rooms, side, line, low, high), key=lambda piece: piece[0]):
        if start > at:
            yield at, start, None
        yield start, end, beyond
        at = end
    if at < high:
        yield at, high, None


def _neighbours(rooms: Sequence[Room], side: str, line: float, low: float, high: float) -> Iterator[tuple[float, float, Room]]:
    for other in rooms:
        its_line, its_low, its_high = _sides(other)[OPPOSITE[side]]
        start, end = max(low, its_low), min(high, its_high)
        if its_line == line and start < end:
            yield start, end, other


def _on(face: Face, place: str, ground: bool) -> Iterator[Component]:
    if face.names == OPEN_PLAN:
        return
    if face.beyond is None and face.room.long_name == "阳台":
        yield _railing(face, place)
        return
    yield _wall(face, place)
    if face.names in DOORS:
        yield _door(face, place, DOORS[face.names])
    elif ground and face.beyond is None and face.side == "N" and face.room.long_name == "电梯厅":
        yield _door(face, place, BLOCK_DOOR)
    elif face.beyond is None and face.side in "NS" and face.room.long_name in WINDOWS:
        yield _window(face, place, WINDOWS[face.room.long_name])


def _wall(face: Face, place: str) -> Component:
    _, _, floor, _, _, top = face.room.box
    kind, name, height = "SHEAR", "剪力墙", top - floor
    if face.room.long_name == "屋面":
        kind, name, height = "PARAPET", "女儿墙", PARAPET
    elif face.outside:
        kind, name = "SOLIDWALL", "外墙"
    elif len({room.dwelling for room in face.rooms}) == 1 and face.room.dwelling:
        kind, name = "PARTITIONING", "内墙"
    body = _body(face, face.end - face.start, floor, height)
    bearing = kind in ("SHEAR", "SOLIDWALL")
    return component(f"W-{place}", "IfcWall", kind, name, face.rooms, body, is_external=face.outside, load_bearing=bearing)


def _door(face: Face, place: str, door: Opening) -> Component:
    body = _body(face, door.width, face.room.box.z_min, door.height)
    return component(f"D-{place}", "IfcDoor", "DOOR", door.name, face.rooms, body, is_external=face.outside)


def _window(face: Face, place: str, window: Opening) -> Component:
    out = BAY if window.name == "飘窗" else 0
    body = _body(face, window.width, face.room.box.z_min + SILL, window.height, out)
    return component(f"C-{place}", "IfcWindow", "WINDOW", window.name, face.rooms, body, is_external=True)


def _railing(face: Face, place: str) -> Component:
    body = _body(face, face.end - face.start, face.room.box.z_min, PARAPET)
    return component(f"R-{place}", "IfcRailing", "GUARDRAIL", "阳台栏杆", face.rooms, body, is_external=True)


def _body(face: Face, length: float, z: float, height: float, out: float = 0) -> Box:
    """In the middle of the piece and as thick as the wall, standing out to the south or west by ``out``."""
    begin, near = (face.start + face.end - length) / 2, face.line - WALL / 2 - (out if face.side in "SW" else 0)
    if face.side in "NS":
        return box_at(begin, near, z, length, WALL + out, height)
    return box_at(near, begin, z, WALL + out, length, height)


def floors(rooms: Sequence[Room], lowest: bool) -> Iterator[Component]:
    """One slab for each dwelling, each core, and what else lies together below rooms of one storey."""
    kind, name = ("BASESLAB", "基础底板") if lowest else ("FLOOR", "楼板")
    for _, group in groupby(rooms, key=lambda room: (room.unit, room.dwelling)):
        together = list(group)
        yield _slab(f"S-{together[0].name}", kind, name, together, together)


def roofs(roof: Room, below: Sequence[Room]) -> Iterator[Component]:
    """The slab between the roof and the top flats, and those over the cores, which stand out behind it."""
    yield _slab(f"S-{roof.name}", "ROOF", "屋面板", [roof, *(room for room in below if room.dwelling)], [roof])
    for room in below:
        if not room.dwelling:
            yield _slab(f"S-{roof.name}-{room.name}", "ROOF", "屋面板", [roof, room], [room])


def _slab(tag: str, kind: str, name: str, rooms: Sequence[Room], over: Sequence[Room]) -> Component:
    """A slab on the storey of the first of ``rooms``, as large as the rooms ``over``."""
    west, south, _, _, _, _ = map(min, zip(*map(outline, over), strict=True))
    _, _, _, east, north, _ = map(max, zip(*map(outline, over), strict=True))
    body = box_at(west, south, rooms[0].box.z_min - SLAB, east - west, north - south, SLAB)
    return component(tag, "IfcSlab", kind, name, rooms, body, is_external=kind == "ROOF", load_bearing=True)
