"""The gate before a finance feed: why it may not go out. Analytics go out marked stale, a finance feed not at all.

It looks at three things: whether costs and periods are fresh, whether the cost lines sum to what the general ledger says its
accounts moved, and whether tickets and ERP agree by project and period (pipelines/reconcile.py). Where an ERP tells no
balances there is nothing to tie to; where it tells some, all have to tie.
"""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import Connection, text

from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.watch import freshness
from warranty_hub.reports.table import exact

SHOWN = 20
"""So many differences are named; the rest are counted."""


def findings(hub: Hub, db: Connection, entity: str) -> list[str]:
    """What speaks against publishing this entity's costs now, in words; empty when nothing does.

    A difference that a person has let pass once does not shut the gate again, as long as it is the same to the cent.
    """
    feed = hub.settings.feed
    differences = [
        *_untied(db, entity, feed.tolerance),
        *_unequal(db, entity, feed.ticket_tolerance),
        *_one_sided(db, entity, feed.one_sided_share),
    ]
    accepted = set(db.execute(text(_ACCEPTED), {"entity": entity}).scalars())
    return [*_stale(hub), *(words for words in differences if words not in accepted)]


def _stale(hub: Hub) -> list[str]:
    """Streams of costs and periods that had no success for longer than their limit."""
    cost_streams = {unit for streams in hub.settings.streams_by_source("costs").values() for unit in streams}
    return [f"{state.unit} is stale" for state in freshness(hub) if state.late and state.unit in cost_streams]


def _untied(db: Connection, entity: str, tolerance: Decimal) -> Iterator[str]:
    """Accounts and months in which the cost lines do not sum to the balance."""
    rows = db.execute(text(_UNTIED), {"entity": entity, "tolerance": tolerance}).all()
    for row in rows[:SHOWN]:
        known = row.balance is not None
        told = f"the ERP's balance is {exact(row.balance, row.currency):f}" if known else "the ERP tells no balance"
        summed = f"{exact(row.lines, row.currency):f} {row.currency}"
        yield f"account {row.account}, {row.period}: the cost lines sum to {summed}, {told}"
    if len(rows) > SHOWN:
        yield f"{len(rows) - SHOWN} more differences to the general ledger"


def _unequal(db: Connection, entity: str, tolerance: Decimal) -> Iterator[str]:
    """Projects and months with tickets for which the ERP booked another amount than was approved; the worst is named."""
    for row in db.execute(text(_UNEQUAL), {"entity": entity, "tolerance": tolerance}):
        more = f"; {row.tickets - 1} more" if row.tickets > 1 else ""
        approved, booked, apart = (exact(amount, row.currency) for amount in (row.approved, row.booked, row.apart))
        worst = f"ticket {row.ticket_no}: approved {approved:f} {row.currency}, booked {booked:f}"
        yield f"project {row.project_code}, {row.period}: {worst}{more}; {apart:f} apart in all"


def _one_sided(db: Connection, entity: str, limit: Decimal) -> Iterator[str]:
    """Months of whose cost too much is known to one side alone: there something is broken, not somebody late."""
    for row in db.execute(text(_ONE_SIDED), {"entity": entity, "limit": limit}):
        erp, only_erp, only_tickets = (exact(amount, row.currency) for amount in (row.erp, row.only_erp, row.only_tickets))
        sides = f"{only_erp:f} belong to no ticket; {only_tickets:f} more were approved and are not booked"
        yield f"{row.period}: of {erp:f} {row.currency} booked, {sides}"


_ACCEPTED = """
    SELECT DISTINCT jsonb_array_elements_text(findings) FROM hub.feed_batch
    WHERE entity = :entity AND state = 'SEALED' AND released_by IS NOT NULL"""

_UNEQUAL = """
    SELECT project_code, period, currency, count(*) AS tickets, sum(abs(booked - approved)) AS apart,
           (array_agg(ticket_no ORDER BY abs(booked - approved) DESC, ticket_no))[1] AS ticket_no,
           (array_agg(approved ORDER BY abs(booked - approved) DESC, ticket_no))[1] AS approved,
           (array_agg(booked ORDER BY abs(booked - approved) DESC, ticket_no))[1] AS booked
    FROM (SELECT ticket_no, ticket_system, ticket_id, currency, sum(tickets_amount) AS approved, sum(erp_amount) AS booked,
                 max(period) AS period, max(project_code) AS project_code
          FROM hub.recon_item WHERE entity = :entity AND kind = 'AMOUNT' GROUP BY 1, 2, 3, 4) t
    WHERE abs(booked - approved) > :tolerance
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""

_ONE_SIDED = """
    SELECT period, currency, sum(erp_amount) AS erp,
           coalesce(sum(erp_amount) FILTER (WHERE kind = 'ONLY_ERP'), 0) AS only_erp,
           coalesce(sum(tickets_amount) FILTER (WHERE kind = 'ONLY_TICKETS'), 0) AS only_tickets
    FROM hub.recon_item WHERE entity = :entity
    GROUP BY 1, 2
    HAVING sum(greatest(abs(erp_amount), abs(tickets_amount))) FILTER (WHERE kind IN ('ONLY_ERP', 'ONLY_TICKETS'))
           > :limit * sum(greatest(abs(erp_amount), abs(tickets_amount)))
    ORDER BY 1, 2"""

_UNTIED = """
    WITH line AS (
        SELECT account, period, base_currency AS currency, sum(coalesce(cost, base_amount)) AS amount
        FROM (SELECT DISTINCT ON (source_system, source_id) * FROM hub.cost_line WHERE company_code = :entity
              ORDER BY source_system, source_id, fact_version DESC) l
        LEFT JOIN hub.cost_basis USING (source_system, source_id, fact_version)
        WHERE deleted_at IS NULL GROUP BY 1, 2, 3
    ), balance AS (
        SELECT account, period, currency, sum(debit - credit) AS amount
        FROM hub.gl_balance
        WHERE company_code = :entity AND deleted_at IS NULL AND account IN (SELECT account FROM line)
          AND period >= (SELECT min(period) FROM line)
        GROUP BY 1, 2, 3
    )
    SELECT account, period, currency, coalesce(line.amount, 0) AS lines, balance.amount AS balance
    FROM line FULL JOIN balance USING (account, period, currency)
    WHERE EXISTS (SELECT FROM balance) AND abs(coalesce(line.amount, 0) - coalesce(balance.amount, 0)) > :tolerance
    ORDER BY account, period"""
