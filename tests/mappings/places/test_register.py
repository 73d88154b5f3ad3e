"""Resolving: the register decides where it can, and says so where it cannot."""

from functools import partial

import pytest

from mappings.places import Place, Register, ResolveMethod
from tests.mappings.places import towers
from warranty_hub.records.codes import PlaceKind


@pytest.fixture(scope="module")
def register() -> Register:
    return towers.register()


@pytest.mark.parametrize(
    ("text", "place_id"),
    [
        ("3号楼2单元1501室", "P/3/2/1501"),
        ("3-2-1501", "P/3/2/1501"),
        ("3号楼2-15-01", "P/3/2/1501"),
        ("3#楼2单元15楼01", "P/3/2/1501"),
        ("三号楼二单元1501主卧", "P/3/2/1501/主卧"),
        ("3号楼2单元15楼电梯厅", "P/3/2/15F/电梯厅"),
        ("3号楼2单元屋面", "P/3/2/屋面"),
        ("3号楼2单元负一层", "P/3/2/B1"),
        ("3号楼", "P/3"),
        ("3栋2单元", "P/3/2"),
        ("3号楼2单元15层", "P/3/2/15F"),
    ],
)
def test_an_address_that_means_one_place_finds_it(register: Register, text: str, place_id: str) -> None:
    found = register.resolve(text)
    assert found.place is not None
    assert (found.place.place_id, found.exact, found.ambiguous) == (place_id, True, False)


def test_of_two_readings_the_one_that_exists_is_taken(register: Register) -> None:
    unit = register.resolve("3栋2号")
    assert unit.place is not None
    assert unit.place.place_id == "P/3/2"
    flat = Register([*towers.places(units=("1",), floors=1), _dwelling("P/3/1/2", "3", "2")]).resolve("3栋2号")
    assert flat.place is not None
    assert flat.place.place_id == "P/3/1/2"


def test_of_two_readings_that_both_exist_none_is_taken() -> None:
    register = Register([*towers.places(), _dwelling("P/3/1/2", "3", "2")])
    found = register.resolve("3栋2号")
    assert [place.place_id for place in found.candidates] == ["P/3/2", "P/3/1/2"]
    assert found.ambiguous
    assert found.place is None


def _dwelling(place_id: str, building: str, number: str) -> Place:
    return Place(place_id, PlaceKind.DWELLING, f"P/{building}/1", number, building=building, unit="1", dwelling=number)


def test_a_flat_number_that_many_towers_have_stays_ambiguous(register: Register) -> None:
    found = register.resolve("1501")
    assert len(found.candidates) == 6
    assert register.common(found.candidates) == register.place("P")


def test_the_building_field_of_the_ticket_decides_between_towers(register: Register) -> None:
    assert [place.place_id for place in register.resolve("2-1501", building="3").candidates] == ["P/3/2/1501"]
    assert [place.place_id for place in register.resolve("1501", building="3").candidates] == ["P/3/1/1501", "P/3/2/1501"]
    assert [place.place_id for place in register.resolve("", building="3").candidates] == ["P/3"]


def test_an_address_that_contradicts_the_building_field_is_not_believed_silently(register: Register) -> None:
    found = register.resolve("1号楼2单元1501", building="3")
    assert [place.place_id for place in found.candidates] == ["P/1/2/1501", "P/3"]
    assert not found.exact


def test_a_flat_that_does_not_exist_leaves_what_is_certain_and_says_that_it_is_not_all(register: Register) -> None:
    found = register.resolve("3号楼2单元9902")
    assert found.place is not None
    assert (found.place.place_id, found.exact) == ("P/3/2", False)


def test_a_storey_that_contradicts_the_flat_is_not_overruled(register: Register) -> None:
    found = register.resolve("3号楼2单元7楼1501")
    assert found.place is not None
    assert (found.place.place_id, found.exact) == ("P/3/2/7F", False)


@pytest.mark.parametrize("text", ["16栋3号", "希望尽快处理", "", "99号楼2单元1501", "99-2-1501", "X7 9-2-1501"])
def test_a_place_that_the_register_does_not_know_is_not_found(register: Register, text: str) -> None:
    assert register.resolve(text).candidates == ()


