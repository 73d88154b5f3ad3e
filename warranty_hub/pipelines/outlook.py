"""Lay out what is not in the books yet, by the rollup's dimensions: open commitments (orders), open estimates (plans).

Made anew whenever something changed: its size follows the work that is under way, not the history. It is never published.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from warranty_hub.pipelines.cost_cells import Cells, Place
from warranty_hub.pipelines.cost_keys import Key
from warranty_hub.pipelines.cost_parts import PART_COLUMNS, said
from warranty_hub.pipelines.cost_tickets import TicketFacts, ticket_facts, tickets_named
from warranty_hub.records.codes import CostCategory, CostStage
from warranty_hub.rules.allocation import UNKNOWN, UNLINKED_DEFECT, allocate
from warranty_hub.rules.linking import Named, link, references
from warranty_hub.rules.stages import NOTHING, OrderItem, open_commitments, use_up
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.named import PLAN_ALONE, tickets_of
from warranty_hub.warehouse.tables import outlook


class Open(NamedTuple):
    """What of a commitment or plan is still open. ``fact`` names its table, ``ticket`` is the ticket's key."""

    stage: CostStage
    fact: str
    source_system: str
    source_id: str
    period: str
    project_code: str | None
    supplier_code: str | None
    ticket: Key | None
    ticket_no: str | None
    currency: str
    amount: Decimal


def lay_out(db: Connection, zone: str) -> set[str]:
    """Make the outlook anew; returns the periods in which it is another one than before."""
    promised = _commitments(db)
    everything = [*promised, *_estimates(db, promised, zone)]
    tickets = ticket_facts(db, {one.ticket for one in everything if one.ticket})
    db.execute(text("CREATE TEMP TABLE former_outlook ON COMMIT DROP AS TABLE hub.outlook"))
    db.execute(text("DELETE FROM hub.outlook"))
    cells = Cells()
    copy_rows(db, outlook, _COLUMNS, (row for one in everything for row in _parts(one, tickets, cells)))
    cells.keep(db)
    moved = set(db.execute(text(_MOVED)).scalars())
    db.execute(text("DROP TABLE former_outlook"))
    return moved


_COLUMNS = (
    "fact", "source_system", "source_id", "stage", "period", "ticket_no", "project_code", "building_code", "category",
    "repairer_code", "currency", "part", "cell", *PART_COLUMNS,
)  # fmt: skip


def _parts(one: Open, tickets: Mapping[Key, TicketFacts], cells: Cells) -> Iterator[tuple[Any, ...]]:
    ticket = tickets.get(one.ticket) if one.ticket else None
    defects, shares = (ticket.defects, ticket.shares) if ticket else ([UNLINKED_DEFECT], ())
    project = one.project_code or (ticket.project_code if ticket else UNKNOWN)
    building = ticket.building_code if ticket else None
    category = CostCategory.UNMAPPED.value
    place = Place(one.period, project, building, category, one.supplier_code, one.stage.value, one.currency)
    for number, part in enumerate(allocate(one.amount, one.currency, defects, shares)):
        yield (
            one.fact, one.source_system, one.source_id, one.stage.value, one.period, one.ticket_no, project, building,
            category, one.supplier_code, one.currency, number, cells.number(place, part), *said(part),
        )  # fmt: skip


def _commitments(db: Connection) -> list[Open]:
    """What orders and invoices that are not posted still bind, each with the ticket that it states."""
    orders = defaultdict[tuple[str, ...], list[Any]](list)
    for row in db.execute(text(_ORDERS)):
        orders[row.source_system, row.company_code, row.kind, row.order_no, row.currency].append(row)
    left = [(row, amount) for rows in orders.values() for row, amount in _left(rows) if amount]
    known = tickets_named(db, {number for row, _ in left for number in references(row.assignment, row.text)})
    return [
        _promise(row, amount, link(row.assignment, row.text, known, project=row.project_code).ticket) for row, amount in left
    ]


def _promise(row: Any, amount: Decimal, ticket: Named | None) -> Open:
    return Open(
        CostStage.COMMITTED, "commitment", row.source_system, row.source_id, row.period, row.project_code, row.supplier_code,
        ticket and ticket[:2], ticket and ticket.ticket_no, row.currency, amount,
    )  # fmt: skip


def _left(rows: Sequence[Any]) -> Iterable[tuple[Any, Decimal]]:
    """The items of one order with what they still bind."""
    items = [OrderItem(row.source_id, row.amount, row.invoiced, row.is_closed) for row in rows]
    left = open_commitments(items, rows[0].accrued, rows[0].booked)
    return ((row, left[row.source_id]) for row in rows)


