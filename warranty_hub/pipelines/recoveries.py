"""Part what comes back by the dimensions of the cost, and keep what each recovery has come to and what its proof lacks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from warranty_hub.pipelines.cost_cells import Cells, Place
from warranty_hub.pipelines.cost_parts import PART_COLUMNS, said
from warranty_hub.pipelines.cost_tickets import TicketFacts, ticket_facts, tickets_named
from warranty_hub.records.codes import ApprovalState, Cause, CostCategory, CostStage, Finality, RecoveryKind, RecoveryStep
from warranty_hub.rules.allocation import UNKNOWN, UNLINKED_DEFECT, LiableShare, allocate
from warranty_hub.rules.linking import Named, meant
from warranty_hub.rules.recoveries import Recovery, Step, gaps, share_of
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import THIS_TRANSACTION, recovery, recovery_case


def part_recoveries(db: Connection, seen: int) -> set[str]:
    """Bring parts and cases up to date for every recovery that something it depends on touched; returns the periods touched."""
    db.execute(text(_TOUCHED), {"seen": seen})
    periods = set(db.execute(text(_FORGET)).scalars())
    db.execute(text(_FORGET_CASES))
    rows = db.execute(text(_LINES)).all()
    db.execute(text("DROP TABLE touched_recovery"))
    named = tickets_named(db, {row.ticket_no for row in rows if row.ticket_no})
    found = {row.source_id: ticket for row in rows if (ticket := _ticket(row, named))}
    tickets = ticket_facts(db, {ticket[:2] for ticket in found.values()})
    known = {line: (ticket.ticket_no, tickets[ticket[:2]]) for line, ticket in found.items()}
    cells = Cells()
    parts = (part for row in rows for part in _parts(row, cells, *known.get(row.source_id, (None, None))))
    copy_rows(db, recovery, _COLUMNS, parts)
    cells.keep(db)
    copy_rows(db, recovery_case, _CASE_COLUMNS, _cases(rows, known))
    return periods | {row.period for row in rows}


def _ticket(row: Any, named: Mapping[str, Sequence[Named]]) -> Named | None:
    """The one that the line states, else that of the voucher; of tickets that share a number, the voucher's or none."""
    stated = meant([row.ticket_no], named, row.project_code) if row.ticket_no else set()
    voucher = Named(*row.voucher) if row.voucher else None
    if len(stated) == 1:
        return stated.pop()
    return voucher if not row.ticket_no or voucher in stated else None


_COLUMNS = (
    "source_system", "source_id", "step", "period", "ticket_no", "project_code", "building_code", "category", "repairer_code",
    "currency", "part", "cell", *PART_COLUMNS,
)  # fmt: skip


def _parts(row: Any, cells: Cells, ticket_no: str | None, ticket: TicketFacts | None) -> Iterator[tuple[Any, ...]]:
    """Over the defects of the ticket, and to the party that it comes from, with its part in the cause."""
    defects, shares = (ticket.defects, ticket.shares) if ticket else ([UNLINKED_DEFECT], ())
    own = share_of(row.party_code, shares)
    cause, finality, version = (own.cause, own.finality, own.version) if own else (Cause.UNKNOWN, Finality.PRELIMINARY, None)
    project = row.project_code or (ticket.project_code if ticket else UNKNOWN)
    building = ticket.building_code if ticket else None
    from_party = LiableShare(row.party_code, cause, 10_000, finality, version)
    category = CostCategory.UNMAPPED.value
    place = Place(row.period, project, building, category, None, CostStage.ACTUAL.value, row.currency)
    for number, part in enumerate(allocate(row.amount, row.currency, defects, [from_party])):
        yield (
            row.source_system, row.source_id, row.step, row.period, ticket_no, project, building, category, None,
            row.currency, number, cells.number(place, part), *said(part),
        )  # fmt: skip


_CASE_COLUMNS = (
    "source_system", "company_code", "recovery_no", "currency", "kind", "party_code", "ticket_no", "project_code",
    "cost_document", "cost", "claimed", "agreed", "received", "written_off", "gaps",
)  # fmt: skip


def _cases(rows: Sequence[Any], known: Mapping[str, tuple[str, TicketFacts]]) -> Iterator[tuple[Any, ...]]:
    cases = defaultdict[tuple[str, ...], list[Any]](list)
    for row in rows:
        cases[row.source_system, row.company_code, row.recovery_no, row.currency].append(row)
    for key, lines in cases.items():
        first = lines[0]
        ticket_no, ticket = next((known[line.source_id] for line in lines if line.source_id in known), (None, None))
        own = [share for line in lines if ticket and (share := share_of(line.party_code, ticket.shares))]
        steps = [_step(line) for line in lines]
        case = Recovery(RecoveryKind(first.kind), steps, first.cost, frozenset(share.cause for share in own))
        totals = (case.total(step) for step in _STEPS)
        project = first.project_code or (ticket.project_code if ticket else None)
        told = ",".join(gap.value for gap in gaps(case))
        yield (*key, first.kind, first.party_code, ticket_no, project, first.cost_document, first.cost, *totals, told)


