"""A change of places or models does not concern a ticket that is located otherwise for it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.elements import (
    AskedElement,
    DefectText,
    Element,
    ElementIndex,
    Ground,
    LocateMethod,
    Location,
    Moved,
    locate,
    marks_of,
)
from mappings.elements import Surroundings as Known
from mappings.elements.points.layout import Layout, Told, parts_of
from mappings.elements.points.spots import spots
from mappings.lexicon import our_words, read
from mappings.places import AskedText, Place, Register, TicketReading, moved, read_ticket, register
from warranty_hub.records.codes import LocateState, PlaceKind
from warranty_hub.records.points import Point

GUIDS = ("2O2Fr$t4X7Zf8NOew3FLOH", "1hOSvn6df7F8_7GcBWlRrM")
TAGS = ("A-1", "146885", "--", "no7")


# ------------------------------------------------------------------------------------------------ what there may be


def _universe() -> list[Place]:
    """Two buildings with all that the register tells apart, and things called like other things."""
    places = [Place("P", PlaceKind.PROJECT, None, "花园")]
    for building in ("3", "5"):
        house = f"P/{building}"
        places.append(Place(house, PlaceKind.BUILDING, "P", f"{building}号楼", building=building))
        for level in ("15F", "16F", "屋面"):
            places.append(Place(f"{house}/F{level}", PlaceKind.STOREY, house, level, building=building, storey=level))
        for name, kind in (("电梯厅", "R22"), ("101", None)):
            places.append(_room(f"{house}/F15F", name, kind, building=building, storey="15F"))
        for unit in ("1", "2"):
            stair = f"{house}/U{unit}"
            places.append(Place(stair, PlaceKind.UNIT, house, f"{unit}单元", building=building, unit=unit))
            for number in ("1501", "1601"):
                flat = f"{stair}/{number}"
                codes: dict[str, Any] = {"building": building, "unit": unit, "storey": f"{number[:2]}F", "dwelling": number}
                places.append(Place(flat, PlaceKind.DWELLING, stair, f"{unit}-{number}", **codes))
                places += [_room(flat, name, None, **codes) for name in ("主卧", "书房", "卫生间")]
    return places


def _room(parent: str, name: str, kind: str | None, **codes: Any) -> Place:
    return Place(f"{parent}/{name}", PlaceKind.ROOM, parent, name, room_code=kind or read(name).room, **codes)


UNIVERSE = _universe()
NAMES = ("老3栋", "主卧阳台门", "study", "次卧", "5号楼", "厅", "15层", "大堂", "9号楼2单元1501室", "书房")
ADDRESSES = (
    "", "3号楼2单元1501室", "1501", "5-2-1601", "5号楼", "老3栋1501", "15层电梯厅", "3号楼16层", "2单元1501室主卧",
    "9号楼2单元1501室", "3号楼屋面", "101", "5栋2单元15层", "15层01室", "2单元",
)  # fmt: skip
DESCRIPTIONS = (
    "主卧墙面开裂", "楼下主卧漏水", "书房窗户漏水，卫生间门锁坏", "study door broken", "主卧阳台门坏", "大堂地砖空鼓", "漏水",
    "3号楼2单元1501书房墙面开裂", "楼上漏水到卫生间", f"构件 {GUIDS[0]} 开裂", "tag noA-1 broken", "编号146885 漏水",
    "次卧墙面开裂", "屋面漏水", "厅墙面开裂", "5号楼墙面开裂 -- 请看",
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What a ticket says."""

    address: str
    description: str
    building: str | None
    reference: str
    point: str | None = None

    @property
    def told(self) -> Told | None:
        return Told(Point.parse(self.point), 0.3) if self.point else None


@dataclass(frozen=True)
class Surroundings:
    """What it is located in."""

    places: tuple[Place, ...]
    elements: tuple[Element, ...]
    rooms: tuple[tuple[str, UUID], ...]
    former: tuple[tuple[str, UUID], ...]
    boxes: tuple[tuple[str | UUID, float], ...] = ()
    """Cubes of 2 m at this x: of elements by their keys, of rooms by their place ids."""

    def layout(self) -> Layout:
        keys, places = {one.key for one in self.elements if one.last_seen is None}, {place.place_id for place in self.places}
        cubes = [(None, thing, (x, 0.0, 0.0, x + 2, 2.0, 2.0)) for thing, x in self.boxes]
        elements = [(on_map, thing, box) for on_map, thing, box in cubes if isinstance(thing, UUID) and thing in keys]
        rooms = [(on_map, thing, box) for on_map, thing, box in cubes if isinstance(thing, str) and thing in places]
        return Layout(parts_of(elements, rooms))

    def register(self) -> Register:
        return Register(self.places)

    def index(self) -> ElementIndex:
        keys, places = {element.key for element in self.elements}, {place.place_id for place in self.places}
        rooms = [(place, key) for place, key in self.rooms if key in keys and place in places]
        return ElementIndex(self.elements, rooms, [(guid, key) for guid, key in self.former if key in keys])


