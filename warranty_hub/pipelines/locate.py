"""Locate the defects of a project's tickets, those that changed or that a change of places, models or rules touches."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select, text, tuple_

from mappings.elements import (
    Calibration,
    Decided,
    DefectText,
    Element,
    ElementIndex,
    LocateMethod,
    Surroundings,
    decided,
    locate,
)
from mappings.elements.points.layout import Layout, Told
from mappings.lexicon import Words
from mappings.places import read_ticket
from warranty_hub.pipelines.defects import LocatedTicket, write_defects
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.location_decisions import decisions_of
from warranty_hub.pipelines.location_quality import calibration_of
from warranty_hub.pipelines.places import refresh_master_places, register_of
from warranty_hub.pipelines.points import layout_of, points_version, told_by
from warranty_hub.pipelines.touched import changed_tickets, concerned_tickets, ground_moved
from warranty_hub.pipelines.words import rule_version, words_of
from warranty_hub.records.codes import LocateState
from warranty_hub.warehouse.changes import floor, remember, since
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import (
    bim_element,
    bim_element_revision,
    bim_revision,
    bim_space,
    defect,
    defect_element,
    space_element,
    ticket,
)

STEP = "locate"
CHUNK = 5_000


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
            calibration = calibration_of(db, project)
            versions = rule_version(hub.settings), calibration.version, points_version(project, hub.settings)
            rules = "-".join(filter(None, versions))
            tickets, moved = changed_tickets(db, project, start, rules), ground_moved(db, project, start)
            written = 0
            if tickets or moved:
                layout = layout_of(db, project, hub.settings)
                surroundings = surroundings_of(db, project, words_of(hub.settings), calibration, layout)
                if moved:
                    concerned = concerned_tickets(db, project, surroundings, hub.settings)
                    tickets = list({(row.source_system, row.source_id): row for row in (*tickets, *concerned)}.values())
                for chunk in (tickets[at : at + CHUNK] for at in range(0, len(tickets), CHUNK)):
                    links = links_of(db, [(row.source_system, row.source_id) for row in chunk])
                    said = decisions_of(db, [(row.source_system, row.source_id) for row in chunk])
                    told = [told_by(row, hub.settings) for row in chunk]
                    found = located(chunk, surroundings, links, told, rules)
                    answers = [with_decisions(ticket, said, surroundings) for ticket in found]
                    methods.update(str(location.method) for ticket in answers for location in ticket.locations)
                    methods["unmapped"] += sum(ticket.unmapped for ticket in answers)
                    written += write_defects(db, run.run_id, answers)
            remember(db, run.unit, seen)
        run.note(tickets=len(tickets), written=written, **methods)
    return hub.report(run.run_id)


def surroundings_of(db: Connection, project: str, words: Words, calibration: Calibration, layout: Layout) -> Surroundings:
    """Register and elements of a project, and its score; texts are read by these words, points by this layout."""
    return Surroundings(register_of(db, project, words), elements_of(db, project), calibration, layout)


def elements_of(db: Connection, project: str) -> ElementIndex:
    """The elements of a project's models, with the rooms they are in or bound; those that are gone as they were seen last."""
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
        .join(bim_space, _at(bim_space, space_element.c.revision_id, space_element.c.space_step))
        .join(item, _at(item, space_element.c.element_revision_id, space_element.c.element_step))
        .where(
            space_element.c.revision_id.in_(current),
            space_element.c.element_revision_id.in_(current),
            bim_space.c.place_id.is_not(None),
            _best_known(),
        )
        .order_by(bim_space.c.place_id, item.c.element_key)
    )
    gone = db.execute(text(GONE), {"project": project}).all()
    return ElementIndex(
        [_element(row) for row in (*rows, *gone)],
        [
            (row.place_id, row.element_key)
            for row in (*db.execute(in_rooms), *db.execute(text(GONE_ROOMS), {"project": project}))
        ],
        [(row.guid, row.element_key) for row in db.execute(text(FORMER_GUIDS), {"project": project})],
    )


def _element(row: Row[Any]) -> Element:
    return Element(**{("key" if name == "element_key" else name): value for name, value in row._mapping.items()})


def links_of(db: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str, int], UUID]:
    """The element that each defect of these tickets is on, also when that has left the models: see `LocateMethod.GONE`."""
    of_defect = and_(
        defect_element.c.source_system == defect.c.source_system,
        defect_element.c.ticket_id == defect.c.ticket_id,
        defect_element.c.seq == defect.c.seq,
        defect_element.c.generation == defect.c.generation,
        defect_element.c.rank == 1,
    )
    linked = or_(defect.c.state == LocateState.AUTO, defect.c.method == LocateMethod.GONE)
    query = (
        select(defect.c.source_system, defect.c.ticket_id, defect.c.seq, bim_element.c.same_as)
        .join(defect_element, of_defect)
        .join(bim_element, bim_element.c.element_key == defect_element.c.element_key)
        .where(linked, tuple_(defect.c.source_system, defect.c.ticket_id).in_(keys))
    )
    return {(row.source_system, row.ticket_id, row.seq): row.same_as for row in db.execute(query)}


