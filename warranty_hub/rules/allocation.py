"""How a cost line is split: over the ticket's defects, and over the parties responsible for them, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from warranty_hub.money import split
from warranty_hub.records.codes import Cause

UNLINKED = "UNLINKED"
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class DefectDimension:
    """What a defect contributes to a rollup's key; ``seq`` is its number within the ticket."""

    component_code: str
    defect_type_code: str
    seq: int | None = None


@dataclass(frozen=True)
class LiableShare:
    """One party's share of a responsibility, in basis points."""

    party_code: str | None
    cause: str
    share_bp: int


@dataclass(frozen=True)
class Part:
    """One part of a line: the dimensions it goes to, and its exact amount."""

    defect_seq: int | None
    component_code: str
    defect_type_code: str
    cause: str
    party_code: str | None
    amount: Decimal


UNLINKED_DEFECT = DefectDimension(UNLINKED, UNLINKED)
UNKNOWN_DEFECT = DefectDimension(UNKNOWN, UNKNOWN)
UNDECIDED = LiableShare(None, Cause.UNKNOWN, 10_000)


def allocate(
    amount: Decimal, currency: str, defects: Sequence[DefectDimension], shares: Sequence[LiableShare]
) -> tuple[Part, ...]:
    """Split an amount evenly over the defects and by share over the parties; the parts sum exactly to the amount.

    No responsibility decided yet: everything to UNKNOWN. The order of the parts follows the arguments.
    """
    liable = [share for share in shares if share.share_bp > 0] or [UNDECIDED]
    keys = [(defect, share) for defect in defects for share in liable]
    amounts = split(amount, [share.share_bp for _, share in keys], currency)
    return tuple(
        Part(defect.seq, defect.component_code, defect.defect_type_code, share.cause, share.party_code, part)
        for (defect, share), part in zip(keys, amounts, strict=True)
    )