_STEPS = (RecoveryStep.CLAIMED, RecoveryStep.AGREED, RecoveryStep.RECEIVED, RecoveryStep.WRITTEN_OFF)


def _step(line: Any) -> Step:
    approval = ApprovalState(line.approval) if line.approval else None
    return Step(RecoveryStep(line.step), line.amount, line.document_no, line.approval_id, approval)


_TOUCHED = f"""
    CREATE TEMP TABLE touched_recovery ON COMMIT DROP AS
    SELECT DISTINCT r.source_system, r.company_code, r.recovery_no FROM hub.recovery_line r
    LEFT JOIN hub.cost_line l ON (l.company_code, l.document_no) = (r.company_code, r.cost_document)
    LEFT JOIN hub.cost_link k ON (k.source_system, k.source_id) = (l.source_system, l.source_id)
    LEFT JOIN hub.approval a ON a.source_id = r.approval_id
    LEFT JOIN hub.repair_plan p ON p.plan_no = r.ticket_no
    WHERE r.changed_tx >= :seen OR l.changed_tx >= :seen OR k.changed_tx = {THIS_TRANSACTION} OR a.changed_tx >= :seen
       OR coalesce(p.ticket_no, r.ticket_no, k.ticket_no) IN (
            SELECT ticket_no FROM hub.ticket WHERE changed_tx >= :seen
            UNION SELECT ticket_no FROM hub.defect WHERE changed_tx >= :seen
            UNION SELECT ticket_no FROM hub.responsibility WHERE changed_tx >= :seen
            UNION SELECT t.ticket_no FROM hub.weight_decision w
            JOIN hub.ticket t ON (t.source_system, t.source_id) = (w.ticket_system, w.ticket_id) WHERE w.changed_tx >= :seen
            UNION SELECT d.ticket_no FROM hub.coverage c JOIN hub.defect d USING (source_system, ticket_id, seq)
            WHERE c.changed_tx >= :seen
            UNION SELECT d.ticket_no FROM hub.defect_repeat c JOIN hub.defect d USING (source_system, ticket_id, seq)
            WHERE c.changed_tx = {THIS_TRANSACTION})"""

_FORGET = """
    DELETE FROM hub.recovery p USING hub.recovery_line r, touched_recovery t
    WHERE (r.source_system, r.source_id) = (p.source_system, p.source_id)
      AND (t.source_system, t.company_code, t.recovery_no) = (r.source_system, r.company_code, r.recovery_no)
    RETURNING p.period"""

_FORGET_CASES = """
    DELETE FROM hub.recovery_case c
    WHERE (c.source_system, c.company_code, c.recovery_no) IN (SELECT * FROM touched_recovery)
       OR NOT EXISTS (SELECT FROM hub.recovery_line r
                      WHERE (r.source_system, r.company_code, r.recovery_no)
                          = (c.source_system, c.company_code, c.recovery_no) AND r.deleted_at IS NULL)"""

_LINES = """
    SELECT r.*, voucher.ticket AS voucher, voucher.cost, approval.state AS approval
    FROM touched_recovery t JOIN hub.recovery_line r USING (source_system, company_code, recovery_no)
    LEFT JOIN LATERAL (
        SELECT sum(b.cost) AS cost,
               CASE WHEN count(DISTINCT t.key) = 1 THEN min(t.key) END AS ticket
        FROM hub.cost_line l JOIN hub.cost_basis b USING (source_system, source_id, fact_version)
        JOIN hub.cost_link k USING (source_system, source_id)
        LEFT JOIN LATERAL (SELECT ARRAY[source_system, source_id, ticket_no, project_code] AS key FROM hub.ticket
                           WHERE (source_system, source_id) = (k.ticket_system, k.ticket_id) AND deleted_at IS NULL) t ON true
        WHERE (l.company_code, l.document_no) = (r.company_code, r.cost_document) AND l.deleted_at IS NULL
          AND NOT EXISTS (SELECT FROM hub.cost_line later
                          WHERE (later.source_system, later.source_id) = (l.source_system, l.source_id)
                            AND later.fact_version > l.fact_version AND later.deleted_at IS NULL)) voucher ON true
    LEFT JOIN LATERAL (
        SELECT state FROM hub.approval WHERE source_id = r.approval_id AND deleted_at IS NULL
        ORDER BY source_system LIMIT 1) approval ON true
    WHERE r.deleted_at IS NULL AND r.step <> 'UNMAPPED'
    ORDER BY r.source_system, r.company_code, r.recovery_no, r.day, r.source_id"""
