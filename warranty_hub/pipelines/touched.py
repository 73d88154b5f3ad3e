"""Which tickets of a project have to be located again: docs/locating.md, "What is worked on again".

Those that changed or were located by other rules; and where places or models changed, those that the difference concerns. The
difference is taken between what the last run located in, which is kept (`hub.located_ground`), and what there is now, so that
nothing needs to say what it changed.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from mappings.elements import AskedElement, Ground, Moved, Surroundings, marks_of
from mappings.elements.points.spots import spots
from mappings.places import AskedText, Place
from warranty_hub.pipelines.points import told_by
from warranty_hub.records.codes import PlaceKind
from warranty_hub.settings import Settings
from warranty_hub.warehouse.tables import bim_revision, defect, located_ground, location_decision, place, place_alias, ticket

Tickets = Sequence[Row[Any]]


def changed_tickets(db: Connection, project: str, start: int, rules: str) -> Tickets:
    """Tickets that changed or were decided on since, or were located by other rules; all, if nobody knows in what."""
    same = (defect.c.source_system == ticket.c.source_system) & (defect.c.ticket_id == ticket.c.source_id)
    otherwise = exists().where(same, defect.c.rule_version != rules)
    about = (location_decision.c.source_system == ticket.c.source_system) & (
        location_decision.c.ticket_id == ticket.c.source_id
    )
    decided = exists().where(about, location_decision.c.changed_tx >= start)
    return _tickets(db, project, or_(ticket.c.changed_tx >= start, otherwise, decided, ~_is_kept(project)))


def ground_moved(db: Connection, project: str, start: int) -> bool:
    """Whether places or models may have changed from a transaction on; certain only that they did not."""
    tables = (place, place_alias, bim_revision)
    changed = (exists().where(table.c.project_code == project, table.c.changed_tx >= start) for table in tables)
    return bool(db.execute(select(or_(~_is_kept(project), *changed))).scalar_one())


def concerned_tickets(db: Connection, project: str, around: Surroundings, settings: Settings) -> Tickets:
    """The tickets that may be located otherwise now than in the ground of the last run; from here on this ground is kept."""
    before, after = _kept(db, project), Ground(around.register.places, marks_of(around))
    _keep(db, project, after)
    moved = Moved(before, after, around.register.words) if before else None
    if not moved:
        return []
    rows = db.execute(text(ASKED), {"project": project}).all()
    near = spots(around.layout, [told_by(row, settings) for row in rows])
    keys = [
        (row.source_system, row.source_id) for row, asked in zip(rows, near, strict=True) if _is_concerned(row, asked, moved)
    ]
    return _tickets(db, project, tuple_(ticket.c.source_system, ticket.c.source_id).in_(keys))


def _tickets(db: Connection, project: str, chosen: Any) -> Tickets:
    query = select(ticket).where(ticket.c.project_code == project, ticket.c.deleted_at.is_(None), chosen)
    return db.execute(query.order_by(ticket.c.source_system, ticket.c.source_id)).all()


def _is_concerned(row: Row[Any], asked: Sequence[int], moved: Moved) -> bool:
    place = AskedText(row.address_text or "", row.description, row.building_code, (*row.places, *row.meant, *row.causes))
    return moved.concerns(place, AskedElement(row.description, row.element_ref or "", (*row.keys,), asked))


def _is_kept(project: str) -> Any:
    return exists().where(located_ground.c.project_code == project)


def _kept(db: Connection, project: str) -> Ground | None:
    row = db.execute(select(located_ground).where(located_ground.c.project_code == project)).one_or_none()
    if row is None:
        return None
    places = (Place(**{**known, "kind": PlaceKind(known["kind"])}) for known in json.loads(row.places))
    return Ground({item.place_id: replace(item, aliases=(*item.aliases,)) for item in places}, row.marks)


def _keep(db: Connection, project: str, ground: Ground) -> None:
    places = json.dumps([asdict(item) for item in ground.places.values()], ensure_ascii=False)
    values = {"places": places, "marks": ground.marks}
    statement = insert(located_ground).values(project_code=project, **values)
    db.execute(statement.on_conflict_do_update(index_elements=["project_code"], set_=values))


ASKED = """
    SELECT t.source_system, t.source_id, t.description, t.address_text, t.building_code, t.element_ref, t.point,
           d.places, d.causes, m.meant, e.keys
    FROM hub.ticket t
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(place_id), '{}')
               || coalesce(array_agg(CAST(NULL AS text)) FILTER (WHERE method IN ('GONE', 'DECISION')), '{}') AS places,
               coalesce(array_agg(cause_place_id) FILTER (WHERE cause_place_id IS NOT NULL), '{}') AS causes
        FROM hub.defect WHERE source_system = t.source_system AND ticket_id = t.source_id) AS d
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(one), '{}') AS meant FROM hub.defect, unnest(places) AS one
        WHERE source_system = t.source_system AND ticket_id = t.source_id) AS m
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(c.element_key) || array_agg(b.same_as), '{}') AS keys
        FROM hub.defect JOIN hub.defect_element c USING (source_system, ticket_id, seq, generation)
        JOIN hub.bim_element b ON b.element_key = c.element_key
        WHERE source_system = t.source_system AND ticket_id = t.source_id) AS e
    WHERE t.project_code = :project AND t.deleted_at IS NULL"""
"""All that is known of where the tickets of a project stand. A defect without a certain place has none among its places, nor is
one certain that has the place of an element: the text may mean several, which are there beside it."""
