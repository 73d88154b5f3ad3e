"""Which ticket a cost line belongs to, and how we know: only by a number that the line or its order states.

A number is that of a ticket, or of a plan to repair it. Where tickets of several sources share it, it means the one in the
line's project; where that leaves several, the line waits for a person.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{4,}")


class LinkMethod(StrEnum):
    """How a line was linked, or why it was not."""

    REVIEWED = "REVIEWED"
    ASSIGNMENT = "ASSIGNMENT"
    ORDER = "ORDER"
    TEXT = "TEXT"
    AMBIGUOUS = "AMBIGUOUS"
    UNKNOWN_TICKET = "UNKNOWN_TICKET"
    NO_REFERENCE = "NO_REFERENCE"


class Named(NamedTuple):
    """A ticket that a number may mean; the first two are its key."""

    source_system: str
    source_id: str
    ticket_no: str
    project_code: str


@dataclass(frozen=True)
class Link:
    """The ticket of a line; None says the line is published as unlinked, with the method as its reason."""

    ticket: Named | None
    method: LinkMethod
    confidence: Decimal


def references(assignment: str | None, text: str | None) -> list[str]:
    """Everything in a line that may be such a number, the explicit reference first."""
    explicit = [assignment.strip()] if assignment and assignment.strip() else []
    return [*explicit, *_TOKEN.findall(text or "")]


def meant(numbers: Iterable[str], known: Mapping[str, Iterable[Named]], project: str | None) -> set[Named]:
    """The tickets that these numbers mean to a line of this project."""
    found = set[Named]()
    for number in numbers:
        alike = set(known.get(number, ()))
        found |= {ticket for ticket in alike if ticket.project_code == project} or alike
    return found


def link(
    assignment: str | None,
    text: str | None,
    known: Mapping[str, Iterable[Named]],
    ordered: Collection[str] = (),
    project: str | None = None,
) -> Link:
    """Link by the explicit reference, else by the one ticket of its order, else by the one in its text; never by a guess.

    ``known``: the tickets of each number. ``ordered``: what the items of the line's order state; an order for several tickets
    leaves the choice to the text.
    """
    explicit = assignment.strip() if assignment else ""
    by_assignment = meant([explicit], known, project)
    if by_assignment:
        return _only(by_assignment, LinkMethod.ASSIGNMENT, Decimal(1))
    by_order = meant(ordered, known, project)
    if len(by_order) == 1:
        return _only(by_order, LinkMethod.ORDER, Decimal("0.98"))
    by_text = meant(_TOKEN.findall(text or ""), known, project)
    if by_text or by_order:
        return _only(by_text or by_order, LinkMethod.TEXT, Decimal("0.95"))
    stated = explicit or ordered
    return Link(None, LinkMethod.UNKNOWN_TICKET if stated else LinkMethod.NO_REFERENCE, Decimal(0))


def _only(found: set[Named], method: LinkMethod, confidence: Decimal) -> Link:
    """The one that was found; of several, none."""
    if len(found) > 1:
        return Link(None, LinkMethod.AMBIGUOUS, Decimal(0))
    return Link(found.pop(), method, confidence)
