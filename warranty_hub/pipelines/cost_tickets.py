"""What the rules of cost need to know of tickets: what is broken, who is to blame, by which numbers people name it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.cost_keys import UNNEST, Key, arrays, key_of
from warranty_hub.records.codes import Cause, CoverageState, Finality
from warranty_hub.rules.allocation import UNKNOWN, UNKNOWN_DEFECT, DefectDimension, LiableShare
from warranty_hub.rules.linking import Named
from warranty_hub.warehouse.named import NAMED, tickets_of


@dataclass(frozen=True)
class TicketFacts:
    """A ticket's place, its defects (never none), and the newest decision on who is responsible."""

    project_code: str
    building_code: str | None
    defects: Sequence[DefectDimension]
    shares: Sequence[LiableShare]


def tickets_named(db: Connection, numbers: Collection[str]) -> Mapping[str, Sequence[Named]]:
    """The tickets of each number that is one's own, or that of a plan to repair it; a ticket's own goes first."""
    found = defaultdict[str, list[Named]](list)
    for number, *ticket in db.execute(text(_NAMED), {"numbers": sorted(numbers)}):
        found[number].append(Named(*ticket))
    return found


def ticket_facts(db: Connection, tickets: Collection[Key]) -> Mapping[Key, TicketFacts]:
    """What is known of these tickets."""
    keys = arrays(sorted(tickets))
    defects = defaultdict[Key, list[DefectDimension]](list)
    for row in db.execute(text(_DEFECTS), keys):
        words = row.component_code or UNKNOWN, row.defect_type_code or UNKNOWN
        found = DefectDimension(*words, row.seq, CoverageState(row.warranty), row.repeat_no, row.weight, key_of(row))
        defects[key_of(row)].append(found)
    shares = defaultdict[Key, list[LiableShare]](list)
    for row in db.execute(text(_SHARES), keys):
        share = LiableShare(row.party_code, Cause(row.cause), row.share_bp, Finality(row.finality), row.version)
        shares[key_of(row)].append(share)
    return {
        (key := key_of(row)): TicketFacts(
            row.project_code, row.building_code, _weighed(defects[key]) or [replace(UNKNOWN_DEFECT, ticket=key)], shares[key]
        )
        for row in db.execute(text(_PLACES), keys)
    }


def _weighed(defects: Sequence[DefectDimension]) -> Sequence[DefectDimension]:
    """As they are; all of them evenly, where those that a person gave weights are not told of any more."""
    return defects if any(defect.weight for defect in defects) else [replace(defect, weight=1) for defect in defects]


def ticket_called(db: Connection, number: str, system: str | None) -> Key:
    """The key of the ticket of this number, as a person calls it. ``system``: its source, where several have one.

    Raises ConfigError for a number that no ticket has, or several.
    """
    found = db.execute(text(_CALLED), {"number": number, "system": system}).all()
    if not found:
        raise ConfigError(
            f"The hub knows no ticket {number}" + (f" of source {system}" if system else ""),
            remedy="`warranty-hub costs review` lists lines and tickets as they are called.",
        )
    if len(found) > 1:
        told = ", ".join(f"{ticket.source_system} (project {ticket.project_code})" for ticket in found)
        raise ConfigError(
            f"{len(found)} tickets have the number {number}, of these sources: {told}",
            remedy=f"Say which: --source {found[0].source_system}",
        )
    return key_of(found[0])


_CALLED = """
    SELECT source_system, source_id, project_code FROM hub.ticket
    WHERE ticket_no = :number AND deleted_at IS NULL AND (source_system = :system OR CAST(:system AS text) IS NULL)
    ORDER BY 1, 2"""

_NAMED = f"SELECT * FROM ({NAMED}) named WHERE number = ANY(:numbers) ORDER BY 1, 2, 3"

_PLACES = f"""
    SELECT source_system, source_id, ticket_no, project_code, building_code
    FROM {UNNEST} JOIN hub.ticket USING (source_system, source_id) WHERE deleted_at IS NULL"""

_DEFECTS = f"""
    SELECT t.source_system, t.source_id, d.seq, d.component_code, d.defect_type_code,
           coalesce(c.state, 'UNKNOWN') AS warranty, r.repeat_no,
           CASE WHEN w.weights <> '{{}}' THEN coalesce((w.weights ->> CAST(d.seq AS text))::int, 0) ELSE 1 END AS weight
    FROM ({_PLACES}) t
    JOIN hub.defect d ON (d.source_system, d.ticket_id) = (t.source_system, t.source_id)
    LEFT JOIN LATERAL (
        SELECT state FROM hub.coverage
        WHERE (source_system, ticket_id, seq) = (d.source_system, d.ticket_id, d.seq)
          AND clock IN ('CONTRACTOR', 'STATUTORY', 'HOMEBUYER')
        ORDER BY clock = 'CONTRACTOR' DESC, clock = 'STATUTORY' DESC LIMIT 1) c ON true
    LEFT JOIN hub.defect_repeat r ON (r.source_system, r.ticket_id, r.seq) = (d.source_system, d.ticket_id, d.seq)
    LEFT JOIN LATERAL (
        SELECT weights FROM hub.weight_decision WHERE (ticket_system, ticket_id) = (t.source_system, t.source_id)
        ORDER BY decision_id DESC LIMIT 1) w ON true
    ORDER BY t.source_system, t.source_id, d.seq"""

_SHARES = f"""
    SELECT source_system, source_id, party_code, cause, share_bp, finality, version
    FROM (SELECT t.source_system, t.source_id, r.source_id AS responsibility, r.party_code, r.cause, r.share_bp, r.finality,
                 r.version, max(r.version) OVER (PARTITION BY t.source_system, t.source_id) AS latest
          FROM ({_PLACES}) t
          JOIN hub.responsibility r ON r.ticket_no = t.ticket_no AND r.deleted_at IS NULL
          JOIN LATERAL {tickets_of("r")} meant
            ON meant.alike = 1 AND (meant.source_system, meant.source_id) = (t.source_system, t.source_id)) r
    WHERE version = latest ORDER BY source_system, source_id, party_code NULLS LAST, responsibility"""
