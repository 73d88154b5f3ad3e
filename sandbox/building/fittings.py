"""What a room is fitted with: finishes on its floor, ceiling and walls, and what stands or hangs in it."""

from collections.abc import Iterator
from typing import NamedTuple

from sandbox.building.parts import Component, Room, box_at, component

CEILING = 2.4  # metres above the floor
LAYER = 0.01  # thickness of a membrane or a tile
FINISH = 0.02

FLOORS = dict.fromkeys(("主卧", "次卧"), "木地板") | dict.fromkeys(
    ("客厅", "餐厅", "厨房", "主卫", "客卫", "阳台", "电梯厅"), "地砖"
)
MEMBRANES = {"主卫", "客卫", "阳台", "屋面"}
CEILINGS = {"主卫", "客卫", "厨房"}
TILED = {"主卫", "客卫"}


class Fitting(NamedTuple):
    """``x`` and ``y`` say where in the room, from 0 (west, south) to 1; ``z`` is metres above the floor, ``size`` metres."""

    code: str
    ifc_class: str
    predefined_type: str
    name: str
    x: float
    y: float
    z: float
    size: tuple[float, float, float]


LIGHT = Fitting("L", "IfcLightFixture", "POINTSOURCE", "吸顶灯", 0.5, 0.5, 2.3, (0.4, 0.4, 0.1))
SOCKETS = (
    Fitting("X1", "IfcOutlet", "POWEROUTLET", "插座", 0, 0.7, 0.3, (0.02, 0.09, 0.09)),
    Fitting("X2", "IfcOutlet", "POWEROUTLET", "插座", 1, 0.3, 0.3, (0.02, 0.09, 0.09)),
)
DOMESTIC = (LIGHT, *SOCKETS)
SUPPLY = Fitting("P1", "IfcPipeSegment", "RIGIDSEGMENT", "给水管", 0.5, 1, 0.5, (1.2, 0.025, 0.025))
DRAIN = Fitting("P2", "IfcPipeSegment", "RIGIDSEGMENT", "排水立管", 0, 1, 0, (0.11, 0.11, 2.85))
TRAP = Fitting("T", "IfcWasteTerminal", "FLOORTRAP", "地漏", 0.5, 0.5, 0, (0.1, 0.1, 0.03))
BATH = (
    *DOMESTIC,
    Fitting("S1", "IfcSanitaryTerminal", "TOILETPAN", "坐便器", 0.5, 0.95, 0, (0.4, 0.7, 0.75)),
    Fitting("S2", "IfcSanitaryTerminal", "WASHHANDBASIN", "洗手盆", 0.9, 0.95, 0.5, (0.6, 0.45, 0.35)),
    Fitting("S3", "IfcSanitaryTerminal", "SHOWER", "淋浴", 0.1, 0.2, 0, (0.9, 0.9, 2.1)),
    TRAP,
    SUPPLY,
    DRAIN,
)
FITTINGS: dict[str, tuple[Fitting, ...]] = {
    "客厅": (*DOMESTIC, Fitting("X3", "IfcOutlet", "DATAOUTLET", "弱电面板", 0, 0.5, 0.3, (0.02, 0.09, 0.09))),
    "餐厅": (
        *DOMESTIC,
        Fitting("E", "IfcElectricDistributionBoard", "CONSUMERUNIT", "配电箱", 0.3, 1, 1.6, (0.4, 0.1, 0.3)),
    ),
    "主卧": DOMESTIC,
    "次卧": DOMESTIC,
    "厨房": (
        *DOMESTIC,
        Fitting("S1", "IfcSanitaryTerminal", "SINK", "洗菜盆", 0.5, 0.95, 0.6, (0.8, 0.45, 0.25)),
        SUPPLY,
        DRAIN,
    ),
    "主卫": BATH,
    "客卫": BATH,
    "阳台": (*DOMESTIC, TRAP),
    "电梯厅": (
        LIGHT,
        Fitting("F1", "IfcSensor", "SMOKESENSOR", "烟感", 0.3, 0.5, 2.7, (0.1, 0.1, 0.05)),
        Fitting("F2", "IfcFireSuppressionTerminal", "FIREHYDRANT", "消火栓", 0.6, 1, 0.3, (0.65, 0.24, 0.8)),
    ),
    "楼梯间": (LIGHT,),
    "车库": (LIGHT, Fitting("K", "IfcFireSuppressionTerminal", "SPRINKLER", "喷淋头", 0.4, 0.4, 2.7, (0.1, 0.1, 0.1))),
    "设备用房": (
        LIGHT,
        Fitting("U", "IfcPump", "CIRCULATOR", "水泵", 0.3, 0.5, 0, (1.2, 0.6, 0.8)),
        Fitting("E", "IfcElectricDistributionBoard", "DISTRIBUTIONBOARD", "配电柜", 0.8, 0.9, 0, (0.8, 0.6, 2.0)),
    ),
    "屋面": (Fitting("T", "IfcWasteTerminal", "ROOFDRAIN", "雨水斗", 0.5, 0, 0, (0.2, 0.2, 0.1)),),
}


def fittings(room: Room) -> Iterator[Component]:
    """The coverings that bound a room, and the things in it."""
    yield from _coverings(room)
    for item in FITTINGS[room.long_name]:
        width, depth, height = item.size
        west, south, floor, east, north, _ = room.box
        x, y = west + item.x * (east - west - width), south + item.y * (north - south - depth)
        body = box_at(x, y, floor + item.z, width, depth, height)
        tag = f"{item.code}-{room.name}"
        yield component(tag, item.ifc_class, item.predefined_type, item.name, (room,), body, fitting=True)


def _coverings(room: Room) -> Iterator[Component]:
    west, south, floor, east, north, _ = room.box
    width, depth, kind = east - west, north - south, room.long_name
    if kind in MEMBRANES:
        layer = box_at(west, south, floor, width, depth, LAYER)
        outside = kind in ("阳台", "屋面")
        yield component(f"M-{room.name}", "IfcCovering", "MEMBRANE", "防水层", (room,), layer, is_external=outside)
    if kind in FLOORS:
        layer = box_at(west, south, floor + LAYER, width, depth, FINISH)
        yield component(f"F-{room.name}", "IfcCovering", "FLOORING", FLOORS[kind], (room,), layer)
    if kind in CEILINGS:
        layer = box_at(west, south, floor + CEILING, width, depth, LAYER)
        yield component(f"A-{room.name}", "IfcCovering", "CEILING", "吊顶", (room,), layer)
    if kind in TILED:
        layer = box_at(west, north - LAYER, floor, width, LAYER, CEILING)
        yield component(f"Q-{room.name}", "IfcCovering", "CLADDING", "墙砖", (room,), layer)
