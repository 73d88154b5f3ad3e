"""Number the defects that come back: the same on the same element, else in the same room or flat."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, text

from warranty_hub.rules.repeats import Report, repeat_numbers


def number_repeats(db: Connection, seen: int, zone: str) -> None:
    """Bring the numbers of all spots up to date that a ticket changed since ``seen`` has to do with, now or before.

    Only a number that is another one than before is written: what depends on it finds it by ``changed_tx``.
    """
    named: dict[str, Any] = {"seen": seen, "zone": zone}
    db.execute(text(_TOUCHED), named)
    spots = set(db.execute(text(_FORGET), named).scalars())
    spots |= set(db.execute(text(_REMEMBER), named).scalars())
    db.execute(text("DROP TABLE touched_ticket"))
    reports = defaultdict[str, list[Any]](list)
    for row in db.execute(text(_REPORTS), {"spots": sorted(spots)}):
        reports[row.spot].append(row)
    moved = [
        {"source_system": row.source_system, "ticket_id": row.ticket_id, "seq": row.seq, "number": number}
        for rows in reports.values()
        for row, number in zip(rows, repeat_numbers([Report(row.ticket_id, row.reported_on) for row in rows]), strict=True)
        if row.repeat_no != number
    ]
    if moved:
        db.execute(text(_RENUMBER), moved)


_TOUCHED = """
    CREATE TEMP TABLE touched_ticket ON COMMIT DROP AS
    SELECT source_system, source_id AS ticket_id FROM hub.ticket WHERE changed_tx >= :seen
    UNION SELECT source_system, ticket_id FROM hub.defect WHERE changed_tx >= :seen"""

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
    DELETE FROM hub.defect_repeat r USING touched_ticket k
    WHERE (r.source_system, r.ticket_id) = (k.source_system, k.ticket_id)
      AND NOT EXISTS (SELECT FROM ({_SPOT}) s
                      WHERE (s.source_system, s.ticket_id, s.seq, s.spot, s.reported_on)
                          = (r.source_system, r.ticket_id, r.seq, r.spot, r.reported_on))
    RETURNING r.spot"""

_REMEMBER = f"""
    INSERT INTO hub.defect_repeat (source_system, ticket_id, seq, reported_on, spot, repeat_no)
    SELECT *, 1 FROM ({_SPOT}) s
    ON CONFLICT DO NOTHING RETURNING spot"""

_REPORTS = """
    SELECT * FROM hub.defect_repeat WHERE spot IN (
        SELECT spot FROM hub.defect_repeat WHERE spot = ANY(:spots) GROUP BY spot HAVING count(*) > 1 OR max(repeat_no) > 1)"""

_RENUMBER = """
    UPDATE hub.defect_repeat SET repeat_no = :number, changed_tx = pg_current_xact_id()::text::bigint
    WHERE (source_system, ticket_id, seq) = (:source_system, :ticket_id, :seq)"""
