"""Both sides of a reconciliation are whole, and every difference between them has a name."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.records.codes import ReconKind
from warranty_hub.rules.reconciliation import Spot, Stated, reconcile

CENT = Decimal("0.01")
MAY, JUNE = Spot("P01", "2025-05"), Spot("P01", "2025-06")
NOTHING: dict[Spot, Decimal] = {}

spots = st.builds(Spot, st.sampled_from(["P01", "P02"]), st.sampled_from(["2025-05", "2025-06", "2025-13"]))
amounts = st.integers(-500, 500).map(lambda cents: Decimal(cents).scaleb(-2))


@given(st.none() | st.builds(Stated, spots, amounts, st.booleans()), st.dictionaries(spots, amounts))
def test_a_side_is_not_whole_or_a_ticket_is_two_things_at_once(stated: Stated | None, booked: dict[Spot, Decimal]) -> None:
    items = list(reconcile(stated, booked, CENT))
    assert {item.spot: item.erp_amount for item in items if item.erp_amount} == {s: a for s, a in booked.items() if a}
    assert len({item.kind for item in items}) <= 1
    approved = sum((item.tickets_amount for item in items), Decimal(0))
    if stated is None or (not stated.done and not any(booked.values())):
        assert approved == 0
        return
    assert approved == stated.amount
    apart = abs(sum((item.erp_amount for item in items), Decimal(0)) - approved)
    assert (apart <= CENT) or {item.kind for item in items} <= {ReconKind.AMOUNT, ReconKind.ONLY_TICKETS}


@pytest.mark.parametrize(
    ("stated", "booked", "kind"),
    [
        (Stated(MAY, Decimal(100), True), {MAY: Decimal(100)}, "MATCHED"),
        (Stated(MAY, Decimal(100), True), {MAY: Decimal("100.01")}, "MATCHED"),
        (Stated(MAY, Decimal(100), True), {MAY: Decimal("100.02")}, "AMOUNT"),
        (Stated(MAY, Decimal(100), True), {MAY: Decimal(60), JUNE: Decimal(40)}, "TIMING"),
        (Stated(MAY, Decimal(100), True), {JUNE: Decimal(100)}, "TIMING"),
        (Stated(MAY, Decimal(100), True), {MAY: Decimal(100), JUNE: Decimal(-100)}, "ONLY_TICKETS"),
        (Stated(MAY, Decimal(100), True), NOTHING, "ONLY_TICKETS"),
        (Stated(MAY, Decimal(100), False), {MAY: Decimal(60)}, "AMOUNT"),
        (None, {MAY: Decimal(60)}, "UNSTATED"),
    ],
)
def test_a_difference_goes_by_a_wrong_name(stated: Stated | None, booked: dict[Spot, Decimal], kind: str) -> None:
    assert {item.kind for item in reconcile(stated, booked, CENT)} == {kind}


def test_a_repair_that_has_not_begun_is_missed_in_the_erp() -> None:
    assert list(reconcile(Stated(MAY, Decimal(100), False), {}, CENT)) == []
