"""A ticket's defects and where they are: what the register knows decides, what it does not know is said."""

import pytest

from mappings.places import Register, read_ticket
from tests.mappings.places import towers
from warranty_hub.records.codes import PlaceKind


@pytest.fixture(scope="module")
def register() -> Register:
    return towers.register()


def shown(register: Register, text: str, address: str = "3-2-1501") -> list[list[str]]:
    """The place of each defect, or its candidates."""
    defects = read_ticket(text, address, None, register).defects
    return [[place.place_id for place in (defect.where.rooms or defect.where.candidates)] for defect in defects]


def test_each_defect_is_in_its_own_room(register: Register) -> None:
    assert shown(register, "主卧飘窗渗水，次卧墙面开裂") == [["P/3/2/1501/主卧"], ["P/3/2/1501/次卧"]]


def test_the_room_of_the_address_holds_for_a_defect_that_names_none(register: Register) -> None:
    assert shown(register, "墙面开裂", "3-2-1501主卧") == [["P/3/2/1501/主卧"]]


def test_the_room_of_the_defect_beats_that_of_the_address(register: Register) -> None:
    assert shown(register, "阳台地砖开裂", "3-2-1501客厅") == [["P/3/2/1501/阳台"]]


def test_a_general_word_for_a_room_keeps_all_it_may_mean(register: Register) -> None:
    assert shown(register, "卧室墙面开裂") == [["P/3/2/1501/主卧", "P/3/2/1501/次卧"]]


def test_a_text_without_any_defect_still_says_where(register: Register) -> None:
    (defect,) = read_ticket("请派人来主卧看看", "3-2-1501", None, register).defects
    assert defect.where.place is not None
    assert (defect.mention.defect_type, defect.where.place.name) == (None, "2-1501-主卧")


@pytest.mark.parametrize(
    ("text", "address", "place", "cause"),
    [
        ("主卧吊顶滴水", "3-2-1501", "P/3/2/1501/主卧", "P/3/2/1601/主卧"),
        ("楼上漏水", "3-2-1501", "P/3/2/1501", "P/3/2/1601"),
        ("主卫漏水漏到楼下", "3-2-1501", "P/3/2/1401/主卫", "P/3/2/1501/主卫"),
        ("主卧吊顶滴水", "3-2-1801", "P/3/2/1801/主卧", "P/3/2/屋面"),
        ("主卫漏水漏到楼下", "3-2-101", "P/3/2/101/主卫", None),
        ("主卧窗户漏水", "3-2-1501", "P/3/2/1501/主卧", None),
    ],
)
def test_a_leak_shows_one_floor_below_its_source(
    register: Register, text: str, address: str, place: str, cause: str | None
) -> None:
    (defect,) = read_ticket(text, address, None, register).defects
    assert [candidate.place_id for candidate in defect.where.candidates] == [place]
    assert (defect.cause.place_id if defect.cause else None) == cause


def test_floors_are_counted_as_the_tower_has_them() -> None:
    """No 13th floor: the flat above 1201 is 1401."""
    places = [place for place in towers.places() if place.storey != "13F"]
    register = Register(places)
    (home,) = (place for place in places if place.place_id == "P/3/2/1201")
    above = register.neighbour(home, 1)
    assert above is not None
    assert (above.kind, above.dwelling) == (PlaceKind.DWELLING, "1401")


@pytest.mark.parametrize(
    ("address", "text", "unknown"),
    [
        ("3-2-1501", "主卧漏水", None),
        ("9-2-1501", "漏水", "9号楼2单元1501室"),
        ("3-2-9902", "漏水", "3号楼2单元9902室"),
        ("3-2-1501", "书房漏水", "3号楼2单元1501室 书房"),
        ("东门岗亭", "漏水", "东门岗亭"),
        ("1501", "漏水", None),
        ("", "漏水", None),
    ],
)
def test_a_place_that_no_register_knows_is_said_in_one_way_of_writing(
    register: Register, address: str, text: str, unknown: str | None
) -> None:
    assert read_ticket(text, address, None, register).unknown == unknown


def test_a_register_without_rooms_does_not_report_every_room_as_unknown() -> None:
    register = Register(place for place in towers.places() if place.kind is not PlaceKind.ROOM)
    assert read_ticket("主卧漏水", "3-2-1501", None, register).unknown is None
