"""Locate defects: new and touched tickets of a project onto elements and places, all when places, models or rules change."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select

from mappings.elements import DefectText, Element, ElementIndex, locate
from mappings.lexicon import Words
from mappings.places import Register, read_ticket
from warranty_hub.pipelines.defects import LocatedTicket, write_defects
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.places import refresh_master_places, register_of
from warranty_hub.pipelines.words import rule_version, words_of
from warranty_hub.warehouse.changes import floor, remember, since
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import (
    bim_element_revision,
    bim_revision,
    bim_space,
    defect,
    place,
    place_alias,
    space_element,
    ticket,
)

STEP = "locate"
CHUNK = 5_000


@dataclass(frozen=True)
class Surroundings:
    """What a project's defects are located in."""

    register: Register
    elements: ElementIndex


def projects_with_tickets(hub: Hub) -> list[str]:
    """The projects that there is something to locate in."""
    with hub.transactions() as db:
        return list(db.execute(select(ticket.c.project_code).distinct().order_by(ticket.c.project_code)).scalars())


def locate_defects(hub: Hub, project: str) -> RunReport:
    """Bring a project's defects up to date, in one transaction with the consumer's cursor. Same facts give the same answers."""
    methods: Counter[str] = Counter()
    with hub.recorded(Unit(STEP, project)) as run:
        with hub.transactions() as db:
            refresh_master_places(db, project)
            seen, start = floor(db), since(db, run.unit)
            rules = rule_version(hub.settings)
            tickets = _touched(db, project, 0 if _ground_moved(db, project, start, rules) else start)
            written = 0
            if tickets:
                surroundings = surroundings_of(db, project, words_of(hub.settings))
                for chunk in (tickets[at : at + CHUNK] for at in range(0, len(tickets), CHUNK)):
                    located = [_located(row, surroundings, rules) for row in chunk]
                    methods.update(str(location.method) for ticket in located for location in ticket.locations)
                    methods["unmapped"] += sum(ticket.unmapped for ticket in located)
                    written += write_defects(db, run.run_id, located)
            remember(db, run.unit, seen)
        run.note(tickets=len(tickets), written=written, **methods)
    return hub.report(run.run_id)


def surroundings_of(db: Connection, project: str, words: Words) -> Surroundings:
    """Register and elements of a project; texts are read by these words."""
    return Surroundings(register_of(db, project, words), elements_of(db, project))


def elements_of(db: Connection, project: str) -> ElementIndex:
    """The elements of the current revisions of a project's models, with the rooms they are in or bound."""
    item = bim_element_revision
    current = select(bim_revision.c.revision_id).where(bim_revision.c.project_code == project, bim_revision.c.current)
    columns = (
        item.c.element_key, item.c.ifc_class, item.c.guid, item.c.tag, item.c.predefined_type,
        item.c.object_type, item.c.name, item.c.is_external, item.c.load_bearing,
    )  # fmt: skip
    rows = db.execute(select(*columns).where(item.c.revision_id.in_(current)).order_by(item.c.revision_id, item.c.step_id))
    in_rooms = (
        select(bim_space.c.place_id, item.c.element_key)
        .distinct()
        .select_from(space_element)
        .join(bim_space, _same_revision(bim_space) & (bim_space.c.step_id == space_element.c.space_step))
        .join(item, _same_revision(item) & (item.c.step_id == space_element.c.element_step))
        .where(space_element.c.revision_id.in_(current), bim_space.c.place_id.is_not(None), _best_known())
        .order_by(bim_space.c.place_id, item.c.element_key)
    )
    return ElementIndex(
        (
            Element(**{("key" if name == "element_key" else name): value for name, value in row._mapping.items()})
            for row in rows
        ),
        [(row.place_id, row.element_key) for row in db.execute(in_rooms)],
    )


def _best_known() -> Any:
    """What the file states about a room's boundaries; what is near it by geometry only where it states none."""
    stated = space_element.alias()
    same_room = (stated.c.revision_id == space_element.c.revision_id) & (stated.c.space_step == space_element.c.space_step)
    has_boundary = exists().where(same_room, stated.c.relation == "boundary")
    return or_(space_element.c.relation != "adjacent", ~has_boundary)


def _same_revision(table: Any) -> Any:
    return table.c.revision_id == space_element.c.revision_id


def _ground_moved(db: Connection, project: str, start: int, rules: str) -> bool:
    """Whether every ticket has to be looked at again: places or models changed, or the rules did."""
    moved = or_(
        exists().where(place.c.project_code == project, place.c.changed_tx >= start),
        exists().where(place_alias.c.project_code == project, place_alias.c.changed_tx >= start),
        exists().where(bim_revision.c.project_code == project, bim_revision.c.changed_tx >= start),
        exists().where(defect.c.project_code == project, defect.c.rule_version != rules),
    )
    return bool(db.execute(select(moved)).scalar_one())


def _touched(db: Connection, project: str, start: int) -> Sequence[Row[Any]]:
    query = select(ticket).where(ticket.c.project_code == project, ticket.c.changed_tx >= start, ticket.c.deleted_at.is_(None))
    return db.execute(query.order_by(ticket.c.source_system, ticket.c.source_id)).all()


def _located(row: Row[Any], around: Surroundings, rules: str) -> LocatedTicket:
    reading = read_ticket(row.description, row.address_text or "", row.building_code, around.register)
    only = len(reading.defects) == 1
    said = (DefectText(defect, reading.text, row.element_ref or "", only) for defect in reading.defects)
    return LocatedTicket(row, reading, tuple(locate(text, around.register, around.elements) for text in said), rules)
