"""Parts of SQL that several reports share, so that all of them mean the same by a defect and by a name."""

from sqlalchemy import Connection, text

LIVING_DEFECTS = """
    hub.defect d JOIN hub.ticket t
        ON t.source_system = d.source_system AND t.source_id = d.ticket_id AND t.deleted_at IS NULL"""
"""Defects ``d`` with their tickets ``t``; not those of tickets that were deleted."""

REPORTER = "hub.person reporter ON reporter.source_system = t.source_system AND reporter.source_id = t.reporter_id"
"""To join: who reported ticket ``t``. For masking only, see privacy.py."""


def one_name(table: str) -> str:
    """A table of code and name; where several sources name a code, every report takes the same name."""
    return f"(SELECT code, min(name) AS name FROM hub.{table} WHERE deleted_at IS NULL GROUP BY code)"


def lead_currency(db: Connection) -> str | None:
    """The currency of charts and plans: the one with the most ACTUAL rows; stages and currencies are never added together."""
    return db.execute(text(_LEAD)).scalar_one_or_none()


_LEAD = """
    SELECT currency FROM mart.cost_month WHERE stage = 'ACTUAL' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"""
