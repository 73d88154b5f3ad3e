"""The cascade from a defect's words to its element: certain links are made, uncertain ones wait for a person."""

from functools import partial
from uuid import UUID

import pytest

from mappings.elements import DefectText, Element, ElementIndex, LocateMethod, Location, Surroundings, locate
from mappings.elements.location import AUTO_FROM
from mappings.places import Place, Register, read_ticket
from tests.mappings.places import towers
from warranty_hub.records.codes import LocateState, PlaceKind

FLAT = "P/3/2/1501"
WINDOW_GUID = "0BTBFw6f90Nfh9rP1dlXr2"
INVALID_GUID = "pipe/17"
TWICE = "3XrBtx9eX7mQE6EqWHPk2a"
ELEMENTS = {
    "window": Element(UUID(int=1), "IfcWindow", WINDOW_GUID, "W-1501-1"),
    "bay": Element(UUID(int=2), "IfcWindow", tag="W-1501-2"),
    "toilet": Element(UUID(int=3), "IfcSanitaryTerminal", predefined_type="TOILETPAN"),
    "trap": Element(UUID(int=4), "IfcWasteTerminal", predefined_type="FLOORTRAP"),
    "column": Element(UUID(int=5), "IfcColumn", TWICE, "573295"),
    "slab": Element(UUID(int=6), "IfcSlab", TWICE, "573302", predefined_type="FLOOR"),
    "door": Element(UUID(int=7), "IfcDoor", name="M_Single-Flush"),
    "lamp": Element(UUID(int=8), "IfcLightFixture", tag="573302"),
    "pipe": Element(UUID(int=9), "IfcPipeSegment", INVALID_GUID),
    **{f"socket{n}": Element(UUID(int=20 + n), "IfcOutlet", predefined_type="POWEROUTLET") for n in range(5)},
}
ROOMS = {
    f"{FLAT}/主卧": ["window", "socket0"],
    f"{FLAT}/次卧": ["bay"],
    f"{FLAT}/客厅": [*(f"socket{n}" for n in range(5)), "door"],
    f"{FLAT}/卫生间": ["toilet", "trap"],
    "P/3/2/15F/电梯厅": ["lamp"],
}


REGISTER = towers.register()
INDEX = ElementIndex(ELEMENTS.values(), [(room, ELEMENTS[name].key) for room, names in ROOMS.items() for name in names])


def found(
    text: str,
    address: str = "3-2-1501",
    element_ref: str = "",
    building: str | None = None,
    register: Register = REGISTER,
    elements: ElementIndex = INDEX,
) -> list[Location]:
    """The location of each defect of a ticket."""
    ticket = read_ticket(text, address, building, register)
    only = len(ticket.defects) == 1
    texts = [DefectText(defect, ticket.text, element_ref, only) for defect in ticket.defects]
    return locate(texts, Surroundings(register, elements))


def find(
    text: str,
    address: str = "3-2-1501",
    element_ref: str = "",
    building: str | None = None,
    register: Register = REGISTER,
    elements: ElementIndex = INDEX,
) -> Location:
    (location,) = found(text, address, element_ref, building, register, elements)
    return location


def linked(location: Location) -> list[str]:
    names = {element.key: name for name, element in ELEMENTS.items()}
    return [names[candidate.element_key] for candidate in location.candidates]


