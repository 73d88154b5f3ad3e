"""Roll up costs: link each changed line to its ticket, split it exactly, and sum the periods it touches.

Rules decide per line (warranty_hub/rules); SQL sums. A consumer of our own tables: it reads what changed since its own cursor.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from warranty_hub.pipelines.accruals import find_accruals, settle_accruals
from warranty_hub.pipelines.cost_cells import Cells, Place
from warranty_hub.pipelines.cost_keys import MATCH, NEWEST, UNNEST, Key, Lines, arrays, key_of
from warranty_hub.pipelines.cost_links import link_lines
from warranty_hub.pipelines.cost_months import sum_months
from warranty_hub.pipelines.cost_orgs import sum_organisation
from warranty_hub.pipelines.cost_parts import PART_COLUMNS, said
from warranty_hub.pipelines.cost_tickets import TicketFacts, ticket_facts
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.outlook import lay_out
from warranty_hub.pipelines.recoveries import part_recoveries
from warranty_hub.pipelines.repeats import number_repeats
from warranty_hub.records.codes import CostBasis
from warranty_hub.rules.allocation import UNKNOWN, UNLINKED_DEFECT, allocate
from warranty_hub.rules.basis import Basis, Voucher, basis_of
from warranty_hub.warehouse.changes import floor, remember, since
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import THIS_TRANSACTION, allocation, cost_basis

UNIT = Unit("rollup", "costs")


def roll_up_costs(hub: Hub) -> RunReport:
    """Bring links, allocations and the monthly rollup up to date. One transaction: readers see the old figures or the new."""
    with hub.recorded(UNIT) as run:
        with hub.transactions() as db:
            seen, start = floor(db), since(db, UNIT)
            number_repeats(db, start, hub.settings.organisation.zone)
            count, periods = _bring_up_to_date(db, start, hub.settings.costs.basis)
            if count or db.execute(text(_STIRRED), {"seen": start}).scalar_one():
                periods |= lay_out(db, hub.settings.organisation.zone)
            periods |= part_recoveries(db, start)
            sum_months(db, periods)
            sum_organisation(db, periods, start)
            remember(db, UNIT, seen)
        run.note(lines=count, periods=len(periods))
    return hub.report(run.run_id)


def _bring_up_to_date(db: Connection, seen: int, basis: Mapping[str, str]) -> tuple[int, set[str]]:
    """Link and split all lines that something touched; returns how many there are, and in which periods they are or were."""
    # At a first rollup a plan that was kept from when the tables were empty would read them whole, line by line.
    db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    lines, accruals = Lines(db, "touched_line"), Lines(db, "touched_accrual")
    lines.find(_TOUCHED, {"seen": seen})
    find_accruals(lines, accruals)
    for keys in lines.portions():
        link_lines(db, keys)
        _keep_basis(db, keys, basis)
    find_accruals(lines, accruals)
    settle_accruals(db, accruals, lines)
    periods = _periods(db, lines)
    for keys in lines.portions():
        _reallocate(db, keys)
    periods |= _periods(db, lines)
    count = lines.count()
    lines.drop()
    accruals.drop()
    return count, periods


def _periods(db: Connection, lines: Lines) -> set[str]:
    query = f"SELECT DISTINCT period FROM hub.allocation JOIN {lines.table} USING (source_system, source_id)"
    return set(db.execute(text(query)).scalars())


def _keep_basis(db: Connection, keys: Sequence[Key], by_entity: Mapping[str, str]) -> None:
    """Compute the basis of the lines' versions that have none yet; what was computed stays."""
    rows = db.execute(text(_WITHOUT_BASIS), arrays(keys)).all()
    found = ((row, basis_of(_voucher(row), CostBasis(by_entity.get(row.company_code, CostBasis.NET)))) for row in rows)
    columns = ("source_system", "source_id", "fact_version", *Basis._fields)
    copy_rows(db, cost_basis, columns, ((*key_of(row), row.fact_version, basis[0].value, *basis[1:]) for row, basis in found))


def _voucher(row: Any) -> Voucher:
    return Voucher(*(getattr(row, name) for name in Voucher._fields))


def _reallocate(db: Connection, keys: Sequence[Key]) -> None:
    lines = db.execute(text(_LINES), arrays(keys)).all()
    tickets = ticket_facts(db, {(line.ticket_system, line.ticket_id) for line in lines if line.ticket_no})
    db.execute(text(f"DELETE FROM hub.allocation a USING {UNNEST} WHERE {MATCH}"), arrays(keys))
    cells = Cells()
    copy_rows(db, allocation, _COLUMNS, (row for line in lines for row in _parts_of(line, tickets, cells)))
    cells.keep(db)


_COLUMNS = (
    "source_system", "source_id", "fact_version", "stage", "ticket_no", "project_code", "building_code", "category",
    "repairer_code", "currency", "part", "settles_part", "period", "cell", "first_in_cell", *PART_COLUMNS,
)  # fmt: skip


