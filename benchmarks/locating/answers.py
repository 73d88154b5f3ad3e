"""What the cascade answers to generated tickets, each answer beside the truth that it is for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from benchmarks.locating.models import Models
from benchmarks.locating.situations import Situation
from benchmarks.locating.tickets import Truth
from mappings.elements import DefectText, Location, Role, Surroundings, locate
from mappings.places import DefectReading, read_ticket
from warranty_hub.records.codes import LocateState


@dataclass(frozen=True)
class Answer:
    """A location and what is true: the element that was meant (None: nothing was), and all that the text allows.

    ``location`` is None for a truth that no answer was given to. ``shown``: those allowed that are in a model.
    ``named``: whether the text names room and component.
    """

    location: Location | None
    meant: UUID | None = None
    allowed: frozenset[UUID] = frozenset()
    shown: frozenset[UUID] = frozenset()
    named: bool = False

    @property
    def candidates(self) -> list[UUID]:
        """The elements of the answer, the best first."""
        found = self.location.candidates if self.location else ()
        return [candidate.element_key for candidate in found if candidate.role is Role.PRIMARY]

    @property
    def held(self) -> bool:
        """Whether the candidates hold what was meant."""
        return self.meant in self.candidates

    @property
    def linked(self) -> bool:
        """Whether an element was linked unasked."""
        return self.location is not None and self.location.state is LocateState.AUTO

    @property
    def wrong(self) -> bool:
        """Whether that was another than the one meant, or one of several that the text allows."""
        return self.linked and (self.candidates[0] != self.meant or len(self.allowed) > 1)

    @property
    def recall(self) -> float:
        """How much of what the text allows and the models show the answer holds."""
        return len(self.shown.intersection(self.candidates)) / len(self.shown) if self.shown else 0.0

    @property
    def single(self) -> bool:
        """Whether the text names room and component, allows one element, and that is in a model."""
        return self.named and len(self.allowed) == 1 and bool(self.shown)


def answers(models: Models, written: Sequence[Situation], around: Surroundings) -> list[Answer]:
    """Read and locate all tickets in one go: an answer for each defect found, one without location for each that was not."""
    read = [read_ticket(one.ticket.text, one.ticket.address, one.ticket.building, around.register).defects for one in written]
    texts = [
        DefectText(defect, one.ticket.text, one.element_ref, len(defects) == 1, told=one.told)
        for one, defects in zip(written, read, strict=True)
        for defect in defects
    ]
    located = iter(locate(texts, around))
    found: list[Answer] = []
    for one, defects in zip(written, read, strict=True):
        mine = [(defect, next(located)) for defect in defects]
        found += _matched(models, one, mine)
    return found


def _matched(models: Models, one: Situation, mine: Sequence[tuple[DefectReading, Location]]) -> Iterator[Answer]:
    """A truth goes with the answer about its component and defect, else its component, else the first one left."""
    left = list(mine)
    for truth, meant in zip(one.ticket.defects, one.meant, strict=True):
        best = max(left, key=lambda pair: _alike(pair[0], truth), default=None)
        if best:
            left.remove(best)
        if truth.elements:  # of a text that says what cannot be, nothing is true
            yield _judged(models, best[1] if best else None, truth, meant)
    for defect, location in left:  # said twice, or read where nothing was said
        again = [pair for pair in zip(one.ticket.defects, one.meant, strict=True) if _alike(defect, pair[0]) > 1]
        yield _judged(models, location, *again[0]) if again else Answer(location)


def _alike(defect: DefectReading, truth: Truth) -> int:
    said = defect.mention
    return 2 * (truth.component in said.components) + (truth.defect_type in said.defect_types)


def _judged(models: Models, location: Location | None, truth: Truth, meant: str | None) -> Answer:
    allowed = frozenset(models.items[element][0] for element in truth.elements)
    key = models.items[meant][0] if meant else None
    return Answer(location, key, allowed, allowed & models.shown, len(truth.rooms) == 1)


def proposed(found: Iterable[Answer]) -> list[Answer]:
    """The answers that say something of elements."""
    return [answer for answer in found if answer.candidates]
