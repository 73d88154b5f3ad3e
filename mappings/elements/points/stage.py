"""The second stage: what is near the point that a ticket carries, as far as its words allow it.

Which of several it is, the words say (their component), then the distance: each counts by how likely a point of this accuracy
is so far off it. Of all that fit, the likeliest that together make up `KEPT` are the candidates, so a wall behind a socket, or
one of two sockets an inch apart, stays one. Where point and words disagree nothing is linked: both are shown. A point
that several defects share takes nothing from what the words allow: what is near it comes first.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from mappings.elements.candidates import Found
from mappings.elements.case import Case, Level, Member
from mappings.elements.fit import Fit
from mappings.elements.identifiers import Identified
from mappings.elements.index import Element
from mappings.elements.location import LocateMethod, Location, Sign
from mappings.elements.points.frames import ReadAs
from mappings.elements.points.layout import COARSE, Pin
from mappings.elements.telling import names_of
from mappings.places import Place
from warranty_hub.records.codes import LocateState, PlaceKind

KEPT = 0.99
FAR_OFF = 2.5
"""So many times its accuracy off all that fits, a point is rarely about any of it."""
_WIDER = frozenset({Sign.WIDER, Sign.WIDER_BUILT})
_READ_AS = {
    ReadAs.METRES: "in metres",
    ReadAs.MILLIMETRES: "in millimetres",
    ReadAs.FEET: "in feet",
    ReadAs.GCJ02: "as one of a Chinese map (GCJ-02)",
}


@dataclass(frozen=True, slots=True)
class Near:
    """An element near the point that can be what the text names, and how far off it the point is, metres."""

    element: Element
    fit: Fit
    distance: float


@dataclass(frozen=True)
class AtPoint:
    """One defect whose ticket carries a point; ``words``: where its words lead."""

    case: Case
    pin: Pin
    words: tuple[Level, Found] | None

    def location(self) -> Location:
        """What words and point say together."""
        if self.pin.read_as is None or self.pin.accuracy > COARSE:
            return self._told(self._by_words())
        near = self._near()
        here = self._here(near)
        if not self.about_this:
            return self._shared(here)
        if here:
            return self._told(self._at(here))
        return self._told(self._elsewhere(near))

    @property
    def about_this(self) -> bool:
        """Whether the point has to be this defect's: the ticket tells of no other, nor of another floor."""
        return self.case.defect.only and self.case.other_floor() is None

    # -------------------------------------------------------------------------------------------- what is near
    def _near(self) -> list[Near]:
        elements, components = self.case.around.elements, self.case.components
        known = ((elements.get(key), distance) for key, distance in sorted(self.pin.near.items()))
        fits = self.case.around.candidates.fit
        found = [
            Near(element, fits(components, element) if components else Fit.SURE, distance)
            for element, distance in known
            if element
        ]
        return [one for one in found if one.fit is not Fit.NO]

    def _here(self, near: Sequence[Near]) -> list[Near]:
        """Those of them that are where the words lead; of which no model says where they are, if there is none."""
        if self.words:
            keys = {element.key for element in self.words[1].elements}
            return [one for one in near if one.element.key in keys] or [one for one in near if self._held(one) is None]
        return [one for one in near if self._held(one) is not False]

    def _held(self, one: Near) -> bool | None:
        return self.case.around.holds(self.case.where, one.element)

    # -------------------------------------------------------------------------------------------- the answers
    def _at(self, near: Sequence[Near], *signs: Sign) -> Location:
        """The elements at the point."""
        kept = self._likeliest(near)
        signs = (*signs, *self._signs(near, kept))
        members = [Member(one.element, _kind(one), self._worth(one)) for one in kept]
        closest, what = min(one.distance for one in kept), names_of(self.case.components) or "meant"
        reason = (
            f"the point is {closest:.2f} m off the only element {'left ' if len(near) > 1 else ''}there that can be {what}"
            if len(kept) == 1
            else f"{len(kept)} elements at the point can be {what}; the nearest is {closest:.2f} m off"
        )
        return self._with_room(self.case.linked(LocateMethod.POINT, members, signs, reason))

    def _signs(self, near: Sequence[Near], kept: Sequence[Near]) -> Iterator[Sign]:
        yield from self._of_words(kept)
        if len(kept) > 1:
            yield Sign.SEVERAL
        if len(kept) < len(near):
            yield Sign.CHOSEN
        if all(one.fit is not Fit.SURE for one in kept):
            yield Sign.KIND_UNTOLD
        if min(one.distance for one in kept) > FAR_OFF * self.pin.accuracy:
            yield Sign.OFF_POINT
        if self.pin.read_as is not ReadAs.TOLD:
            yield Sign.POINT_CORRECTED

    def _of_words(self, kept: Sequence[Near]) -> Iterator[Sign]:
        """What the words say of elements at the point."""
        level = self.words[0].signs if self.words else ()
        if _WIDER.intersection(level):
            yield Sign.OTHER_PLACE
        elif self.case.where.candidates and any(self._held(one) for one in kept):
            yield Sign.SAME_PLACE
        if Sign.PART_UNKNOWN in level:
            yield Sign.PART_UNKNOWN
        if not self.about_this:
            yield Sign.SHARED_POINT
        if not self.case.components:
            yield Sign.COMPONENT_UNTOLD

    def _likeliest(self, near: Sequence[Near]) -> list[Near]:
        ranked = sorted(near, key=lambda one: (-self._worth(one), one.element.key))
        total, kept = sum(map(self._worth, ranked)), 0.0
        for number, one in enumerate(ranked, start=1):
            kept += self._worth(one)
            if kept >= KEPT * total:
                return ranked[:number]
        return ranked

    def _worth(self, one: Near) -> float:
        """How likely a point of this is so far off, beside one on it; less where the model does not tell its kind."""
        likely = math.exp(-((one.distance / self.pin.accuracy) ** 2) / 2)
        return likely * self.case.around.calibration.weights.share(_kind(one))

    def _shared(self, here: Sequence[Near]) -> Location:
        """The point may be another defect's: what the words lead to stays whole, and what is at the point comes first."""
        found = self._by_words()
        if not here or found.state is LocateState.AUTO:
            return found
        if not found.candidates:
            return self._told(self._at(here))
        return self._told(self.case.doubted(found, Sign.SHARED_POINT, "what is near the point comes first", self._shares(here)))

    def _elsewhere(self, near: Sequence[Near]) -> Location:
        """Point and words disagree, or nothing at the point can be what the words name."""
        found = self._by_words()
        if not found.candidates:
            return self._at(near, Sign.OTHER_PLACE) if near else self._with_room(found)
        if not near:
            return self.case.doubted(found, Sign.NOTHING_AT_POINT, "nothing at the point can be that")
        why = "the point is elsewhere, at what else it can be"
        return self.case.doubted(found, Sign.POINT_ELSEWHERE, why, self._shares(near))

    def _shares(self, near: Sequence[Near]) -> dict[UUID, float]:
        """What each of the likeliest is worth; together they are worth 1."""
        kept = self._likeliest(near)
        total = sum(map(self._worth, kept))
        return {one.element.key: self._worth(one) / total for one in kept}

    def _by_words(self) -> Location:
        return self.case.by_component(*self.words) if self.words else self.case.by_place()

    # -------------------------------------------------------------------------------------------- the room of the point
    def _with_room(self, found: Location) -> Location:
        """The room that the point is in, where the words name none, or of those that it may be in all."""
        register = self.case.around.register
        rooms = [register.places[place_id] for place_id in self.pin.rooms if place_id in register.places]
        outer = register.places.get(found.place_id or "")
        if not rooms or (outer and outer.kind is PlaceKind.ROOM):
            return found
        inside = [room for room in rooms if outer is None or register.contains(outer, room)]
        if not inside:
            return self._apart(found, rooms)
        if len(inside) == 1:
            return self._in_room(found, inside[0])
        return replace(found, places=tuple(dict.fromkeys((*found.places, *(room.place_id for room in inside)))))

    def _apart(self, found: Location, rooms: Sequence[Place]) -> Location:
        shown = ", ".join(room.place_id for room in rooms)
        places = tuple(dict.fromkeys((*found.places, *(room.place_id for room in rooms))))
        return replace(found, state=LocateState.REVIEW, reason=f"{found.reason}; the point is in {shown}", places=places)

    def _in_room(self, found: Location, room: Place) -> Location:
        """The point is more exact than the words, whose place stays among those that may be meant."""
        method = LocateMethod.ROOM if not found.candidates else found.method
        places = tuple(dict.fromkeys((*found.places, *filter(None, [found.place_id]))))
        reason = f"{found.reason}; the point is in {room.place_id}"
        return replace(found, method=method, place_id=room.place_id, places=places, reason=reason)

    def _told(self, found: Location) -> Location:
        """The answer with what there is to say of the point itself."""
        if self.pin.read_as is None:
            return replace(found, reason=f"{found.reason}; {self.pin.why}")
        if self.pin.accuracy > COARSE:
            return replace(
                found, reason=f"{found.reason}; the point is known to {self.pin.accuracy:g} m only, and tells no room"
            )
        if self.pin.read_as is not ReadAs.TOLD:
            return replace(found, reason=f"{found.reason}; the point was read {_READ_AS[self.pin.read_as]}")
        return found


def _kind(one: Near) -> tuple[Sign, ...]:
    return () if one.fit is Fit.SURE else (Sign.KIND_UNTOLD,)


def told_apart(found: Identified, pin: Pin, shown: frozenset[UUID], only: bool) -> Identified:
    """Of the elements that bear an identifier, those at the point; a doubt where it is at none of them.

    ``shown``: the elements whose place is known. ``only``: the ticket tells of no other defect.
    """
    if pin.read_as is None or pin.accuracy > COARSE:
        return found
    near = tuple(element for element in found.elements if element.key in pin.near)
    if near:
        signs = (sign for sign in found.signs if sign is not Sign.SEVERAL or len(near) > 1)
        return replace(found, elements=near, signs=tuple(signs))
    apart = only and all(element.key in shown for element in found.elements)
    return replace(found, signs=(*found.signs, Sign.POINT_ELSEWHERE)) if apart else found
