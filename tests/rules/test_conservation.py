"""Money is neither made nor lost: whatever a line is split over, whatever is decided, ended, reversed or sent, and when."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.records.codes import Cause, CoverageState, FeedLineKind
from warranty_hub.rules.allocation import DefectDimension, LiableShare, allocate
from warranty_hub.rules.publishing import Change, Description, Item, LedgerKey, Standing, changes, settled


@dataclass(frozen=True)
class Facts:
    """An accrual as the hub knows it at a moment: its amount, its ticket's defects and shares, and whether it is ended."""

    amount: Decimal
    defects: tuple[DefectDimension, ...]
    shares: tuple[LiableShare, ...]
    is_ended: bool

    def items(self, currency: str = "CNY") -> list[Item]:
        """Its parts, and those that take it back in the month after."""
        parts = allocate(self.amount, currency, self.defects, self.shares)
        own = [self._item(number, part, "2025-05", currency) for number, part in enumerate(parts)]
        if not self.is_ended:
            return own
        back = [self._item(len(parts) + number, part.reversed(), "2025-06", currency) for number, part in enumerate(parts)]
        return [*own, *(item._replace(settles=number) for number, item in enumerate(back))]

    def _item(self, number: int, part: object, period: str, currency: str) -> Item:
        share, defect = part.share, part.defect  # type: ignore[attr-defined]
        key = LedgerKey(
            "1000", "6401", "P01", "3", share.party_code, share.cause, "ACCRUED", period, currency, "OTHER",
            part.payer,  # type: ignore[attr-defined]
        )  # fmt: skip
        words = (1, number, "100", "1", "WX1", defect.component_code, defect.defect_type_code, None, None)
        about = Description(*words, None, share.finality, share.version, share.share_bp, None, None, None, None, None)
        return Item(key, about, part.amount)  # type: ignore[attr-defined]


@dataclass
class Ledger:
    """All that was published of one cost line, and which accrual's line each settling one ends."""

    lines: dict[str, Change] = field(default_factory=dict)
    settles: dict[str, str] = field(default_factory=dict)

    def standing(self) -> dict[str, Item]:
        taken_back = {line.corrects for line in self.lines.values()}
        return {
            name: line.item for name, line in self.lines.items() if line.kind is FeedLineKind.NEW and name not in taken_back
        }

    def publish(self, facts: Facts) -> list[Change]:
        stands = [Standing(name, item) for name, item in self.standing().items()]
        due = changes(facts.items(), stands)
        stands = [line for line in stands if line.line_id not in {change.corrects for change in due}]
        for change in due:
            name = f"L{len(self.lines)}"
            self.lines[name] = change
            if change.item.settles is not None and not change.corrects:
                ended = settled(change.item, stands)
                assert ended, "a settling line that points at nothing"
                self.settles[name] = ended
            if not change.corrects:
                stands.append(Standing(name, change.item))
        return due


def _sums(items: list[Item]) -> Counter[LedgerKey]:
    sums: Counter[LedgerKey] = Counter()
    for item in items:
        sums[item.key] += item.amount  # type: ignore[assignment]
    return Counter({key: amount for key, amount in sums.items() if amount})


DEFECTS = st.lists(
    st.builds(
        DefectDimension,
        st.sampled_from(["C01", "C25"]),
        st.just("D01"),
        st.integers(1, 9),
        st.sampled_from(CoverageState),
        st.none(),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=5,
).map(tuple)
SHARES = st.lists(
    st.builds(LiableShare, st.sampled_from(["GC", "SUP", None]), st.sampled_from(Cause), st.integers(0, 10_000)), max_size=3
).map(tuple)
AMOUNTS = st.integers(-(10**7), 10**7).filter(bool).map(lambda cents: Decimal(cents).scaleb(-2))
FACTS = st.builds(Facts, AMOUNTS, DEFECTS, SHARES, st.booleans())


@given(st.lists(FACTS, min_size=1, max_size=6))
def test_published_and_adjusted_is_not_what_the_facts_say_or_a_sealed_line_moves(versions: list[Facts]) -> None:
    ledger = Ledger()
    for facts in versions:
        before = dict(ledger.lines)
        ledger.publish(facts)
        assert ledger.lines | before == ledger.lines
        assert _sums([line.item for line in ledger.lines.values()]) == _sums(facts.items())
        assert sum(line.item.amount for line in ledger.lines.values()) == (0 if facts.is_ended else facts.amount)
        standing = ledger.standing()
        for name, ended in ledger.settles.items():
            assert name not in standing or ended in standing
        assert ledger.publish(facts) == []


@given(FACTS, DEFECTS, SHARES)
def test_a_decision_alone_makes_money_or_loses_some(facts: Facts, defects: object, shares: object) -> None:
    ledger = Ledger()
    ledger.publish(facts)
    due = ledger.publish(Facts(facts.amount, defects, shares, facts.is_ended))  # type: ignore[arg-type]
    for period in ("2025-05", "2025-06"):
        amounts = [change.item.amount for change in due if change.item.key.facts_period == period]
        debit, credit = sum(a for a in amounts if a > 0), -sum(a for a in amounts if a < 0)
        assert debit == credit


@given(
    AMOUNTS, st.sampled_from(["CNY", "JPY", "KWD"]), st.lists(st.tuples(DEFECTS, SHARES), min_size=1, max_size=4), st.randoms()
)
def test_reversals_in_any_order_leave_something_behind(
    amount: Decimal, currency: str, splits: list[tuple[object, object]], random: object
) -> None:
    """Lines of one amount, each split its own way, and what takes each back by the same way: nothing is left anywhere."""
    moves = [
        Facts(sign * amount, defects, shares, is_ended=False)  # type: ignore[arg-type]
        for defects, shares in splits
        for sign in (1, -1)
    ]
    random.shuffle(moves)  # type: ignore[attr-defined]
    assert _sums([item for facts in moves for item in facts.items(currency)]) == Counter()


@given(AMOUNTS, st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any))
def test_weights_are_not_followed_to_the_cent(amount: Decimal, weights: list[int]) -> None:
    defects = [DefectDimension("C25", "D01", seq, weight=weight) for seq, weight in enumerate(weights)]
    parts = allocate(amount, "CNY", defects, [])
    assert sum(part.amount for part in parts) == amount
    for part in parts:
        exact = amount * part.defect.weight / sum(weights)
        assert abs(part.amount - exact) <= Decimal("0.01")
        assert part.defect.weight or not part.amount
