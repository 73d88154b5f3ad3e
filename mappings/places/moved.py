"""Which texts a change of the register concerns: those that could name a changed place, and those that were found near one.

The register answers a text by numbers, names and kinds of room that stand in it, and by what lies around the places found. So a
text's answer stays what it is unless

- it holds a name of a changed place, as it was or as it is,
- or a word for the kind of room that a changed place is,
- or a number of a changed place, of its building or of none,
- or was found at a changed place, in one, or around one; or, where dwellings or storeys changed, in the same building,
  for they lie above each other;
- or at no place, which may be several places.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mappings.lexicon import Kind, Words
from mappings.lexicon.characters import plain
from mappings.lexicon.finder import WordFinder
from mappings.places.address import AddressReading, parse_numbers
from mappings.places.normal import fold, number
from mappings.places.place import Place, names_of, numbers_of
from mappings.places.register import levels
from warranty_hub.records.codes import PlaceKind

Places = Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class AskedText:
    """What a ticket says of its place, and where its defects were found: place ids, None for no certain place."""

    address: str
    description: str
    building: str | None
    found: tuple[str | None, ...]


class Surrounded:
    """Some places of a register that was and of the one that is, with all that lies around them in either."""

    def __init__(self, before: Places, after: Places, place_ids: Iterable[str]) -> None:
        self.around: frozenset[str] = frozenset()
        ids = frozenset(place_ids)
        for places in (before, after):
            storeys = _storeys(places)
            for place_id in ids & places.keys():
                outer = list(_above(places, place_id))
                on = (storey for place in outer for storey in storeys.get((place.building, place.storey), ()))
                self.around |= {place.place_id for place in outer} | frozenset(on)

    def holds(self, found: Iterable[str | None]) -> bool:
        """Whether one of these places is at, or around, the given ones."""
        return any(place_id is None or place_id in self.around for place_id in found) and bool(self.around)


class MovedPlaces:
    """The difference between a register that was and the one that is."""

    def __init__(self, before: Places, after: Places, words: Words) -> None:
        self._before, self._after = before, after
        self.ids = frozenset(
            place_id for place_id in before.keys() | after.keys() if before.get(place_id) != after.get(place_id)
        )
        moved = [places[place_id] for places in (before, after) for place_id in self.ids if place_id in places]
        self._near = Surrounded(before, after, self.ids)
        stacked = (PlaceKind.DWELLING, PlaceKind.STOREY)
        self._buildings = {place.building for place in moved if place.kind in stacked}
        self._names = WordFinder({name for place in moved for name in names_of(place) if not name.isdecimal()})
        self._kinds = WordFinder(_words_for({place.room_code for place in moved if place.room_code}, words))
        self._numbers = self._numbered(moved)

    def concern(self, asked: AskedText) -> bool:
        """Whether the answer to this text may be another now."""
        return bool(self.ids) and (self._found_near(asked.found) or self._named(asked) or self._counted(asked))

    def _found_near(self, found: Iterable[str | None]) -> bool:
        return self._near.holds(found) or any(self._within(place_id) for place_id in found if place_id)

    def _within(self, place_id: str) -> bool:
        """Whether it was found in a changed place, or in a building where changed dwellings or storeys are."""
        chain = [place for places in (self._before, self._after) for place in _above(places, place_id)]
        return not chain or any(place.place_id in self.ids or place.building in self._buildings for place in chain)

    def _named(self, asked: AskedText) -> bool:
        texts = (asked.address, asked.description, asked.description.replace("’", "'"))
        return any(self._names_in(fold(text)) for text in dict.fromkeys(texts))

    def _names_in(self, folded: str) -> bool:
        said = plain(folded.replace("’", "'")).replace("-", " ")
        return any(self._names.find(folded)) or any(self._kinds.find(said))

    def _counted(self, asked: AskedText) -> bool:
        if not self._numbers:
            return False
        return any(
            building is None or building in self._numbers.get((kind, code), ()) for kind, code, building in self._counts(asked)
        )

    def _counts(self, asked: AskedText) -> Iterator[tuple[PlaceKind, str, str | None]]:
        """Every number that the register may look up for this text, and the number of the building that it looks in."""
        found = {place.building for place_id in asked.found if place_id for place in _above(self._before, place_id)}
        buildings = {*found, asked.building} - {None}
        for code in buildings:
            yield PlaceKind.BUILDING, number(code or ""), number(code or "")
        for reading in _readings(asked, buildings):
            building = number(reading.building) if reading.building else None
            for kind, code, _ in levels(reading):
                if (kind, code) in self._numbers:
                    yield kind, code, building

    def _numbered(self, moved: Iterable[Place]) -> dict[tuple[PlaceKind, str], set[str]]:
        """The changed places by kind and number, each with the numbers of its building."""
        of_building: dict[str | None, set[str]] = defaultdict(set)
        for places in (self._before, self._after):
            for place in places.values():
                if place.kind is PlaceKind.BUILDING:
                    of_building[place.building] |= numbers_of(place) | {number(place.building or "")}
        found: dict[tuple[PlaceKind, str], set[str]] = defaultdict(set)
        for place in moved:
            for code in numbers_of(place):
                found[place.kind, code] |= of_building[place.building] | {number(place.building or "")}
        return found


def _readings(asked: AskedText, buildings: Iterable[str | None]) -> Iterator[AddressReading]:
    """All that the register may read in address and description, by themselves and as of a building."""
    for text, free in ((asked.address, False), (asked.address, True), (asked.description, True)):
        yield from parse_numbers(text, free)
        for building in buildings:
            yield from parse_numbers(f"{building}号楼 {text}", free)


def _above(places: Places, place_id: str) -> Iterator[Place]:
    """The place itself, then what it lies in."""
    place = places.get(place_id)
    for _ in PlaceKind:
        if place is not None:
            yield place
            place = places.get(place.parent_id or "")


def _storeys(places: Places) -> Mapping[tuple[str | None, str | None], list[str]]:
    found: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
    for place in places.values():
        if place.kind is PlaceKind.STOREY:
            found[place.building, place.storey].append(place.place_id)
    return found


def _words_for(codes: set[str], words: Words) -> set[str]:
    """The words that say one of these kinds of room, by themselves or within a longer word."""
    return {
        word
        for word, senses in words.senses.items()
        if any(sense.kind is Kind.ROOM and codes & set(sense.codes) for sense in senses)
    }
