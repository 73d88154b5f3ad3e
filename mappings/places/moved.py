"""Which texts a change of the register concerns: those that could name a changed place, and those that were found near one.

The register answers a text by numbers, names and kinds of room that stand in it, and by what lies around the places found. So a
text's answer stays what it is unless

- it holds a name of a changed place, as it was or as it is,
- or a number of a changed place, of its building or of none,
- or was found at a changed place, in one, or around one; or in the same dwelling as a changed room; or, where dwellings or
  storeys changed, in the same building, for they lie above each other;
- or at no place, which may be several places.

A room of which others have the name too, or that is told by its kind (every flat has a 主卧), is looked for in the places found
alone: such a word counts only beside a name or a number of the room's dwelling, or of what a common room lies in.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mappings.lexicon import Kind, Words
from mappings.lexicon.characters import plain
from mappings.lexicon.finder import WordFinder
from mappings.places.address import AddressReading, parse_numbers
from mappings.places.normal import fold, number
from mappings.places.place import Place, names_of, numbers_of
from mappings.places.register import SHARED_BY_TOO_MANY, levels
from warranty_hub.records.codes import PlaceKind

Places = Mapping[str, Place]
_Codes = tuple[str | None, str | None]


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
            levels_of = _by_codes(places)
            for place_id in ids & places.keys():
                outer = list(_above(places, place_id))
                on = (level for place in outer for code in _codes(place) for level in levels_of.get(code, ()))
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
        moved = [(places, places[place_id]) for places in (before, after) for place_id in self.ids if place_id in places]
        rooms = [(places, place) for places, place in moved if place.kind is PlaceKind.ROOM]
        homes = [home for places, room in rooms for home in _homes(places, room)]
        self._near = Surrounded(before, after, self.ids)
        self._holders = self.ids | {home.place_id for home in homes if home.kind is PlaceKind.DWELLING}
        stacked = (PlaceKind.DWELLING, PlaceKind.STOREY)
        self._buildings = {place.building for _, place in moved if place.kind in stacked}
        common = self._common({name for _, room in rooms for name in names_of(room)})
        names = {
            name for _, place in moved for name in names_of(place) if place.kind is not PlaceKind.ROOM or name not in common
        }
        self._named = _Named(names, (place for _, place in moved), (before, after))
        self._home_named = _Named({name for home in homes for name in names_of(home)}, homes, (before, after))
        self._common_names = WordFinder(common)
        self._kinds = WordFinder(_words_for({room.room_code for _, room in rooms if room.room_code}, words))

    def concern(self, asked: AskedText) -> bool:
        """Whether the answer to this text may be another now."""
        return bool(self.ids) and (
            self._found_near(asked.found)
            or self._tells(self._named, asked)
            or (self._tells_a_part(asked) and self._tells(self._home_named, asked))
        )

    def _found_near(self, found: Iterable[str | None]) -> bool:
        return self._near.holds(found) or any(self._within(place_id) for place_id in found if place_id)

    def _within(self, place_id: str) -> bool:
        """Whether it was found in a changed place, beside a changed room, or in a building of changed dwellings or storeys."""
        chain = [place for places in (self._before, self._after) for place in _above(places, place_id)]
        return not chain or any(place.place_id in self._holders or place.building in self._buildings for place in chain)

    def _tells(self, named: "_Named", asked: AskedText) -> bool:
        return any(named.in_text(fold(text)) for text in _texts(asked)) or named.counted(self._counts(asked, named))

    def _tells_a_part(self, asked: AskedText) -> bool:
        folded = [fold(text) for text in _texts(asked)]
        return any(
            any(self._common_names.find(text)) or any(self._kinds.find(plain(text).replace("-", " "))) for text in folded
        )

    def _common(self, names: set[str]) -> set[str]:
        """The names that so many places bear, before and after, that none of them is found by it."""
        common = names
        for places in (self._before, self._after):
            bearers = Counter(name for place in places.values() for name in names & names_of(place))
            common = {name for name in common if bearers[name] > SHARED_BY_TOO_MANY}
        return common

    def _counts(self, asked: AskedText, named: "_Named") -> Iterator[tuple[PlaceKind, str, str | None]]:
        """Every number that the register may look up for this text, and the number of the building that it looks in."""
        if not named.numbers:
            return
        found = {place.building for place_id in asked.found if place_id for place in _above(self._before, place_id)}
        buildings = {*found, asked.building} - {None}
        for code in buildings:
            yield PlaceKind.BUILDING, number(code or ""), number(code or "")
        for reading in _readings(asked, buildings):
            building = number(reading.building) if reading.building else None
            yield from ((kind, code, building) for kind, code, _ in levels(reading))


class _Named:
    """Some places by their names, and by kind and number, each number with those of its building."""

    def __init__(self, names: set[str], places: Iterable[Place], registers: Iterable[Places]) -> None:
        self._names = WordFinder({name for name in names if not name.isdecimal()})
        of_building: dict[str | None, set[str]] = defaultdict(set)
        for place in (place for register in registers for place in register.values() if place.kind is PlaceKind.BUILDING):
            of_building[place.building] |= numbers_of(place) | {number(place.building or "")}
        self.numbers: dict[tuple[PlaceKind, str], set[str]] = defaultdict(set)
        for place in places:
            for code in numbers_of(place):
                self.numbers[place.kind, code] |= of_building[place.building] | {number(place.building or "")}

    def in_text(self, folded: str) -> bool:
        return any(self._names.find(folded))

    def counted(self, counts: Iterable[tuple[PlaceKind, str, str | None]]) -> bool:
        return any(
            (kind, code) in self.numbers and (building is None or building in self.numbers[kind, code])
            for kind, code, building in counts
        )


def _texts(asked: AskedText) -> Iterable[str]:
    return dict.fromkeys((asked.address, asked.description))


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


def _homes(places: Places, room: Place) -> list[Place]:
    """The dwelling that a room is in; of a common room all that it lies in."""
    outer = list(_above(places, room.place_id))[1:]
    return [place for place in outer if place.kind is PlaceKind.DWELLING] or outer


def _by_codes(places: Places) -> Mapping[_Codes, list[str]]:
    """Project, buildings with units, and storeys, by the codes of what lies in them, whether or not a parent leads there."""
    found: dict[_Codes, list[str]] = defaultdict(list)
    for place in places.values():
        if place.kind in (PlaceKind.PROJECT, PlaceKind.BUILDING, PlaceKind.UNIT):
            found[place.building, None].append(place.place_id)
        elif place.kind is PlaceKind.STOREY:
            found[place.building, place.storey].append(place.place_id)
    return found


def _codes(place: Place) -> Iterable[_Codes]:
    return (None, None), (place.building, None), (place.building, place.storey)


def _words_for(codes: set[str], words: Words) -> set[str]:
    """The words that say one of these kinds of room, by themselves or within a longer word."""
    return {
        word
        for word, senses in words.senses.items()
        if any(sense.kind is Kind.ROOM and codes & set(sense.codes) for sense in senses)
    }