def _parts_of(line: Any, tickets: Mapping[Key, TicketFacts], cells: Cells) -> Iterable[tuple[Any, ...]]:
    """The parts of a line; of an accrual that is ended also those that take it back, in the period of the actual cost."""
    ticket = tickets.get((line.ticket_system, line.ticket_id))
    defects, shares = (ticket.defects, ticket.shares) if ticket else ([UNLINKED_DEFECT], ())
    parts = allocate(line.cost, line.base_currency, defects, shares)
    project = line.bearing_project or (ticket.project_code if ticket else UNKNOWN)
    building = ticket.building_code if ticket else None
    shared = (
        *key_of(line), line.fact_version, line.bearing_stage, line.ticket_no, project, building, line.category,
        line.supplier_code, line.base_currency,
    )  # fmt: skip
    place = Place(
        line.period, project, building, line.category, line.supplier_code, line.bearing_stage, line.base_currency
    )  # fmt: skip
    for number, (part, cell, first) in enumerate(cells.of_line(place, parts)):
        yield (*shared, number, None, line.period, cell, first, *said(part))
    if line.settled_in:
        place = place._replace(period=line.settled_in)
        for number, (part, cell, first) in enumerate(cells.of_line(place, parts)):
            yield (*shared, len(parts) + number, number, line.settled_in, cell, first, *said(part.reversed()))


# Lines that changed themselves, whose ticket changed in anything they depend on, or that state a number that is new; and what
# reverses such a line.
_TOUCHED = f"""
    WITH ticket_touched AS (
        SELECT ticket_no FROM hub.defect WHERE changed_tx >= :seen
        UNION SELECT ticket_no FROM hub.responsibility WHERE changed_tx >= :seen
        UNION SELECT ticket_no FROM hub.ticket WHERE changed_tx >= :seen
        UNION SELECT t.ticket_no FROM hub.weight_decision w
        JOIN hub.ticket t ON (t.source_system, t.source_id) = (w.ticket_system, w.ticket_id) WHERE w.changed_tx >= :seen
        UNION SELECT ticket_no FROM hub.coverage c JOIN hub.defect d USING (source_system, ticket_id, seq)
        WHERE c.changed_tx >= :seen
        UNION SELECT ticket_no FROM hub.defect_repeat r JOIN hub.defect d USING (source_system, ticket_id, seq)
        WHERE r.changed_tx = {THIS_TRANSACTION}
    ), number_touched AS (
        SELECT ticket_no AS number FROM hub.ticket WHERE changed_tx >= :seen
        UNION SELECT plan_no FROM hub.repair_plan WHERE changed_tx >= :seen
        UNION SELECT p.plan_no FROM hub.repair_plan p JOIN hub.ticket t USING (ticket_no) WHERE t.changed_tx >= :seen
    ), touched AS (
    SELECT source_system, source_id FROM hub.cost_line WHERE changed_tx >= :seen
    UNION
    SELECT l.source_system, l.source_id FROM hub.cost_link l JOIN ticket_touched USING (ticket_no)
    UNION
    SELECT l.source_system, l.source_id FROM hub.cost_line l JOIN hub.commitment c USING (source_system, company_code, order_no)
    WHERE c.changed_tx >= :seen
    UNION
    SELECT source_system, source_id FROM hub.link_decision WHERE changed_tx >= :seen
    UNION
    SELECT source_system, source_id FROM hub.cost_reference JOIN number_touched USING (number)
    )
    SELECT source_system, source_id FROM touched
    UNION
    SELECT r.source_system, r.source_id FROM touched JOIN hub.cost_line o USING (source_system, source_id)
    JOIN hub.cost_line r
      ON (r.source_system, r.company_code, r.reverses_document) = (o.source_system, o.company_code, o.document_no)
    ORDER BY 1, 2"""

_STIRRED = """
    SELECT EXISTS (SELECT FROM hub.commitment WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.repair_plan WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.approval WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.ticket WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.defect WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.responsibility WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.weight_decision WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.period WHERE changed_tx >= :seen)"""

_WITHOUT_BASIS = f"""
    SELECT a.* FROM ({NEWEST}) a
    WHERE (SELECT 1 FROM hub.cost_basis b  -- asked line by line: an anti-join could read the whole table for each portion
           WHERE (b.source_system, b.source_id, b.fact_version) = (a.source_system, a.source_id, a.fact_version)) IS NULL"""

_LINES = f"""
    SELECT a.*, b.cost, k.ticket_system, k.ticket_id, k.ticket_no, settling.period AS settled_in,
           coalesce(o.project_code, CASE WHEN o.source_id IS NULL THEN a.project_code END) AS bearing_project,
           coalesce(o.stage, a.stage) AS bearing_stage
    FROM ({NEWEST}) a
    CROSS JOIN LATERAL (
        SELECT cost FROM hub.cost_basis
        WHERE (source_system, source_id, fact_version) = (a.source_system, a.source_id, a.fact_version) OFFSET 0) b
    CROSS JOIN LATERAL (
        SELECT ticket_system, ticket_id, ticket_no, follows, settled_by FROM hub.cost_link
        WHERE (source_system, source_id) = (a.source_system, a.source_id) OFFSET 0) k
    LEFT JOIN LATERAL (
        SELECT DISTINCT ON (source_id) * FROM hub.cost_line
        WHERE source_system = a.source_system AND source_id = k.follows AND deleted_at IS NULL
        ORDER BY source_id, fact_version DESC) o ON true
    LEFT JOIN LATERAL (
        SELECT period FROM hub.cost_line
        WHERE source_system = a.source_system AND source_id = k.settled_by AND deleted_at IS NULL
        ORDER BY fact_version DESC LIMIT 1) settling ON true"""
