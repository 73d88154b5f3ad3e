"""One defect with everything that is known for locating it: where to look for its element, and what is answered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from mappings.elements.candidates import Found
from mappings.elements.fit import Fit
from mappings.elements.identifiers import Identified
from mappings.elements.index import Element
from mappings.elements.location import AUTO_FROM, REVIEW_FROM, Candidate, DefectText, LocateMethod, Location, Role, Sign
from mappings.elements.spread import spread
from mappings.elements.surroundings import Surroundings
from mappings.elements.telling import doubts_of, names_of
from mappings.places import Place, Resolution
from warranty_hub.records.codes import LocateState, PlaceKind

_BUILT = (
    "IfcWall", "IfcSlab", "IfcRoof", "IfcDoor", "IfcWindow", "IfcCovering", "IfcRailing", "IfcStair", "IfcColumn", "IfcBeam",
    "IfcCurtainWall",
)  # fmt: skip
MOST_PLACES = 100  # an address that may mean more of them says nothing of elements
MOST_ELEMENTS = 500  # nor does a set that large


@dataclass(frozen=True, slots=True)
class Level:
    """Where to look: the method that it would be, the rooms of each place that may be meant, what speaks against it."""

    method: LocateMethod
    spots: tuple[tuple[str, ...], ...]
    signs: tuple[Sign, ...] = ()


_BY_COMPONENT = {
    PlaceKind.ROOM: LocateMethod.ROOM_COMPONENT,
    PlaceKind.DWELLING: LocateMethod.DWELLING_COMPONENT,
    PlaceKind.STOREY: LocateMethod.STOREY_COMPONENT,
    PlaceKind.UNIT: LocateMethod.BUILDING_COMPONENT,
    PlaceKind.BUILDING: LocateMethod.BUILDING_COMPONENT,
    PlaceKind.PROJECT: LocateMethod.BUILDING_COMPONENT,
}
_BY_PLACE = {
    PlaceKind.ROOM: LocateMethod.ROOM,
    PlaceKind.DWELLING: LocateMethod.DWELLING,
    PlaceKind.STOREY: LocateMethod.STOREY,
    PlaceKind.UNIT: LocateMethod.BUILDING,
    PlaceKind.BUILDING: LocateMethod.BUILDING,
    PlaceKind.PROJECT: LocateMethod.UNRESOLVED,
}
_WIDTH = {kind: width for width, kind in enumerate(PlaceKind)}
_NEVER_LINKED = frozenset(
    {Sign.SEVERAL, Sign.LONE, Sign.POINT_ELSEWHERE, Sign.NOTHING_AT_POINT, Sign.COMPONENT_UNTOLD, Sign.SHARED_POINT}
)
"""Never guess silently: with one of these a person chooses, however sure the score is."""
_HOMES = (PlaceKind.DWELLING, PlaceKind.ROOM)


@dataclass(frozen=True, slots=True)
class Member:
    """An element that may be meant, its own signs, and what it is worth beside the others."""

    element: Element
    signs: tuple[Sign, ...]
    worth: float


@dataclass(frozen=True, slots=True)
class Case:
    """One defect with everything that is known for locating it."""

    defect: DefectText
    around: Surroundings

    @property
    def where(self) -> Resolution:
        """Where the component is that the text names: what leaks onto the floor below is on this one."""
        told = self.defect.defect
        if told.cause and told.mention.shows < told.mention.cause and set(spread()[Role.CAUSE]) & set(self.components):
            return Resolution((told.cause,), told.where.method, told.where.exact)
        return told.where

    @property
    def components(self) -> tuple[str, ...]:
        return self.defect.components

    def other_floor(self) -> tuple[Role, Place] | None:
        """The place on another floor that has to do with the defect, and whether it is where that comes from."""
        told = self.defect.defect
        if told.cause is None or told.where.place is None:
            return None
        return (Role.CAUSE, told.cause) if self.where is told.where else (Role.AFFECTED, told.where.place)

    # -------------------------------------------------------------------------------------------- where to look
    def levels(self) -> Iterator[Level]:
        """The rooms of the places that the text may mean, then of the dwellings around them."""
        where = self.where
        if not self.components or not 0 < len(where.candidates) <= MOST_PLACES:
            return
        if not where.exact and not all(place.kind in _HOMES for place in where.candidates):
            return
        signs = tuple(self._doubts())
        if where.rooms:
            yield Level(LocateMethod.ROOM_COMPONENT, tuple((room.place_id,) for room in where.rooms), signs)
        widest = min((place.kind for place in where.candidates), key=_WIDTH.__getitem__)
        wider = (Sign.WIDER,) if where.rooms else ()
        yield Level(_BY_COMPONENT[widest], self._spots(where.candidates), signs + wider)
        homes = [place for place in map(self._home, where.candidates) if place]
        if widest is PlaceKind.ROOM and homes:
            yield Level(LocateMethod.DWELLING_COMPONENT, self._spots(homes), (*signs, Sign.WIDER))

    def _spots(self, places: Iterable[Place]) -> tuple[tuple[str, ...], ...]:
        return tuple(self.around.rooms_of(place, self.where.unit) for place in places)

    def _home(self, room: Place) -> Place | None:
        return next((place for place in self.around.register.above(room) if place.kind is PlaceKind.DWELLING), None)

    def _doubts(self) -> Iterator[Sign]:
        where = self.where
        if where.ambiguous:
            yield Sign.SEVERAL_PLACES  # a room that none of them has is a slip of the pen: all models will not lack it
        elif not where.exact or (self.defect.defect.mention.rooms and self._room_unheard()):
            yield Sign.PART_UNKNOWN
        if where.rooms:
            yield Sign.SEVERAL_ROOMS
        if len(self.components) > 1:
            yield Sign.SEVERAL_COMPONENTS

    def _room_unheard(self) -> bool:
        """Whether the text names a room and the places found are none: the register does not have it."""
        return not self.where.rooms and all(place.kind is not PlaceKind.ROOM for place in self.where.candidates)

    # -------------------------------------------------------------------------------------------- the answers
    def by_component(self, level: Level, found: Found) -> Location:
        """The elements that were found in the rooms of a level."""
        count, names = len(found.elements), names_of(self.components)
        if count > MOST_ELEMENTS:
            return self.by_place(f"{count} elements there can be {names}")
        signs = level.signs
        if count > 1:
            signs += (Sign.SEVERAL,)
        signs += _empty(
            count, len(level.spots) - found.spots + self.where.passed_over, len(level.spots) + self.where.passed_over
        )
        if self._lacks_some(level, max(found.fits)):
            signs += (Sign.FEWER,)
        if Fit.SURE not in found.fits:
            signs += (Sign.KIND_UNTOLD,)
        if Sign.WIDER in signs and all(element.ifc_class.startswith(_BUILT) for element in found.elements):
            signs = tuple(Sign.WIDER_BUILT if sign is Sign.WIDER else sign for sign in signs)
        members = [
            self._member(element, () if how is Fit.SURE else (Sign.KIND_UNTOLD,))
            for element, how in zip(found.elements, found.fits, strict=True)
        ]
        reason = (
            f"the only element there that can be {names}"
            if count == 1
            else f"{count} elements there can be {names}; the text does not say which"
        )
        return self.linked(level.method, members, signs, reason)

    def _lacks_some(self, level: Level, found: Fit) -> bool:
        """Whether most rooms like the one that is meant, or like one of its dwelling, have more that fits as well as this."""
        if len(level.spots) > 1:
            return False
        lacking, fits = self.around.lacking, self.around.candidates.fit
        return any(fits(self.components, one) >= found for room in level.spots[0] for one in lacking.get(room, ()))

    def identified(self, found: Identified) -> Location:
        """The elements that bear the identifier."""
        word = "GlobalId" if found.method is LocateMethod.GLOBAL_ID else "tag or asset number"
        if len(found.elements) == 1 and found.elements[0].last_seen is not None:
            return self._gone(found.elements[0], f"the {word} is known")
        count = len(found.elements)
        members = [self._member(element, self._kind(element)) for element in found.elements]
        reason = f"the {word} is known and stands for {'one element' if count == 1 else f'{count} elements'}"
        return self.linked(found.method, members, found.signs, reason)

    def _kind(self, element: Element) -> tuple[Sign, ...]:
        if not self.components:
            return ()
        how = self.around.candidates.fit(self.components, element)
        return () if how is Fit.SURE else (Sign.KIND_UNTOLD,) if how is Fit.POSSIBLE else (Sign.OTHER_KIND,)

    def _member(self, element: Element, signs: tuple[Sign, ...]) -> Member:
        return Member(element, signs, self.around.calibration.weights.share(signs))

    def doubted(self, found: Location, sign: Sign, why: str, others: Mapping[UUID, float] = MappingProxyType({})) -> Location:
        """An answer that something speaks against; what may be meant beside or among it has half of the shares."""
        keys = self.around.elements.by_key
        known = sum(one.confidence for one in found.candidates)
        worth = dict(others)
        for one in found.candidates:
            worth[one.element_key] = worth.get(one.element_key, 0.0) + one.confidence / known
        own = {one.element_key: one.signs for one in found.candidates}
        members = [Member(keys(key), own.get(key, ()), share) for key, share in worth.items()]
        several = () if len(members) == 1 or Sign.SEVERAL in found.signs else (Sign.SEVERAL,)
        return self.linked(found.method, members, (*found.signs, *several, sign), f"{found.reason}; {why}")

    def linked(self, method: LocateMethod, members: Sequence[Member], signs: tuple[Sign, ...], reason: str) -> Location:
        """Candidates by their share of the score; among equals the order says nothing, it is only stable."""
        calibration = self.around.calibration
        score = calibration.score(method, signs)
        total = sum(member.worth for member in members)
        shares = sorted(
            ((score * member.worth / total, member.element.key, member.signs) for member in members),
            key=lambda share: (-share[0], share[1]),
        )
        if score < REVIEW_FROM:
            return self.by_place(f"{reason}, but that is doubtful: {doubts_of(signs)}")
        apart = method is LocateMethod.POINT and Sign.OTHER_PLACE in signs
        certain = shares[0][0] >= AUTO_FROM and not apart and not _NEVER_LINKED.intersection(signs)
        state = LocateState.AUTO if certain else LocateState.REVIEW
        doubts = doubts_of(signs)
        return Location(
            method,
            self._place_of([member.element for member in members]),
            state,
            f"{reason}; {doubts}" if doubts else reason,
            tuple(Candidate(key, share, rank, signs=own) for rank, (share, key, own) in enumerate(shares, start=1)),
            self._other_places(),
            score,
            signs,
        )

    def _other_places(self) -> tuple[str, ...]:
        where = self.where
        return tuple(place.place_id for place in (where.candidates if where.ambiguous else where.rooms))

    def _place_of(self, elements: Sequence[Element]) -> str | None:
        """Where the text says it shows; else the smallest place that holds all it may mean, or the room of all elements."""
        place = self._place()
        if place:
            return place.place_id
        rooms = {place_id for element in elements for place_id in self.around.elements.rooms_of(element)}
        return rooms.pop() if len(rooms) == 1 else None

    def _place(self) -> Place | None:
        where = self.defect.defect.where
        return where.place or (self.around.register.common(where.candidates) if where.candidates else None)

    # -------------------------------------------------------------------------------------------- elements that are gone
    def after_removal(self, found: Location) -> Location:
        """A defect that was linked stays with its element when that leaves the model: what stands there now need not be it.

        A text that is certain of another place or component than the element's speaks of something else by now.
        """
        element = self.around.elements.gone(self.defect.linked_to)
        if element is None or (self.where.place and self.around.holds(self.where, element) is False):
            return found
        if self.components and not self.around.candidates.fit(self.components, element):
            return found
        return self._gone(element, "the defect was linked to an element", found.candidates)

    def _gone(self, element: Element, how: str, others: Sequence[Candidate] = ()) -> Location:
        """The element is no candidate to stand before, but what the defect is about: it is kept, and its room stands in."""
        reason = f"{how}, but the element is in no current model; it was last seen {element.last_seen}"
        rooms = self.around.elements.rooms_of(element)
        place = self.where.place.place_id if self.where.place else rooms[0] if len(rooms) == 1 else None
        score = self.around.calibration.score(LocateMethod.GONE, ())
        rest = (1 - score) / max(1, len(others))
        ranked = [Candidate(element.key, score, 1)]
        ranked += [Candidate(other.element_key, rest, rank) for rank, other in enumerate(others, start=2)]
        return Location(LocateMethod.GONE, place, LocateState.REVIEW, reason, tuple(ranked), confidence=score)

    # -------------------------------------------------------------------------------------------- 4: the place alone
    def by_place(self, why: str = "") -> Location:
        """The smallest place that is certain; without an element to stand on."""
        where, place = self.where, self._place()
        if not where.candidates:
            return Location(LocateMethod.UNRESOLVED, None, None, "no place of the register stands in the text")
        method, state = (
            _BY_PLACE[place.kind] if place else LocateMethod.UNRESOLVED,
            LocateState.REVIEW if where.ambiguous else None,
        )
        if where.ambiguous and not why:
            why = f"the address may mean {len(where.candidates)} places of the register"
        place_id = place.place_id if place else None
        return Location(method, place_id, state, why or self._why_no_element(), places=self._other_places())

    def _why_no_element(self) -> str:
        if not self.where.exact:
            return "the register does not know all that the text names"
        if not self.components:
            return "the text names no component"
        return f"no element known there can be {names_of(self.components)}"


def _empty(elements: int, places: int, of: int) -> tuple[Sign, ...]:
    """How many of the places that may be meant are not known to have such an element."""
    if not places or elements == 1:
        return (Sign.LONE,) if places else ()
    return (Sign.FEW_EMPTY,) if places * 10 <= of else (Sign.MANY_EMPTY,) if places * 2 <= of else (Sign.MOST_EMPTY,)
