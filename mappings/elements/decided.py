"""What a person decided of a defect holds over what is found in its text, whatever was rewritten or rebuilt since.

- One element is linked, several are the set that they are; a place alone is the answer where no model shows the thing.
- Elements that have left every current model leave the defect at their room, and a person is asked again.
- A text that names another place than it did then changes nothing, but a person is asked again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from mappings.elements.index import Element, ElementIndex
from mappings.elements.location import Candidate, LocateMethod, Location
from mappings.places import Register
from warranty_hub.records.codes import LocateState


@dataclass(frozen=True, slots=True)
class Decided:
    """A person's word: on these elements, or (none) only at the place. ``place_shown``: where the words led at that time."""

    person: str
    element_keys: tuple[UUID, ...]
    place_id: str | None
    place_shown: str | None


def decided(said: Decided, found: Location, register: Register, elements: ElementIndex) -> Location:
    """The location that a decision makes of what was found."""
    meant = tuple(element for key in said.element_keys if (element := elements.get(key)))
    gone = [element for element in meant if element.last_seen is not None]
    doubts = [f"an element that is in no current model; it was last seen {element.last_seen}" for element in gone]
    if found.place_id is not None and not _led_there(said, found.place_id, _rooms(meant, elements), register):
        doubts.append(f"the text now names another place, {found.place_id}")
    lost = bool(meant) and len(gone) == len(meant)
    return Location(
        LocateMethod.GONE if lost else LocateMethod.DECISION,
        said.place_id or _place_of(meant, found, register, elements),
        LocateState.REVIEW if doubts else LocateState.CONFIRMED,
        "; ".join((f"{said.person} decided", *doubts)),
        tuple(Candidate(element.key, 1 / len(meant), rank) for rank, element in enumerate(meant, start=1)),
        confidence=float(bool(meant)),
    )


def _led_there(said: Decided, now: str, rooms: Iterable[str], register: Register) -> bool:
    """Whether the words lead where they led when the person saw them, or where the person said, more or less exactly."""
    before = (said.place_shown, said.place_id, *rooms)
    if now in before:
        return True
    place, known = register.places.get(now), (register.places.get(place_id or "") for place_id in before)
    return any(place and then and (register.contains(place, then) or register.contains(then, place)) for then in known)


def _place_of(meant: Sequence[Element], found: Location, register: Register, elements: ElementIndex) -> str | None:
    """The room of the elements, or the smallest place that holds all their rooms; where the model knows none, that found."""
    rooms = list(dict.fromkeys(_rooms(meant, elements)))
    if not rooms or found.place_id in rooms:
        return found.place_id
    common = register.common(register.place(room) for room in rooms)
    return common.place_id if common else found.place_id


def _rooms(meant: Sequence[Element], elements: ElementIndex) -> Iterator[str]:
    for element in meant:
        yield from elements.rooms_of(element)
