"""Locate defects: new and touched tickets of a project onto elements and places, all when places, models or rules change."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from mappings.elements import RULE_VERSION, DefectText, Element, ElementIndex, Location, locate
from mappings.lexicon import Reading, read
from mappings.places import Register
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.places import refresh_master_places, register_of
from warranty_hub.warehouse.changes import floor, remember, since
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import (
    bim_element_revision,
    bim_revision,
    bim_space,
    defect,
    defect_element,
    place,
    space_element,
    ticket,
)

STEP = "locate"
CHUNK = 5_000
ONLY_DEFECT = 1  # one defect a ticket, until texts are split into several


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
            tickets = _touched(db, project, 0 if _ground_moved(db, project, start) else start)
            written = 0
            if tickets:
                surroundings = Surroundings(register_of(db, project), elements_of(db, project))
                for chunk in (tickets[at : at + CHUNK] for at in range(0, len(tickets), CHUNK)):
                    located = [_located(row, surroundings) for row in chunk]
                    methods.update(str(location.method) for _, _, location in located)
                    written += _write(db, run.run_id, located)
            remember(db, run.unit, seen)
        run.note(tickets=len(tickets), written=written, **methods)
    return hub.report(run.run_id)


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
        .where(space_element.c.revision_id.in_(current), bim_space.c.place_id.is_not(None))
        .order_by(bim_space.c.place_id, item.c.element_key)
    )
    return ElementIndex(
        (
            Element(**{("key" if name == "element_key" else name): value for name, value in row._mapping.items()})
            for row in rows
        ),
        [(row.place_id, row.element_key) for row in db.execute(in_rooms)],
    )


def _same_revision(table: Any) -> Any:
    return table.c.revision_id == space_element.c.revision_id


def _ground_moved(db: Connection, project: str, start: int) -> bool:
    """Whether every ticket has to be looked at again: places or models changed, or the rules did."""
    moved = or_(
        exists().where(place.c.project_code == project, place.c.changed_tx >= start),
        exists().where(bim_revision.c.project_code == project, bim_revision.c.changed_tx >= start),
        exists().where(defect.c.project_code == project, defect.c.rule_version != RULE_VERSION),
    )
    return bool(db.execute(select(moved)).scalar_one())


def _touched(db: Connection, project: str, start: int) -> Sequence[Row[Any]]:
    query = select(ticket).where(ticket.c.project_code == project, ticket.c.changed_tx >= start, ticket.c.deleted_at.is_(None))
    return db.execute(query.order_by(ticket.c.source_system, ticket.c.source_id)).all()


Located = tuple[Row[Any], Reading, Location]


def _located(row: Row[Any], around: Surroundings) -> Located:
    reading = read(row.description)
    said = DefectText(reading, row.address_text or "", row.building_code, row.element_ref or "")
    return row, reading, locate(said, around.register, around.elements)


def _write(db: Connection, run_id: int, located: Iterable[Located]) -> int:
    """Write the answers that differ from the last ones, each as a new generation. Returns how many."""
    items = list(located)
    known = _known(db, [row.source_id for row, _, _ in items])
    fresh: list[dict[str, Any]] = []
    candidates: list[dict[str, Any]] = []
    for row, reading, location in items:
        answer = _answer(row, reading, location)
        generation, before = known.get((row.source_system, row.source_id), (0, None))
        if answer == before:
            continue
        key = {"source_system": row.source_system, "ticket_id": row.source_id, "seq": ONLY_DEFECT, "generation": generation + 1}
        fresh.append({**key, **answer})
        candidates += [{**key, **values, "run_id": run_id} for values in _candidates(location)]
    if fresh:
        statement = insert(defect)
        changes = {name: statement.excluded[name] for name in (*fresh[0], "changed_tx")}
        db.execute(statement.on_conflict_do_update(index_elements=["source_system", "ticket_id", "seq"], set_=changes), fresh)
    if candidates:
        db.execute(insert(defect_element), candidates)
    return len(fresh)


def _answer(row: Row[Any], reading: Reading, location: Location) -> dict[str, Any]:
    return {
        "ticket_no": row.ticket_no,
        "project_code": row.project_code,
        "component_code": reading.component,
        "defect_type_code": reading.defect_type,
        "room_code": reading.room,
        "place_id": location.place_id,
        "element_key": location.element_key,
        "method": str(location.method),
        "confidence": _confidence(location.confidence),
        "state": str(location.state) if location.state else None,
        "reason": location.reason,
        "rule_version": location.rule_version,
    }


def _candidates(location: Location) -> Iterable[dict[str, Any]]:
    """Every candidate in its order; equally good ones share a confidence, never a row."""
    for order, candidate in enumerate(location.candidates, start=1):
        yield {
            "rank": order,
            "element_key": candidate.element_key,
            "method": str(location.method),
            "confidence": _confidence(candidate.confidence),
            "state": str(location.state),
            "rule_version": location.rule_version,
        }


def _confidence(value: float) -> Decimal:
    return Decimal(f"{value:.3f}")


def _known(db: Connection, ticket_ids: Sequence[str]) -> Mapping[tuple[str, str], tuple[int, dict[str, Any]]]:
    rows = db.execute(select(defect).where(defect.c.ticket_id.in_(ticket_ids), defect.c.seq == ONLY_DEFECT))
    hidden = {"source_system", "ticket_id", "seq", "generation", "changed_tx"}
    return {
        (row.source_system, row.ticket_id): (
            row.generation,
            {name: value for name, value in row._mapping.items() if name not in hidden},
        )
        for row in rows
    }
