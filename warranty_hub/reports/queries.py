"""Parts of SQL that several reports share, so that all of them mean the same by a defect and by a name."""

LIVING_DEFECTS = """
    hub.defect d JOIN hub.ticket t
        ON t.source_system = d.source_system AND t.source_id = d.ticket_id AND t.deleted_at IS NULL"""
"""Defects ``d`` with their tickets ``t``; not those of tickets that were deleted."""

REPORTER = "hub.person reporter ON reporter.source_system = t.source_system AND reporter.source_id = t.reporter_id"
"""To join: who reported ticket ``t``. For masking only, see privacy.py."""


def one_name(table: str) -> str:
    """A table of code and name; where several sources name a code, every report takes the same name."""
    return f"(SELECT code, min(name) AS name FROM hub.{table} WHERE deleted_at IS NULL GROUP BY code)"
