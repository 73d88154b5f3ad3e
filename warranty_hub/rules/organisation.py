"""Sums over an organisation whose tree changes over time: each unit's sum is its own and its children's, and nothing falls out.

An amount belongs to where its unit stood on the last day of its period; a unit that the tree of that day does not hold stands
below UNKNOWN, which is shown like any other.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from warranty_hub.rules.allocation import UNKNOWN

NOTHING = Decimal(0)


class Unit(NamedTuple):
    """A unit below its parent, for a time, first and last day included; None: since ever, for ever."""

    code: str
    parent_code: str | None
    level: str
    valid_from: date | None
    valid_to: date | None

    def is_valid(self, day: date) -> bool:
        """Whether it stood there on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Node(NamedTuple):
    """A unit's sum on a day: what is its own, and with all below it."""

    code: str
    parent_code: str | None
    level: str
    own: Decimal
    total: Decimal


def roll_up(own: Mapping[str | None, Decimal], units: Iterable[Unit], day: date) -> list[Node]:
    """The sum of every unit that has any, by the tree of that day. ``own`` is by unit; None: by nobody's."""
    tree = {unit.code: unit for unit in reversed(list(units)) if unit.is_valid(day)}
    by_code: dict[str, Decimal] = {}
    for code, amount in own.items():
        place = code if code in tree else UNKNOWN
        by_code[place] = by_code.get(place, NOTHING) + amount
    totals: dict[str, Decimal] = {}
    for code, amount in by_code.items():
        for above in _upwards(code, tree):
            totals[above] = totals.get(above, NOTHING) + amount
    parents = {code: _parent(code, tree) for code in totals}
    levels = {code: tree[code].level if code in tree else UNKNOWN for code in totals}
    return [Node(code, parents[code], levels[code], by_code.get(code, NOTHING), totals[code]) for code in sorted(totals)]


def _upwards(code: str, tree: Mapping[str, Unit]) -> Iterator[str]:
    """A unit and all above it."""
    above: str | None = code
    while above is not None:
        yield above
        above = _parent(above, tree)


def _parent(code: str, tree: Mapping[str, Unit]) -> str | None:
    """The unit above; UNKNOWN above one whose parent the tree does not hold, or that stands below itself; None above a root."""
    if code not in tree or tree[code].parent_code is None:
        return None
    parent = tree[code].parent_code
    assert parent is not None
    return parent if parent in tree and not _is_below(parent, code, tree) else UNKNOWN


def _is_below(code: str, other: str, tree: Mapping[str, Unit]) -> bool:
    """Whether the way up from a unit meets another; a way that runs in a circle meets all that is on it."""
    seen: set[str] = set()
    above: str | None = code
    while above is not None and above in tree and above not in seen:
        if above == other:
            return True
        seen.add(above)
        above = tree[above].parent_code
    return False
