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
            f"Period {row.period}, {row.measure}: the lines sum to {row.lines} {row.currency}, the rollup to {row.rolled_up}",
            remedy="This is a defect of the hub: keep the run id and report it. Nothing was changed.",
        )


_DIMENSIONS = """
           period, project_code, building_code, component_code, defect_type_code, category, cause, party_code, repairer_code,
           payer, finality, repeat_no, ticket_no, currency"""

_KEYS = """
        period, project_code, building_code, component_code, defect_type_code, category, cause, party_code, repairer_code,
        payer, finality, is_repeat, stage, currency"""

_MEASURES = "sum(amount) AS amount, sum(claimed) AS claimed, sum(agreed) AS agreed, sum(recovered) AS recovered"

# Lines and tickets are counted by grouping three times, lines first: that hashes, where count(DISTINCT …) sorts all parts. A
# line belongs to one ticket, so the lines of the tickets are all lines.
_SUM = f"""
    INSERT INTO mart.cost_month ({_KEYS}, amount, claimed, agreed, recovered, lines, tickets)
    WITH part AS (
        SELECT {_DIMENSIONS}, stage, amount, 0 AS claimed, 0 AS agreed, 0 AS recovered, source_system, source_id
        FROM hub.allocation WHERE period = ANY(:periods)
        UNION ALL
        SELECT {_DIMENSIONS}, stage, amount, 0, 0, 0, NULL, NULL FROM hub.outlook WHERE period = ANY(:periods)
        UNION ALL
        SELECT {_DIMENSIONS}, 'ACTUAL', 0,
               CASE step WHEN 'CLAIMED' THEN amount ELSE 0 END, CASE step WHEN 'AGREED' THEN amount ELSE 0 END,
               CASE step WHEN 'RECEIVED' THEN amount ELSE 0 END, NULL, NULL
        FROM hub.recovery WHERE period = ANY(:periods) AND step <> 'WRITTEN_OFF'
    ), line AS (
        SELECT period, coalesce(project_code, 'UNKNOWN') AS project_code, coalesce(building_code, '') AS building_code,
               component_code, defect_type_code, category, cause, coalesce(party_code, '') AS party_code,
               coalesce(repairer_code, '') AS repairer_code, payer, finality, coalesce(repeat_no, 0) >= :repeated AS is_repeat,
               stage, currency, ticket_no, source_system, source_id, {_MEASURES}
        FROM part GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    ), ticket AS (
        SELECT {_KEYS}, ticket_no, {_MEASURES}, count(source_id) AS lines FROM line GROUP BY {_KEYS}, ticket_no
    )
    SELECT {_KEYS}, {_MEASURES}, sum(lines), count(ticket_no) FROM ticket GROUP BY {_KEYS}"""

_STANDS = """{0}.deleted_at IS NULL AND NOT EXISTS (
            SELECT FROM hub.cost_line later WHERE (later.source_system, later.source_id) = ({0}.source_system, {0}.source_id)
                AND later.fact_version > {0}.fact_version AND later.deleted_at IS NULL)"""

_COMPARE = f"""
    WITH said AS (
        SELECT l.period, b.currency, 'cost' AS measure, b.cost AS amount
        FROM hub.cost_line l JOIN hub.cost_basis b USING (source_system, source_id, fact_version)
        WHERE l.period = ANY(:periods) AND {_STANDS.format("l")}
        UNION ALL
        SELECT actual.period, b.currency, 'cost', -b.cost
        FROM hub.cost_link k
        JOIN hub.cost_line actual ON (actual.source_system, actual.source_id) = (k.source_system, k.settled_by)
        JOIN hub.cost_line l ON (l.source_system, l.source_id) = (k.source_system, k.source_id)
        JOIN hub.cost_basis b
            ON (b.source_system, b.source_id, b.fact_version) = (l.source_system, l.source_id, l.fact_version)
        WHERE actual.period = ANY(:periods) AND {_STANDS.format("actual")} AND {_STANDS.format("l")}
        UNION ALL
        SELECT period, currency, 'cost', amount FROM hub.outlook WHERE period = ANY(:periods)
        UNION ALL
        SELECT period, currency, step, amount FROM hub.recovery_line
        WHERE period = ANY(:periods) AND deleted_at IS NULL AND step IN ('CLAIMED', 'AGREED', 'RECEIVED')
    ), line AS (
        SELECT period, currency, measure, sum(amount) AS amount FROM said GROUP BY 1, 2, 3
    ), month AS (
        SELECT period, currency, measure, sum(measured.amount) AS amount
        FROM mart.cost_month m, LATERAL (
            VALUES ('cost', m.amount), ('CLAIMED', m.claimed), ('AGREED', m.agreed), ('RECEIVED', m.recovered)
        ) measured (measure, amount)
        WHERE period = ANY(:periods) GROUP BY 1, 2, 3
    )
    SELECT period, currency, measure, coalesce(line.amount, 0) AS lines, coalesce(month.amount, 0) AS rolled_up
    FROM line FULL JOIN month USING (period, currency, measure)
    WHERE coalesce(line.amount, 0) <> coalesce(month.amount, 0)"""
