"""What locating a defect takes and gives, and the signs that speak for or against an answer."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from mappings.elements.points.layout import Told
from mappings.places import DefectReading
from warranty_hub.records.codes import LocateState

RULE_VERSION = "locate-7"

AUTO_FROM = 0.90
REVIEW_FROM = 0.50


class LocateMethod(StrEnum):
    """The evidence that decided."""

    GLOBAL_ID = "GLOBAL_ID"
    TAG = "TAG"
    POINT = "POINT"
    GONE = "GONE"
    DECISION = "DECISION"
    ROOM_COMPONENT = "ROOM_COMPONENT"
    DWELLING_COMPONENT = "DWELLING_COMPONENT"
    STOREY_COMPONENT = "STOREY_COMPONENT"
    BUILDING_COMPONENT = "BUILDING_COMPONENT"
    ROOM = "ROOM"
    DWELLING = "DWELLING"
    STOREY = "STOREY"
    BUILDING = "BUILDING"
    UNRESOLVED = "UNRESOLVED"


class Sign(StrEnum):
    """What speaks for or against an answer. How much each is worth beside each method is data: weights.csv."""

    SEVERAL = "SEVERAL"
    """More than one element fits."""
    SEVERAL_COMPONENTS = "SEVERAL_COMPONENTS"
    """The word means several components."""
    KIND_UNTOLD = "KIND_UNTOLD"
    """The model does not tell the kind of the best element."""
    SEVERAL_ROOMS = "SEVERAL_ROOMS"
    """Several rooms of the dwelling fit the text."""
    SEVERAL_PLACES = "SEVERAL_PLACES"
    """The address may mean several places."""
    LONE = "LONE"
    """Several places may be meant, and only one of them is known to have such an element: a single one."""
    FEW_EMPTY = "FEW_EMPTY"
    """At most a tenth of the places or rooms that may be meant are not known to have such an element."""
    MANY_EMPTY = "MANY_EMPTY"
    """At most half of them are not known to have one."""
    MOST_EMPTY = "MOST_EMPTY"
    """More than half of them are not known to have one: the models may lack it."""
    FEWER = "FEWER"
    """Most rooms like the one that is meant have more such elements: its model may lack some."""
    PART_UNKNOWN = "PART_UNKNOWN"
    """The register does not know all that the text names."""
    WIDER = "WIDER"
    """The room named has no such element; its dwelling has."""
    WIDER_BUILT = "WIDER_BUILT"
    """The same of what models seldom lack: walls, doors, windows, coverings."""
    SAME_PLACE = "SAME_PLACE"
    """The element that was identified is where the text says."""
    OTHER_PLACE = "OTHER_PLACE"
    """The element that was identified is not where the text says."""
    SAME_KIND = "SAME_KIND"
    """The element that was identified can be the component that the text names."""
    OTHER_KIND = "OTHER_KIND"
    """The element that was identified cannot be the component that the text names."""
    CHOSEN = "CHOSEN"
    """The point tells these from others near it that fit as well."""
    COMPONENT_UNTOLD = "COMPONENT_UNTOLD"
    """The text names no component: anything near the point may be meant."""
    OFF_POINT = "OFF_POINT"
    """The point is further off than one of its accuracy usually is."""
    POINT_CORRECTED = "POINT_CORRECTED"
    """The point lies in a model only if it is read in another unit or frame than its own."""
    SHARED_POINT = "SHARED_POINT"
    """The ticket tells of several defects, or of water on another floor, and has one point."""
    POINT_ELSEWHERE = "POINT_ELSEWHERE"
    """The point is not where the words or the identifier lead."""
    NOTHING_AT_POINT = "NOTHING_AT_POINT"
    """Nothing at the point can be what the text names: its model may lack it."""


class Role(StrEnum):
    """What an element has to do with a defect: the text is about it, the defect may come from it, or it suffers from it."""

    PRIMARY = "PRIMARY"
    CAUSE = "CAUSE"
    AFFECTED = "AFFECTED"


@dataclass(frozen=True, slots=True)
class DefectText:
    """One defect of a ticket, as it was read, and where identifiers may stand: the ticket's text and its scanned reference.

    ``only``: the ticket tells of no other; otherwise an identifier is only taken for a defect that it fits.
    ``linked_to``: the element that it was linked to last. ``told``: the point that the ticket carries.
    """

    defect: DefectReading
    text: str
    element_ref: str = ""
    only: bool = True
    linked_to: UUID | None = None
    told: Told | None = None

    @property
    def components(self) -> tuple[str, ...]:
        """What the text calls the component; several codes, where its word means any of them."""
        return self.defect.mention.components


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element that may be meant. ``confidence`` is its share of the answer's; equal shares mean equally good."""

    element_key: UUID
    confidence: float
    rank: int
    role: Role = Role.PRIMARY
    signs: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """Where a defect is, and how we know.

    ``place_id``: the most exact place that is certain. ``places``: the place ids that the text may mean beyond it, none of them
    certain. ``state``: AUTO, the best candidate is linked; REVIEW, a person chooses among candidates or places; None, there is
    nothing to link and the place is the answer. ``confidence``: the probability that the candidates hold the element that is
    meant; 0 without any. ``signs``: what it was computed from.
    """

    method: LocateMethod
    place_id: str | None
    state: LocateState | None
    reason: str
    candidates: tuple[Candidate, ...] = ()
    places: tuple[str, ...] = ()
    confidence: float = 0.0
    signs: tuple[Sign, ...] = ()

    @property
    def element_key(self) -> UUID | None:
        """The element, if exactly one is certain; what a person decided is, also where a person is asked again."""
        decided = self.method is LocateMethod.DECISION and len(self.candidates) == 1
        return self.candidates[0].element_key if self.state is LocateState.AUTO or decided else None
