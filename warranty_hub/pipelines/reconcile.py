"""Reconcile an entity: what its tickets say was approved, against what its ERP has booked, by project and period.

The rule decides for each ticket (warranty_hub/rules/reconciliation.py); SQL brings the two sides together, and sums the items.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, groupby, islice
from typing import Any

from sqlalchemy import Connection, text

from warranty_hub.rules.reconciliation import Spot, Stated, reconcile, unlinked
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.named import PLAN_ALONE, tickets_of
from warranty_hub.warehouse.tables import recon_item

CHUNK = 10_000
COLUMNS = (
    "entity", "currency", "ticket_no", "ticket_system", "ticket_id", "source_system", "source_id", "project_code", "period",
    "kind", "tickets_amount", "erp_amount",
)  # fmt: skip


def reconcile_entity(db: Connection, entity: str, zone: str, tolerance: Decimal) -> None:
    """Write the entity's items anew, from what the last rollup has linked. ``zone``: in which days of approvals are cut.

    One writer at a time: the other would not see, and so not take away, what this one is writing.
    """
    named = {"entity": entity, "zone": zone}
    db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('hub.recon_item ' || :entity, 0))"), named)
    db.execute(text("DELETE FROM hub.recon_item WHERE entity = :entity"), named)
    found = chain(_tickets(db, named, tolerance), _unlinked(db, named))
    for rows in iter(lambda: list(islice(found, CHUNK)), []):
        copy_rows(db, recon_item, COLUMNS, ((entity, *row) for row in rows))


def _tickets(db: Connection, named: dict[str, Any], tolerance: Decimal) -> Iterator[tuple[Any, ...]]:
    rows = db.execute(text(_BOTH_SIDES), named, execution_options={"yield_per": CHUNK})
    for (currency, *ticket), sides in groupby(rows, key=lambda row: row[:4]):
        stated, booked = None, {}
        for side in sides:
            spot = Spot(side.project_code, side.period)
            if side.done is None:
                booked[spot] = side.amount
            else:
                stated = Stated(spot, side.amount, side.done)
        for item in reconcile(stated, booked, tolerance):
            yield currency, *ticket, None, None, *item.spot, item.kind.value, item.tickets_amount, item.erp_amount


def _unlinked(db: Connection, named: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for row in db.execute(text(_UNLINKED), named, execution_options={"yield_per": CHUNK}):
        item = unlinked(Spot(row.project_code, row.period), row.amount)
        about = (None, None, None, row.source_system, row.source_id)
        yield row.currency, *about, *item.spot, item.kind.value, item.tickets_amount, item.erp_amount


_BOOKED = """
    hub.allocation a JOIN hub.cost_line l USING (source_system, source_id, fact_version)
    WHERE l.company_code = :entity AND a.stage IN ('ACTUAL', 'ACCRUED')"""

# A project's tickets belong to the entity that bears most of its costs: a ticket store knows no company codes.
_BOTH_SIDES = f"""
    WITH owner AS (
        SELECT a.project_code, mode() WITHIN GROUP (ORDER BY l.company_code) AS entity
        FROM hub.allocation a JOIN hub.cost_line l USING (source_system, source_id, fact_version) GROUP BY 1
    ), plan AS (
        SELECT DISTINCT ON (p.ticket_no, t.source_system, t.source_id)
               p.ticket_no, t.source_system AS ticket_system, t.source_id AS ticket_id, t.project_code,
               t.reported_state IN ('REPAIRED', 'ACCEPTED', 'CLOSED') AS done,
               p.currency, coalesce(o.amount, p.amount) AS amount,
               (coalesce(o.decided_at, o.submitted_at, p.changed_at) AT TIME ZONE :zone)::date AS approved_on
        FROM (SELECT p.source_id AS plan_id, o.source_id AS approval_id
              FROM hub.repair_plan p JOIN hub.approval o ON o.source_id = p.approval_id
              UNION SELECT p.source_id, o.source_id FROM hub.repair_plan p JOIN hub.approval o USING (plan_no)
              WHERE {PLAN_ALONE}) k
        JOIN hub.repair_plan p ON p.source_id = k.plan_id AND p.deleted_at IS NULL
        JOIN hub.approval o ON o.source_id = k.approval_id AND o.deleted_at IS NULL AND o.state = 'APPROVED'
        JOIN LATERAL {tickets_of("p")} t ON t.alike = 1
        ORDER BY p.ticket_no, t.source_system, t.source_id, p.version DESC,
                 o.decided_at DESC NULLS LAST, p.source_id, o.source_id
    )
    SELECT p.currency, p.ticket_no, p.ticket_system, p.ticket_id, p.project_code,
           coalesce(calendar.period, to_char(p.approved_on, 'YYYY-MM')) AS period,
           p.amount, p.done
    FROM plan p
    JOIN owner ON owner.project_code = p.project_code AND owner.entity = :entity
    LEFT JOIN LATERAL (SELECT period FROM hub.period
                       WHERE company_code = :entity AND deleted_at IS NULL AND p.approved_on BETWEEN first_day AND last_day
                       ORDER BY first_day, period LIMIT 1) calendar ON true
    UNION ALL
    SELECT a.currency, a.ticket_no, a.ticket_system, a.ticket_id, coalesce(a.project_code, 'UNKNOWN'), a.period,
           sum(a.amount), NULL
    FROM {_BOOKED} AND a.ticket_no IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 1, 2, 3, 4, 5, 6, 8"""

_UNLINKED = f"""
    SELECT a.currency, a.source_system, a.source_id, coalesce(a.project_code, 'UNKNOWN') AS project_code, a.period, a.amount
    FROM {_BOOKED} AND a.ticket_no IS NULL"""