TICKETS = [Words(*said) for said in product(ADDRESSES, DESCRIPTIONS, (None, "3", "5"), ("",))]
TICKETS += [
    Words(*said) for said in product(("", "1501"), DESCRIPTIONS, (None, "5"), (*GUIDS, *TAGS, "https://qr.example/a-1?x"))
]
POINTS = ("MODEL 0.5 0.5 0.5", "MODEL 2.3 0.5", "MODEL 30.5 -0.2 1", "MODEL 30500 1000 900", "MODEL 5 5 5", "GRID 1 1 1")
TICKETS += [
    Words(address, said, building, reference, point)
    for address, said, building, reference, point in product(
        ("", "3号楼2单元1501室"), DESCRIPTIONS, (None, "3"), ("", "A-1"), POINTS
    )
]
KEYS = [UUID(int=number) for number in range(1, 7)]
elements = st.builds(
    Element,
    st.sampled_from(KEYS),
    st.sampled_from(["IfcWall", "IfcWindow", "IfcDoor"]),
    st.sampled_from([None, *GUIDS]),
    st.sampled_from([None, *TAGS]),
    last_seen=st.sampled_from([None, None, "in a.ifc"]),
)
ROOMS = [place.place_id for place in UNIVERSE if place.kind is PlaceKind.ROOM]
SPOTS = (0.0, 1.0, 30.0, 33.0, 900.0)
things: list[str | UUID] = [*KEYS, *ROOMS]


@st.composite
def surroundings(draw: st.DrawFn) -> Surroundings:
    missing = draw(st.sets(st.integers(0, len(UNIVERSE) - 1), max_size=3))
    places = [place for number, place in enumerate(UNIVERSE) if number not in missing]
    known = {element.key: element for element in draw(st.lists(elements, max_size=6))}
    rooms = draw(st.lists(st.tuples(st.sampled_from(ROOMS), st.sampled_from(KEYS)), max_size=8, unique=True))
    former = draw(st.lists(st.tuples(st.sampled_from(GUIDS), st.sampled_from(KEYS)), max_size=1))
    boxes = draw(st.dictionaries(st.sampled_from(things), st.sampled_from(SPOTS), max_size=6))
    return Surroundings(tuple(places), tuple(known.values()), tuple(rooms), tuple(former), tuple(boxes.items()))


@st.composite
def edited(draw: st.DrawFn, before: Surroundings) -> Surroundings:
    """A few places added, removed or called otherwise; a few elements added, removed, changed or moved."""
    places = {place.place_id: place for place in before.places}
    for place in draw(st.lists(st.sampled_from(UNIVERSE), max_size=2)):
        known = places.pop(place.place_id, None)
        if known is None:
            places[place.place_id] = place
        elif draw(st.booleans()):
            name = draw(st.sampled_from(NAMES))
            renamed = replace(known, name=name, room_code=read(name).room if known.kind is PlaceKind.ROOM else None)
            places[place.place_id] = draw(st.sampled_from([renamed, replace(known, aliases=(name,))]))
    known_elements = {element.key: element for element in before.elements}
    for element in draw(st.lists(elements, max_size=2)):
        if element.key in known_elements and draw(st.booleans()):
            del known_elements[element.key]
        else:
            known_elements[element.key] = element
    rooms = {*before.rooms} ^ {*draw(st.lists(st.tuples(st.sampled_from(ROOMS), st.sampled_from(KEYS)), max_size=1))}
    boxes = {**dict(before.boxes), **draw(st.dictionaries(st.sampled_from(things), st.sampled_from(SPOTS), max_size=2))}
    return Surroundings(
        tuple(places.values()), tuple(known_elements.values()), tuple(sorted(rooms)), before.former, tuple(boxes.items())
    )


# ------------------------------------------------------------------------------------------------ locating


