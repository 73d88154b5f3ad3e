"""What is read in tickets, beside what they say: the generated ones, and those written by hand."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.locating.score import Score
from benchmarks.locating.tickets import Ticket, Truth
from mappings.lexicon import Mention
from mappings.places import DefectReading, Place, Register, TicketReading, read_ticket
from warranty_hub.records.codes import PlaceKind

HANDWRITTEN = Path(__file__).with_name("handwritten.csv")


def score_generated(tickets: Iterable[Ticket], register: Register) -> Score:
    """The whole record of each ticket, and its parts."""
    score = Score()
    for ticket in tickets:
        told = read_ticket(ticket.text, ticket.address, ticket.building, register)
        homes = {home for defect in told.defects for home in _homes(defect)} == ticket.homes
        found, wanted = [_found(defect) for defect in told.defects], [_wanted(truth) for truth in ticket.defects]
        others = {(said.defect_type, str(said.standing)) for said in told.others} >= ticket.others
        whole = homes and others and sorted(map(str, found)) == sorted(map(str, wanted))
        score.judge("whole record, mistyped tickets" if ticket.mistyped else "whole record", whole)
        score.judge("address", homes)
        score.compare("component with defect type", [item[:2] for item in found], [item[:2] for item in wanted])
        score.compare("… with its rooms", found, wanted)
        if ticket.others:
            score.judge("denied, past or feared", others)
    return score


Record = tuple[str | None, str | None, tuple[str, ...]]


def _found(defect: DefectReading) -> Record:
    where = defect.where
    rooms = {place.name for place in (*where.rooms, *where.candidates) if place.kind is PlaceKind.ROOM}
    return defect.mention.component, defect.mention.defect_type, tuple(sorted(rooms))


def _wanted(truth: Truth) -> Record:
    return truth.component, truth.defect_type, tuple(sorted(truth.rooms))


def _homes(defect: DefectReading) -> Iterator[str]:
    """The flats that a reading leaves open."""
    for place in defect.where.candidates:
        yield place.place_id if place.kind is not PlaceKind.ROOM else place.parent_id or ""


# ------------------------------------------------------------------------------------------------ by hand
@dataclass(frozen=True)
class Handwritten:
    """A ticket with its labels: places such as 3/2/1501/主卧, defects such as ``C25 D01`` or ``not - D01``."""

    text: str
    address: str
    places: frozenset[str]
    defects: tuple[str, ...]
    cause: str


def handwritten() -> list[Handwritten]:
    """The 300 tickets."""
    with HANDWRITTEN.open(encoding="utf-8") as file:
        return [
            Handwritten(
                row["text"], row["address"], frozenset(_split(row["places"], "|")), _split(row["defects"], ";"), row["cause"]
            )
            for row in csv.DictReader(file)
        ]


def score_handwritten(register: Register) -> Score:
    """Places, components, defect types, standing and cause of each ticket, and the whole."""
    score = Score()
    for ticket in handwritten():
        told = read_ticket(ticket.text, ticket.address, None, register)
        places, found = set(_places(told)), list(_labels(told))
        wanted = [label for label in ticket.defects if not _STANDING.match(label)]
        others = [label for label in ticket.defects if _STANDING.match(label)]
        denied = [_label(said) for said in told.others]
        score.judge("whole record", places == ticket.places and sorted(found) == sorted(wanted))
        score.judge("places", places == ticket.places)
        score.compare("component with defect type", found, wanted)
        score.compare("defect type", [label.split()[1] for label in found], [label.split()[1] for label in wanted])
        score.compare("component", [label.split()[0] for label in found], [label.split()[0] for label in wanted])
        score.compare("denied, past or feared", denied, others)
        if ticket.cause:
            causes = {_written(defect.cause, None)[: len(ticket.cause)] for defect in told.defects if defect.cause}
            score.judge("cause on another floor", causes == {ticket.cause})
    return score


_STANDING = re.compile("not |past |fear ")
_MARKS = {"PRESENT": "", "NEGATED": "not ", "PAST": "past ", "FEARED": "fear "}


def _split(cell: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(mark) if part.strip())


def _labels(told: TicketReading) -> Iterator[str]:
    """The defects that are there; what names no defect is none."""
    seen = dict.fromkeys(_label(defect.mention) for defect in told.defects if defect.mention.defect_type)
    yield from seen


def _label(said: Mention) -> str:
    return f"{_MARKS[said.standing]}{said.component or '-'} {said.defect_type or '-'}"


def _places(told: TicketReading) -> Iterator[str]:
    for defect in told.defects:
        for place in defect.where.rooms or defect.where.candidates:
            yield _written(place, defect.where.unit)


def _written(place: Place, unit: str | None) -> str:
    """A place as the labels have it; the roof is one place, be it a room or a storey."""
    level = place.dwelling or (place.storey if place.kind in (PlaceKind.STOREY, PlaceKind.ROOM) else None)
    room = place.name if place.kind is PlaceKind.ROOM and place.name != "屋面" else None
    parts = [place.building or "", place.unit or (unit if level else None) or "", level or "", room or ""]
    return "/".join(parts).rstrip("/")
