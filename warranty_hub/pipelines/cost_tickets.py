"""What the rules of cost need to know of tickets: what is broken, who is to blame, by which numbers people name it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from warranty_hub.records.codes import Cause, CoverageState, Finality
from warranty_hub.rules.allocation import UNKNOWN, UNKNOWN_DEFECT, DefectDimension, LiableShare


@dataclass(frozen=True)
class TicketFacts:
    """A ticket's place, its defects (never none), and the newest decision on who is responsible."""

    project_code: str
    building_code: str | None
    defects: Sequence[DefectDimension]
    shares: Sequence[LiableShare]


def tickets_named(db: Connection, numbers: Collection[str]) -> Mapping[str, str]:
    """The ticket of each number that is one's own, or that of a plan to repair it; a ticket's own goes first."""
    rows = db.execute(text(_NAMED), {"numbers": sorted(numbers)})
    return {row.number: row.ticket_no for row in rows}


def ticket_facts(db: Connection, ticket_nos: Collection[str]) -> Mapping[str, TicketFacts]:
    """What is known of these tickets; where several sources have one of a number, of the first source's, and no other's."""
    named = {"tickets": sorted(ticket_nos)}
    defects: dict[str, list[DefectDimension]] = defaultdict(list)
    for row in db.execute(text(_DEFECTS), named):
        words = row.component_code or UNKNOWN, row.defect_type_code or UNKNOWN
        found = DefectDimension(
            *words, row.seq, CoverageState(row.warranty), row.repeat_no, ticket=(row.source_system, row.ticket_id)
        )
        defects[row.ticket_no].append(found)
    shares: dict[str, list[LiableShare]] = defaultdict(list)
    for row in db.execute(text(_SHARES), named):
        share = LiableShare(row.party_code, Cause(row.cause), row.share_bp, Finality(row.finality), row.version)
        shares[row.ticket_no].append(share)
    return {
        row.ticket_no: TicketFacts(
            row.project_code, row.building_code, defects[row.ticket_no] or [UNKNOWN_DEFECT], shares[row.ticket_no]
        )
        for row in db.execute(text(_PLACES), named)
    }


_NAMED = """
    SELECT DISTINCT ON (number) number, ticket_no FROM (
        SELECT ticket_no AS number, ticket_no, 0 AS rank FROM hub.ticket WHERE ticket_no = ANY(:numbers) AND deleted_at IS NULL
        UNION ALL
        SELECT p.plan_no, t.ticket_no, 1 FROM hub.repair_plan p JOIN hub.ticket t USING (ticket_no)
        WHERE p.plan_no = ANY(:numbers) AND p.deleted_at IS NULL AND t.deleted_at IS NULL) named
    ORDER BY number, rank, ticket_no"""

_PLACES = """
    SELECT DISTINCT ON (ticket_no) ticket_no, source_system, source_id, project_code, building_code FROM hub.ticket
    WHERE ticket_no = ANY(:tickets) AND deleted_at IS NULL ORDER BY ticket_no, source_system, source_id"""

_DEFECTS = f"""
    SELECT d.ticket_no, d.source_system, d.ticket_id, d.seq, d.component_code, d.defect_type_code,
           coalesce(c.state, 'UNKNOWN') AS warranty, r.repeat_no
    FROM ({_PLACES}) t
    JOIN hub.defect d ON (d.source_system, d.ticket_id) = (t.source_system, t.source_id)
    LEFT JOIN LATERAL (
        SELECT state FROM hub.coverage
        WHERE (source_system, ticket_id, seq) = (d.source_system, d.ticket_id, d.seq)
          AND clock IN ('CONTRACTOR', 'STATUTORY', 'HOMEBUYER')
        ORDER BY clock = 'CONTRACTOR' DESC, clock = 'STATUTORY' DESC LIMIT 1) c ON true
    LEFT JOIN hub.defect_repeat r ON (r.source_system, r.ticket_id, r.seq) = (d.source_system, d.ticket_id, d.seq)
    ORDER BY d.ticket_no, d.seq"""

_SHARES = """
    SELECT ticket_no, party_code, cause, share_bp, finality, version
    FROM (SELECT *, max(version) OVER (PARTITION BY ticket_no) AS latest FROM hub.responsibility
          WHERE ticket_no = ANY(:tickets) AND deleted_at IS NULL) r
    WHERE version = latest ORDER BY ticket_no, party_code NULLS LAST, source_id"""
