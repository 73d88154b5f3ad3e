"""What lies inside a place and can be named beside it: its rooms, by their kind or name, and its storeys."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mappings.lexicon import Kind, Words, hits_in
from mappings.lexicon.characters import plain
from mappings.lexicon.finder import WordFinder
from mappings.places.normal import fold
from mappings.places.place import Place, in_unit, names_of
from warranty_hub.records.codes import PlaceKind

_BASEMENT = "R21"
_NONE: set[str] = set()


class PartWord(NamedTuple):
    """A word of a text that may name a part of a place: a name in the register, or a kind of room."""

    text: str
    rooms: tuple[str, ...]
    is_component: bool


def part_words(text: str, words: Words, names: WordFinder) -> Sequence[PartWord]:
    """The words that may name a room or storey, the longest of those that overlap."""
    if not text:
        return ()
    folded = fold(text)
    hits = hits_in(plain(folded), words)
    rooms = {(hit.start, hit.end): hit.codes for hit in hits if hit.kind is Kind.ROOM}
    components = {(hit.start, hit.end) for hit in hits if hit.kind is Kind.COMPONENT}
    spans = _longest_apart({*rooms, *names.find(folded)})
    return [PartWord(folded[start:end], rooms.get((start, end), ()), (start, end) in components) for start, end in spans]


class Parts:
    """Which parts lie in which place, by name and by kind of room; one for all places, for in each they are few."""

    def __init__(self) -> None:
        self._in: dict[str, list[Place]] = defaultdict(list)
        self._called: dict[str, set[str]] = defaultdict(set)
        self._of_kind: dict[str, set[str]] = defaultdict(set)

    def add(self, part: Place, outer: Iterable[Place]) -> None:
        """Note a part and the places that it is named beside."""
        for place in outer:
            self._in[place.place_id].append(part)
        for name in names_of(part):
            self._called[name].add(part.place_id)
        if part.room_code:
            self._of_kind[part.room_code].add(part.place_id)

    def of(self, place: Place) -> Sequence[Place]:
        """The rooms of a dwelling; of anything larger its common rooms and its storeys."""
        return self._in.get(place.place_id, ())

    def named(self, place: Place, unit: str | None, words: Iterable[PartWord]) -> Iterator[set[str]]:
        """For each word the ids of what it names in a unit of a place; an empty set where it names a room that is not there."""
        parts = [part.place_id for part in self.of(place) if in_unit(part, unit)]
        for word in words:
            named = self._called.get(word.text, _NONE).intersection(parts)
            for code in () if named else word.rooms:
                named |= self._of_kind.get(code, _NONE).intersection(parts)
            is_the_storey = place.kind is PlaceKind.STOREY and _BASEMENT in word.rooms
            if named or (word.rooms and not word.is_component and not is_the_storey):
                yield named


def together(sets: Iterable[set[str]]) -> set[str]:
    """What several names mean: names of one place say it twice, names of different places leave both."""
    meant: set[str] = set()
    for named in sets:
        meant = meant & named or meant | named
    return meant


def _longest_apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of overlapping spans the longest, in the order of the text."""
    taken: set[int] = set()
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            kept.append((start, end))
    return sorted(kept)
