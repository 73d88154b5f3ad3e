"""The gate before a finance feed: why it may not go out. Analytics go out marked stale, a finance feed not at all.

It looks at two things: whether costs and periods are fresh, and whether the cost lines sum to what the general ledger says
its accounts moved. Where an ERP tells no balances there is nothing to tie to; where it tells some, all have to tie.
"""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import Connection, text

from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.watch import freshness

SHOWN = 20
"""So many differences are named; the rest are counted."""


def findings(hub: Hub, db: Connection, entity: str) -> list[str]:
    """What speaks against publishing this entity's costs now, in words; empty when nothing does."""
    return [*_stale(hub), *_untied(db, entity, hub.settings.feed.tolerance)]


def _stale(hub: Hub) -> list[str]:
    """Streams of costs and periods that had no success for longer than their limit."""
    cost_streams = {unit for streams in hub.settings.streams_by_source("costs").values() for unit in streams}
    return [f"{state.unit} is stale" for state in freshness(hub) if state.late and state.unit in cost_streams]


def _untied(db: Connection, entity: str, tolerance: Decimal) -> Iterator[str]:
    """Accounts and months in which the cost lines do not sum to the balance."""
    rows = db.execute(text(_UNTIED), {"entity": entity, "tolerance": tolerance}).all()
    for row in rows[:SHOWN]:
        told = f"the ERP's balance is {row.balance:f}" if row.balance is not None else "the ERP tells no balance"
        yield f"account {row.account}, {row.period}: the cost lines sum to {row.lines:f} {row.currency}, {told}"
    if len(rows) > SHOWN:
        yield f"{len(rows) - SHOWN} more differences to the general ledger"


_UNTIED = """
    WITH line AS (
        SELECT account, period, base_currency AS currency, sum(base_amount) AS amount
        FROM (SELECT DISTINCT ON (source_system, source_id) * FROM hub.cost_line WHERE company_code = :entity
              ORDER BY source_system, source_id, fact_version DESC) l
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
