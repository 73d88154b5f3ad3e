"""What tickets say was approved, against what the ERP has booked for them, place by place and month by month.

Pure functions over one ticket, or one cost line that has none. docs/published-ledger.md tells how it keeps a feed back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from warranty_hub.records.codes import ReconKind


class Spot(NamedTuple):
    """Where an amount stands: a project, and an accounting period."""

    project_code: str
    period: str


class Stated(NamedTuple):
    """What a ticket says: the amount that was approved, and where; ``done``: the repair is finished, so a cost is due."""

    spot: Spot
    amount: Decimal
    done: bool


@dataclass(frozen=True)
class Item:
    """Both sides of one ticket, or of one line, at one spot; a side that has nothing there is zero."""

    spot: Spot
    kind: ReconKind
    tickets_amount: Decimal
    erp_amount: Decimal


def reconcile(stated: Stated | None, booked: Mapping[Spot, Decimal], tolerance: Decimal) -> Iterator[Item]:
    """The items of one ticket: its two sides in full, each where it stands, under the one kind that the totals decide.

    So the items of a spot always sum to either side's total there, and those of a TIMING ticket differ by no more than
    ``tolerance`` over all spots. A ticket that is approved and not yet repaired, with nothing booked, has none.
    """
    total = sum(booked.values(), Decimal(0))
    if stated is None:
        yield from (Item(spot, ReconKind.UNSTATED, Decimal(0), amount) for spot, amount in booked.items())
        return
    if not total and not stated.done and not any(booked.values()):
        return
    kind = _kind(stated, booked, total, tolerance)
    for spot in dict.fromkeys([stated.spot, *booked]):
        here = stated.amount if spot == stated.spot else Decimal(0)
        yield Item(spot, kind, here, booked.get(spot, Decimal(0)))


def unlinked(spot: Spot, amount: Decimal) -> Item:
    """The item of a cost line that belongs to no ticket."""
    return Item(spot, ReconKind.ONLY_ERP, Decimal(0), amount)


def _kind(stated: Stated, booked: Mapping[Spot, Decimal], total: Decimal, tolerance: Decimal) -> ReconKind:
    if not total:
        return ReconKind.ONLY_TICKETS
    if abs(total - stated.amount) > tolerance:
        return ReconKind.AMOUNT
    elsewhere = [spot for spot, amount in booked.items() if amount and spot != stated.spot]
    return ReconKind.TIMING if elsewhere else ReconKind.MATCHED
