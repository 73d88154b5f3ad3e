"""What a project's defects are located in: its places, its elements, and how far its answers can be trusted."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mappings.elements.alike import lacking
from mappings.elements.candidates import Candidates
from mappings.elements.index import Element, ElementIndex
from mappings.elements.points.layout import Layout
from mappings.elements.score import Calibration, shipped
from mappings.places import Place, Register, Resolution, in_unit
from warranty_hub.records.codes import PlaceKind


@dataclass(frozen=True)
class Surroundings:
    """A project as its defects see it."""

    register: Register
    elements: ElementIndex
    calibration: Calibration = field(default_factory=lambda: Calibration(shipped()))
    layout: Layout = field(default_factory=lambda: Layout(()))
    """Where elements and rooms lie; needed where tickets carry points."""

    @cached_property
    def candidates(self) -> Candidates:
        """Elements by room and component."""
        return Candidates(self.elements, self.register.words)

    @cached_property
    def lacking(self) -> Mapping[str, tuple[Element, ...]]:
        """By room, what most rooms like it have more of."""
        return lacking(self.elements.rooms, self.register)

    def rooms_of(self, place: Place, unit: str | None = None) -> tuple[str, ...]:
        """The rooms with elements that lie in a place; of a storey or building, only what can be in this unit."""
        match place.kind:
            case PlaceKind.ROOM:
                return (place.place_id,)
            case PlaceKind.DWELLING:
                return tuple(room.place_id for room in self.register.rooms_of(place))
            case PlaceKind.PROJECT:
                return ()
        rooms = self._by_building.get(place.building, ())
        if place.kind is PlaceKind.STOREY:
            rooms = [room for room in rooms if room.storey == place.storey]
        return tuple(room.place_id for room in rooms if in_unit(room, place.unit) and in_unit(room, unit))

    @cached_property
    def _by_building(self) -> dict[str | None, list[Place]]:
        found: dict[str | None, list[Place]] = defaultdict(list)
        for place_id in self.elements.rooms.numbers:
            room = self.register.place(place_id)
            found[room.building].append(room)
        return found

    def places_of(self, element: Element) -> Iterator[Place]:
        """The rooms that an element is in or bounds."""
        return map(self.register.place, self.elements.rooms_of(element))

    def holds(self, where: Resolution, element: Element) -> bool | None:
        """Whether an element is in a place that the text may mean; None where text or model does not say."""
        rooms = list(self.places_of(element))
        if not rooms or not where.candidates:
            return None
        contains = self.register.contains
        return any(
            (contains(place, room) or contains(room, place)) and in_unit(room, where.unit)
            for place in where.candidates
            for room in rooms
        )
