"""Number the defects that come back: the same on the same element, else in the same room or flat."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, text

from warranty_hub.pipelines.cost_keys import CHUNK
from warranty_hub.rules.repeats import Report, repeat_numbers


def number_repeats(db: Connection, seen: int, zone: str) -> None:
    """Bring the numbers of all spots up to date that a ticket changed since ``seen`` has to do with, now or before.

    Only a number that is another one than before is written: what depends on it finds it by ``changed_tx``.
    """
    named: dict[str, Any] = {"seen": seen, "zone": zone}
    for statement in (_TOUCHED, _SPOTS, _FORGET, _REMEMBER):
        db.execute(text(statement), named)
    moved: list[tuple[Any, int]] = []
    for _, reports in groupby(db.execute(text(_REPORTS), execution_options={"yield_per": CHUNK}), attrgetter("spot")):
        moved += _moved(list(reports))
        if len(moved) >= CHUNK:
            _renumber(db, moved)
            moved = []
    _renumber(db, moved)
    db.execute(text("DROP TABLE touched_ticket, touched_spot"))


def _moved(reports: Sequence[Any]) -> list[tuple[Any, int]]:
    """The reports of one spot that have another number than before, each with that."""
    numbers = repeat_numbers([Report(row.ticket_id, row.reported_on) for row in reports])
    return [(row, number) for row, number in zip(reports, numbers, strict=True) if row.repeat_no != number]


def _renumber(db: Connection, moved: Sequence[tuple[Any, int]]) -> None:
    named = {
        "systems": [row.source_system for row, _ in moved], "tickets": [row.ticket_id for row, _ in moved],
        "seqs": [row.seq for row, _ in moved], "numbers": [number for _, number in moved],
    }  # fmt: skip
    db.execute(text(_RENUMBER), named)


_TOUCHED = """
    CREATE TEMP TABLE touched_ticket ON COMMIT DROP AS
    SELECT source_system, source_id AS ticket_id FROM hub.ticket WHERE changed_tx >= :seen
    UNION SELECT source_system, ticket_id FROM hub.defect WHERE changed_tx >= :seen"""

_SPOTS = "CREATE TEMP TABLE touched_spot (spot text) ON COMMIT DROP"

_SPOT = """
    SELECT d.source_system, d.ticket_id, d.seq, (t.reported_at AT TIME ZONE :zone)::date AS reported_on,
           concat_ws('|', d.project_code, coalesce(d.element_key::text, d.place_id),
                     d.component_code, d.defect_type_code) AS spot
    FROM touched_ticket JOIN hub.defect d USING (source_system, ticket_id)
    JOIN hub.ticket t ON t.source_system = d.source_system AND t.source_id = d.ticket_id
    LEFT JOIN hub.place p ON p.place_id = d.place_id
    WHERE t.deleted_at IS NULL AND t.reported_state NOT IN ('DUPLICATE', 'REJECTED', 'CANCELLED')
      AND d.component_code IS NOT NULL AND d.defect_type_code IS NOT NULL
      AND (d.element_key IS NOT NULL OR p.kind IN ('ROOM', 'DWELLING'))"""

_FORGET = f"""
    WITH gone AS (
        DELETE FROM hub.defect_repeat r USING touched_ticket k
        WHERE (r.source_system, r.ticket_id) = (k.source_system, k.ticket_id)
          AND NOT EXISTS (SELECT FROM ({_SPOT}) s
                          WHERE (s.source_system, s.ticket_id, s.seq, s.spot, s.reported_on)
                              = (r.source_system, r.ticket_id, r.seq, r.spot, r.reported_on))
        RETURNING r.spot
    )
    INSERT INTO touched_spot SELECT spot FROM gone"""

_REMEMBER = f"""
    WITH new AS (
        INSERT INTO hub.defect_repeat (source_system, ticket_id, seq, reported_on, spot, repeat_no)
        SELECT *, 1 FROM ({_SPOT}) s
        ON CONFLICT DO NOTHING RETURNING spot
    )
    INSERT INTO touched_spot SELECT spot FROM new"""

_REPORTS = """
    SELECT * FROM hub.defect_repeat WHERE spot IN (
        SELECT spot FROM hub.defect_repeat WHERE spot IN (SELECT spot FROM touched_spot)
        GROUP BY spot HAVING count(*) > 1 OR max(repeat_no) > 1)
    ORDER BY spot"""

_RENUMBER = """
    UPDATE hub.defect_repeat r SET repeat_no = moved.number, changed_tx = pg_current_xact_id()::text::bigint
    FROM unnest(CAST(:systems AS text[]), CAST(:tickets AS text[]), CAST(:seqs AS integer[]), CAST(:numbers AS integer[]))
        AS moved(source_system, ticket_id, seq, number)
    WHERE (r.source_system, r.ticket_id, r.seq) = (moved.source_system, moved.ticket_id, moved.seq)"""
