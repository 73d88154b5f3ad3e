"""How a cost line is split: over the ticket's defects, and over the parties responsible for them, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from warranty_hub.money import split
from warranty_hub.records.codes import Cause, CoverageState, Finality, Payer
from warranty_hub.rules.responsibility import payer

UNLINKED = "UNLINKED"
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class DefectDimension:
    """What a defect contributes to a rollup's key; ``seq`` is its number within ``ticket`` (source and id).

    ``warranty`` is the contractor's, None where no defect is known. ``weight``: its part of the cost, beside the others'; 0
    bears nothing.
    """

    component_code: str
    defect_type_code: str
    seq: int | None = None
    warranty: CoverageState | None = None
    repeat_no: int | None = None
    weight: int = 1
    ticket: tuple[str, str] | None = None


@dataclass(frozen=True)
class LiableShare:
    """One party's share of a responsibility, in basis points, by a version of the decision (None: nothing is decided)."""

    party_code: str | None
    cause: Cause
    share_bp: int
    finality: Finality = Finality.FINAL
    version: int | None = None


@dataclass(frozen=True)
class Part:
    """One part of a line: the defect and the share it goes to, who is to bear it, and its exact amount."""

    defect: DefectDimension
    share: LiableShare
    payer: Payer
    amount: Decimal

    def reversed(self) -> "Part":
        """What takes it back."""
        return replace(self, amount=-self.amount)


UNLINKED_DEFECT = DefectDimension(UNLINKED, UNLINKED)
UNKNOWN_DEFECT = DefectDimension(UNKNOWN, UNKNOWN, warranty=CoverageState.UNKNOWN)
UNDECIDED = LiableShare(None, Cause.UNKNOWN, 10_000, Finality.PRELIMINARY)


def allocate(
    amount: Decimal, currency: str, defects: Sequence[DefectDimension], shares: Sequence[LiableShare]
) -> tuple[Part, ...]:
    """Split an amount over the defects by weight and over the parties by share; the parts sum exactly to the amount.

    No responsibility decided yet: everything to UNKNOWN. The order of the parts follows the arguments.
    """
    liable = [share for share in shares if share.share_bp > 0] or [UNDECIDED]
    keys = [(defect, share) for defect in defects if defect.weight for share in liable]
    amounts = split(amount, [defect.weight * share.share_bp for defect, share in keys], currency)
    return tuple(
        Part(defect, share, payer(share.cause, defect.warranty), part)
        for (defect, share), part in zip(keys, amounts, strict=True)
    )
