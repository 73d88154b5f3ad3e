"""Each stage gives way to the next, once: nothing is counted twice while it becomes real, and nothing vanishes."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.records.codes import CostStage
from warranty_hub.rules.stages import Booking, OrderItem, open_commitments, settlements, use_up

ACCRUED, ACTUAL = CostStage.ACCRUED, CostStage.ACTUAL
MAY = date(2025, 5, 31)


def _booking(line: str, stage: CostStage, days: int = 0, amount: str = "100.00", **values: object) -> Booking:
    known = {"order_no": None, "ticket": ("wms", "WX1"), "supplier_code": "GC", **values}
    return Booking(line, stage, MAY + timedelta(days=days), Decimal(amount), **known)  # type: ignore[arg-type]


ACCRUAL = _booking("accrual", ACCRUED)


@pytest.mark.parametrize(
    ("other", "ended"),
    [
        (_booking("invoice", ACTUAL, 20, "95.00"), {"accrual": "invoice"}),
        (_booking("earlier invoice", ACTUAL, -20), {}),
        (_booking("same day", ACTUAL), {}),
        (_booking("other supplier", ACTUAL, 20, supplier_code="SUP"), {}),
        (_booking("no supplier", ACTUAL, 20, supplier_code=None), {}),
        (_booking("other ticket", ACTUAL, 20, ticket=("wms", "WX2")), {}),
        (_booking("another source's ticket of that number", ACTUAL, 20, ticket=("store", "WX1")), {}),
        (_booking("credit note", ACTUAL, 20, "-95.00"), {}),
        (_booking("taken back", ACTUAL, 20, is_void=True), {}),
        (_booking("by order", ACTUAL, 20, order_no="45", ticket=("wms", "WX2")), {}),
    ],
    ids=lambda value: value.line if isinstance(value, Booking) else "",
)
def test_an_accrual_stays_beside_its_invoice_or_goes_by_anothers(other: Booking, ended: dict[str, str]) -> None:
    assert settlements([ACCRUAL, other]) == ended


def test_an_order_is_not_believed_before_ticket_and_supplier() -> None:
    accrual = _booking("accrual", ACCRUED, order_no="45")
    assert settlements([accrual, _booking("46", ACTUAL, 9, order_no="46"), _booking("45", ACTUAL, 20, order_no="45")]) == {
        "accrual": "45"
    }
    assert settlements([accrual, _booking("no order", ACTUAL, 9)]) == {"accrual": "no order"}


@pytest.mark.parametrize("back", [ACCRUAL._replace(is_void=True), _booking("red", ACCRUED, 1, "-100.00")])
def test_an_accrual_that_the_erp_takes_back_itself_is_taken_back_twice(back: Booking) -> None:
    bookings = [back, _booking("invoice", ACTUAL, 20)]
    assert settlements(bookings if back.is_void else [ACCRUAL, *bookings]) == {}


def test_two_accruals_of_one_order_end_before_both_are_invoiced() -> None:
    june = _booking("june", ACCRUED, 30)
    assert settlements([ACCRUAL, june, _booking("mid june", ACTUAL, 15)]) == {"accrual": "mid june"}
    assert settlements([ACCRUAL, june, _booking("july", ACTUAL, 40)]) == {"accrual": "july", "june": "july"}


bookings = st.builds(
    Booking,
    st.uuids().map(str),
    st.sampled_from([ACCRUED, ACTUAL]),
    st.dates(date(2025, 1, 1), date(2025, 2, 1)),
    st.integers(-3, 3).filter(bool).map(Decimal),
    st.sampled_from(["45", "46", None]),
    st.sampled_from(["WX1", "WX2", None]),
    st.sampled_from(["GC", None]),
    st.booleans(),
)


@given(st.lists(bookings, max_size=12), st.randoms())
def test_what_ends_an_accrual_depends_on_the_order_of_arrival(lines: list[Booking], random: object) -> None:
    ended = settlements(lines)
    known = {booking.line: booking for booking in lines}
    for accrual, actual in ended.items():
        assert (known[accrual].stage, known[actual].stage) == (ACCRUED, ACTUAL)
        assert known[accrual].posted < known[actual].posted
        assert not known[accrual].is_void
        assert not known[actual].is_void
    random.shuffle(lines)  # type: ignore[attr-defined]
    assert settlements(lines) == ended


amounts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**6).map(lambda cents: Decimal(cents).scaleb(-2)))


@given(amounts, st.integers(0, 10**7).map(lambda cents: Decimal(cents).scaleb(-2)))
def test_more_is_used_up_than_there_was_or_a_cent_is_not(promised: dict[str, Decimal], used: Decimal) -> None:
    left = use_up(promised, used)
    assert all(Decimal(0) <= left[name] <= promised[name] for name in promised)
    assert sum(promised.values()) - sum(left.values()) == min(used, sum(promised.values()))


@dataclass(frozen=True)
class Case:
    name: str
    items: list[OrderItem]
    accrued: str
    booked: str
    left: list[str]


def _item(number: str, amount: str, invoiced: str | None = None, is_closed: bool = False) -> OrderItem:
    return OrderItem(number, Decimal(amount), None if invoiced is None else Decimal(invoiced), is_closed)


@pytest.mark.parametrize(
    "case",
    [
        Case("nothing yet", [_item("10", "500")], "0", "0", ["500"]),
        Case("booked on the order", [_item("10", "500"), _item("20", "300")], "0", "600", ["0", "200"]),
        Case("told by item, not twice", [_item("10", "500", "100"), _item("20", "300")], "0", "100", ["400", "300"]),
        Case("accrued, not invoiced", [_item("10", "500", "100")], "150", "100", ["250"]),
        Case("more invoiced than ordered", [_item("10", "500", "650")], "0", "650", ["0"]),
        Case("closed below its amount", [_item("10", "500", is_closed=True)], "0", "100", ["0"]),
        Case("goods sent back", [_item("10", "-50")], "0", "0", ["0"]),
    ],
    ids=lambda case: case.name,
)
def test_an_order_binds_what_was_invoiced_already(case: Case) -> None:
    left = open_commitments(case.items, Decimal(case.accrued), Decimal(case.booked))
    assert list(left.values()) == [Decimal(amount) for amount in case.left]
