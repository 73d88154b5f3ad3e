"""A point leads elsewhere than to what it is on, is used though it is mistaken, or weighs more than the words."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.elements import DefectText, Element, ElementIndex, LocateMethod, Location, Sign, Surroundings, locate
from mappings.elements.near import distances
from mappings.elements.points.frames import Grid, Placement, ReadAs, from_gcj02, moved_by_gcj02
from mappings.elements.points.layout import REACH, Layout, Part, Pin, Told, parts_of
from mappings.places import read_ticket
from tests.mappings.places import towers
from warranty_hub.records.codes import LocateState
from warranty_hub.records.points import Point, PointFrame

REGISTER = towers.register()
FLAT = "P/3/2/1501"
MAP = Placement("EPSG:4547", 528_770.0, 3_386_666.0, 23.5, 12.0, 1.0)
WALL, SOCKET, OTHER_SOCKET, FAR_SOCKET, DOOR, BED_SOCKET = (UUID(int=number) for number in range(1, 7))
BOXES = {  # the living room is 5 m by 4 m, the bedroom behind its wall
    WALL: (0, 4, 0, 5, 4.2, 2.8),
    SOCKET: (1, 3.95, 0.3, 1.1, 4, 0.4),
    OTHER_SOCKET: (1.2, 3.95, 0.3, 1.3, 4, 0.4),
    FAR_SOCKET: (4, 3.95, 0.3, 4.1, 4, 0.4),
    DOOR: (-0.1, 1, 0, 0, 1.9, 2.1),
    BED_SOCKET: (4, 4.2, 0.3, 4.1, 4.25, 0.4),
}
KINDS = {WALL: "IfcWall", DOOR: "IfcDoor"}
ELEMENTS = {
    key: Element(key, KINDS.get(key, "IfcOutlet"), tag=f"E-{key.int}", predefined_type=None if key in KINDS else "POWEROUTLET")
    for key in BOXES
}
IN_ROOMS = {f"{FLAT}/客厅": [WALL, SOCKET, OTHER_SOCKET, FAR_SOCKET, DOOR], f"{FLAT}/主卧": [WALL, BED_SOCKET]}
ROOMS = {f"{FLAT}/客厅": (0, 0, 0, 5, 4, 2.8), f"{FLAT}/主卧": (0, 4.2, 0, 5, 8, 2.8)}
PARTS = parts_of(((MAP, key, box) for key, box in BOXES.items()), ((MAP, room, box) for room, box in ROOMS.items()))
LAYOUT = Layout(PARTS, Grid(100.0, 200.0, 0.0, 90.0, "mm"))
INDEX = ElementIndex(ELEMENTS.values(), [(room, key) for room, keys in IN_ROOMS.items() for key in keys])


def found(text: str, point: str, address: str = "3-2-1501", accuracy: float = 0.05, ref: str = "") -> list[Location]:
    ticket = read_ticket(text, address, None, REGISTER)
    told, only = Told(Point.parse(point), accuracy), len(ticket.defects) == 1
    texts = [DefectText(defect, ticket.text, ref, only, told=told) for defect in ticket.defects]
    return locate(texts, Surroundings(REGISTER, INDEX, layout=LAYOUT))


def find(text: str, point: str, address: str = "3-2-1501", accuracy: float = 0.05, ref: str = "") -> Location:
    (location,) = found(text, point, address, accuracy, ref)
    return location


def keys(location: Location) -> set[UUID]:
    return {candidate.element_key for candidate in location.candidates}


class TestWordsAndPoint:
    """Words choose among coincident faces, the point among like things."""

    def test_one_of_three_sockets(self) -> None:
        location = find("客厅插座没电", "MODEL 1.04 3.93 0.35")
        assert (location.method, location.state, keys(location)) == (LocateMethod.POINT, LocateState.AUTO, {SOCKET})
        assert Sign.CHOSEN in location.signs

    def test_the_wall_behind_it_is_meant_where_the_words_say_so(self) -> None:
        assert keys(find("客厅墙面开裂", "MODEL 1.04 3.93 0.35")) == {WALL}

    def test_two_that_a_point_of_its_accuracy_cannot_tell_apart_stay_two(self) -> None:
        location = find("客厅插座没电", "MODEL 1.15 3.93 0.35", accuracy=0.3)
        assert (location.state, keys(location)) == (LocateState.REVIEW, {SOCKET, OTHER_SOCKET})

    def test_the_room_that_the_words_do_not_name(self) -> None:
        location = find("插座没电", "MODEL 4.05 4.3 0.35", accuracy=0.05)
        assert (location.place_id, keys(location)) == (f"{FLAT}/主卧", {BED_SOCKET})
        location = find("插座没电", "MODEL 4.05 4.3 0.35", address="")
        assert (location.place_id, keys(location)) == (f"{FLAT}/主卧", {BED_SOCKET})

    def test_a_room_without_anything_that_fits_is_still_the_place(self) -> None:
        location = find("马桶漏水", "MODEL 2.5 2 0.4")
        assert (location.method, location.place_id, keys(location)) == (LocateMethod.ROOM, f"{FLAT}/客厅", set())

    def test_near_two_rooms_it_tells_neither(self) -> None:
        location = find("坏了", "MODEL 2.5 4.1 1.4", accuracy=0.3)
        assert location.place_id == FLAT
        assert set(location.places) == set(ROOMS)

    def test_without_a_component_nothing_is_linked(self) -> None:
        location = find("有问题", "MODEL 0 1.5 1")
        assert (location.state, keys(location)) == (LocateState.REVIEW, {DOOR})
        assert Sign.COMPONENT_UNTOLD in location.signs

    def test_without_a_height_it_tells_what_stands_there(self) -> None:
        assert keys(find("客厅插座没电", "MODEL 4.05 3.93")) == {FAR_SOCKET}

    def test_of_two_defects_it_may_be_the_others_and_takes_nothing_from_what_the_words_allow(self) -> None:
        socket, door = found("客厅插座没电，客厅门锁坏了", "MODEL 4.05 3.93 0.35")
        assert (socket.state, keys(socket)) == (LocateState.REVIEW, {SOCKET, OTHER_SOCKET, FAR_SOCKET})
        first, second, third = (candidate.confidence / socket.confidence for candidate in socket.candidates)
        assert socket.candidates[0].element_key == FAR_SOCKET
        assert (first, second, third) == pytest.approx((2 / 3, 1 / 6, 1 / 6))
        assert Sign.SHARED_POINT in socket.signs
        assert (door.method, keys(door)) == (LocateMethod.ROOM_COMPONENT, {DOOR})


class TestDisagreement:
    """Nothing is linked where words and point lead to different things."""

    def test_both_are_shown(self) -> None:
        location = find("主卧插座没电", "MODEL 1.04 3.93 0.35")
        assert (location.state, keys(location)) == (LocateState.REVIEW, {BED_SOCKET, SOCKET})
        assert Sign.POINT_ELSEWHERE in location.signs
        assert location.place_id == f"{FLAT}/主卧"

    def test_nothing_that_fits_is_at_the_point(self) -> None:
        location = find("主卧插座没电", "MODEL 0.5 7.9 0.4")
        assert location.state is not LocateState.AUTO
        assert Sign.NOTHING_AT_POINT in location.signs or location.method is LocateMethod.ROOM

    def test_the_words_place_has_nothing_of_the_kind(self) -> None:
        location = find("插座没电", "MODEL 1.04 3.93 0.35", address="3-1-101")
        assert (location.method, location.state) == (LocateMethod.POINT, LocateState.REVIEW)
        assert Sign.OTHER_PLACE in location.signs

    def test_a_sticker_and_a_point_elsewhere(self) -> None:
        assert find("插座没电", "MODEL 4.05 3.93 0.35", ref="E-4").state is LocateState.AUTO
        location = find("插座没电", "MODEL 1.04 3.93 0.35", ref="E-4")
        assert location.state is not LocateState.AUTO


class TestMistakes:
    """A unit or frame that was mistaken is found where one reading alone leads into the models, and said."""

    @pytest.mark.parametrize(
        ("point", "told"),
        [
            ("MODEL 4050 3930 350", "millimetres"),
            ("MODEL 13.2874 12.8937 1.1483", "feet"),
            ("GRID -196.07 95.95 0.35", "metres"),
        ],
    )
    def test_another_unit(self, point: str, told: str) -> None:
        location = find("客厅插座没电", point)
        assert keys(location) == {FAR_SOCKET}
        assert told in location.reason
        assert Sign.POINT_CORRECTED in location.signs

    def test_a_point_that_is_inside_as_it_stands_is_not_mended(self) -> None:
        assert "read in" not in find("客厅插座没电", "MODEL 4.05 3.93 0.35").reason

    @pytest.mark.parametrize("point", ["MODEL 90000000 0 0", "GRID 900000000 9 9", "WGS84 100 20"])
    def test_outside_with_every_reading_it_is_not_used(self, point: str) -> None:
        location = find("客厅插座没电", point)
        assert location.method is LocateMethod.ROOM_COMPONENT
        assert "outside" in location.reason

    def test_two_readings_that_lead_inside_are_none(self) -> None:
        wide = replace(PARTS[0], element_boxes=np.vstack([PARTS[0].element_boxes[:-1], [0, 0, 0, 900, 900, 3]]))
        (pin,) = Layout((wide,)).pins([Told(Point(PointFrame.MODEL, 1000.0, 1000.0, 1.0), 0.3)])
        assert pin == Pin(0.3, None, why=pin.why if pin else "")
        assert "more than one" in (pin.why if pin else "")

    def test_a_phone_tells_no_room(self) -> None:
        location = find("客厅插座没电", "WGS84 114.30000065 30.59999954", accuracy=10.0)
        assert location.method is LocateMethod.ROOM_COMPONENT
        assert "tells no room" in location.reason


# ------------------------------------------------------------------------------------------------ frames
def test_a_point_of_a_chinese_map_is_undone_as_the_published_formula_moves_it() -> None:
    moved = np.array([[116.41024449916938, 39.91640428150164, 0.0]])
    assert from_gcj02(moved)[0, :2] == pytest.approx([116.404, 39.915], abs=1e-9)
    assert np.isnan(from_gcj02(np.array([[2.35, 48.86, 0.0]]))).all()


def test_the_map_is_found_with_and_without_the_chinese_shift() -> None:
    for shifted, read_as in ((False, ReadAs.TOLD), (True, ReadAs.GCJ02)):
        place = np.array([[114.30000065, 30.59999954, 23.9]])
        place[:, :2] += moved_by_gcj02(place[:, 0], place[:, 1]) if shifted else 0
        (pin,) = LAYOUT.pins([Told(Point(PointFrame.WGS84, *place[0].tolist()), 0.3)])
        assert pin
        assert pin.read_as is read_as


@given(x=st.floats(-1e5, 1e5), y=st.floats(-1e5, 1e5), rotation=st.floats(-180, 180))
def test_a_grid_turns_and_moves_without_stretching(x: float, y: float, rotation: float) -> None:
    grid = Grid(7.0, -3.0, 1.0, rotation)
    there = grid.to_model(np.array([[x, y, 2.0], [0.0, 0.0, 0.0]]))
    assert there[1] == pytest.approx([7.0, -3.0, 1.0])
    assert np.hypot(*(there[0] - there[1])[:2]) == pytest.approx(np.hypot(x, y), abs=1e-6)


@pytest.mark.parametrize("crs", ["", "EPSG:999999", "our own grid", "EPSG:4490"])
def test_a_system_that_leads_to_no_map_places_nothing(crs: str) -> None:
    stated = {"crs": crs or None, "eastings": 1.0, "northings": 2.0, "height": 0.0, "rotation": 0.0, "scale": 1.0}
    assert Placement.of({**stated, "applied_twice": False}) is None


def test_a_model_that_stands_on_the_map_itself_is_not_moved_again() -> None:
    stated = {"crs": "EPSG:4547", "eastings": 528770.0, "northings": 3386666.0, "height": 9.0, "rotation": 30.0, "scale": 0.001}
    placement = Placement.of({**stated, "applied_twice": True})
    assert placement
    assert placement.to_model(np.array([[114.3, 30.6, 1.0]]))[0] == pytest.approx([528770.237, 3386666.250, 1.0], abs=1e-3)


@given(
    points=st.lists(
        st.tuples(st.floats(-4, 9), st.floats(-4, 12), st.one_of(st.none(), st.floats(-4, 6))), min_size=1, max_size=6
    ),
    accuracy=st.sampled_from([0.05, 0.3, 1.0]),
)
def test_what_is_within_reach_of_a_point_is_what_a_look_at_every_box_finds(
    points: list[tuple[float, float, float | None]], accuracy: float
) -> None:
    pins = LAYOUT.pins([Told(Point(PointFrame.MODEL, *point), accuracy) for point in points])
    (part,) = PARTS
    for point, pin in zip(points, pins, strict=True):
        x, y, z = point
        flat = part.element_boxes * ((1, 1, 0, 1, 1, 0) if z is None else 1)
        far = distances(np.array([x, y, z or 0.0 if z is None else z]), flat)
        near = {key: value for key, value in zip(part.elements, far.tolist(), strict=True) if value <= accuracy * REACH}
        assert pin
        assert pin.near == pytest.approx(near)


def test_models_in_different_places_of_the_map_are_different_parts() -> None:
    elsewhere = replace(MAP, eastings=0.0)
    parts = parts_of([(MAP, WALL, BOXES[WALL]), (elsewhere, DOOR, BOXES[DOOR]), (MAP, SOCKET, BOXES[SOCKET])], [])
    assert sorted(len(part.elements) for part in parts) == [1, 2]
    assert all(isinstance(part, Part) for part in parts)
