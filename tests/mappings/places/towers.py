"""Registers of made-up projects, named as people in China name theirs."""

from collections.abc import Iterator, Sequence
from functools import partial

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


def register() -> Register:
    """Three towers of two units and 18 floors."""
    return Register(places())


def _unit(building: str, unit: str, floors: int, flats: int) -> Iterator[Place]:
    home = f"P/{building}/{unit}"
    place = partial(Place, building=building, unit=unit)
    yield place(home, PlaceKind.UNIT, f"P/{building}", f"{unit}单元")
    for name in ("B1", "屋面"):
        yield place(f"{home}/{name}", PlaceKind.STOREY, home, name, storey=name)
    for floor in range(1, floors + 1):
        storey = f"{home}/{floor}F"
        here = partial(place, storey=f"{floor}F")
        yield here(storey, PlaceKind.STOREY, home, f"{floor}F")
        yield here(f"{storey}/电梯厅", PlaceKind.ROOM, storey, f"{unit}-{floor}F-电梯厅", room_code="R17", aliases=("电梯厅",))
        for flat in range(1, flats + 1):
            number = f"{floor * 100 + flat}"
            dwelling = f"{home}/{number}"
            yield here(dwelling, PlaceKind.DWELLING, storey, f"{unit}-{number}", dwelling=number)
            inside = partial(here, dwelling=number)
            for room, code in ROOMS.items():
                name = f"{unit}-{number}-{room}"
                yield inside(f"{dwelling}/{room}", PlaceKind.ROOM, dwelling, name, room_code=code, aliases=(room,))