def _estimates(db: Connection, promised: Sequence[Open], zone: str) -> Iterator[Open]:
    """What of the plans of each ticket neither an order, an accrual nor an actual cost has followed.

    A plan whose number of a ticket those of several sources share is open as a whole, and belongs to none of them.
    """
    ordered = defaultdict[tuple[Key | None, str], Decimal](Decimal)
    for one in promised:
        if one.ticket:
            ordered[one.ticket, one.currency] += one.amount
    tickets = defaultdict[tuple[Key | None, str, str], list[Any]](list)
    for row in db.execute(text(_PLANS), {"zone": zone}):
        ticket = (row.ticket_system, row.ticket_id) if row.ticket_id else None
        tickets[ticket, row.ticket_no, row.currency].append(row)
    for (ticket, ticket_no, currency), plans in tickets.items():
        left = use_up({row.source_id: row.amount for row in plans}, plans[0].booked + ordered[ticket, currency])
        for row in plans:
            if left[row.source_id] > NOTHING:
                yield Open(
                    CostStage.ESTIMATE, "repair_plan", row.source_system, row.source_id, row.period, None, None, ticket,
                    ticket_no if ticket else None, currency, left[row.source_id],
                )  # fmt: skip


_PERIOD_OF = """coalesce(
               (SELECT p.period FROM hub.period p
                WHERE p.company_code = {company} AND {day} BETWEEN p.first_day AND p.last_day AND p.deleted_at IS NULL
                ORDER BY p.period LIMIT 1),
               to_char({day}, 'YYYY-MM'), 'UNKNOWN')"""

_ORDERS = f"""
    SELECT c.source_system, c.source_id, c.company_code, c.kind, c.order_no, c.item_no, c.currency, c.amount, c.is_closed,
           c.project_code, c.supplier_code, c.assignment, c.text,
           coalesce(c.invoiced_amount, invoice.amount) AS invoiced, used.accrued, used.booked,
           {_PERIOD_OF.format(company="c.company_code", day="c.ordered_on")} AS period
    FROM hub.commitment c
    LEFT JOIN LATERAL (
        SELECT sum(i.amount) AS amount FROM hub.commitment i
        WHERE (i.source_system, i.company_code, i.order_no, i.item_no, i.currency)
            = (c.source_system, c.company_code, c.order_no, c.item_no, c.currency)
          AND i.kind = 'ORDER_INVOICE' AND i.is_closed AND i.deleted_at IS NULL) invoice ON c.kind = 'ORDER'
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount) FILTER (WHERE stage = 'ACCRUED'), 0) AS accrued,
               coalesce(sum(amount) FILTER (WHERE stage = 'ACTUAL'), 0) AS booked
        FROM (SELECT DISTINCT ON (l.source_id) l.stage, l.amount, k.settled_by
              FROM hub.cost_line l JOIN hub.cost_link k USING (source_system, source_id)
              WHERE (l.source_system, l.company_code, l.order_no, l.currency)
                  = (c.source_system, c.company_code, c.order_no, c.currency) AND l.deleted_at IS NULL
              ORDER BY l.source_id, l.fact_version DESC) line
        WHERE settled_by IS NULL) used
    WHERE c.kind IN ('ORDER', 'INVOICE') AND c.deleted_at IS NULL
      AND EXISTS (SELECT FROM hub.commitment o WHERE (o.source_system, o.company_code, o.order_no)
                      = (c.source_system, c.company_code, c.order_no) AND NOT o.is_closed AND o.deleted_at IS NULL)
    ORDER BY c.source_system, c.source_id"""

_PLANS = f"""
    WITH newest AS (
        SELECT DISTINCT ON (source_system, plan_no) * FROM hub.repair_plan
        WHERE deleted_at IS NULL ORDER BY source_system, plan_no, version DESC, source_id
    )
    SELECT p.source_system, p.source_id, p.ticket_no, t.ticket_system, t.ticket_id, p.currency, p.amount,
           to_char(p.changed_at AT TIME ZONE :zone, 'YYYY-MM') AS period,
           (SELECT coalesce(sum(a.amount), 0) FROM hub.cost_link k JOIN hub.allocation a USING (source_system, source_id)
            WHERE (k.ticket_system, k.ticket_id) = (t.ticket_system, t.ticket_id)
              AND a.currency = p.currency AND a.stage IN ('ACCRUED', 'ACTUAL')) AS booked
    FROM newest p
    CROSS JOIN LATERAL (
        SELECT CASE WHEN count(*) = 1 THEN min(source_system) END AS ticket_system,
               CASE WHEN count(*) = 1 THEN min(source_id) END AS ticket_id,
               bool_or(reported_state NOT IN ('CLOSED', 'REJECTED', 'DUPLICATE', 'CANCELLED')) AS is_open
        FROM {tickets_of("p")} meant) t
    WHERE t.is_open
      AND NOT EXISTS (SELECT FROM hub.approval a WHERE a.plan_no = p.plan_no AND a.plan_version = p.version
                      AND a.deleted_at IS NULL AND a.state IN ('REJECTED', 'WITHDRAWN', 'VOIDED')
                      AND (a.source_id = p.approval_id OR {PLAN_ALONE}))
    ORDER BY p.ticket_no, p.source_system, p.source_id"""

_MOVED = """
    SELECT period FROM (TABLE hub.outlook EXCEPT TABLE former_outlook) appeared
    UNION SELECT period FROM (TABLE former_outlook EXCEPT TABLE hub.outlook) gone"""