@dataclass(frozen=True)
class Answer:
    """What is written of a ticket, and what would be linked at the next look."""

    reading: TicketReading
    locations: tuple[Location, ...]

    @property
    def written(self) -> tuple[object, ...]:
        told = [(one.mention, one.cause and one.cause.place_id) for one in self.reading.defects]
        said = [(place.method, place.place_id, place.state, place.reason, place.candidates) for place in self.locations]
        return told, said, self.reading.others, self.reading.unknown

    @property
    def links(self) -> Mapping[int, UUID]:
        return {
            number: location.candidates[0].element_key
            for number, location in enumerate(self.locations)
            if location.candidates and (location.state is LocateState.AUTO or location.method is LocateMethod.GONE)
        }

    def asked(self, words: Words, layout: Layout) -> tuple[AskedText, AskedElement]:
        causes = [one.cause.place_id for one in self.reading.defects if one.cause]
        borrowed = [None for location in self.locations if location.method is LocateMethod.GONE]
        meant = [place_id for location in self.locations for place_id in location.places]
        found = (*(location.place_id for location in self.locations), *borrowed, *meant, *causes)
        keys = tuple(candidate.element_key for location in self.locations for candidate in location.candidates)
        return (
            AskedText(words.address, words.description, words.building, found),
            AskedElement(words.description, words.reference, keys, spots(layout, [words.told])[0]),
        )


def answer(words: Words, register: Register, index: ElementIndex, layout: Layout, links: Mapping[int, UUID]) -> Answer:
    reading = read_ticket(words.description, words.address, words.building, register)
    only = len(reading.defects) == 1

    said = [
        DefectText(told, reading.text, words.reference, only, links.get(number), words.told)
        for number, told in enumerate(reading.defects)
    ]
    return Answer(reading, tuple(locate(said, Known(register, index, layout=layout))))


class Change:
    """From one ground to another, and what becomes of tickets."""

    def __init__(self, before: Surroundings, after: Surroundings) -> None:
        self.old, self.new = ((one.register(), one.index(), one.layout()) for one in (before, after))
        was, now = (
            Ground(register.places, marks_of(Known(register, index, layout=layout)))
            for register, index, layout in (self.old, self.new)
        )
        self.moved = Moved(was, now, our_words())

    def on(self, words: Words, link: UUID | None = None) -> tuple[bool, bool]:
        """Whether a ticket is located otherwise after it, and whether it is taken to concern the ticket."""
        was = answer(words, *self.old, {0: link} if link else {})
        now = answer(words, *self.new, was.links)
        return now.written != was.written, self.moved.concerns(*was.asked(words, self.new[2]))


FLAT, OTHER_FLAT = "P/3/U2/1501", "P/5/U1/1501"
STUDY = _room(OTHER_FLAT, "study", read("书房").room, building="5", unit="1", storey="15F", dwelling="1501")
WALL = Element(KEYS[0], "IfcWall", GUIDS[0])


def everything(*elements: Element, without: Sequence[str] = (), more: Sequence[Place] = ()) -> Surroundings:
    """The universe, less what begins with these ids."""
    left = [place for place in UNIVERSE if not place.place_id.startswith((*without, "nowhere"))]
    return Surroundings((*left, *more), elements, ((f"{FLAT}/主卧", KEYS[0]), (f"{FLAT}/主卧", KEYS[1])), ())


def without_project(*elements: Element, rooms: Sequence[tuple[str, UUID]] = ()) -> Surroundings:
    """Buildings that nothing holds together: no place is all that a text may mean."""
    all_there = everything(*elements)
    left = tuple(place for place in all_there.places if place.kind is not PlaceKind.PROJECT)
    return replace(all_there, places=left, rooms=((f"{FLAT}/主卧", KEYS[0]), *rooms))


