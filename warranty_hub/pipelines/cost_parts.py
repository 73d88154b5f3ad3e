"""What a part of an amount says of itself in the warehouse, whatever table it stands in."""

from typing import Any

from warranty_hub.rules.allocation import Part

PART_COLUMNS = (
    "ticket_system", "ticket_id", "defect_seq", "component_code", "defect_type_code", "cause", "party_code", "payer",
    "finality", "responsibility_version", "share_bp", "repeat_no", "amount",
)  # fmt: skip


def said(part: Part) -> tuple[Any, ...]:
    """In the order of PART_COLUMNS: its defect, who is liable and who is to bear it, and how much."""
    defect, share = part.defect, part.share
    return (
        *(defect.ticket or (None, None)), defect.seq, defect.component_code, defect.defect_type_code, share.cause.value,
        share.party_code, part.payer.value, share.finality.value, share.version, share.share_bp, defect.repeat_no, part.amount,
    )  # fmt: skip
