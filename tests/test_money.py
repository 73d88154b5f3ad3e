"""Money keeps every cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.money import parse_amount, quantise, split

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=6, allow_nan=False)
weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=50).filter(any)
currencies = st.sampled_from(["CNY", "JPY", "KWD"])


@given(amounts, weights, currencies)
def test_the_parts_sum_exactly_to_the_whole(amount: Decimal, shares: list[int], currency: str) -> None:
    assert sum(split(amount, shares, currency)) == amount


@given(amounts, weights, currencies)
def test_a_reversal_takes_back_exactly_the_same_parts(amount: Decimal, shares: list[int], currency: str) -> None:
    assert split(-amount, shares, currency) == tuple(-part for part in split(amount, shares, currency))


@given(st.integers(0, 10**9), weights)
def test_no_part_is_further_than_a_cent_from_its_share(cents: int, shares: list[int]) -> None:
    amount = Decimal(cents) / 100
    for part, weight in zip(split(amount, shares, "CNY"), shares, strict=True):
        assert abs(part - amount * weight / sum(shares)) < Decimal("0.01")


def test_a_split_without_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        split(Decimal(1), [0, 0], "CNY")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("￥80", "80"),
        ("１２３．４５", "123.45"),
        ("1.2万元", "12000"),
        ("(5.00)", "-5.00"),
        ("（5.00）", "-5.00"),
        ("1.728E5", "172800"),
        ("12.30-", "-12.30"),
        ("-0.01", "-0.01"),
    ],
)
def test_amounts_are_read_as_people_and_systems_write_them(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1.2.3", "12a", "--5", "1e999"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_amount(text)


def test_half_a_cent_rounds_up_and_yen_have_no_cents() -> None:
    assert quantise(Decimal("0.005"), "CNY") == Decimal("0.01")
    assert quantise(Decimal("100.5"), "JPY") == Decimal("101")
