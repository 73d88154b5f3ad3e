"""Generated tickets with their truth: what the text says, and the set of elements that it allows.

A ticket is about a room of an estate. Its address is written in one of the forms of the corpus, in its own field or in the
text; parts are missing, rooms are called by other names or are wrong, letters are mistyped, two things are broken at once. A
second thing without a room is where the first one is.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.locating.addresses import Form, Said, forms
from benchmarks.locating.homes import Estate
from benchmarks.locating.phrases import CLOSINGS, JOINTS, OPENINGS, REMARKS, ROOMS, TYPOS, VAGUE_ROOMS, words
from mappings.places import Place

TYPO, TWO, REMARK, WRONG_ROOM, NO_ROOM, VAGUE, ENGLISH, IN_TEXT, BUILDING_FIELD = (
    0.06,
    0.25,
    0.1,
    0.03,
    0.12,
    0.12,
    0.1,
    0.35,
    0.5,
)
"""How often: a mistyped letter, two defects, a remark, a room without such a component, none, a vague one, English, …"""


@dataclass(frozen=True)
class Truth:
    """One defect: component and type by code, the names of the rooms that the text allows, its elements as ``building/tag``."""

    component: str
    defect_type: str
    rooms: frozenset[str]
    elements: frozenset[str]


@dataclass(frozen=True)
class Ticket:
    """What a person wrote, and what is true. ``homes``: the places that its address allows; ``others``: (type, standing)."""

    text: str
    address: str
    building: str | None
    homes: frozenset[str]
    defects: tuple[Truth, ...]
    others: frozenset[tuple[str, str]] = frozenset()
    mistyped: bool = False
    wrong_room: bool = False


def tickets(estate: Estate, count: int, seed: int = 1, with_elements: bool = True) -> Iterator[Ticket]:
    """So many tickets of an estate, the same for the same seed; without elements where only the texts are wanted."""
    writer = _Writer(estate, random.Random(seed), with_elements)
    for _ in range(count):
        yield writer.ticket()


ALSO = {"C20": frozenset({"厨房门"})}
"""What is built and can be such a component, though no phrase is about it."""


class _Writer:
    def __init__(self, estate: Estate, dice: random.Random, with_elements: bool) -> None:
        self.estate, self.dice, self.with_elements = estate, dice, with_elements
        self.rooms = {home.place_id: estate.register.rooms_of(home) for home in estate.dwellings}
        usable = [form for readings in forms().values() if len(readings) == 1 for form in readings if _for_flats(form)]
        self.forms, self.weights = usable, [form.weight for form in usable]
        self.by_part: dict[tuple[str, str], set[str]] = {}
        for home in estate.dwellings:
            for part, value in _parts(home).items():
                self.by_part.setdefault((part, value), set()).add(home.place_id)

    def ticket(self) -> Ticket:
        dice = self.dice
        home = dice.choice(self.estate.dwellings)
        address, said = self._address(home)
        building = home.building if dice.random() < BUILDING_FIELD else None
        homes = self._allowed(said if building is None else {**said, "building": building})
        english = dice.random() < ENGLISH
        draft = Ticket("", address, building, homes, ())
        for number in range(2 if dice.random() < TWO else 1):
            draft = self._with_defect(draft, home, english, number)
        draft = self._with_remark(draft, english)
        return self._finished(draft, english)

    def _address(self, home: Place) -> tuple[str, Said]:
        """The address of a flat in a form that fits its numbers, and the parts that it states."""
        parts = _parts(home)
        while True:
            (form,) = self.dice.choices(self.forms, self.weights)
            if _fits(form, parts):
                return form.filled(parts), {label: parts[label] for label in form.labels}

    def _allowed(self, said: Said) -> frozenset[str]:
        found = [self.by_part.get(part, set()) for part in said.items()]
        return frozenset(set.intersection(*found))

    def _with_defect(self, draft: Ticket, home: Place, english: bool, number: int) -> Ticket:
        dice = self.dice
        room = dice.choice(self.rooms[home.place_id])
        language = "en" if english else "zh"
        names = sorted(name for name in self.estate.contents[room.name] if (name, language) in words())
        called = words()[dice.choice(names), language]
        phrase, defect_type = dice.choice(called.phrases)
        said_room, kinds = self._room_words(room.name, english)
        kinds = kinds or (draft.defects[0].rooms if number else kinds)
        wrong = bool(said_room) and dice.random() < WRONG_ROOM
        clause = phrase.format(it=dice.choice(called.names))
        text = f"{clause} in the {said_room}" if english and said_room else clause if english else f"{said_room}{clause}"
        truth = Truth(called.component, defect_type, kinds, self._elements(draft.homes, kinds, called.component))
        if wrong:
            text, truth = self._in_wrong_room(text, said_room, truth, draft.homes)
        joint = ". Also " if english else dice.choice(JOINTS)
        joined = f"{draft.text}{joint}{text}" if number else text
        return replace(draft, text=joined, defects=(*draft.defects, truth), wrong_room=draft.wrong_room or wrong)

    def _room_words(self, room: str, english: bool) -> tuple[str, frozenset[str]]:
        """What the text calls the room, and the rooms that this may be; none: any."""
        luck = self.dice.random()
        vague = [word for word, rooms in VAGUE_ROOMS.items() if room in rooms]
        if luck < NO_ROOM:
            return "", frozenset()
        if luck < NO_ROOM + VAGUE and vague and not english:
            word = self.dice.choice(vague)
            return word, frozenset(VAGUE_ROOMS[word])
        return self.dice.choice(ROOMS[room][english]), frozenset({room})

    def _in_wrong_room(self, text: str, said: str, truth: Truth, homes: frozenset[str]) -> tuple[str, Truth]:
        """The component is real, the room is another: what the text allows is any such component of the flat."""
        other = self.dice.choice(sorted(set(ROOMS) - truth.rooms))
        word = self.dice.choice(ROOMS[other][said.isascii()])
        rooms = frozenset({other})
        elements = self._elements(homes, rooms, truth.component) or self._elements(homes, frozenset(), truth.component)
        return text.replace(said, word), replace(truth, rooms=rooms, elements=elements)

    def _elements(self, homes: frozenset[str], kinds: frozenset[str], component: str) -> frozenset[str]:
        if not self.with_elements:
            return frozenset()
        names = {name for (name, _), said in words().items() if said.component == component} | ALSO.get(component, frozenset())
        found: set[str] = set()
        for home in homes:
            for room in self.rooms[home]:
                if not kinds or room.name in kinds:
                    found.update(*(self.estate.elements[room.place_id].get(name, ()) for name in names))
        return frozenset(found)

    def _with_remark(self, draft: Ticket, english: bool) -> Ticket:
        if english or self.dice.random() >= REMARK:
            return draft
        remark, code, standing = self.dice.choice(REMARKS)
        return replace(draft, text=draft.text + remark, others=frozenset({(code, standing)}))

    def _finished(self, draft: Ticket, english: bool) -> Ticket:
        dice, text, mistyped = self.dice, draft.text, False
        if dice.random() < TYPO:
            wrong = [(letter, dice.choice(typos)) for letter, typos in TYPOS.items() if letter in text]
            for letter, typo in wrong[:1]:
                text, mistyped = text.replace(letter, typo, 1), True
        if not english:
            text = f"{dice.choice(OPENINGS)}{text}{dice.choice(CLOSINGS)}"
        if dice.random() < IN_TEXT:
            return replace(draft, text=f"{draft.address} {text}", address="", mistyped=mistyped)
        return replace(draft, text=text, mistyped=mistyped)


def _parts(home: Place) -> dict[str, str]:
    parts = {"building": home.building, "unit": home.unit, "storey": home.storey, "room_no": home.dwelling}
    return {part: value for part, value in parts.items() if value}


def _for_flats(form: Form) -> bool:
    """Whether a form can be used for a flat: one that names it, and no compound number."""
    return "room_no" in form.labels and len(form.slots()) == len(form.labels) and "街" not in form.mask


def _fits(form: Form, parts: Mapping[str, str]) -> bool:
    return all(_slot_fits(slot, parts[label].removesuffix("F")) for slot, label in zip(form.slots(), form.labels, strict=True))


def _slot_fits(slot: str, value: str) -> bool:
    if slot.isalpha() and slot != "〇":
        return slot.upper() == value
    if not value.isdigit():
        return False
    return (slot == "〇" and int(value) <= 19) or (slot == "9" and len(value) == 1) or (slot == "999" and len(value) > 1)


def single_share(written: Sequence[Ticket]) -> float:
    """The share of defects whose truth is one element."""
    truths = [truth for ticket in written for truth in ticket.defects]
    return sum(len(truth.elements) == 1 for truth in truths) / len(truths)
