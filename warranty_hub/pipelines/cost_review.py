"""Cost lines without a ticket, beside tickets that they may be for: a proposal never links by itself, a person decides."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import insert, text

from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.cost_tickets import ticket_called
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import LinkVerdict
from warranty_hub.warehouse.named import NAMED
from warranty_hub.warehouse.tables import link_decision

WINDOW_DAYS = 180
"""How long after the report of a defect its costs are looked for."""


class Proposal(NamedTuple):
    """A line without a ticket, and one that it may be for.

    Either the line names it, and others as well; or its supplier is held responsible for that ticket of its project.
    """

    source_system: str
    source_id: str
    document_no: str
    posting_date: date
    amount: Decimal
    currency: str
    ticket_no: str
    ticket_system: str
    reported_on: date
    party_code: str | None


def proposals(hub: Hub) -> list[Proposal]:
    """By what an ambiguous line names; by party, project and date window. Pairs that somebody rejected are left out."""
    named = {"days": WINDOW_DAYS, "zone": hub.settings.organisation.zone}
    with hub.transactions() as db:
        return [Proposal(*row) for row in db.execute(text(_PROPOSALS), named)]


def decide_link(
    hub: Hub, line: tuple[str, str], ticket_no: str, verdict: LinkVerdict, person: str, ticket_system: str | None = None
) -> None:
    """Keep a person's word on a line and a ticket; the next rollup follows it.

    ``ticket_system`` is the ticket's source, needed where tickets of several have that number. Raises ConfigError if it is
    missing then, or if the hub does not know the line or the ticket.
    """
    values = {"source_system": line[0], "source_id": line[1], "ticket_no": ticket_no, "verdict": verdict, "person": person}
    with hub.transactions() as db:
        if not db.execute(text(_KNOWN), values).scalar_one():
            raise ConfigError(
                f"The hub knows no cost line {line[0]} {line[1]}",
                remedy="`warranty-hub costs review` lists lines and tickets as they are called.",
            )
        system, ticket_id = ticket_called(db, ticket_no, ticket_system)
        db.execute(insert(link_decision).values(**values, ticket_system=system, ticket_id=ticket_id))


_UNLINKED = """
    hub.cost_link k
    JOIN LATERAL (SELECT * FROM hub.cost_line WHERE (source_system, source_id) = (k.source_system, k.source_id)
                  AND deleted_at IS NULL ORDER BY fact_version DESC LIMIT 1) l ON true"""

_PROPOSALS = f"""
    WITH proposed AS (
        SELECT l.*, t.source_system AS ticket_system, t.source_id AS ticket_id, t.ticket_no, t.reported_at, r.party_code
        FROM {_UNLINKED}
        JOIN hub.ticket t ON t.project_code = l.project_code AND t.deleted_at IS NULL
         AND l.posting_date - (t.reported_at AT TIME ZONE :zone)::date BETWEEN 0 AND :days
        JOIN hub.responsibility r ON r.ticket_no = t.ticket_no AND r.party_code = l.supplier_code AND r.deleted_at IS NULL
        WHERE k.ticket_no IS NULL AND k.method <> 'AMBIGUOUS'
        UNION ALL
        SELECT l.*, t.source_system, t.source_id, t.ticket_no, t.reported_at, NULL
        FROM {_UNLINKED}
        JOIN hub.cost_reference stated ON (stated.source_system, stated.source_id) = (k.source_system, k.source_id)
        JOIN LATERAL (SELECT * FROM ({NAMED}) named WHERE named.number = stated.number) named ON true
        JOIN hub.ticket t ON (t.source_system, t.source_id) = (named.source_system, named.source_id)
        WHERE k.method = 'AMBIGUOUS'
    )
    SELECT DISTINCT source_system, source_id, document_no, posting_date, base_amount, base_currency, ticket_no, ticket_system,
           (reported_at AT TIME ZONE :zone)::date AS reported_on, party_code
    FROM proposed l
    LEFT JOIN LATERAL (SELECT verdict FROM hub.link_decision d
                       WHERE (d.source_system, d.source_id, d.ticket_system, d.ticket_id)
                           = (l.source_system, l.source_id, l.ticket_system, l.ticket_id)
                       ORDER BY decision_id DESC LIMIT 1) decided ON true
    WHERE decided.verdict IS DISTINCT FROM 'REJECTED'
    ORDER BY 1, 2, 9 DESC, 7, 8"""

_KNOWN = "SELECT EXISTS (SELECT FROM hub.cost_line WHERE (source_system, source_id) = (:source_system, :source_id))"
