"""What locating a defect takes and gives, and what each kind of evidence is worth."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from mappings.places import DefectReading
from warranty_hub.records.codes import LocateState

RULE_VERSION = "locate-4"

AUTO_FROM = 0.90
REVIEW_FROM = 0.50

# What each kind of evidence is worth. Not yet calibrated on confirmed links; ordered by what can go wrong.
BY_GLOBAL_ID = 0.99  # written by a machine; wrong only if the wrong element was scanned
BY_TAG = 0.97  # copied by a person; tags are unique in one model only
ONLY_ONE_IN_ROOM = 0.95  # the model may lack a second one
ONLY_ONE_IN_DWELLING = 0.90  # more rooms, more that the model may lack
DOUBTFUL = 0.70  # one element, but something speaks against certainty: see the reason
ONE_OF_SEVERAL_SURE = 0.60  # it is among these; which, the text does not say
ONE_OF_SEVERAL_POSSIBLE = 0.50


class LocateMethod(StrEnum):
    """The evidence that decided."""

    GLOBAL_ID = "GLOBAL_ID"
    TAG = "TAG"
    GONE = "GONE"
    DECISION = "DECISION"
    ROOM_COMPONENT = "ROOM_COMPONENT"
    DWELLING_COMPONENT = "DWELLING_COMPONENT"
    ROOM = "ROOM"
    DWELLING = "DWELLING"
    STOREY = "STOREY"
    BUILDING = "BUILDING"
    UNRESOLVED = "UNRESOLVED"


@dataclass(frozen=True, slots=True)
class DefectText:
    """One defect of a ticket, as it was read, and where identifiers may stand: the ticket's text and its scanned reference.

    ``only``: the ticket tells of no other; otherwise an identifier is only taken for a defect that it fits.
    ``linked_to``: the element that it was linked to last.
    """

    defect: DefectReading
    text: str
    element_ref: str = ""
    only: bool = True
    linked_to: UUID | None = None

    @property
    def components(self) -> tuple[str, ...]:
        """What the text calls the component; several codes, where its word means any of them."""
        return self.defect.mention.components


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element that may be meant; rank 1 is the best, equal confidence means equally good."""

    element_key: UUID
    confidence: float
    rank: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where a defect is, and how we know.

    ``place_id``: the most exact place that is certain. ``places``: the place ids that the text may mean beyond it, none of them
    certain. ``state``: AUTO, the one candidate is linked; REVIEW, a person chooses among candidates or places; None, there is
    nothing to link and the place is the answer.
    """

    method: LocateMethod
    place_id: str | None
    state: LocateState | None
    reason: str
    candidates: tuple[Candidate, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def confidence(self) -> float:
        """How sure the best element is; 0 without one."""
        return self.candidates[0].confidence if self.candidates else 0.0

    @property
    def element_key(self) -> UUID | None:
        """The element, if exactly one is certain; what a person decided is, also where a person is asked again."""
        decided = self.method is LocateMethod.DECISION and len(self.candidates) == 1
        return self.candidates[0].element_key if self.state is LocateState.AUTO or decided else None