@pytest.mark.parametrize(
    ("remark", "rooms"),
    [
        ("主卧飘窗渗水", ["主卧"]),
        ("卫生间漏水", ["卫生间"]),  # the room that bears the very name
        ("主卧卫生间漏水", ["主卫"]),
        ("公卫漏水", ["卫生间"]),
        ("厕所漏水", ["主卫", "卫生间"]),  # either
        ("卧室开裂", ["主卧", "次卧"]),
        ("主卧和次卧开裂", ["主卧", "次卧"]),
    ],
)
def test_the_description_names_the_room_or_leaves_a_choice(register: Register, remark: str, rooms: list[str]) -> None:
    found = register.resolve("3-2-1501", remark=remark)
    assert found.place is not None
    assert found.exact
    named = found.rooms or (found.place,)
    assert {place.place_id for place in named} == {f"P/3/2/1501/{room}" for room in rooms}


def test_a_room_that_the_flat_does_not_have_is_reported_as_missing(register: Register) -> None:
    found = register.resolve("3-2-1501", remark="书房漏水")
    assert found.place is not None
    assert (found.place.place_id, found.exact) == ("P/3/2/1501", False)


def test_a_lobby_of_some_floor_is_a_set_of_lobbies_not_one_of_them(register: Register) -> None:
    found = register.resolve("3号楼2单元电梯厅")
    assert found.place is not None
    assert found.place.place_id == "P/3/2"
    assert len(found.rooms) == 18


def test_the_description_completes_an_address_that_stops_at_the_building(register: Register) -> None:
    found = register.resolve("3号楼", remark="2单元1501厨房漏水")
    assert found.place is not None
    assert found.place.place_id == "P/3/2/1501/厨房"


def test_the_description_does_not_overrule_the_address(register: Register) -> None:
    found = register.resolve("3号楼2单元1501", remark="楼上3号楼2单元1601漏水")
    assert found.place is not None
    assert found.place.place_id == "P/3/2/1501"


@pytest.fixture(scope="module")
def masters() -> Register:
    """As the hub builds it: storeys belong to the building, and a dwelling belongs to its unit."""
    here = partial(Place, building="3")
    places = [here("P/3", PlaceKind.BUILDING, "P", "3号楼")]
    for floor in ("2", "3"):
        storey = f"{floor}F"
        places.append(here(f"P/3/F{storey}", PlaceKind.STOREY, "P/3", storey, storey=storey))
        for unit in ("1", "2"):
            flat = f"{floor}01"
            places.append(here(f"P/3/U{unit}", PlaceKind.UNIT, "P/3", f"{unit}单元", unit=unit))
            home = partial(here, unit=unit, storey=storey, dwelling=flat)
            places.append(home(f"P/3/U{unit}/{flat}", PlaceKind.DWELLING, f"P/3/U{unit}", f"{unit}-{flat}"))
    return Register(places)


def test_a_storey_holds_its_flats_and_no_others(masters: Register) -> None:
    storey = masters.place("P/3/F2F")
    assert masters.contains(storey, masters.place("P/3/U1/201"))
    assert not masters.contains(storey, masters.place("P/3/U1/301"))
    assert not masters.contains(masters.place("P/3/U1/201"), storey)


@pytest.mark.parametrize(
    ("address", "remark", "place_id"),
    [
        ("3号楼2层", "2单元201漏水", "P/3/U2/201"),
        ("3号楼2层", "2单元301漏水", "P/3/F2F"),
        ("3号楼2单元2层", "1单元201漏水", "P/3/F2F"),
    ],
)
def test_a_remark_names_the_flat_on_the_storey_of_the_address_but_no_other_one(
    masters: Register, address: str, remark: str, place_id: str
) -> None:
    found = masters.resolve(address, remark=remark)
    assert found.place is not None
    assert found.place.place_id == place_id


