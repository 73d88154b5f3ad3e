"""The places of one project, and which of them a text means.

The readings of an address (address.py) are looked up; what exists decides. Only where no reading is found does a second way
help, for models that name things in their own manner: the longest names of the register that stand in the text.
Kinds of room and names of parts are then looked for below the place found. Two answers stay two answers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from mappings.lexicon import Words, our_words
from mappings.lexicon.finder import WordFinder
from mappings.places.address import AddressReading, address_spans, parse_numbers
from mappings.places.normal import fold, normalise, number
from mappings.places.parts import Parts, PartWord, part_words, together
from mappings.places.place import Place, Resolution, ResolveMethod, fits, in_unit, names_of, numbers_of, zones_of
from mappings.places.stacks import Stacks
from warranty_hub.records.codes import PlaceKind

SHARED_BY_TOO_MANY = 50  # a name that so many places bear tells none of them; nor which of their rooms is meant
_ROOF = "屋面"
_DEPTH = {kind: depth for depth, kind in enumerate(PlaceKind)}
_HOMES = frozenset({PlaceKind.DWELLING, PlaceKind.ROOM})


class _Match(NamedTuple):
    """A place that a reading fits, as exactly as the register knows it; ``unit`` as the text states it."""

    place: Place
    unit: str | None = None
    exact: bool = True
    rooms: tuple[Place, ...] = ()


_PLACE = attrgetter("place")
_Found = tuple[Sequence[_Match], ResolveMethod]


class Register:
    """All places of one project, indexed, and the words by which its texts are read; never changed after it is built."""

    def __init__(self, places: Iterable[Place], words: Words | None = None) -> None:
        self.words = words or our_words()
        self._places = {place.place_id: place for place in places}
        self._by_number: dict[tuple[PlaceKind, str | None, str], list[Place]] = defaultdict(list)
        self._by_name: dict[str, list[Place]] = defaultdict(list)
        self._matches: dict[tuple[PlaceKind, str | None, str, str | None, str | None, bool], list[_Match]] = {}
        self._parts = Parts()
        self._zones: dict[str, set[str]] = {}
        for place in self._places.values():
            self._add(place)
        self._stacks = Stacks(place for place in self._places.values() if place.kind is PlaceKind.DWELLING)
        self._finder = WordFinder([name for name in self._by_name if len(name) > 1 and not name.isdecimal()])

    def __len__(self) -> int:
        return len(self._places)

    @property
    def places(self) -> Mapping[str, Place]:
        """All places by their ids."""
        return self._places

    def place(self, place_id: str) -> Place:
        """The place of this id."""
        return self._places[place_id]

    def above(self, place: Place) -> Iterator[Place]:
        """The place itself, then what it lies in, up to the project; never more levels than there are."""
        seen: Place | None = place
        for _ in PlaceKind:
            if seen is not None:
                yield seen
                seen = self._places.get(seen.parent_id or "")

    def contains(self, outer: Place, inner: Place) -> bool:
        """Whether a place is another or lies in it. A storey holds its dwellings, though above them is their unit."""
        return any(place.place_id == outer.place_id for place in self.above(inner)) or _is_on(outer, inner)

    def common(self, places: Iterable[Place]) -> Place | None:
        """The smallest place that holds them all."""
        first, *others = places
        return next((outer for outer in self.above(first) if all(self.contains(outer, other) for other in others)), None)

    def rooms_of(self, place: Place) -> tuple[Place, ...]:
        """The rooms of a dwelling; of anything larger, its common rooms."""
        return tuple(part for part in self._parts.of(place) if part.kind is PlaceKind.ROOM)

    def neighbour(self, place: Place, storeys: int) -> Place | None:
        """The dwelling, or the same room of it, so many storeys higher: 1601 for 1501; the roof above the last.

        None where the register knows none; only dwellings and their rooms have neighbours.
        """
        if storeys == 0 or place.dwelling is None:
            return place if storeys == 0 else None
        home = self._stacks.above(place, storeys)
        if home is None:
            roofs = self._by_number.get((PlaceKind.STOREY, _building_of(place), _ROOF), ()) if storeys > 0 else ()
            return next((roof for roof in roofs if in_unit(roof, place.unit)), None)
        names = names_of(place) if place.kind is PlaceKind.ROOM else set()
        return next((room for room in self.rooms_of(home) if names & names_of(room)), home)

    def resolve(self, text: str, building: str | None = None, remark: str = "") -> Resolution:
        """The places that an address means.

        ``building``: the code of the building where another field of the ticket names it.
        ``remark``: free text that may name the room, or the whole place where the address stops short.
        """
        return self.resolve_each(text, building, remark, [None])[0]

    def resolve_each(
        self, text: str, building: str | None, remark: str, rooms: Iterable[tuple[str, ...] | None]
    ) -> list[Resolution]:
        """The places of several defects at one address; for each the kinds of room that the remark puts it in (None: any)."""
        found = self._find(text, building)
        if remark and not any(match.place.kind in _HOMES for match in found[0]):
            found = self._narrowed(found, remark, building)
        matches, method = found
        if not matches:
            return [Resolution() for _ in rooms]
        if len(matches) > SHARED_BY_TOO_MANY:
            all_of_them = Resolution(tuple(map(_PLACE, matches)), method, matches[0].exact)
            return [all_of_them for _ in rooms]
        stated, told = (part_words(said, self.words, self._finder) for said in (text, remark))
        return [self._resolution(found, stated, _about(told, kinds)) for kinds in rooms]

    def _resolution(self, found: _Found, stated: Sequence[PartWord], told: Sequence[PartWord]) -> Resolution:
        matches, method = found
        parts = [self._with_part(match, stated, told) for match in matches] if stated or told else matches
        best = [match for match in parts if match.exact and (match.rooms or match.place.kind is PlaceKind.ROOM)] or parts
        exact = all(match.exact for match in best)
        if len({match.place.place_id for match in best}) == 1:
            return Resolution((best[0].place,), method, exact, best[0].rooms, best[0].unit, len(parts) - len(best))
        places = (place for match in best for place in match.rooms or (match.place,))
        found_places = tuple({place.place_id: place for place in places}.values())
        return Resolution(found_places, method, exact, passed_over=len(parts) - len(best))

    # -------------------------------------------------------------------------------------------- by structure
    def _find(self, text: str, building: str | None, free: bool = False) -> _Found:
        matches = self._of_address(text, building, free)
        if not any(match.exact for match in matches):
            known = max((_DEPTH[match.place.kind] for match in matches), default=0)
            named = [match for match in self._of_names(text, building, free) if _DEPTH[match.place.kind] > known]
            if named:
                return named, ResolveMethod.NAME
        return matches, ResolveMethod.STRUCTURE if matches else ResolveMethod.NONE

    def _narrowed(self, found: _Found, remark: str, building: str | None) -> _Found:
        """What a remark adds to an address that stops short: places inside the first, or all it says without a first."""
        outer = found[0][0] if len(found[0]) == 1 else None
        more = self._find(remark, outer.place.building if outer and outer.place.building else building, free=True)
        inside = outer and more[0] and all(inner.exact and self._holds(outer, inner.place) for inner in more[0])
        return more if inside or not found[0] else found

    def _holds(self, outer: _Match, inner: Place) -> bool:
        return self.contains(outer.place, inner) and in_unit(inner, outer.unit)

    def _of_address(self, text: str, building: str | None, free: bool) -> Sequence[_Match]:
        readings = parse_numbers(text, free)
        if not building:
            return self._best(readings)
        if not readings or any(number(reading.building or "") != number(building) for reading in readings):
            readings += parse_numbers(f"{building}号楼 {text}" if readings or not free else f"{building}号楼")
        here = self._best(readings, number(building))
        if here and here[0].exact:
            return here
        best = self._best(readings)
        here = [match for match in best if number(match.place.building or "") == number(building)]
        elsewhere = self._by_number.get((PlaceKind.BUILDING, None, number(building)), [])
        return here or [*best, *(_Match(place, exact=False) for place in elsewhere)]

    def _best(self, readings: Iterable[AddressReading], within: str | None = None) -> Sequence[_Match]:
        """The places that the readings fit, the exact ones if there are any; only those of one building, if asked."""
        found = [matches for reading in readings if (matches := self._of_reading(reading, within))]
        best = [matches for matches in found if matches[0].exact] or found
        return best[0] if len(best) == 1 else _once(chain.from_iterable(best))

    def _of_reading(self, reading: AddressReading, within: str | None) -> Sequence[_Match]:
        """The deepest places that fit, all equally exact: less so where the reading names more than the register has."""
        buildings = self._buildings(reading)
        if within is not None:
            buildings = [within] if buildings == [None] or within in buildings else []
        for kind, code, exact in levels(reading):
            found = [matches for building in buildings if (matches := self._numbered(kind, building, code, exact, reading))]
            if found:
                return found[0] if len(found) == 1 else list(chain.from_iterable(found))
        return []

    def _numbered(
        self, kind: PlaceKind, building: str | None, code: str, exact: bool, reading: AddressReading
    ) -> Sequence[_Match]:
        """The places of this number that the reading allows; many are kept, for in a large project hundreds share one."""
        stated = None if reading.storey_derived else reading.storey
        key = (kind, building, code, reading.unit, stated, exact)
        if key in self._matches:
            return self._matches[key]
        places = (place for place in self._by_number.get((kind, building, code), ()) if fits(place, reading))
        found = [_Match(place, reading.unit, exact) for place in places]
        if len(found) > 1:
            self._matches[key] = found
        return found

    def _buildings(self, reading: AddressReading) -> list[str | None]:
        """The codes of the buildings a reading may mean; [None]: it names none, so any."""
        if reading.building is None:
            return [None]
        named = self._by_number.get((PlaceKind.BUILDING, None, number(reading.building)), [])
        zoned = [place for place in named if reading.zone in self._zones[place.place_id]]
        without_zone = [place for place in named if not self._zones[place.place_id]]
        return [_building_of(place) for place in (named if reading.zone is None else zoned or without_zone)]

    # -------------------------------------------------------------------------------------------- by name
    def _of_names(self, text: str, building: str | None, free: bool) -> list[_Match]:
        """The places whose names stand in the text; names of several levels confine each other.

        A name is no part of an address (2单元 of an unknown building), and next to an unknown address it is not all.
        """
        folded, addresses = fold(text), address_spans(normalise(text), free)
        names = [span for span in self._finder.find(folded) if not any(_cuts(span, address) for address in addresses)]
        exact = all(any(_covers(name, address) for name in names) for address in addresses)
        found: dict[PlaceKind, list[set[str]]] = defaultdict(list)
        for start, end in names:
            bearers = self._by_name[folded[start:end]]
            for kind in {place.kind for place in bearers} if len(bearers) <= SHARED_BY_TOO_MANY else ():
                found[kind].append({place.place_id for place in bearers if place.kind is kind})
        places = [self._places[place_id] for place_id in sorted(self._confined(found))]
        here = [place for place in places if building is None or place.building in (None, building)]
        return [_Match(place, exact=exact) for place in here or places]

    def _confined(self, found: Mapping[PlaceKind, list[set[str]]]) -> set[str]:
        """The deepest places named, as far as possible those inside the larger ones named."""
        current: set[str] = set()
        for kind in sorted(found, key=_DEPTH.__getitem__):
            named = together(found[kind])
            inside = {place_id for place_id in named if self._is_in(place_id, current)}
            current = inside or current | named
        return current

    def _is_in(self, place_id: str, outer: set[str]) -> bool:
        return any(place.place_id in outer for place in self.above(self._places[place_id]))

    # -------------------------------------------------------------------------------------------- parts of a place
    def _with_part(self, match: _Match, stated: Sequence[PartWord], told: Sequence[PartWord]) -> _Match:
        """The match, made as exact as address and remark allow; of different rooms that of the remark is the defect's."""
        if match.place.kind is PlaceKind.ROOM:
            return match
        in_address, in_remark = (list(self._parts.named(match.place, match.unit, said)) for said in (stated, told))
        if not in_address and not in_remark:
            return match
        named = together([together(in_address), together(in_remark)])
        if len(named) > 1:
            named = together(in_remark) or named
        if len(named) == 1:
            return _Match(self._places[next(iter(named))], match.unit, match.exact)
        rooms = tuple(self._places[place_id] for place_id in sorted(named))
        return _Match(match.place, match.unit, match.exact and bool(rooms), rooms)

    # -------------------------------------------------------------------------------------------- building the indexes
    def _add(self, place: Place) -> None:
        for code in numbers_of(place):
            for building in {None, _building_of(place)}:
                self._by_number[place.kind, building, code].append(place)
        if place.kind is PlaceKind.BUILDING:
            self._zones[place.place_id] = zones_of(place)
        if place.kind is not PlaceKind.PROJECT:
            for name in names_of(place):
                self._by_name[name].append(place)
        if place.kind in (PlaceKind.ROOM, PlaceKind.STOREY):
            outer = list(self.above(place))[1:]
            self._parts.add(place, [other for other in outer if other.kind is PlaceKind.DWELLING] or outer)


