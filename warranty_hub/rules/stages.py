"""How a cost becomes real: ESTIMATE → COMMITTED → ACCRUED → ACTUAL. Stages are never added; each gives way to the next.

An estimate and a commitment lessen by what came after them; an accrual is taken back whole, in the period of the actual cost
that ends it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from warranty_hub.records.codes import CostStage

NOTHING = Decimal(0)


class Booking(NamedTuple):
    """A posted line as far as accruals go.

    ``ticket``: source and id of the one that it is linked to. ``is_void``: the ERP took it back itself, or it is what takes
    another back.
    """

    line: str
    stage: CostStage
    posted: date
    amount: Decimal
    order_no: str | None
    ticket: tuple[str, str] | None
    supplier_code: str | None
    is_void: bool = False


def settlements(bookings: Sequence[Booking]) -> dict[str, str]:
    """The accruals that are ended, each with the line of the actual cost that ends it; ``bookings`` are those of one entity.

    An accrual is ended by the first actual cost of the same commitment that was posted on a later day: one posted before
    cannot be what was still awaited. What the ERP takes back itself stays as it is booked, in whatever form it did so: with a
    reference, or as a negative accrual of the same commitment and amount.
    """
    accruals = [booking for booking in bookings if booking.stage is CostStage.ACCRUED and not booking.is_void]
    actuals = _by_commitment(
        booking for booking in bookings if booking.stage is CostStage.ACTUAL and not booking.is_void and booking.amount > 0
    )
    ended = {}
    for accrual in _standing(accruals):
        later = [actual for actual in _of_commitment(accrual, actuals) if actual.posted > accrual.posted]
        if later:
            ended[accrual.line] = min(later, key=_age).line
    return ended


Commitments = Mapping[tuple[str, ...], Sequence[Booking]]


def _age(booking: Booking) -> tuple[date, str]:
    return booking.posted, booking.line


def _standing(accruals: Sequence[Booking]) -> list[Booking]:
    """Positive accruals without those that a negative one of the same commitment and amount takes back, the oldest first."""
    standing = {accrual.line: accrual for accrual in sorted(accruals, key=_age) if accrual.amount > 0}
    known = _by_commitment(standing.values())
    for back in sorted((accrual for accrual in accruals if accrual.amount < 0), key=_age):
        taken = [one for one in _of_commitment(back, known) if one.amount == -back.amount and one.line in standing]
        if taken:
            del standing[min(taken, key=_age).line]
    return list(standing.values())


def _by_commitment(bookings: Iterable[Booking]) -> Commitments:
    found = defaultdict[tuple[str, ...], list[Booking]](list)
    for booking in bookings:
        for name in _names(booking):
            found[name].append(booking)
    return found


def _of_commitment(booking: Booking, others: Commitments) -> list[Booking]:
    return [other for name in _names(booking) for other in others.get(name, ()) if _same_commitment(booking, other)]


def _names(booking: Booking) -> Iterator[tuple[str, ...]]:
    """By what a commitment can be known."""
    if booking.order_no:
        yield ("order", booking.order_no)
    if booking.ticket and booking.supplier_code:
        yield ("ticket", *booking.ticket, booking.supplier_code)


def _same_commitment(one: Booking, other: Booking) -> bool:
    """The same order, or, where one of the two names none, the same ticket and supplier."""
    if one.order_no and other.order_no:
        return one.order_no == other.order_no
    by_ticket = one.ticket is not None and one.ticket == other.ticket
    return by_ticket and one.supplier_code is not None and one.supplier_code == other.supplier_code


class OrderItem(NamedTuple):
    """An item of an order. ``invoiced``: as the source tells it, or as its invoices sum to; None: nobody tells it by item."""

    item_no: str
    amount: Decimal
    invoiced: Decimal | None
    is_closed: bool


def open_commitments(items: Sequence[OrderItem], accrued: Decimal, booked: Decimal) -> dict[str, Decimal]:
    """What each item of one order still binds; nothing once it is closed.

    ``accrued`` and ``booked`` are known for the whole order only. What was invoiced by item counts there, and then ``booked``,
    which is the same money, does not count again.
    """
    by_item = any(item.invoiced is not None for item in items)
    left = {item.item_no: item.amount - (item.invoiced or NOTHING) for item in items}
    left = use_up(left, accrued if by_item else accrued + booked)
    return {item.item_no: NOTHING if item.is_closed else left[item.item_no] for item in items}


def use_up(amounts: Mapping[str, Decimal], used: Decimal) -> dict[str, Decimal]:
    """What is left of amounts that are used up one after the other, in the order of their names; never less than nothing."""
    left, rest = {}, max(used, NOTHING)
    for name in sorted(amounts):
        amount = max(amounts[name], NOTHING)
        taken = min(rest, amount)
        left[name], rest = amount - taken, rest - taken
    return left