def _best_known() -> Any:
    """What the file states about a room's boundaries; what is near by geometry where it states none, or is another file's."""
    stated = space_element.alias()
    same_room = (stated.c.revision_id == space_element.c.revision_id) & (stated.c.space_step == space_element.c.space_step)
    has_boundary = exists().where(same_room, stated.c.relation == "boundary")
    of_another_file = space_element.c.element_revision_id != space_element.c.revision_id
    return or_(space_element.c.relation != "adjacent", of_another_file, ~has_boundary)


def _at(table: Any, revision_id: ColumnElement[int], step_id: ColumnElement[int]) -> Any:
    return and_(table.c.revision_id == revision_id, table.c.step_id == step_id)


def located(
    rows: Sequence[Row[Any]],
    around: Surroundings,
    links: Mapping[tuple[str, str, int], UUID],
    points: Sequence[Told | None],
    rules: str,
) -> list[LocatedTicket]:
    """Read each ticket, then locate the defects of all at once."""
    readings = [read_ticket(row.description, row.address_text or "", row.building_code, around.register) for row in rows]
    texts = [
        DefectText(
            told,
            reading.text,
            row.element_ref or "",
            len(reading.defects) == 1,
            links.get((row.source_system, row.source_id, seq)),
            point,
        )
        for row, reading, point in zip(rows, readings, points, strict=True)
        for seq, told in enumerate(reading.defects, start=1)
    ]
    locations = iter(locate(texts, around))
    return [
        LocatedTicket(row, reading, tuple(islice(locations, len(reading.defects))), rules)
        for row, reading in zip(rows, readings, strict=True)
    ]


def with_decisions(ticket: LocatedTicket, said: Mapping[tuple[str, str, int], Decided], around: Surroundings) -> LocatedTicket:
    """The ticket with what a person decided of its defects laid over what was found."""
    locations = (
        decided(said[*ticket.key, seq], found, around.register, around.elements) if (*ticket.key, seq) in said else found
        for seq, found in enumerate(ticket.locations, start=1)
    )
    return replace(ticket, locations=tuple(locations))


_GONE_FROM = """
    FROM hub.bim_element e JOIN hub.bim_revision r ON r.revision_id = e.left_revision_id AND r.project_code = :project
    JOIN hub.bim_element_revision i ON i.revision_id = e.left_revision_id AND i.step_id = e.left_step_id"""

GONE = f"""
    SELECT e.element_key, i.ifc_class, i.guid, i.tag, i.predefined_type, i.object_type, i.name, i.is_external, i.load_bearing,
           concat('in ', r.file_name, CASE WHEN i.x_min IS NOT NULL THEN format(' at (%s, %s, %s) m',
               round(CAST((i.x_min + i.x_max) / 2 AS numeric), 2), round(CAST((i.y_min + i.y_max) / 2 AS numeric), 2),
               round(CAST((i.z_min + i.z_max) / 2 AS numeric), 2)) END) AS last_seen
    {_GONE_FROM} WHERE e.same_as = e.element_key ORDER BY e.element_key"""

GONE_ROOMS = f"""
    SELECT DISTINCT place.place_id, e.element_key {_GONE_FROM}
    JOIN hub.space_element s ON s.element_revision_id = i.revision_id AND s.element_step = i.step_id
    JOIN hub.bim_space room ON room.revision_id = s.revision_id AND room.step_id = s.space_step
    JOIN hub.place ON place.place_id = room.place_id
    WHERE e.same_as = e.element_key ORDER BY 1, 2"""

FORMER_GUIDS = """
    SELECT DISTINCT e.guid, e.same_as AS element_key
    FROM hub.bim_element e JOIN hub.bim_element_revision i ON i.element_key = e.same_as
    JOIN hub.bim_revision r ON r.revision_id = i.revision_id AND r.current AND r.project_code = :project
    WHERE e.guid <> i.guid AND NOT EXISTS (
        SELECT FROM hub.bim_element_revision now JOIN hub.bim_revision c ON c.revision_id = now.revision_id AND c.current
        WHERE now.element_key = e.same_as AND now.guid = e.guid)
    UNION
    SELECT former.guid, e.element_key FROM hub.bim_element former JOIN hub.bim_element e ON e.element_key = former.same_as
    JOIN hub.bim_revision r ON r.revision_id = e.left_revision_id AND r.project_code = :project
    JOIN hub.bim_element_revision i ON i.revision_id = e.left_revision_id AND i.step_id = e.left_step_id
    WHERE former.guid <> i.guid
    ORDER BY 1, 2"""
