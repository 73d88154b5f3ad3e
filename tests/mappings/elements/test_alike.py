"""A model that shows one socket of two makes the one look certain, or every corner room is called incomplete."""

from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from mappings.elements import DefectText, Element, ElementIndex, Location, Sign, Surroundings, locate
from mappings.elements.alike import lacking
from mappings.places import read_ticket
from tests.mappings.places import towers
from warranty_hub.records.codes import LocateState

REGISTER = towers.register()
FLATS = [f"P/3/2/{floor}01" for floor in range(2, 9)]
CLASSES = ("IfcOutlet", "IfcLamp", "IfcWall")


def index(counts: dict[str, dict[str, int]]) -> ElementIndex:
    """So many elements of each class in each room."""
    numbers, elements, inside = count(1), [], []
    for room, of_class in counts.items():
        for ifc_class, many in of_class.items():
            for _ in range(many):
                number = next(numbers)
                elements.append(Element(UUID(int=number), ifc_class, name=f"Type {number}"))
                inside.append((room, UUID(int=number)))
    return ElementIndex(elements, inside)


def find(sockets: dict[str, int]) -> Location:
    """Where a socket is that does not work in the bedroom of the flat on the eighth floor."""
    known = index({f"{flat}/主卧": {"IfcOutlet": many} for flat, many in sockets.items()})
    ticket = read_ticket("主卧插座没电", "3-2-801", None, REGISTER)
    (location,) = locate([DefectText(ticket.defects[0], ticket.text)], Surroundings(REGISTER, known))
    return location


def test_the_only_socket_is_linked_where_most_rooms_like_it_have_two() -> None:
    location = find({flat: 1 if flat == FLATS[-1] else 2 for flat in FLATS})
    assert (location.state, len(location.candidates)) == (LocateState.REVIEW, 1)
    assert Sign.FEWER in location.signs


def test_the_only_socket_is_doubted_where_half_of_the_rooms_like_it_have_one_too() -> None:
    assert Sign.FEWER not in find({flat: 1 + number % 2 for number, flat in enumerate(FLATS[:-1])} | {FLATS[-1]: 1}).signs


@given(
    st.dictionaries(
        st.sampled_from([f"{flat}/{room}" for flat in FLATS for room in ("主卧", "客厅")] + ["P/3/2/2F/电梯厅", "unknown"]),
        st.dictionaries(st.sampled_from(CLASSES), st.integers(1, 3), min_size=1),
    )
)
def test_what_a_room_lacks_is_not_what_more_than_half_of_the_rooms_like_it_have_more_of(
    counts: dict[str, dict[str, int]],
) -> None:
    found = lacking(index(counts).rooms, REGISTER)
    for room, here in counts.items():
        like = [of_class for other, of_class in counts.items() if other.rpartition("/")[2] == room.rpartition("/")[2]]
        more = {
            ifc_class
            for ifc_class in CLASSES
            if sum(of_class.get(ifc_class, 0) > here.get(ifc_class, 0) for of_class in like) * 2 > len(like)
        }
        assert {one.ifc_class for one in found.get(room, ())} == more
