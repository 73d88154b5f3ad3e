"""End accruals whose actual cost is there, and let them stand again when it is not any more. The rule: rules/stages.py."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, text

from warranty_hub.pipelines.cost_keys import KEYS, NEWEST, UNNEST, Key, Lines, arrays, key_of
from warranty_hub.records.codes import CostStage
from warranty_hub.rules.stages import Booking, settlements


def find_accruals(lines: Lines, accruals: Lines) -> None:
    """Add the accruals that have to do with these lines as they are linked now: of the same commitment, or ended by one."""
    for keys in lines.portions():
        accruals.find(_AROUND, arrays(keys))


def settle_accruals(db: Connection, accruals: Lines, lines: Lines) -> None:
    """Judge accruals anew; adds to the lines those that are ended now, or ended otherwise, or stand again."""
    for keys in accruals.portions():
        entities = defaultdict[tuple[str, str, str], list[Any]](list)
        for row in db.execute(text(_COMMITMENTS), arrays(keys)):
            entities[row.source_system, row.company_code, row.base_currency].append(row)
        judged = set(keys)
        moved = [change for rows in entities.values() for change in _changes(rows, judged)]
        for (system, accrual), actual in moved:
            db.execute(text(_SETTLE), {"source_system": system, "source_id": accrual, "settled_by": actual})
        lines.add([key for key, _ in moved])


def _changes(rows: Iterable[Any], judged: Collection[Key]) -> Iterator[tuple[Key, str | None]]:
    """Accruals with what ends them now (None: nothing), where that is not what ended them before."""
    known = list(rows)
    ended = settlements([_booking(row) for row in known])
    for row in known:
        if key_of(row) in judged and row.settled_by != ended.get(row.source_id):
            yield key_of(row), ended.get(row.source_id)


def _booking(row: Any) -> Booking:
    return Booking(
        row.source_id, CostStage(row.stage), row.posting_date, row.base_amount, row.order_no,
        (row.ticket_system, row.ticket_id) if row.ticket_id else None, row.supplier_code,
        is_void=row.is_reversed or row.reverses_document is not None,
    )  # fmt: skip


_BY_ORDER = """
    CROSS JOIN LATERAL (SELECT * FROM hub.cost_line WHERE order_no = o.order_no OFFSET 0) l"""
_BY_TICKET = """
    CROSS JOIN LATERAL (SELECT source_system, source_id FROM hub.cost_link
                        WHERE (ticket_system, ticket_id) = (o.ticket_system, o.ticket_id) OFFSET 0) same
    CROSS JOIN LATERAL (SELECT * FROM hub.cost_line
                        WHERE (source_system, source_id) = (same.source_system, same.source_id) OFFSET 0) l"""
"""Looked up line by line (OFFSET 0 keeps it so): a join of its own choice could read whole tables for each portion of keys."""
_SAME_ORDER = "l.source_system = o.source_system AND l.company_code = o.company_code"
_SAME_TICKET = f"{_SAME_ORDER} AND l.supplier_code = o.supplier_code"

_AROUND = f"""
    WITH touched AS (
        SELECT DISTINCT a.source_system, a.company_code, a.order_no, a.supplier_code, link.ticket_system, link.ticket_id
        FROM hub.cost_line a JOIN {KEYS}
        LEFT JOIN LATERAL (SELECT ticket_system, ticket_id FROM hub.cost_link
                           WHERE (source_system, source_id) = (a.source_system, a.source_id) OFFSET 0) link ON true
    )
    SELECT a.source_system, a.source_id FROM hub.cost_line a JOIN {KEYS} WHERE a.stage = 'ACCRUED'
    UNION
    SELECT l.source_system, l.source_id FROM {UNNEST}
    CROSS JOIN LATERAL (SELECT source_system, source_id FROM hub.cost_link
                        WHERE source_system = key.source_system AND settled_by = key.source_id OFFSET 0) l
    UNION
    SELECT l.source_system, l.source_id FROM touched o {_BY_ORDER}
    WHERE {_SAME_ORDER} AND l.stage = 'ACCRUED'
    UNION
    SELECT l.source_system, l.source_id FROM touched o {_BY_TICKET}
    WHERE {_SAME_TICKET} AND l.stage = 'ACCRUED'"""

_COMMITMENTS = f"""
    WITH accrual AS (
        SELECT a.*, link.ticket_system, link.ticket_id FROM ({NEWEST}) a
        CROSS JOIN LATERAL (SELECT ticket_system, ticket_id FROM hub.cost_link
                            WHERE (source_system, source_id) = (a.source_system, a.source_id) OFFSET 0) link
    ), member AS (
        SELECT source_system, source_id FROM accrual
        UNION
        SELECT l.source_system, l.source_id FROM accrual o {_BY_ORDER} WHERE {_SAME_ORDER}
        UNION
        SELECT l.source_system, l.source_id FROM accrual o {_BY_TICKET} WHERE {_SAME_TICKET}
    )
    SELECT l.*, link.ticket_system, link.ticket_id, link.settled_by
    FROM member
    CROSS JOIN LATERAL (
        SELECT * FROM hub.cost_line
        WHERE (source_system, source_id) = (member.source_system, member.source_id) AND deleted_at IS NULL
        ORDER BY fact_version DESC LIMIT 1) l
    CROSS JOIN LATERAL (SELECT ticket_system, ticket_id, settled_by FROM hub.cost_link
                        WHERE (source_system, source_id) = (member.source_system, member.source_id) OFFSET 0) link
    WHERE l.stage IN ('ACCRUED', 'ACTUAL')"""

_SETTLE = """
    UPDATE hub.cost_link SET settled_by = :settled_by, changed_tx = pg_current_xact_id()::text::bigint
    WHERE (source_system, source_id) = (:source_system, :source_id)"""
