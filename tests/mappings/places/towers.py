"""Registers of made-up projects, named as people in China name theirs."""

from collections.abc import Iterator, Sequence

from mappings.places import Place, Register
from warranty_hub.records.codes import PlaceKind

ROOMS = {"客厅": "R01", "主卧": "R02", "次卧": "R03", "厨房": "R05", "卫生间": "R07", "主卫": "R08", "阳台": "R09"}


def places(
    buildings: Sequence[str] = ("1", "2", "3"), units: Sequence[str] = ("1", "2"), floors: int = 18, flats: int = 2
) -> Iterator[Place]:
    """Towers with ``flats`` flats per floor and unit, a basement, a roof and a lift lobby on each floor."""
    yield Place("P", PlaceKind.PROJECT, None, "云湖花园")
    for building in buildings:
        yield Place(f"P/{building}", PlaceKind.BUILDING, "P", f"{building}号楼", building=building)
        for unit in units:
            yield from _unit(building, unit, floors, flats)


def register(**sizes: int) -> Register:
    """Three towers of 18 floors, unless told otherwise."""
    return Register(places(**sizes))  # type: ignore[arg-type]


def _unit(building: str, unit: str, floors: int, flats: int) -> Iterator[Place]:
    home = f"P/{building}/{unit}"
    yield Place(home, PlaceKind.UNIT, f"P/{building}", f"{unit}单元", building=building, unit=unit)
    for name in ("B1", "屋面"):
        yield Place(f"{home}/{name}", PlaceKind.STOREY, home, name, building=building, unit=unit, storey=name)
    for floor in range(1, floors + 1):
        storey = f"{home}/{floor}F"
        at = {"building": building, "unit": unit, "storey": f"{floor}F"}
        yield Place(storey, PlaceKind.STOREY, home, f"{floor}F", **at)
        lobby = f"{unit}-{floor}F-电梯厅"
        yield Place(f"{storey}/电梯厅", PlaceKind.ROOM, storey, lobby, room_code="R17", aliases=("电梯厅",), **at)
        for flat in range(1, flats + 1):
            yield from _dwelling(home, storey, f"{floor * 100 + flat}", at)


def _dwelling(home: str, storey: str, number: str, at: dict[str, str]) -> Iterator[Place]:
    name = f"{at['unit']}-{number}"
    yield Place(f"{home}/{number}", PlaceKind.DWELLING, storey, name, dwelling=number, **at)
    for room, code in ROOMS.items():
        yield Place(
            f"{home}/{number}/{room}",
            PlaceKind.ROOM,
            f"{home}/{number}",
            f"{name}-{room}",
            dwelling=number,
            room_code=code,
            aliases=(room,),
            **at,
        )
