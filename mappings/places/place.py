"""A place, the keys by which texts know it, and what resolving a text gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain

from mappings.places.address import AddressReading, parse_address
from mappings.places.normal import fold, number, storey
from warranty_hub.records.codes import PlaceKind


@dataclass(frozen=True, slots=True)
class Place:
    """One addressable place; the codes above its own level are those of its ancestors, None where there is no such level."""

    place_id: str
    kind: PlaceKind
    parent_id: str | None
    name: str
    building: str | None = None
    unit: str | None = None
    storey: str | None = None
    dwelling: str | None = None
    room_code: str | None = None
    aliases: tuple[str, ...] = ()


class ResolveMethod(StrEnum):
    """How a place was found: by the parts of an address, or by names of the register in the text."""

    STRUCTURE = "STRUCTURE"
    NAME = "NAME"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The places a text may mean, the most usual reading first; exactly one means it is certain.

    ``exact``: all the text names was found; otherwise the candidate is only as far as the register knows it.
    ``rooms``: rooms of the one candidate that fit the text equally well (one of two bedrooms).
    ``unit``: the unit that the text states, where the one candidate may span several (the second storey of unit 2).
    ``passed_over``: how many places fit the address as well, but are not known to have the room that is named.
    """

    candidates: tuple[Place, ...] = ()
    method: ResolveMethod = ResolveMethod.NONE
    exact: bool = False
    rooms: tuple[Place, ...] = ()
    unit: str | None = None
    passed_over: int = 0

    @property
    def ambiguous(self) -> bool:
        """Whether a person has to say which place is meant."""
        return len(self.candidates) > 1

    @property
    def place(self) -> Place | None:
        """The place, if it is certain."""
        return self.candidates[0] if len(self.candidates) == 1 else None


def numbers_of(place: Place) -> set[str]:
    """The keys by which an address knows a place, at its own level."""
    names = (place.name, *place.aliases)
    match place.kind:
        case PlaceKind.BUILDING:
            return {number(code) for code in (place.building, *(reading.building for reading in _addresses(place))) if code}
        case PlaceKind.UNIT:
            return {number(place.unit)} if place.unit else set()
        case PlaceKind.STOREY:
            return {storey(name) for name in (place.storey, *names) if name}
        case PlaceKind.DWELLING:
            return {number(form) for form in (place.dwelling, (place.dwelling or "").rpartition("-")[2]) if form}
        case PlaceKind.ROOM:
            return set() if place.dwelling else {number(name) for name in names if any(map(str.isdigit, name))}
    return set()


def zones_of(place: Place) -> set[str]:
    """The zones that a building's names put it in: E4 for E4区1栋."""
    return {reading.zone for reading in _addresses(place) if reading.zone}


def names_of(place: Place) -> set[str]:
    """Everything a place is called, folded for comparing."""
    return {_folded(name) for name in (place.name, *place.aliases) if name}


def fits(place: Place, reading: AddressReading) -> bool:
    """Whether nothing that an address states contradicts a place; a level that the place does not know cannot."""
    storey_fits = not reading.storey or reading.storey_derived or not place.storey or storey(place.storey) == reading.storey
    return in_unit(place, reading.unit) and storey_fits


def in_unit(place: Place, unit: str | None) -> bool:
    """Whether a place may be in a unit (None: in any); a storey of the whole building may."""
    return not unit or not place.unit or number(place.unit) == number(unit)


def _addresses(place: Place) -> Iterator[AddressReading]:
    return chain.from_iterable(map(parse_address, (place.name, *place.aliases)))


_folded = lru_cache(maxsize=1 << 16)(fold)
