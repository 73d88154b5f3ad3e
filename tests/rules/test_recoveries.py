"""What comes back is proved step by step, and no step is taken for the next."""

from dataclasses import replace
from decimal import Decimal

import pytest

from warranty_hub.records.codes import ApprovalState, Cause, ProofGap, RecoveryKind, RecoveryStep
from warranty_hub.rules.recoveries import Recovery, Step, gaps

CLAIMED, AGREED, RECEIVED, WRITTEN_OFF = list(RecoveryStep)[:4]
CLAIM = Step(CLAIMED, Decimal(100), "函-1", None, None)
AGREEMENT = Step(AGREED, Decimal(80), "函-2", "77", ApprovalState.APPROVED)
RECEIPT = Step(RECEIVED, Decimal(80), "1400001", None, None)
WHOLE = Recovery(RecoveryKind.RETENTION_DEDUCTION, (CLAIM, AGREEMENT, RECEIPT), Decimal(120), frozenset({Cause.CONSTRUCTION}))


def test_a_recovery_that_is_proved_is_complained_of() -> None:
    assert gaps(WHOLE) == []
    assert [WHOLE.total(step) for step in (CLAIMED, AGREED, RECEIVED, WRITTEN_OFF)] == [100, 80, 80, 0]


@pytest.mark.parametrize(
    ("recovery", "gap"),
    [
        (replace(WHOLE, cost=None), ProofGap.NO_COST_VOUCHER),
        (replace(WHOLE, cost=Decimal(79)), ProofGap.ABOVE_COST),
        (replace(WHOLE, steps=(CLAIM._replace(document_no=None), AGREEMENT)), ProofGap.NO_NOTICE),
        (replace(WHOLE, steps=(CLAIM._replace(amount=Decimal(79)), AGREEMENT)), ProofGap.AGREED_ABOVE_CLAIM),
        (replace(WHOLE, steps=(CLAIM, AGREEMENT._replace(approval_id=None))), ProofGap.NO_APPROVAL),
        (replace(WHOLE, steps=(CLAIM, AGREEMENT._replace(approval=ApprovalState.REJECTED))), ProofGap.NOT_APPROVED),
        (replace(WHOLE, steps=(CLAIM, AGREEMENT._replace(approval=None))), ProofGap.NOT_APPROVED),
        (replace(WHOLE, steps=(CLAIM, RECEIPT)), ProofGap.RECEIVED_ABOVE_AGREED),
        (replace(WHOLE, steps=(CLAIM, AGREEMENT, RECEIPT._replace(document_no=None))), ProofGap.NO_RECEIPT),
        (replace(WHOLE, causes=frozenset({Cause.DESIGN})), ProofGap.NOT_THE_CONTRACTORS),
        (replace(WHOLE, causes=frozenset()), ProofGap.NOT_THE_CONTRACTORS),
    ],
    ids=lambda value: value.value if isinstance(value, ProofGap) else "",
)
def test_an_auditor_finds_what_the_hub_did_not(recovery: Recovery, gap: ProofGap) -> None:
    assert gaps(recovery) == [gap]


def test_only_a_deduction_from_the_retention_needs_the_contractors_cause() -> None:
    assert gaps(replace(WHOLE, kind=RecoveryKind.INSURANCE, causes=frozenset())) == []
