"""Which ticket a cost line belongs to, and how we know: only by a number that the line or its order states.

A number is that of a ticket, or of a plan to repair it.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

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


@dataclass(frozen=True)
class Link:
    """The ticket of a line; ``ticket_no`` None says the line is published as unlinked, with the method as its reason."""

    ticket_no: str | None
    method: LinkMethod
    confidence: Decimal


def references(assignment: str | None, text: str | None) -> list[str]:
    """Everything in a line that may be such a number, the explicit reference first."""
    explicit = [assignment.strip()] if assignment and assignment.strip() else []
    return [*explicit, *_TOKEN.findall(text or "")]


def link(assignment: str | None, text: str | None, known: Mapping[str, str], ordered: Collection[str] = ()) -> Link:
    """Link by the explicit reference, else by the one ticket of its order, else by the one in its text; never by a guess.

    ``known``: the ticket of each number. ``ordered``: what the items of the line's order state; an order for several tickets
    leaves the choice to the text.
    """
    explicit = assignment.strip() if assignment else ""
    if explicit and explicit in known:
        return Link(known[explicit], LinkMethod.ASSIGNMENT, Decimal(1))
    of_order = {known[number] for number in ordered if number in known}
    if len(of_order) == 1:
        return Link(of_order.pop(), LinkMethod.ORDER, Decimal("0.98"))
    named = {known[token] for token in _TOKEN.findall(text or "") if token in known}
    if len(named) == 1:
        return Link(named.pop(), LinkMethod.TEXT, Decimal("0.95"))
    return Link(None, _why_unlinked(explicit, named | of_order, ordered), Decimal(0))


def _why_unlinked(explicit: str, found: Collection[str], ordered: Collection[str]) -> LinkMethod:
    if found:
        return LinkMethod.AMBIGUOUS
    return LinkMethod.UNKNOWN_TICKET if explicit or ordered else LinkMethod.NO_REFERENCE
