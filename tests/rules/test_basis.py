"""What is cost of an invoice: net or gross, in the ledger's currency, to the last digit and the same for ever."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.money import minor_digits, quantise
from warranty_hub.records.codes import Cause, CostBasis
from warranty_hub.rules.allocation import DefectDimension, LiableShare, allocate
from warranty_hub.rules.basis import Basis, Voucher, basis_of

NET, GROSS, BOOKED = CostBasis.NET, CostBasis.GROSS, CostBasis.BOOKED
DAY = date(2025, 5, 5)


def _voucher(amount: str, tax: str | None = None, **changes: Any) -> Voucher:
    base = changes.pop("base", amount)
    tax_amount = None if tax is None else Decimal(tax)
    voucher = Voucher(Decimal(amount), "CNY", Decimal(base), "CNY", tax_amount, None, None, None, DAY)
    return voucher._replace(**changes)


@pytest.mark.parametrize(
    ("deductible", "entity", "basis", "cost"),
    [(True, GROSS, NET, "100"), (False, NET, GROSS, "109"), (None, NET, NET, "100"), (None, GROSS, GROSS, "109")],
)
def test_deducted_tax_is_cost_or_tax_that_nobody_deducts_is_none(
    deductible: bool | None, entity: CostBasis, basis: CostBasis, cost: str
) -> None:
    found = basis_of(_voucher("100", "9", is_deductible=deductible), entity)
    assert found[:5] == (basis, Decimal(100), Decimal(9), Decimal(109), Decimal(cost))


def test_tax_on_lines_of_its_own_is_added_a_second_time() -> None:
    assert basis_of(_voucher("100"), GROSS) == Basis(BOOKED, Decimal(100), None, None, Decimal(100), "CNY", None, DAY)


def test_a_repair_charge_of_new_york_does_not_sum_to_what_was_billed() -> None:
    """Invoice 50.00, sales tax 4.44 that nobody deducts, administration fee 25.00: charged 79.44 (HPD open data)."""
    bill = basis_of(_voucher("50.00", "4.44", is_deductible=False), NET)
    fee = basis_of(_voucher("25.00"), NET)
    assert (bill.cost, fee.cost, bill.cost + fee.cost) == (Decimal("54.44"), Decimal("25.00"), Decimal("79.44"))
    defects = [DefectDimension("C25", "D01", seq) for seq in (1, 2, 3)]
    shares = [LiableShare("GC", Cause.CONSTRUCTION, 3_333), LiableShare("SUP", Cause.MATERIAL, 6_667)]
    parts = [part.amount for line in (bill, fee) for part in allocate(line.cost, "USD", defects, shares)]
    assert sum(parts) == Decimal("79.44")
    assert all(part == quantise(part, "USD") for part in parts)


@pytest.mark.parametrize(
    ("currency", "amount", "tax", "expected"),
    [("JPY", "1000", "100", "1100"), ("KWD", "1.001", "0.055", "1.056")],
)
def test_a_currency_without_cents_or_with_a_third_digit_is_rounded_to_cents(
    currency: str, amount: str, tax: str, expected: str
) -> None:
    found = basis_of(_voucher(amount, tax, is_deductible=False, currency=currency, base_currency=currency), NET)
    assert found.cost == Decimal(expected)
    parts = allocate(found.cost, currency, [DefectDimension("C25", "D01", seq) for seq in range(7)], [])
    assert sum(part.amount for part in parts) == Decimal(expected)
    assert all(-part.amount.as_tuple().exponent <= minor_digits(currency) for part in parts)  # type: ignore[operator]


def test_an_amount_is_converted_anew_or_its_rate_is_not_kept() -> None:
    booked = _voucher("100.00", "9.00", base="713.50", currency="USD", is_deductible=False)
    found = basis_of(booked, NET)
    assert (found.net, found.tax, found.cost, found.rate) == (
        Decimal("713.50"), Decimal("64.22"), Decimal("777.72"), Decimal("7.135"),
    )  # fmt: skip
    told = basis_of(booked._replace(rate=Decimal("7.2"), rate_date=date(2025, 5, 1)), NET)
    assert (told.net, told.tax, told.rate, told.rate_date) == (
        Decimal("713.50"), Decimal("64.80"), Decimal("7.2"), date(2025, 5, 1),
    )  # fmt: skip


@given(st.decimals(-(10**9), 10**9, places=2), st.decimals(0, 10**8, places=2), st.sampled_from([True, False, None]))
def test_net_and_tax_are_not_the_gross_or_a_reversal_leaves_cost_behind(
    net: Decimal, tax: Decimal, deductible: bool | None
) -> None:
    voucher = _voucher(str(net), str(tax), is_deductible=deductible)
    found = basis_of(voucher, NET)
    back = basis_of(voucher._replace(amount=-net, base_amount=-net, tax_amount=-tax), NET)
    assert found.gross == found.net + (found.tax or 0)
    assert found.cost in (found.net, found.gross)
    assert found.cost + back.cost == 0