class TestCertain:
    """What is linked without asking anybody."""

    def test_the_only_window_of_the_room_named(self) -> None:
        location = find("主卧飘窗渗水")
        assert (location.method, location.state, linked(location)) == (
            LocateMethod.ROOM_COMPONENT,
            LocateState.AUTO,
            ["window"],
        )
        assert (location.place_id, location.element_key) == (f"{FLAT}/主卧", ELEMENTS["window"].key)
        assert location.confidence == location.candidates[0].confidence >= AUTO_FROM

    def test_the_only_toilet_of_the_flat(self) -> None:
        location = find("马桶堵塞")
        assert (location.method, location.state, linked(location)) == (
            LocateMethod.DWELLING_COMPONENT,
            LocateState.AUTO,
            ["toilet"],
        )

    def test_the_only_lamp_of_a_common_room(self) -> None:
        location = find("灯不亮", address="3号楼2单元15楼电梯厅")
        assert (location.state, linked(location)) == (LocateState.AUTO, ["lamp"])

    @pytest.mark.parametrize("element_ref", [WINDOW_GUID, f"https://models.example/elements/{WINDOW_GUID}?from=qr"])
    def test_a_global_id(self, element_ref: str) -> None:
        location = find("渗水", element_ref=element_ref)
        assert (location.method, location.state, linked(location)) == (LocateMethod.GLOBAL_ID, LocateState.AUTO, ["window"])

    def test_a_reference_to_an_element_whose_global_id_is_no_valid_one(self) -> None:
        location = find("渗水", element_ref=f" {INVALID_GUID} ")
        assert (location.method, location.state, linked(location)) == (LocateMethod.GLOBAL_ID, LocateState.AUTO, ["pipe"])

    def test_a_global_id_in_the_description_without_any_address(self) -> None:
        location = find(f"构件 {WINDOW_GUID} 渗水", address="")
        assert (location.method, linked(location), location.place_id) == (LocateMethod.GLOBAL_ID, ["window"], f"{FLAT}/主卧")

    @pytest.mark.parametrize(
        ("text", "element_ref"),
        [("坏了", "w-1501-1"), ("坏了", "qr:W-1501-1"), ("资产编号:W-1501-1坏了", ""), ("tag 573295 cracked", "")],
    )
    def test_a_tag_or_asset_number(self, text: str, element_ref: str) -> None:
        location = find(text, address="", element_ref=element_ref)
        assert (location.method, location.state, len(location.candidates)) == (LocateMethod.TAG, LocateState.AUTO, 1)


class TestForReview:
    """What a person has to decide."""

    def test_one_of_five_sockets_is_a_set_and_none_of_them(self) -> None:
        location = find("客厅插座没电")
        assert location.state is LocateState.REVIEW
        assert sorted(linked(location)) == [f"socket{n}" for n in range(5)]
        assert {candidate.confidence for candidate in location.candidates} == {location.confidence / 5}
        assert location.confidence >= AUTO_FROM  # as a set it is nearly certain
        assert [candidate.rank for candidate in location.candidates] == [1, 2, 3, 4, 5]
        assert location.element_key is None

    def test_a_global_id_used_twice_gives_both_and_the_fitting_one_first(self) -> None:
        location = find("楼板开裂", element_ref=TWICE)
        assert (location.state, linked(location)) == (LocateState.REVIEW, ["slab", "column"])
        assert location.element_key is None

    def test_a_tag_used_twice_gives_both(self) -> None:
        assert (find("坏了", address="", element_ref="573302").state) is LocateState.REVIEW

    def test_an_identifier_that_contradicts_the_address(self) -> None:
        location = find("渗水", address="1-1-101", element_ref=WINDOW_GUID)
        assert (location.state, linked(location), location.place_id) == (LocateState.REVIEW, ["window"], "P/1/1/101")

    @pytest.mark.parametrize(
        ("address", "state"),
        [("3号楼15层", LocateState.AUTO), ("3号楼02单元15层", LocateState.AUTO), ("3号楼1单元15层", LocateState.REVIEW)],
    )
    def test_an_identifier_on_the_storey_of_the_address_unless_it_is_in_another_unit(
        self, address: str, state: LocateState
    ) -> None:
        flat = partial(Place, building="3", unit="2", storey="15F", dwelling="1501")
        register = Register(
            [
                Place("P/3", PlaceKind.BUILDING, "P", "3号楼", building="3"),
                Place("P/3/15F", PlaceKind.STOREY, "P/3", "15F", building="3", storey="15F"),
                Place("P/3/1", PlaceKind.UNIT, "P/3", "1单元", building="3", unit="1"),
                Place("P/3/2", PlaceKind.UNIT, "P/3", "2单元", building="3", unit="2"),
                flat(FLAT, PlaceKind.DWELLING, "P/3/2", "2-1501"),
                flat(f"{FLAT}/主卧", PlaceKind.ROOM, FLAT, "主卧", room_code="R02"),
            ]
        )
        location = find("渗水", address, WINDOW_GUID, register=register)
        assert (location.state, location.place_id, linked(location)) == (state, "P/3/15F", ["window"])

    def test_a_room_that_the_flat_does_not_have(self) -> None:
        location = find("书房马桶堵塞")
        assert (location.state, linked(location)) == (LocateState.REVIEW, ["toilet"])

    def test_a_room_that_has_no_such_element_while_its_dwelling_has(self) -> None:
        location = find("主卧马桶堵塞")
        assert (location.state, location.place_id, linked(location)) == (LocateState.REVIEW, f"{FLAT}/主卧", ["toilet"])

    def test_a_general_word_for_several_rooms(self) -> None:
        location = find("卧室窗户漏水")
        assert (location.state, sorted(linked(location))) == (LocateState.REVIEW, ["bay", "window"])

    def test_one_of_several_rooms_where_the_model_has_only_one_such_element(self) -> None:
        assert find("厕所马桶堵塞").state is LocateState.REVIEW

    def test_an_element_whose_kind_the_model_does_not_tell_is_less_certain(self) -> None:
        untold, told = find("客厅入户门变形"), find("客厅门变形")
        assert (linked(untold), linked(told)) == (["door"], ["door"])
        assert untold.confidence < told.confidence

    def test_a_word_for_several_components(self) -> None:
        location = find("客厅门窗变形")
        assert (location.state, linked(location)) == (LocateState.REVIEW, ["door"])

    def test_an_ambiguous_address(self) -> None:
        location = find("马桶堵塞", address="1501", building="3")
        assert (location.state, location.element_key) == (LocateState.REVIEW, None)
        assert (location.place_id, location.places) == ("P/3", ("P/3/1/1501", "P/3/2/1501"))

    def test_one_of_two_flats_of_which_one_has_no_model(self) -> None:
        location = find("马桶堵塞", address="1501", building="3")
        assert location.state is not LocateState.AUTO

    def test_one_lamp_on_a_storey_or_in_a_building_without_knowing_which(self) -> None:
        location = find("灯不亮", address="3号楼2单元15楼")
        assert (location.method, linked(location)) == (LocateMethod.STOREY_COMPONENT, ["lamp"])


