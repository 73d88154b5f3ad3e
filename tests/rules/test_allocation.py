"""Whatever a line is split over, its parts sum to it, and what takes it back takes back each part."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.records.codes import Cause
from warranty_hub.rules.allocation import DefectDimension, LiableShare, allocate

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)
DEFECTS = st.lists(st.sampled_from(["C01", "C02", "C25"]), min_size=1, max_size=30).map(
    lambda codes: [DefectDimension(code, "D01", seq) for seq, code in enumerate(codes, 1)]
)
SHARES = st.lists(st.integers(0, 10_000), max_size=5).map(
    lambda points: [LiableShare(f"P{number}", Cause.CONSTRUCTION, point) for number, point in enumerate(points)]
)


@given(AMOUNTS, st.sampled_from(["CNY", "JPY", "KWD"]), DEFECTS, SHARES)
def test_a_cent_is_lost_or_a_reversal_leaves_something_on_a_defect_or_a_party(
    amount: Decimal, currency: str, defects: list[DefectDimension], shares: list[LiableShare]
) -> None:
    parts = allocate(amount, currency, defects, shares)
    assert sum(part.amount for part in parts) == amount
    assert [part.amount for part in allocate(-amount, currency, defects, shares)] == [-part.amount for part in parts]


def test_a_line_over_twelve_thousand_defects_loses_a_cent() -> None:
    defects = [DefectDimension("C25", "D01", seq) for seq in range(1, 12_001)]
    parts = allocate(Decimal("100000.01"), "CNY", defects, [LiableShare("GC", Cause.CONSTRUCTION, 10_000)])
    assert len(parts) == 12_000
    assert sum(part.amount for part in parts) == Decimal("100000.01")
    assert {part.amount for part in parts} == {Decimal("8.33"), Decimal("8.34")}
