"""What the demo tells at its end, read back from the warehouse: counts by outcome, defects, costs, approvals, files."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection, text

from warranty_hub.warehouse.database import open_database
from warranty_hub.warehouse.tables import OUTCOMES

_TOLD = """CASE WHEN sum("{0}") > 0 THEN sum("{0}") || ' {0}' END"""
_RECORDS = f"""
    SELECT unit, sum("read")::bigint, concat_ws(', ', {", ".join(_TOLD.format(outcome) for outcome in OUTCOMES)})
    FROM ops.run WHERE step = 'sync' AND started_at >= :since GROUP BY unit ORDER BY min(run_id)"""
_QUARANTINE = "SELECT unit, source_id, code, reason FROM ops.quarantine WHERE state = 'OPEN' ORDER BY unit, source_id"
_MODELS = """
    SELECT DISTINCT ON (model_id) model_id, project_code, status, coalesce(ifc_schema, '–'),
           coalesce(counts->>'elements', '–'), coalesce(counts->>'spaces', '–')
    FROM hub.bim_revision ORDER BY model_id, revision_id DESC"""
_REFUSED = """
    SELECT model_id, reason FROM (SELECT DISTINCT ON (model_id) * FROM hub.bim_revision ORDER BY model_id, revision_id DESC) r
    WHERE status = 'REFUSED'"""
_DEFECTS = """
    SELECT method, coalesce(state, 'place only'), count(*), coalesce(round(avg(nullif(confidence, 0)), 2)::text, '–')
    FROM hub.defect GROUP BY 1, 2 ORDER BY 2, 3 DESC"""
_COSTS = """
    SELECT m.project_code, coalesce(p.name, ''), stage, currency, sum(amount)::numeric(23, 2), sum(lines)::bigint
    FROM mart.cost_month m LEFT JOIN hub.project p ON p.code = m.project_code GROUP BY 1, 2, 3, 4 ORDER BY 1, 3"""
_RECOVERIES = """
    SELECT kind, currency, count(*), sum(claimed)::numeric(23, 2), sum(agreed)::numeric(23, 2), sum(received)::numeric(23, 2),
           count(*) FILTER (WHERE gaps <> '')
    FROM mart.recovery GROUP BY 1, 2 ORDER BY 1, 2"""
_COVERAGE = "SELECT clock, state, count(*) FROM hub.coverage GROUP BY 1, 2 ORDER BY 1, 2"
_FEED = """
    SELECT entity, state, count(*), min(period), max(period), sum(lines)::bigint FROM hub.feed_batch
    GROUP BY 1, 2 ORDER BY 1, 2"""
_APPROVALS = (
    "SELECT state, count(*), sum(amount)::numeric(23, 2) FROM hub.approval WHERE deleted_at IS NULL GROUP BY 1 ORDER BY 2 DESC"
)
_PLANS = """
    SELECT o.payload->>'plan_no', (o.payload->>'amount')::numeric, o.state, o.reference, coalesce(a.state, 'not decided')
    FROM ops.outbox o LEFT JOIN hub.approval a ON a.source_id = o.reference ORDER BY o.outbox_id"""


def print_summary(console: Console, database: str, published: Path, since: datetime) -> None:
    """Print it; ``since``: when this demo's runs began."""
    with open_database(database).connect() as db:

        def show(title: str, columns: Sequence[str], query: str, **values: Any) -> None:
            console.print(_table(title, columns, db, query, values))

        show("Records by source", ("stream", "read", "of these"), _RECORDS, since=since)
        show("In quarantine", ("stream", "record", "code", "reason"), _QUARANTINE)
        show("Models", ("model", "project", "status", "schema", "elements", "rooms"), _MODELS)
        for model, reason in db.execute(text(_REFUSED)):
            console.print(f"[yellow]{model} cannot be used:[/] {escape(reason)}\n", soft_wrap=True)
        show("Defects located", ("method", "state", "defects", "mean confidence"), _DEFECTS)
        show("Cost by project", ("project", "name", "stage", "currency", "amount", "lines"), _COSTS)
        recovered = ("kind", "currency", "recoveries", "claimed", "agreed", "received", "lacking proof")
        show("What comes back", recovered, _RECOVERIES)
        show("Under warranty when reported", ("clock", "state", "defects"), _COVERAGE)
        show("Batches for finance", ("entity", "state", "batches", "from", "to", "lines"), _FEED)
        show("Approvals", ("state", "plans", "amount"), _APPROVALS)
        show("Plans sent to the OA", ("plan", "amount", "outbox", "request", "decision"), _PLANS)
    files = _styled("Published")
    files.add_column("file")
    files.add_column("bytes", justify="right")
    for path in sorted(published.iterdir()):
        if path.is_file() and not path.name.endswith(".manifest.json"):
            files.add_row(path.name, f"{path.stat().st_size:,}")
    console.print(files)
    console.print(f"Batches for finance: {published.parent / 'feed'}", soft_wrap=True)


def _table(title: str, columns: Sequence[str], db: Connection, query: str, values: dict[str, Any]) -> Table:
    table = _styled(title)
    rows = db.execute(text(query), values).all()
    for column, name in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[column], int | Decimal) for row in rows)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int | Decimal) else str(value) for value in row))
    return table


def _styled(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE_HEAD)