class TestSeveralDefects:
    """A ticket that tells of more than one thing."""

    def test_each_defect_finds_its_own_element(self) -> None:
        trap, toilet = found("卫生间地漏堵塞,马桶松动")
        assert [linked(item) for item in (trap, toilet)] == [["trap"], ["toilet"]]

    def test_each_defect_is_in_its_own_room(self) -> None:
        window, socket = found("次卧窗户渗水,主卧插座没电")
        assert [linked(item) for item in (window, socket)] == [["bay"], ["socket0"]]

    def test_a_scanned_sticker_is_not_put_on_the_defect_that_it_cannot_be(self) -> None:
        window, toilet = found("主卧飘窗渗水,马桶松动", element_ref=WINDOW_GUID)
        assert (window.method, linked(window)) == (LocateMethod.GLOBAL_ID, ["window"])
        assert (toilet.state, linked(toilet)) == (LocateState.REVIEW, ["toilet"])


@pytest.mark.parametrize(
    ("text", "address", "method", "place_id"),
    [
        ("墙面发霉", "3-2-1501", LocateMethod.DWELLING, FLAT),
        ("报修", "3-2-1501", LocateMethod.DWELLING, FLAT),
        ("灯不亮", "3号楼2单元7楼", LocateMethod.STOREY, "P/3/2/7F"),
        ("电梯异响", "3号楼2单元", LocateMethod.BUILDING, "P/3/2"),
        ("外墙渗水", "3号楼", LocateMethod.BUILDING, "P/3"),
        ("马桶堵塞", "99-2-1501", LocateMethod.UNRESOLVED, None),
        ("没有漏水", "", LocateMethod.UNRESOLVED, None),
    ],
)
def test_without_an_element_the_place_is_the_answer(
    text: str, address: str, method: LocateMethod, place_id: str | None
) -> None:
    location = find(text, address)
    assert (location.method, location.place_id, location.state) == (method, place_id, None)
    assert (location.candidates, location.confidence) == ((), 0.0)


def test_the_same_text_always_gives_the_same_answer() -> None:
    backwards = ElementIndex(
        reversed(ELEMENTS.values()), [(room, ELEMENTS[name].key) for room in ROOMS for name in reversed(ROOMS[room])]
    )
    again = find("客厅插座没电", elements=backwards)
    assert again == find("客厅插座没电")


def test_the_reason_tells_facts_and_no_words_of_the_reporter() -> None:
    reason = find("张三 13800001111 说客厅插座没电").reason
    assert reason == "5 elements there can be C66 (socket outlet); the text does not say which"
