"""Which ticket a cost line belongs to, and how we know: only by a ticket number that the line itself states."""

import re
from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{4,}")


class LinkMethod(StrEnum):
    """How a line was linked, or why it was not."""

    ASSIGNMENT = "ASSIGNMENT"
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
    """Everything in a line that may be a ticket number, the explicit reference first."""
    explicit = [assignment.strip()] if assignment and assignment.strip() else []
    return [*explicit, *_TOKEN.findall(text or "")]


def link(assignment: str | None, text: str | None, known: Container[str]) -> Link:
    """Link by the explicit reference, else by the one known ticket number in the text; never by a guess."""
    explicit = assignment.strip() if assignment else ""
    if explicit and explicit in known:
        return Link(explicit, LinkMethod.ASSIGNMENT, Decimal(1))
    named = {token for token in _TOKEN.findall(text or "") if token in known}
    if len(named) == 1:
        return Link(named.pop(), LinkMethod.TEXT, Decimal("0.95"))
    if named:
        return Link(None, LinkMethod.AMBIGUOUS, Decimal(0))
    if explicit:
        return Link(None, LinkMethod.UNKNOWN_TICKET, Decimal(0))
    return Link(None, LinkMethod.NO_REFERENCE, Decimal(0))
