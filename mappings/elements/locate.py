"""From a defect's text to the building element: a cascade, from the most certain evidence to the least.

1. a GlobalId, or a tag or asset number (QR code)    the element itself, under its present or a former GlobalId
2. the room and the component                        the elements in and around the room that can be the component
3. the dwelling and the component                    the same over all rooms of the dwelling
4. the place alone                                   room, dwelling, storey, building, or nothing

Exactly one sure element is linked (AUTO). Several are a set that a person chooses from (REVIEW): one of five sockets is never
picked. What is not certain is never made so: an ambiguous place, a GlobalId used twice, a room that the register does not
know, all end in REVIEW or in the place alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mappings.elements.fit import Fit, fit
from mappings.elements.index import Element, ElementIndex
from mappings.elements.location import (
    AUTO_FROM,
    BY_GLOBAL_ID,
    BY_TAG,
    DOUBTFUL,
    ONE_OF_SEVERAL_POSSIBLE,
    ONE_OF_SEVERAL_SURE,
    ONLY_ONE_IN_DWELLING,
    ONLY_ONE_IN_ROOM,
    REVIEW_FROM,
    Candidate,
    DefectText,
    LocateMethod,
    Location,
)
from mappings.lexicon import lexicon
from mappings.places import Place, Register, Resolution, in_unit
from warranty_hub.records.codes import LocateState, PlaceKind


@dataclass(frozen=True, slots=True)
class _Case:
    """One defect with everything that is known for locating it."""

    defect: DefectText
    where: Resolution
    register: Register
    elements: ElementIndex


def locate(defect: DefectText, register: Register, elements: ElementIndex) -> Location:
    """Find the element, or the smallest place, that a defect was read to be about."""
    case = _Case(defect, defect.defect.where, register, elements)
    return _by_global_id(case) or _by_tag(case) or _after_removal(case, _by_component(case) or _by_place(case))


def _after_removal(case: _Case, found: Location) -> Location:
    """A defect that was linked stays with its element when that leaves the model: what stands there now need not be it.

    A text that is certain of another place or component than the element's speaks of something else by now.
    """
    element = case.elements.gone(case.defect.linked_to)
    if element is None or _elsewhere(case, element):
        return found
    if case.defect.components and not _fit(case, element):
        return found
    return _gone(case, element, "the defect was linked to an element", found.candidates)


# ------------------------------------------------------------------------------------------------ 1: identifiers
_GLOBAL_ID = re.compile(r"(?<![0-9A-Za-z_$])[0-3][0-9A-Za-z_$]{21}(?![0-9A-Za-z_$])")
_REFERENCE = re.compile(r"[0-9A-Za-z_.-]{2,}")
_LABELLED = re.compile(r"(?:编号|资产号|构件号|标签|\b(?:tag|asset|qr)\b(?: no)?)[ .:#]*([0-9A-Za-z_.-]{2,})", re.IGNORECASE)


def _by_global_id(case: _Case) -> Location | None:
    """The reference field as it stands, for models hold invalid GlobalIds too; anywhere else only what looks like one."""
    reference = case.defect.element_ref.strip()
    written = [reference, *_GLOBAL_ID.findall(f"{reference} {case.defect.text}")]
    found = [element for guid in dict.fromkeys(written) for element in case.elements.by_guid(guid)]
    return _identified(case, LocateMethod.GLOBAL_ID, BY_GLOBAL_ID, found)


def _by_tag(case: _Case) -> Location | None:
    """The reference field, whole or in parts (a QR code often holds a web address); in free text only a labelled number."""
    reference = case.defect.element_ref.strip()
    parts = _REFERENCE.findall(reference) if not case.elements.by_tag(reference) else [reference]
    written = (*parts, *_LABELLED.findall(case.defect.text))
    found = {element.key: element for tag in written for element in case.elements.by_tag(tag)}
    return _identified(case, LocateMethod.TAG, BY_TAG, list(found.values()))


def _identified(case: _Case, method: LocateMethod, worth: float, named: Sequence[Element]) -> Location | None:
    found = [element for element in named if case.defect.only or not case.defect.components or _fit(case, element)]
    if not found:
        return None
    word = "GlobalId" if method is LocateMethod.GLOBAL_ID else "tag or asset number"
    if len(found) > 1:
        reason = f"the {word} stands for {len(found)} elements"
        return _linked(case, method, _ranked(case, found), reason)
    element = found[0]
    if element.last_seen is not None:
        return _gone(case, element, f"the {word} is known")
    if _elsewhere(case, element):
        return _linked(
            case, method, [(element, DOUBTFUL)], f"the {word} is known, but the text names another place than the model"
        )
    return _linked(case, method, [(element, worth)], f"the {word} is known and stands for one element")


def _gone(case: _Case, element: Element, how: str, others: Sequence[Candidate] = ()) -> Location:
    """The element is no candidate to stand before, but what the defect is about: it is kept, and its room stands in."""
    reason = f"{how}, but the element is in no current model; it was last seen {element.last_seen}"
    rooms = case.elements.rooms_of(element)
    place = case.where.place.place_id if case.where.place else rooms[0] if len(rooms) == 1 else None
    ranked = [Candidate(element.key, DOUBTFUL, 1)]
    ranked += [Candidate(other.element_key, ONE_OF_SEVERAL_POSSIBLE, rank) for rank, other in enumerate(others, start=2)]
    return Location(LocateMethod.GONE, place, LocateState.REVIEW, reason, tuple(ranked))


def _elsewhere(case: _Case, element: Element) -> bool:
    """Whether the text is certain of a place and the model has the element in rooms outside it."""
    place, contains = case.where.place, case.register.contains
    rooms = [case.register.place(place_id) for place_id in case.elements.rooms_of(element)]
    if place is None or not rooms:
        return False
    return not any((contains(place, room) or contains(room, place)) and in_unit(room, case.where.unit) for room in rooms)


# ------------------------------------------------------------------------------------------------ 2, 3: place and component
def _by_component(case: _Case) -> Location | None:
    place, components = case.where.place, case.defect.components
    if place is None or not components:
        return None
    in_rooms = place.kind is PlaceKind.ROOM or bool(case.where.rooms)
    rooms = (place,) if place.kind is PlaceKind.ROOM else case.where.rooms
    if not in_rooms and place.kind is PlaceKind.DWELLING:
        rooms = case.register.rooms_of(place)
    around = {element.key: element for room in rooms for element in case.elements.in_room(room.place_id)}
    fits = _ranked(case, [element for element in around.values() if _fit(case, element)])
    if not fits:
        return None
    method = LocateMethod.ROOM_COMPONENT if in_rooms else LocateMethod.DWELLING_COMPONENT
    if len(fits) > 1:
        return _linked(
            case, method, fits, f"{len(fits)} elements there can be {_names(components)}; the text does not say which"
        )
    element = fits[0][0]
    doubt = _doubt(case, element)
    if doubt:
        return _linked(
            case, method, [(element, DOUBTFUL)], f"the only element there that can be {_names(components)}, but {doubt}"
        )
    worth = ONLY_ONE_IN_ROOM if in_rooms else ONLY_ONE_IN_DWELLING
    return _linked(case, method, [(element, worth)], f"the only element there that is {_names(components)}")


def _doubt(case: _Case, element: Element) -> str:
    """What speaks against the only element found; empty if nothing does."""
    if not case.where.exact:
        return "the register does not know all that the text names"
    if case.where.rooms:
        return f"{len(case.where.rooms)} rooms fit the text"
    if len(case.defect.components) > 1:
        return "the word means several components"
    return "" if _fit(case, element) is Fit.SURE else "the model does not tell its kind"


def _fit(case: _Case, element: Element) -> Fit:
    return max((fit(component, element) for component in case.defect.components), default=Fit.NO)


def _ranked(case: _Case, elements: Iterable[Element]) -> list[tuple[Element, float]]:
    """Several elements that may be meant, the surer first; among equals the order says nothing, it is only stable."""
    fits = sorted(((_fit(case, element), element) for element in elements), key=lambda pair: (-pair[0], pair[1].key))
    return [(element, ONE_OF_SEVERAL_SURE if how is Fit.SURE else ONE_OF_SEVERAL_POSSIBLE) for how, element in fits]


def _names(components: Iterable[str]) -> str:
    return " or ".join(f"{code} ({lexicon().components[code].label.en})" for code in components)


def _linked(case: _Case, method: LocateMethod, ranked: Sequence[tuple[Element, float]], reason: str) -> Location:
    candidates = tuple(Candidate(element.key, worth, rank) for rank, (element, worth) in enumerate(ranked, start=1))
    best = candidates[0].confidence
    state = LocateState.AUTO if best >= AUTO_FROM else LocateState.REVIEW if best >= REVIEW_FROM else None
    return Location(method, _place_of(case, [element for element, _ in ranked]), state, reason, candidates)


def _place_of(case: _Case, elements: Sequence[Element]) -> str | None:
    """The place of the text; without one, the room that all the elements are in."""
    if case.where.place:
        return case.where.place.place_id
    rooms = {place_id for element in elements for place_id in case.elements.rooms_of(element)}
    return rooms.pop() if len(rooms) == 1 else None


# ------------------------------------------------------------------------------------------------ 4: the place alone
_METHODS = {
    PlaceKind.ROOM: LocateMethod.ROOM,
    PlaceKind.DWELLING: LocateMethod.DWELLING,
    PlaceKind.STOREY: LocateMethod.STOREY,
    PlaceKind.UNIT: LocateMethod.BUILDING,
    PlaceKind.BUILDING: LocateMethod.BUILDING,
    PlaceKind.PROJECT: LocateMethod.UNRESOLVED,
}


def _by_place(case: _Case) -> Location:
    where = case.where
    if not where.candidates:
        return Location(LocateMethod.UNRESOLVED, None, None, "no place of the register stands in the text")
    place = where.place or case.register.common(where.candidates)
    method = _METHODS[place.kind] if place else LocateMethod.UNRESOLVED
    place_id = place.place_id if place else None
    if where.ambiguous:
        places = tuple(candidate.place_id for candidate in where.candidates)
        reason = f"the address may mean {len(places)} places of the register"
        return Location(method, place_id, LocateState.REVIEW, reason, places=places)
    return Location(method, place_id, None, _why_no_element(case, place), places=tuple(room.place_id for room in where.rooms))


def _why_no_element(case: _Case, place: Place | None) -> str:
    components = case.defect.components
    if not case.where.exact:
        return "the register does not know all that the text names"
    if place is None or place.kind not in (PlaceKind.ROOM, PlaceKind.DWELLING):
        return "the text names no dwelling or room"
    return f"no element known there can be {_names(components)}" if components else "the text names no component"
