"""Bulk load: COPY into a staging table, then one statement that classifies every row and writes the new and changed ones only.

Measured against the usual alternatives in benchmarks/load.py. SQL text is put together from the identifiers of tables/, never
from data.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from sqlalchemy import Column, Connection, Table, Text, text
from sqlalchemy.dialects import postgresql

from warranty_hub.warehouse.tables import VERSIONED

BOOKKEEPING = frozenset({"source_system", "source_id", "fact_version", "run_id", "recorded_at", "deleted_at", "changed_tx"})


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Outcomes:
    """What became of the staged rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    superseded: int = 0

    @property
    def total(self) -> int:
        """Rows staged."""
        return self.new + self.changed + self.unchanged + self.superseded


def fact_columns(table: Table) -> tuple[str, ...]:
    """The columns a record fills, in the order of `merge_facts` rows (behind the source id)."""
    return tuple(column.name for column in table.c if column.name not in BOOKKEEPING)


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows to a table with COPY."""
    _copy(connection, sql.Identifier(*filter(None, (table.schema, table.name))), [table.c[name] for name in columns], rows)


def stage_facts(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> str:
    """COPY rows of (source_id, *fact_columns) into the table's staging table, which lives as long as the transaction."""
    stage = f"stage_{table.name}"
    columns = ("source_id", *fact_columns(table))
    connection.execute(
        text(
            f"CREATE TEMP TABLE IF NOT EXISTS {stage} ON COMMIT DELETE ROWS AS "
            f"SELECT {_list(columns)} FROM {table.fullname} WITH NO DATA"
        )
    )
    if connection.in_nested_transaction():  # a dry run: the page before this one was staged in the same transaction
        connection.execute(text(f"TRUNCATE pg_temp.{stage}"))
    _copy(connection, sql.Identifier(stage), [table.c[name] for name in columns], rows)
    return stage


def merge_facts(
    connection: Connection, table: Table, *, source_system: str, run_id: int, read_at: datetime | None = None
) -> Outcomes:
    """Write the staged rows that are new or changed; an unchanged row gets no new row version.

    A staged row whose ``changed_at`` is older than the stored one is superseded: a late copy never overwrites newer facts. So
    is one that was read, at ``read_at``, before its record was found deleted.
    Facts of `VERSIONED` tables are appended as a new version instead of updated.
    """
    statement = _append_version(table) if table.name in VERSIONED else _upsert(table)
    result = connection.execute(text(statement), {"source_system": source_system, "run_id": run_id, "read_at": read_at})
    return Outcomes(**{row.outcome: row.rows for row in result})


def copy_keys(connection: Connection, keys: Iterable[str]) -> None:
    """Put a source's keys into the temporary table sweep_key, for the rest of the transaction."""
    connection.execute(text("CREATE TEMP TABLE sweep_key (source_id text PRIMARY KEY) ON COMMIT DROP"))
    _copy(connection, sql.Identifier("sweep_key"), [Column("source_id", Text)], ((key,) for key in dict.fromkeys(keys)))


def _copy(
    connection: Connection, target: sql.Composable, columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY in binary: measured at a third of the text form's cost, since times need not be written out and parsed again."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(target, names)
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_type_name(column) for column in columns])
        for row in rows:
            copy.write_row(row)


def _type_name(column: Column[Any]) -> str:
    """``numeric(23, 6)`` → ``numeric``, as psycopg looks types up."""
    name = column.type.compile(dialect=_DIALECT).lower()
    return re.sub(r"\(.*?\)", "", name)


def _upsert(table: Table) -> str:
    """New rows are inserted apart from the changed ones: nobody else writes these keys under the stream's lock, and a plain
    INSERT costs less than one that watches for conflicts."""
    facts = fact_columns(table)
    columns = f"source_system, source_id, {_list(facts)}, run_id"
    values = f"SELECT :source_system, source_id, {_list(facts)}, :run_id FROM classified"
    assignments = ", ".join(f'"{name}" = excluded."{name}"' for name in (*facts, "run_id", "recorded_at", "changed_tx"))
    return f"""
        WITH {_classified(table)}, inserted AS (
            INSERT INTO {table.fullname} ({columns}) {values} WHERE outcome = 'new'
        ), updated AS (
            INSERT INTO {table.fullname} ({columns}) {values} WHERE outcome = 'changed'
            ON CONFLICT (source_system, source_id) DO UPDATE SET {assignments}, deleted_at = NULL
        )
        SELECT outcome, count(*) AS rows FROM classified GROUP BY outcome"""


def _append_version(table: Table) -> str:
    facts = fact_columns(table)
    return f"""
        WITH {_classified(table)}, written AS (
            INSERT INTO {table.fullname} (source_system, source_id, fact_version, {_list(facts)}, run_id)
            SELECT :source_system, source_id, last_version + 1, {_list(facts)}, :run_id
            FROM classified WHERE outcome IN ('new', 'changed')
        )
        SELECT outcome, count(*) AS rows FROM classified GROUP BY outcome"""


def _classified(table: Table) -> str:
    """Each staged row beside the stored one, found by its key: the cost follows the page, never the size of the table."""
    versioned = table.name in VERSIONED
    last_version = "coalesce(t.fact_version, 0) AS last_version, " if versioned else ""
    newest_first = "ORDER BY stored.fact_version DESC" if versioned else ""
    return f"""classified AS MATERIALIZED (
            SELECT s.*, {last_version}{_outcome(table)} AS outcome
            FROM pg_temp.stage_{table.name} s
            LEFT JOIN LATERAL (
                SELECT * FROM {table.fullname} stored
                WHERE stored.source_system = :source_system AND stored.source_id = s.source_id
                {newest_first} LIMIT 1
            ) t ON true
        )"""


def _outcome(table: Table) -> str:
    facts = fact_columns(table)
    late = "WHEN s.changed_at < t.changed_at THEN 'superseded'" if "changed_at" in facts else ""
    return f"""CASE
                WHEN t.source_id IS NULL THEN 'new' {late}
                WHEN t.deleted_at >= CAST(:read_at AS timestamptz) THEN 'superseded'
                WHEN t.deleted_at IS NOT NULL OR ({_list(facts, "t")}) IS DISTINCT FROM ({_list(facts, "s")}) THEN 'changed'
                ELSE 'unchanged' END"""


def _list(columns: Iterable[str], alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return ", ".join(f'{prefix}"{column}"' for column in columns)
