"""Sum parts to months: what people and BI read, rewritten for whole periods and checked against what it came from."""

from collections.abc import Collection

from sqlalchemy import Connection, text

from warranty_hub.errors import CountingError
from warranty_hub.pipelines.cost_cells import DIMENSIONS


def sum_months(db: Connection, periods: Collection[str]) -> None:
    """Rewrite ``mart.cost_month`` for these periods. Raises CountingError where it is not what the lines sum to."""
    named = {"periods": sorted(periods)}
    for setting, value in _WHILE_SUMMING.items():
        db.execute(text(f"SET LOCAL {setting} = {value}"))
    db.execute(text(_SUM), named)
    for setting in _WHILE_SUMMING:
        db.execute(text(f"SET LOCAL {setting} TO DEFAULT"))
    db.execute(text("DELETE FROM mart.cost_month WHERE period = ANY(:periods)"), named)
    db.execute(text(_WRITE))
    db.execute(text("DROP TABLE summed_cell"))
    for row in db.execute(text(_COMPARE), named):
        raise CountingError(
            f"Period {row.period}, {row.measure}: the lines sum to {row.lines} {row.currency}, the rollup to {row.rolled_up}",
            remedy="This is a defect of the hub: keep the run id and report it. Nothing was changed.",
        )


# Parts are sorted, half of them at a time: with more memory it sorts in larger runs, and 16 MB do for millions. Compiling the
# statement takes longer than it saves.
_WHILE_SUMMING = {"work_mem": "'16MB'", "jit": "off"}

_PART = """
        SELECT cell, ticket_no, first_in_cell, amount,
               NULL::numeric AS claimed, NULL::numeric AS agreed, NULL::numeric AS recovered
        FROM hub.allocation WHERE cell {half} AND period = ANY(:periods)
        UNION ALL
        SELECT cell, ticket_no, false, amount, NULL, NULL, NULL FROM hub.outlook
        WHERE cell {half} AND period = ANY(:periods)
        UNION ALL
        SELECT cell, ticket_no, false, NULL, CASE step WHEN 'CLAIMED' THEN amount END, CASE step WHEN 'AGREED' THEN amount END,
               CASE step WHEN 'RECEIVED' THEN amount END
        FROM hub.recovery WHERE cell {half} AND period = ANY(:periods) AND step <> 'WRITTEN_OFF'"""

# Each part says whether it is the first of its line in its cell: so one sort by cell and ticket is enough to count both.
_HALF = f"""
    SELECT cell, sum(amount) AS amount, sum(claimed) AS claimed, sum(agreed) AS agreed, sum(recovered) AS recovered,
           count(*) FILTER (WHERE first_in_cell) AS lines, count(DISTINCT ticket_no) AS tickets
    FROM ({_PART}) part GROUP BY cell"""

# A numbered cell lies in one half or the other, by chance: PostgreSQL sums the two side by side, in a process each. It does so
# for a table that is made, not for one that is added to.
_MIDDLE = "CAST('80000000-0000-0000-0000-000000000000' AS uuid)"
_SUM = f"""
    CREATE TEMP TABLE summed_cell ON COMMIT DROP AS
    {_HALF.format(half=f"< {_MIDDLE}")}
    UNION ALL
    {_HALF.format(half=f">= {_MIDDLE}")}"""

_WRITE = f"""
    INSERT INTO mart.cost_month ({", ".join(DIMENSIONS)}, amount, claimed, agreed, recovered, lines, tickets)
    SELECT {", ".join(DIMENSIONS)}, coalesce(amount, 0), coalesce(claimed, 0), coalesce(agreed, 0), coalesce(recovered, 0),
           lines, tickets
    FROM summed_cell JOIN hub.cost_cell USING (cell)"""

# That a later version is at least the second, and that few lines are settled, PostgreSQL knows from its statistics if it is
# told: then it looks for these few instead of reading all lines once more for each.
_STANDS = """{0}.deleted_at IS NULL AND NOT EXISTS (
            SELECT FROM hub.cost_line later WHERE (later.source_system, later.source_id) = ({0}.source_system, {0}.source_id)
                AND later.fact_version > {0}.fact_version AND later.fact_version > 1 AND later.deleted_at IS NULL)"""

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
        WHERE k.settled_by IS NOT NULL AND actual.period = ANY(:periods)
          AND {_STANDS.format("actual")} AND {_STANDS.format("l")}
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
