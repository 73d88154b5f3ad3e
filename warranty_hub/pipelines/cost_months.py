"""Sum parts to months: what people and BI read, rewritten for whole periods and checked against what it came from."""

from collections.abc import Collection

from sqlalchemy import Connection, text

from warranty_hub.errors import CountingError
from warranty_hub.rules.repeats import REPEATED


def sum_months(db: Connection, periods: Collection[str]) -> None:
    """Rewrite ``mart.cost_month`` for these periods. Raises CountingError where it is not what the lines sum to."""
    named = {"periods": sorted(periods), "repeated": REPEATED}
    db.execute(text("DELETE FROM mart.cost_month WHERE period = ANY(:periods)"), named)
    db.execute(text(_SUM), named)
    for row in db.execute(text(_COMPARE), named):
        raise CountingError(
            f"Period {row.period}: the lines sum to {row.lines} {row.currency}, the rollup to {row.rolled_up}",
            remedy="This is a defect of the hub: keep the run id and report it. Nothing was changed.",
        )


_SUM = """
    INSERT INTO mart.cost_month (
        period, project_code, building_code, component_code, defect_type_code, category, cause, party_code, repairer_code,
        payer, finality, is_repeat, stage, currency, amount, claimed, agreed, recovered, lines, tickets)
    SELECT period, coalesce(project_code, 'UNKNOWN'), coalesce(building_code, ''), component_code, defect_type_code, category,
           cause, coalesce(party_code, ''), coalesce(repairer_code, ''), payer, finality, coalesce(repeat_no, 0) >= :repeated,
           stage, currency, sum(amount), 0, 0, 0, count(DISTINCT (source_system, source_id)), count(DISTINCT ticket_no)
    FROM hub.allocation WHERE period = ANY(:periods)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14"""

_STANDS = """{0}.deleted_at IS NULL AND NOT EXISTS (
            SELECT FROM hub.cost_line later WHERE (later.source_system, later.source_id) = ({0}.source_system, {0}.source_id)
                AND later.fact_version > {0}.fact_version AND later.deleted_at IS NULL)"""

_COMPARE = f"""
    WITH line AS (
        SELECT period, currency, sum(cost) AS amount FROM (
            SELECT l.period, b.currency, b.cost
            FROM hub.cost_line l JOIN hub.cost_basis b USING (source_system, source_id, fact_version)
            WHERE l.period = ANY(:periods) AND {_STANDS.format("l")}
            UNION ALL
            SELECT actual.period, b.currency, -b.cost
            FROM hub.cost_link k
            JOIN hub.cost_line actual ON (actual.source_system, actual.source_id) = (k.source_system, k.settled_by)
            JOIN hub.cost_line l ON (l.source_system, l.source_id) = (k.source_system, k.source_id)
            JOIN hub.cost_basis b
                ON (b.source_system, b.source_id, b.fact_version) = (l.source_system, l.source_id, l.fact_version)
            WHERE actual.period = ANY(:periods) AND {_STANDS.format("actual")} AND {_STANDS.format("l")}) booked
        GROUP BY 1, 2
    ), month AS (
        SELECT period, currency, sum(amount) AS amount FROM mart.cost_month WHERE period = ANY(:periods) GROUP BY 1, 2
    )
    SELECT period, currency, coalesce(line.amount, 0) AS lines, coalesce(month.amount, 0) AS rolled_up
    FROM line FULL JOIN month USING (period, currency)
    WHERE coalesce(line.amount, 0) <> coalesce(month.amount, 0)"""
