"""What was published stays, and published plus adjustments is always what the facts say."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.records.codes import FeedLineKind, PeriodStatus
from warranty_hub.rules.publishing import Change, Description, Item, LedgerKey, Standing, changes, posting_period

OPEN, CLOSED = PeriodStatus.OPEN, PeriodStatus.CLOSED


def _item(amount: str | Decimal, *, party: str | None = "GC", period: str = "2026-01", component: str = "C25") -> Item:
    key = LedgerKey("1000", "6401", "P01", "3", party, "CONSTRUCTION", "ACTUAL", period, "CNY", "SUBCONTRACT", "LIABLE_PARTY")
    return Item(key, Description(1, 0, "100", "1", "WX1", component, "D01", *[None] * 11), Decimal(amount))


class Ledger:
    """All that was published of one cost line."""

    def __init__(self) -> None:
        self.lines: dict[str, Change] = {}
        self.rejected: set[str] = set()

    def standing(self) -> list[Standing]:
        taken_back = {line.corrects for line in self.lines.values()}
        return [
            Standing(line_id, line.item, line_id in self.rejected)
            for line_id, line in self.lines.items()
            if line.kind is FeedLineKind.NEW and line_id not in taken_back
        ]

    def publish(self, items: list[Item]) -> list[Change]:
        due = changes(items, self.standing())
        for line in due:
            self.lines[f"L{len(self.lines)}"] = line
        return due


def _sums(items: list[Item]) -> Counter[LedgerKey]:
    sums: Counter[LedgerKey] = Counter()
    for item in items:
        sums[item.key] += item.amount  # type: ignore[assignment]
    return Counter({key: amount for key, amount in sums.items() if amount})


amounts = st.integers(-(10**6), 10**6).map(lambda cents: Decimal(cents).scaleb(-2))
items = st.builds(_item, amounts, party=st.sampled_from(["GC", "SUP", None]), component=st.sampled_from(["C25", "C02"]))


@given(st.lists(st.lists(items, max_size=4), max_size=6), st.data())
def test_published_and_adjustments_are_not_the_facts_or_a_line_is_taken_back_twice(
    versions: list[list[Item]], data: st.DataObject
) -> None:
    ledger = Ledger()
    for facts in versions:
        before = dict(ledger.lines)
        ledger.publish(facts)
        assert ledger.lines | before == ledger.lines
        assert _sums([line.item for line in ledger.lines.values()]) == _sums(facts)
        assert ledger.publish(facts) == []
        ledger.rejected |= set(data.draw(st.sets(st.sampled_from(sorted(ledger.lines)), max_size=2))) if ledger.lines else set()
    corrected = [line.corrects for line in ledger.lines.values() if line.corrects]
    assert len(corrected) == len(set(corrected))


def test_another_component_alone_makes_an_adjustment() -> None:
    ledger = Ledger()
    ledger.publish([_item("100.00", component="C25")])
    assert ledger.publish([_item("60.00", component="C02"), _item("40.00", component="C25")]) == []


def test_a_later_responsibility_leaves_the_cost_with_the_wrong_party() -> None:
    ledger = Ledger()
    ledger.publish([_item("100.00", party=None)])
    due = ledger.publish([_item("100.00", party="GC")])
    assert [(line.kind, line.item.key.party_code, line.item.amount, line.corrects) for line in due] == [
        (FeedLineKind.REVERSAL, None, Decimal("-100.00"), "L0"),
        (FeedLineKind.NEW, "GC", Decimal("100.00"), None),
    ]


def test_a_rejected_line_is_proposed_again_before_anything_changed_or_its_reversal_is_booked() -> None:
    ledger = Ledger()
    ledger.publish([_item("100.00")])
    ledger.rejected.add("L0")
    assert ledger.publish([_item("100.00")]) == []
    assert [line.kind for line in ledger.publish([_item("90.00")])] == [FeedLineKind.REJECTED, FeedLineKind.NEW]


@pytest.mark.parametrize(
    ("facts_period", "expected"),
    [("2025-11", "2026-02"), ("2025-13", "2026-02"), ("2026-02", "2026-02"), ("2026-03", None)],
)
def test_a_late_fact_goes_into_a_closed_period_or_before_its_own(facts_period: str, expected: str | None) -> None:
    calendar = {"2025-11": CLOSED, "2025-12": CLOSED, "2025-13": CLOSED, "2026-01": CLOSED, "2026-02": OPEN, "2026-03": CLOSED}
    assert posting_period(facts_period, calendar) == expected


def test_the_calendar_order_is_the_erps_and_not_the_alphabets() -> None:
    assert posting_period("P12 FY25", {"P12 FY25": CLOSED, "P01 FY26": OPEN}) == "P01 FY26"


def test_a_period_that_the_erp_does_not_know_is_taken_for_open() -> None:
    with pytest.raises(KeyError):
        posting_period("2026-09", {"2026-01": OPEN})
