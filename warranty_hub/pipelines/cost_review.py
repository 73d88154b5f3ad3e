"""Cost lines that state no ticket, beside tickets that they may be for: a proposal never links by itself, a person decides."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import insert, text

from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import LinkVerdict
from warranty_hub.warehouse.tables import link_decision

WINDOW_DAYS = 180
"""How long after the report of a defect its costs are looked for."""


class Proposal(NamedTuple):
    """A line without a ticket, and one of its project that the line's supplier is held responsible for."""

    source_system: str
    source_id: str
    document_no: str
    posting_date: date
    amount: Decimal
    currency: str
    ticket_no: str
    reported_on: date
    party_code: str


def proposals(hub: Hub) -> list[Proposal]:
    """By party, project and date window; pairs that somebody rejected are left out."""
    named = {"days": WINDOW_DAYS, "zone": hub.settings.organisation.zone}
    with hub.transactions() as db:
        return [Proposal(*row) for row in db.execute(text(_PROPOSALS), named)]


def decide_link(hub: Hub, line: tuple[str, str], ticket_no: str, verdict: LinkVerdict, person: str) -> None:
    """Keep a person's word on a line and a ticket; the next rollup follows it.

    Raises ConfigError if the hub does not know the line or the ticket.
    """
    values = {"source_system": line[0], "source_id": line[1], "ticket_no": ticket_no}
    with hub.transactions() as db:
        if not db.execute(text(_KNOWN), values).scalar_one():
            raise ConfigError(
                f"The hub knows no cost line {line[0]} {line[1]}, or no ticket {ticket_no}",
                remedy="`warranty-hub costs review` lists lines and tickets as they are called.",
            )
        db.execute(insert(link_decision).values(**values, verdict=verdict, person=person))


_PROPOSALS = """
    SELECT DISTINCT l.source_system, l.source_id, l.document_no, l.posting_date, l.base_amount, l.base_currency,
           t.ticket_no, (t.reported_at AT TIME ZONE :zone)::date AS reported_on, r.party_code
    FROM hub.cost_link k
    JOIN LATERAL (SELECT * FROM hub.cost_line WHERE (source_system, source_id) = (k.source_system, k.source_id)
                  AND deleted_at IS NULL ORDER BY fact_version DESC LIMIT 1) l ON true
    JOIN hub.ticket t ON t.project_code = l.project_code AND t.deleted_at IS NULL
     AND l.posting_date - (t.reported_at AT TIME ZONE :zone)::date BETWEEN 0 AND :days
    JOIN hub.responsibility r ON r.ticket_no = t.ticket_no AND r.party_code = l.supplier_code AND r.deleted_at IS NULL
    LEFT JOIN LATERAL (SELECT verdict FROM hub.link_decision
                       WHERE (source_system, source_id, ticket_no) = (l.source_system, l.source_id, t.ticket_no)
                       ORDER BY decision_id DESC LIMIT 1) decided ON true
    WHERE k.ticket_no IS NULL AND decided.verdict IS DISTINCT FROM 'REJECTED'
    ORDER BY 1, 2, 8 DESC, 7"""

_KNOWN = """
    SELECT EXISTS (SELECT FROM hub.cost_line WHERE (source_system, source_id) = (:source_system, :source_id))
       AND EXISTS (SELECT FROM hub.ticket WHERE ticket_no = :ticket_no AND deleted_at IS NULL)"""