def test_zones_tell_apart_buildings_of_one_number() -> None:
    zones = [
        Place(f"P/{zone}-3", PlaceKind.BUILDING, "P", f"{name}3号楼", building=f"{zone}-3")
        for zone, name in ((1, "一期"), (2, "二期"))
    ]
    flats = [
        Place(f"P/{zone}-3/1501", PlaceKind.DWELLING, f"P/{zone}-3", "1501", building=f"{zone}-3", dwelling="1501")
        for zone in (1, 2)
    ]
    register = Register([Place("P", PlaceKind.PROJECT, None, "云湖花园"), *zones, *flats])
    assert [place.place_id for place in register.resolve("二期3号楼1501").candidates] == ["P/2-3/1501"]
    assert [place.place_id for place in register.resolve("3号楼1501").candidates] == ["P/1-3/1501", "P/2-3/1501"]


class TestForeignNames:
    """A model whose storeys and rooms are named in its author's manner."""

    @pytest.fixture
    def register(self) -> Register:
        def storey(name: str) -> Place:
            return Place(f"D/1/{name}", PlaceKind.STOREY, "D/1", name, building="1", storey=name)

        def room(level: str, number: str, name: str, code: str) -> Place:
            home = f"D/1/{level}"
            return Place(
                f"{home}/{number}",
                PlaceKind.ROOM,
                home,
                f"{number} {name}",
                "1",
                None,
                level,
                None,
                code,
                aliases=(number, name),
            )

        return Register(
            [
                Place("D", PlaceKind.PROJECT, None, "Duplex"),
                Place("D/1", PlaceKind.BUILDING, "D", "Duplex Apartment", building="1"),
                *map(storey, ("Level 1", "Level 2", "T/FDN", "Obergeschoss")),
                room("Level 1", "A103", "Kitchen", "R05"),
                room("Level 1", "B103", "Kitchen", "R05"),
                room("Level 2", "A202", "Bedroom 1", "R03"),
                room("Level 2", "A203", "Bedroom 2", "R03"),
                room("Obergeschoss", "W1", "Wohnen", "R01"),
            ]
        )

    @pytest.mark.parametrize(
        ("text", "place_ids"),
        [
            ("A203", ["D/1/Level 2/A203"]),
            ("room a203 bedroom 2", ["D/1/Level 2/A203"]),
            ("Level 2, Bedroom 1", ["D/1/Level 2/A202"]),
            ("二楼 Bedroom 1", ["D/1/Level 2/A202"]),
            ("Obergeschoss Wohnen", ["D/1/Obergeschoss/W1"]),
            ("T/FDN", ["D/1/T/FDN"]),
            ("Kitchen", ["D/1/Level 1/A103", "D/1/Level 1/B103"]),
            ("Bedroom 2", ["D/1/Level 2/A203"]),
            ("A2031", []),
        ],
    )
    def test_names_of_the_model_are_found_as_whole_words(self, register: Register, text: str, place_ids: list[str]) -> None:
        assert [place.place_id for place in register.resolve(text).candidates] == place_ids

    def test_a_kind_of_room_on_a_storey_is_a_set(self, register: Register) -> None:
        found = register.resolve("Level 1", remark="厨房窗漏水")
        assert [room.place_id for room in found.rooms] == ["D/1/Level 1/A103", "D/1/Level 1/B103"]

    def test_a_name_next_to_an_unknown_number_is_not_all_that_was_said(self, register: Register) -> None:
        found = register.resolve("A999 Bedroom 2")
        assert [place.place_id for place in found.candidates] == ["D/1/Level 2/A203"]
        assert not found.exact

    def test_it_says_that_names_found_the_place(self, register: Register) -> None:
        assert register.resolve("Obergeschoss").method is ResolveMethod.NAME
        assert register.resolve("Level 2").method is ResolveMethod.STRUCTURE


def test_a_circle_of_parents_in_the_data_does_not_hang_the_run() -> None:
    one = Place("a", PlaceKind.STOREY, "b", "1F", storey="1F")
    other = Place("b", PlaceKind.BUILDING, "a", "1号楼", building="1")
    assert Register([one, other]).resolve("1号楼").place == other