def placed(*elements: Element, at: Sequence[tuple[str | UUID, float]] = ()) -> Surroundings:
    """The universe with things that lie somewhere, one far away among them."""
    return replace(everything(*elements), boxes=(("P/5/U1/1501/主卧", 33.0), *at))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    {
        "a name elsewhere takes the words apart otherwise": (
            everything(), everything(more=[replace(STUDY, name="主卧阳台门", room_code=None)]),
            Words("3号楼2单元1501室", "主卧阳台门坏", None, ""),
        ),
        "another flat of this number has a room of this kind, too": (
            everything(without=["P/3/U1", f"{OTHER_FLAT}/", "P/5/U2"]),
            everything(without=["P/3/U1", f"{OTHER_FLAT}/", "P/5/U2"], more=[STUDY]),
            Words("1501", "书房窗户漏水", None, ""),
        ),
        "another building has this number, too": (
            everything(without=["P/3/U1", "P/5/U"]), everything(without=["P/3/U1", "P/5/U2"]), Words("1501", "漏水", None, ""),
        ),
        "there is a flat downstairs": (
            everything(without=["P/5/U2/1501"]), everything(), Words("5-2-1601", "楼下主卧漏水", None, ""),
        ),
        "what several places have in common is known": (
            replace(everything(), places=tuple(UNIVERSE[1:])), everything(), Words("1501", "漏水", None, ""),
        ),
        "a second wall stands in the room": (
            everything(WALL), everything(WALL, replace(WALL, key=KEYS[1], guid=None)),
            Words("3号楼2单元1501室", "主卧墙面开裂", None, ""),
        ),
        "an element with this number has come": (
            everything(), everything(Element(KEYS[5], "IfcDoor", tag="A-1")), Words("", "漏水", None, "a-1"),
        ),
        "something that fits has come to the point": (
            placed(WALL, at=[(KEYS[0], 900.0)]), placed(WALL, at=[(KEYS[0], 0.0)]),
            Words("", "墙面开裂", None, "", "MODEL 0.5 0.5 0.5"),
        ),
        "the point is in a room now": (
            placed(WALL, at=[(KEYS[0], 900.0), ("P/3/U2/1501/书房", 30.0)]),
            placed(WALL, at=[(KEYS[0], 900.0), ("P/3/U2/1501/书房", 0.0)]),
            Words("3号楼2单元1501室", "漏水", None, "", "MODEL 0.5 0.5 0.5"),
        ),
        "a model reaches to where the point is when it is read in millimetres": (
            placed(WALL, at=[(KEYS[0], 0.0)]), placed(WALL, at=[(KEYS[0], 0.0), ("P/3/U2/1501/书房", 30.0)]),
            Words("", "墙面开裂", None, "", "MODEL 30500 1000 900"),
        ),
        "the element of a sticker lies elsewhere than the point": (
            placed(replace(WALL, tag="A-1")), placed(replace(WALL, tag="A-1"), at=[(KEYS[0], 0.0)]),
            Words("", "墙面开裂", None, "A-1", "MODEL 4.5 4.5 0.5"),
        ),
        "the room of the one element is not all that the text may mean": (
            without_project(WALL), without_project(WALL, Element(KEYS[1], "IfcWall"), rooms=[(f"{OTHER_FLAT}/主卧", KEYS[1])]),
            Words("", "主卧墙面开裂", None, ""),
        ),
        "a number stands right behind its label": (
            everything(), everything(Element(KEYS[5], "IfcDoor", tag="A-1")), Words("", "tag noA-1 broken", None, ""),
        ),
    }.values(),
)  # fmt: skip
def test_a_change_does_not_reach_a_ticket_far_away(before: Surroundings, after: Surroundings, words: Words) -> None:
    assert Change(before, after).on(words) == (True, True)


def test_an_element_that_is_gone_is_not_followed_to_where_it_was_seen_last() -> None:
    before, after = (everything(replace(WALL, last_seen=seen)) for seen in ("in a.ifc", "in b.ifc"))
    assert Change(before, after).on(Words("3号楼2单元1501室", "主卧墙面开裂", None, ""), KEYS[0]) == (True, True)


def test_a_change_in_one_flat_reaches_the_tickets_of_another() -> None:
    before, after = everything(WALL), everything(replace(WALL, name="承重墙"))
    for words in (Words("3号楼2单元1601室", "主卧墙面开裂", None, ""), Words("5号楼2单元1501室", "书房漏水", "5", TAGS[0])):
        assert Change(before, after).on(words) == (False, False)


@contextmanager
def many(count: int) -> Iterator[None]:
    """A name that more than so many places bear tells none of them."""
    with patch.object(register, "SHARED_BY_TOO_MANY", count), patch.object(moved, "SHARED_BY_TOO_MANY", count):
        yield


def test_a_room_in_one_flat_reaches_the_tickets_of_all_that_have_such_a_room() -> None:
    with many(3):
        change = Change(everything(), everything(without=[f"{OTHER_FLAT}/主卧"]))
        for words in (Words("3号楼2单元1601室", "主卧墙面开裂", None, ""), Words("5号楼2单元1601室", "主卧漏水", "5", "")):
            assert change.on(words) == (False, False)
        assert change.on(Words("5号楼1单元1501室", "主卧墙面开裂", None, "")) == (True, True)


@pytest.mark.parametrize("too_many", [3, 50])
@given(data=st.data(), seed=st.integers(0, 1 << 16))
@settings(max_examples=25)
def test_a_ticket_that_no_change_concerns_would_be_located_otherwise(data: st.DataObject, seed: int, too_many: int) -> None:
    with many(too_many):
        before = data.draw(surroundings())
        change, dice = Change(before, data.draw(edited(before))), Random(seed)
        for words in dice.sample(TICKETS, 100):
            otherwise, concerns = change.on(words, dice.choice(KEYS))
            assert concerns or not otherwise, words
