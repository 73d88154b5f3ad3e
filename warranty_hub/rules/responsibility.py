"""Who bears a cost in the end: it follows from the cause, and from whether the contractor's warranty covered the defect.

Source: 房屋建筑工程质量保修办法 (the cost follows the party responsible), 建质〔2017〕138号 art. 9 (what others caused, or
force majeure, the employer pays and must not deduct). Who repaired and who is liable are facts; who pays is concluded here.
"""

from warranty_hub.records.codes import Cause, CoverageState, Payer

_WHATEVER_THE_WARRANTY = {
    Cause.UNKNOWN: Payer.REPAIRER,
    Cause.UNMAPPED: Payer.REPAIRER,
    Cause.FORCE_MAJEURE: Payer.EMPLOYER,
    Cause.MISUSE: Payer.USER,
    Cause.MAINTENANCE: Payer.USER,
    Cause.THIRD_PARTY: Payer.THIRD_PARTY,
}
_BY_WARRANTY = {
    CoverageState.COVERED: Payer.LIABLE_PARTY,
    CoverageState.NOT_STARTED: Payer.LIABLE_PARTY,
    CoverageState.EXPIRED: Payer.OWNER,
    CoverageState.UNKNOWN: Payer.UNDECIDED,
}


def payer(cause: Cause, warranty: CoverageState | None) -> Payer:
    """``warranty``: the contractor's clock at the day of the report; None: no defect is known that the cost is for."""
    if warranty is None:
        return Payer.UNDECIDED
    return _WHATEVER_THE_WARRANTY.get(cause) or _BY_WARRANTY[warranty]
