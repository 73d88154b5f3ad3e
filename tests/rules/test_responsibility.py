"""Who is to bear a cost is concluded from cause and warranty, and said to be open where it is."""

import pytest

from warranty_hub.records.codes import Cause, CoverageState, Payer
from warranty_hub.rules.responsibility import payer


@pytest.mark.parametrize(
    ("cause", "warranty", "expected"),
    [
        (Cause.CONSTRUCTION, CoverageState.COVERED, Payer.LIABLE_PARTY),
        (Cause.DESIGN, CoverageState.NOT_STARTED, Payer.LIABLE_PARTY),
        (Cause.MATERIAL, CoverageState.EXPIRED, Payer.OWNER),
        (Cause.MATERIAL, CoverageState.UNKNOWN, Payer.UNDECIDED),
        (Cause.MISUSE, CoverageState.COVERED, Payer.USER),
        (Cause.THIRD_PARTY, CoverageState.EXPIRED, Payer.THIRD_PARTY),
        (Cause.FORCE_MAJEURE, CoverageState.COVERED, Payer.EMPLOYER),
        (Cause.UNKNOWN, CoverageState.COVERED, Payer.REPAIRER),
        (Cause.CONSTRUCTION, None, Payer.UNDECIDED),
    ],
)
def test_somebody_is_to_bear_what_another_has_to(cause: Cause, warranty: CoverageState | None, expected: Payer) -> None:
    assert payer(cause, warranty) is expected


def test_a_cause_or_a_state_was_forgotten() -> None:
    assert {payer(cause, state) for cause in Cause for state in CoverageState} <= set(Payer)
