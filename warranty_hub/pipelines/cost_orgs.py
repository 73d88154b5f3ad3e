"""Sum months over the organisation, each by the tree of its last day."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from warranty_hub.rules.organisation import Unit, roll_up
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import cost_org_month


def sum_organisation(db: Connection, periods: Collection[str], seen: int) -> None:
    """Rewrite ``mart.cost_org_month`` for these periods; for all of them if the tree or a project's place in it changed."""
    named = {"periods": sorted(periods), "all": db.execute(text(_MOVED), {"seen": seen}).scalar_one()}
    db.execute(text("DELETE FROM mart.cost_org_month WHERE :all OR period = ANY(:periods)"), named)
    units = [Unit(*row) for row in db.execute(text(_UNITS))]
    spots = defaultdict[tuple[str, date, str, str], list[Any]](list)
    for row in db.execute(text(_SUMS), named):
        spots[row.period, row.last_day, row.stage, row.currency].append(row)
    lines = (line for spot, rows in spots.items() for line in _lines(spot, rows, units))
    copy_rows(db, cost_org_month, _COLUMNS, lines)


_COLUMNS = ("period", "stage", "currency", "org_code", "parent_code", "level", "own", "amount", "recovered")


def _lines(spot: tuple[str, date, str, str], rows: list[Any], units: list[Unit]) -> Iterator[tuple[Any, ...]]:
    period, last_day, stage, currency = spot
    own: dict[str | None, Decimal] = {row.project_code: row.amount for row in rows}
    back: dict[str | None, Decimal] = {row.project_code: row.recovered for row in rows}
    recovered = {node.code: node.total for node in roll_up(back, units, last_day)}
    for node in roll_up(own, units, last_day):
        sums = (node.own, node.total, recovered[node.code])
        yield (period, stage, currency, node.code, node.parent_code, node.level, *sums)


_MOVED = """
    SELECT EXISTS (SELECT FROM hub.org_unit WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.project WHERE changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.period WHERE changed_tx >= :seen)"""

_UNITS = """
    SELECT code, parent_code, level, valid_from, valid_to FROM (
        SELECT code, parent_code, level, valid_from, valid_to, 0 AS rank, source_system, source_id
        FROM hub.org_unit WHERE deleted_at IS NULL
        UNION ALL
        SELECT code, org_code, 'PROJECT', NULL, NULL, 1, source_system, source_id
        FROM hub.project WHERE deleted_at IS NULL) unit
    ORDER BY rank, source_system, source_id"""

_SUMS = """
    WITH month AS (
        SELECT period, project_code, stage, currency, sum(amount) AS amount, sum(recovered) AS recovered
        FROM mart.cost_month WHERE :all OR period = ANY(:periods) GROUP BY 1, 2, 3, 4
    ), last AS (
        SELECT period, coalesce(
            (SELECT max(p.last_day) FROM hub.period p WHERE p.period = month.period AND p.deleted_at IS NULL),
            CASE WHEN period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'
                 THEN (to_date(period, 'YYYY-MM') + interval '1 month - 1 day')::date ELSE CURRENT_DATE END) AS last_day
        FROM (SELECT DISTINCT period FROM month) month
    )
    SELECT period, last_day, project_code, stage, currency, amount, recovered FROM month JOIN last USING (period)
    ORDER BY period, stage, currency, project_code"""
