"""Getting cost back: claimed is not agreed, agreed is not received, and only what was received lessens a cost.

Each step has its proof. A deduction from the retention needs a cause that is the contractor's: 建质〔2017〕138号 art. 9
forbids it for what others caused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from warranty_hub.records.codes import ApprovalState, Cause, ProofGap, RecoveryKind, RecoveryStep
from warranty_hub.rules.allocation import LiableShare

_CONTRACTORS = frozenset({Cause.CONSTRUCTION, Cause.MATERIAL})


class Step(NamedTuple):
    """One line of a recovery: so much, by this document, agreed to in that approval (its state; None: not known)."""

    step: RecoveryStep
    amount: Decimal
    document_no: str | None
    approval_id: str | None
    approval: ApprovalState | None


@dataclass(frozen=True)
class Recovery:
    """A recovery with all its steps, in one currency. ``cost``: what its voucher booked; None: no such voucher is known."""

    kind: RecoveryKind
    steps: Sequence[Step]
    cost: Decimal | None
    causes: frozenset[Cause]

    def total(self, step: RecoveryStep) -> Decimal:
        """What a step has come to."""
        return sum((one.amount for one in self.steps if one.step is step), Decimal(0))


def gaps(recovery: Recovery) -> list[ProofGap]:
    """What is missing in the chain from the cost to the money; nothing when an auditor would be content."""
    return list(dict.fromkeys(_gaps(recovery)))


def _gaps(recovery: Recovery) -> Iterator[ProofGap]:
    claimed, agreed, received = (
        recovery.total(step) for step in (RecoveryStep.CLAIMED, RecoveryStep.AGREED, RecoveryStep.RECEIVED)
    )
    if recovery.cost is None:
        yield ProofGap.NO_COST_VOUCHER
    elif received > recovery.cost:
        yield ProofGap.ABOVE_COST
    for step in recovery.steps:
        yield from _gaps_of(step)
    if agreed > claimed:
        yield ProofGap.AGREED_ABOVE_CLAIM
    if received > agreed:
        yield ProofGap.RECEIVED_ABOVE_AGREED
    if recovery.kind is RecoveryKind.RETENTION_DEDUCTION and not (recovery.causes and recovery.causes <= _CONTRACTORS):
        yield ProofGap.NOT_THE_CONTRACTORS


def _gaps_of(step: Step) -> Iterator[ProofGap]:
    if step.step is RecoveryStep.CLAIMED and not step.document_no:
        yield ProofGap.NO_NOTICE
    if step.step is RecoveryStep.RECEIVED and not step.document_no:
        yield ProofGap.NO_RECEIPT
    if step.step in (RecoveryStep.AGREED, RecoveryStep.WRITTEN_OFF):
        if not step.approval_id:
            yield ProofGap.NO_APPROVAL
        elif step.approval is not ApprovalState.APPROVED:
            yield ProofGap.NOT_APPROVED


def share_of(party_code: str | None, shares: Sequence[LiableShare]) -> LiableShare | None:
    """The share that a recovery from a party is about: its own; None where it bears none (an insurer, an owner)."""
    return next((share for share in shares if share.party_code == party_code), None)