def _is_on(storey: Place, place: Place) -> bool:
    same_storey = (storey.building, storey.storey) == (place.building, place.storey)
    return storey.kind is PlaceKind.STOREY and same_storey and (storey.unit is None or storey.unit == place.unit)


def levels(reading: AddressReading) -> Iterator[tuple[PlaceKind, str, bool]]:
    """What to look for, the most exact first, and whether that is all the reading says. 12F and 03 is house number 1203."""
    stated = reading.storey if reading.storey and not reading.storey_derived else None
    room_no = reading.room_no
    if room_no:
        yield PlaceKind.DWELLING, number(room_no), True
        yield PlaceKind.ROOM, number(room_no), True
        if stated and len(room_no) <= 2:
            yield PlaceKind.DWELLING, f"{stated.rstrip('F')}{room_no:0>2}", True
    if stated:
        yield PlaceKind.STOREY, stated, not room_no
    if reading.unit:
        yield PlaceKind.UNIT, number(reading.unit), not (room_no or stated)
    if reading.building:
        yield PlaceKind.BUILDING, number(reading.building), not (room_no or stated or reading.unit)


def _building_of(place: Place) -> str | None:
    return number(place.building) if place.building else None


def _about(words: Sequence[PartWord], rooms: tuple[str, ...] | None) -> Sequence[PartWord]:
    """The words that name these kinds of room, or a part that is of no kind."""
    return [word for word in words if rooms is None or word.rooms in (rooms, ())]


def _once(matches: Iterable[_Match]) -> list[_Match]:
    """Each place once, in the order of the readings."""
    by_place: dict[str, _Match] = {}
    for match in matches:
        by_place.setdefault(match.place.place_id, match)
    return list(by_place.values())


def _covers(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span[0] <= other[0] and other[1] <= span[1]


def _cuts(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span[0] < other[1] and other[0] < span[1] and not _covers(span, other)
