"""Which lines bring what is published up to what the facts say now. docs/published-ledger.md tells the whole.

Pure functions over the items and the standing lines of one cost line; a sealed line is never touched, only reversed by another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import dropwhile
from typing import NamedTuple

from warranty_hub.records.codes import FeedLineKind, PeriodStatus


class LedgerKey(NamedTuple):
    """The dimensions whose change makes an adjustment; everything else on a line is description."""

    entity: str
    account: str
    project_code: str | None
    building_code: str | None
    party_code: str | None
    cause: str
    stage: str
    facts_period: str
    currency: str
    category: str | None
    payer: str | None


class Description(NamedTuple):
    """What a line says beside its dimensions, frozen as published."""

    fact_version: int
    part: int
    document_no: str
    item_no: str
    ticket_no: str | None
    component_code: str
    defect_type_code: str
    room_code: str | None
    element_guid: str | None
    repairer_code: str | None
    finality: str | None
    responsibility_version: int | None
    share_bp: int | None
    repeat_no: int | None
    basis: str | None
    original_currency: str | None
    rate: Decimal | None
    rate_date: date | None


class Item(NamedTuple):
    """One part of a cost line: cost in the entity's currency, positive.

    ``settles``: the part of this accrual that it takes back in the period of the actual cost; what is published of it points
    at what was published of that part.
    """

    key: LedgerKey
    about: Description
    amount: Decimal
    settles: int | None = None


class Standing(NamedTuple):
    """A published line that nothing has reversed yet; ``rejected``: the receiver never booked it."""

    line_id: str
    item: Item
    rejected: bool = False


def settled(settling: Item, accrual: Iterable[Standing]) -> str | None:
    """The standing line of an accrual that a settling item takes back: that of the same part, else one of its dimensions."""
    candidates = [line for line in accrual if line.item.amount * settling.amount < 0 and _same_but_period(line.item, settling)]
    exact = (line.line_id for line in candidates if line.item.about.part == settling.settles)
    return next(exact, candidates[0].line_id if candidates else None)


def _same_but_period(one: Item, other: Item) -> bool:
    return one.key._replace(facts_period=other.key.facts_period) == other.key


@dataclass(frozen=True)
class Change:
    """A line to publish: a NEW one, or one that takes back the standing line ``corrects``."""

    kind: FeedLineKind
    item: Item
    corrects: str | None = None


def changes(items: Sequence[Item], standing: Sequence[Standing]) -> list[Change]:
    """The lines that are due for one cost line, reversals first, settling ones last; none when the sums by ledger key agree.

    A rejected line whose facts are unchanged is not proposed again.
    """
    now, before = _by_key(items), defaultdict[LedgerKey, list[Standing]](list)
    for line in standing:
        before[line.item.key].append(line)
    moved = [
        key
        for key in dict.fromkeys([*before, *now])
        if sum(item.amount for item in now[key]) != sum(line.item.amount for line in before[key])
    ]
    due = [item for key in moved for item in now[key]]
    return [
        *(_reversal(line) for key in moved for line in before[key]),
        *(_new(item) for item in due if item.settles is None),
        *(_new(item) for item in due if item.settles is not None),
    ]


def posting_period(facts_period: str, calendar: Mapping[str, PeriodStatus]) -> str | None:
    """The open period a fact is published to: its own, else the next open one in the calendar's order; None: none is open.

    ``calendar`` holds an entity's periods in their order (a thirteenth period, or a 4-4-5 year, is what the ERP says it is).
    Raises KeyError for a period the calendar does not know.
    """
    if facts_period not in calendar:
        raise KeyError(facts_period)
    from_then_on = dropwhile(lambda period: period != facts_period, calendar)
    return next((period for period in from_then_on if calendar[period] == PeriodStatus.OPEN), None)


def _by_key(items: Iterable[Item]) -> dict[LedgerKey, list[Item]]:
    grouped = defaultdict[LedgerKey, list[Item]](list)
    for item in items:
        if item.amount:
            grouped[item.key].append(item)
    return grouped


def _new(item: Item) -> Change:
    return Change(FeedLineKind.NEW, item)


def _reversal(line: Standing) -> Change:
    kind = FeedLineKind.REJECTED if line.rejected else FeedLineKind.REVERSAL
    return Change(kind, line.item._replace(amount=-line.item.amount), line.line_id)
