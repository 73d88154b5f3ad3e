"""Located defects as BCF issues, one file a project: a BIM engineer opens one and stands before the element."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import cache, partial
from itertools import groupby
from typing import Any
from uuid import UUID, uuid5

import numpy as np
from sqlalchemy import Connection, text

from connectors.bim.bcf import BcfFile, Camera, Coloring, Comment, Component, HeaderFile, Topic, Viewpoint, camera_to
from connectors.bim.bcf.picture import picture, sight
from connectors.bim.bcf.scenery import Scenery
from connectors.bim.bcf.visualization import MAX_COMPONENTS
from connectors.bim.shapes import Box
from mappings.lexicon import label
from warranty_hub.reports.privacy import published
from warranty_hub.reports.queries import LIVING_DEFECTS, REPORTER, one_name
from warranty_hub.rules.tickets import NOT_COUNTED, SETTLED

MOST_TOPICS = 500  # more than that no tool shows well, and no person reads
ISSUES = UUID("3d0b4f0a-6f5e-5b39-8d2c-7a1d5c0e9b64")
AUTHOR = "Warranty Hub"
ISSUE_SYSTEM = "bcf"
"""The source of what was said in other BIM tools, in facts."""
PSEUDONYM = re.compile(r"bcf-[0-9a-f]{12}")
PRIORITIES = {"NORMAL": "Normal", "URGENT": "High", "EMERGENCY": "Critical"}
COLORS = {"NORMAL": "FBC02D", "URGENT": "F57C00", "EMERGENCY": "D32F2F"}
UNKNOWN_URGENCY, SETTLED_COLOR = "7E57C2", "9E9E9E"
DONE = SETTLED | NOT_COUNTED


@dataclass(frozen=True)
class Issues:
    """The issues of a project; ``left_out``: how many older ones did not go into the file."""

    project_code: str
    bcf: BcfFile
    left_out: int


def issues_by_project(
    db: Connection,
    zone: tzinfo | None,
    only: str | None = None,
    drawn: Callable[[str], Mapping[str, bytes]] = lambda _: {},
) -> Iterator[Issues]:
    """The issues of every project, or of only one, that has a model and defects on elements of it, the newest first.

    A defect on a certain element selects it; one that waits for review selects all its candidates. ``drawn``: a project's
    pictures that need not be drawn again, by their keys.
    """
    for project in db.execute(text(_PROJECTS), {"only": only}).all():
        rows = db.execute(text(_TOPICS), {"project": project.code, "most": MOST_TOPICS}).all()
        if not rows:
            continue
        comments = _comments(db, project.code)
        look = cache(partial(_look, _boxes(db, project.code), drawn(project.code)))
        topics = tuple(
            _topic(found, comments.get((found[0].source_system, found[0].ticket_no, found[0].seq), []), zone, look)
            for _, elements in groupby(rows, lambda row: (row.source_system, row.ticket_id, row.seq))
            for found in (list(elements),)
        )
        bcf = BcfFile(topics, project_guid(project.code), project.name or project.code)
        yield Issues(project.code, bcf, rows[0].topics - len(topics))


def _boxes(db: Connection, project_code: str) -> Scenery:
    """Of every element of the project: what may stand between a camera and what it shows."""
    rows = db.execute(text(_BOXES), {"project": project_code}).all()
    return Scenery(np.array(rows, dtype=np.float64).reshape(-1, 6))


def _comments(db: Connection, project_code: str) -> dict[tuple[str, str, int], list[Any]]:
    """The last wording of each comment that came back from other tools, by defect."""
    found: dict[tuple[str, str, int], list[Any]] = {}
    for row in db.execute(text(_COMMENTS), {"project": project_code, "system": ISSUE_SYSTEM}):
        found.setdefault((row.ticket_system, row.ticket_no, row.defect_seq), []).append(row)
    return found


Look = Callable[[tuple[Box, ...], Box | None, str], tuple[Camera | None, bytes | None]]
"""From where elements are seen, in this room and colour, and the picture of it; several defects of an element look the same."""


def _topic(elements: Sequence[Any], comments: Sequence[Any], zone: tzinfo | None, look: Look) -> Topic:
    """A topic from its rows, one for each element."""
    defect = elements[0]
    component, defect_type = label("component", defect.component_code), label("defect_type", defect.defect_type_code)
    state, ticket_state = label("locate_state", defect.state), label("ticket_state", defect.reported_state)
    guid = topic_guid(defect.source_system, defect.ticket_no, defect.seq)
    return Topic(
        guid=str(guid),
        title=_joined(" · ", component.zh + defect_type.zh, _joined(" ", component.en, defect_type.en), defect.place_id),
        creation_date=defect.reported_at.astimezone(zone),
        creation_author=AUTHOR,
        topic_type="Issue",
        topic_status="Closed" if defect.reported_state in DONE else "Open",
        priority=PRIORITIES.get(defect.urgency),
        labels=tuple(name for name in (component.zh, defect_type.zh, state.zh, ticket_state.zh) if name),
        due_date=defect.promised_at.astimezone(zone) if defect.promised_at else None,
        description=_description(elements),
        files=tuple(dict.fromkeys(_file(row, zone) for row in elements)),
        comments=tuple(_comment(said, defect.reporter, zone) for said in comments),
        viewpoints=(_viewpoint(guid, elements, look),),
    )


def _comment(said: Any, reporter: str | None, zone: tzinfo | None) -> Comment:
    """What was said in another tool, under its own GUID, so that the tool that said it keeps one copy."""
    guid, _, edited = said.source_id.partition("@")
    author = said.author_id or AUTHOR
    at = said.at.astimezone(zone)
    modified = (at, author) if edited else (None, None)
    return Comment(guid, at, author, published(published(said.text, said.author), reporter), None, *modified)


def project_guid(project_code: str) -> str:
    """What our files call a project."""
    return str(uuid5(ISSUES, project_code))


def author_id(author: str | None) -> str | None:
    """Our id of somebody who speaks in another tool, usually by e-mail address: files that we publish name nobody else.

    One that comes back from there stays what it is; None for nobody and for ourselves.
    """
    if not author or author == AUTHOR or PSEUDONYM.fullmatch(author):
        return author if author != AUTHOR else None
    return f"bcf-{uuid5(ISSUES, author.strip().lower()).hex[:12]}"


def topic_guid(source_system: str, ticket_no: str, seq: int) -> UUID:
    """The GUID of a defect's topic, the same in every publication: a tool updates the issue that it has."""
    return uuid5(ISSUES, f"{source_system}/{ticket_no}/{seq}")


def _file(row: Any, zone: tzinfo | None) -> HeaderFile:
    return HeaderFile(row.ifc_project_guid, row.file_name, _header_date(row.header_time, zone))


def _header_date(text: str | None, zone: tzinfo | None) -> datetime | None:
    """A STEP header's time stamp; exporters write it without a zone, and sometimes not as ISO 8601 demands."""
    try:
        date = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=zone)


def _viewpoint(topic: UUID, elements: Sequence[Any], look: Look) -> Viewpoint:
    """Elements selected and coloured by severity. Tools take a viewpoint for unchangeable: a changed one has another GUID.

    Its picture does not count: what stands around an element may change while the view of it stays.
    """
    selection = tuple(Component(row.guid, row.tag, row.authoring_app) for row in elements[:MAX_COMPONENTS])
    boxes = tuple(Box(*row.box) for row in elements if None not in row.box)
    color, room = _color(elements[0]), elements[0].room
    camera, snapshot = look(boxes, Box(*room) if room else None, color)
    view = Viewpoint("", camera=camera, selection=selection, coloring=(Coloring(color, selection),))
    return replace(view, guid=str(uuid5(topic, repr(view))), snapshot=snapshot)


def _look(
    others: Scenery, pictures: Mapping[str, bytes], boxes: tuple[Box, ...], room: Box | None, color: str
) -> tuple[Camera | None, bytes | None]:
    """At the box around all elements, from inside the room; nothing where no element has a box. See `Look`."""
    if not boxes:
        return None, None
    around = Box(
        *map(min, zip(*(box[:3] for box in boxes), strict=True)), *map(max, zip(*(box[3:] for box in boxes), strict=True))
    )
    camera = camera_to(around, room, others)
    seen = sight(camera, np.array(boxes), others, color)
    return camera, pictures.get(seen.key) or picture(seen)


def _color(defect: Any) -> str:
    return SETTLED_COLOR if defect.reported_state in DONE else COLORS.get(defect.urgency, UNKNOWN_URGENCY)


def _description(elements: Sequence[Any]) -> str:
    defect = elements[0]
    method, state = label("locate_method", defect.method), label("locate_state", defect.state)
    lines = [
        published(defect.description, defect.reporter),
        f"工单 Ticket: {defect.ticket_no}",
        f"定位 Located by: {method.zh} {method.en} ({defect.confidence}), {state.zh} {state.en}",
    ]
    if len(elements) > 1:
        lines.append(f"候选构件 Candidates: {len(elements)}")
    if len(elements) > MAX_COMPONENTS:
        lines.append(f"仅选中前 {MAX_COMPONENTS} 个 Only the first {MAX_COMPONENTS} are selected")
    if defect.reason:
        lines.append(f"说明 Reason: {published(defect.reason, defect.reporter)}")
    return "\n".join(lines)


def _joined(separator: str, *parts: str | None) -> str:
    return separator.join(part for part in parts if part)


_PROJECTS = f"""
    SELECT DISTINCT r.project_code AS code, project.name
    FROM hub.bim_revision r LEFT JOIN {one_name("project")} project ON project.code = r.project_code
    WHERE r.current AND coalesce(r.project_code = :only, true) ORDER BY 1"""

_BOXES = """
    SELECT e.x_min, e.y_min, e.z_min, e.x_max, e.y_max, e.z_max
    FROM hub.bim_element_revision e JOIN hub.bim_revision r ON r.revision_id = e.revision_id AND r.current
    WHERE r.project_code = :project AND e.x_min IS NOT NULL
    ORDER BY e.revision_id, e.step_id"""

_COMMENTS = """
    SELECT said.*, author.name AS author FROM (
        SELECT DISTINCT ON (split_part(c.source_id, '@', 1)) c.*
        FROM hub.ticket_comment c
        JOIN hub.defect d ON (d.source_system, d.ticket_no, d.seq) = (c.ticket_system, c.ticket_no, c.defect_seq)
        WHERE d.project_code = :project AND c.source_system = :system AND c.deleted_at IS NULL
        ORDER BY split_part(c.source_id, '@', 1), c.at DESC) said
    LEFT JOIN hub.person author ON (author.source_system, author.source_id) = (said.source_system, said.author_id)
    ORDER BY said.at, said.source_id"""

_TOPICS = f"""
    WITH element AS (
        SELECT d.source_system, d.ticket_id, d.seq, c.rank, e.guid, e.tag,
               ARRAY[e.x_min, e.y_min, e.z_min, e.x_max, e.y_max, e.z_max] AS box,
               r.revision_id, e.step_id, r.file_name, r.ifc_project_guid, r.header_time, r.authoring_app
        FROM hub.defect d
        JOIN hub.defect_element c USING (source_system, ticket_id, seq, generation)
        JOIN hub.bim_element_revision e ON e.element_key = c.element_key
        JOIN hub.bim_revision r ON r.revision_id = e.revision_id AND r.current
        WHERE d.project_code = :project AND c.role = 'PRIMARY' AND (d.element_key IS NULL OR d.element_key = c.element_key)
    ),
    topic AS (
        SELECT d.source_system, d.ticket_id, d.seq, d.ticket_no, d.component_code, d.defect_type_code, d.place_id,
               d.method, d.confidence, d.state, d.reason,
               t.description, t.urgency, t.reported_state, t.reported_at, t.promised_at,
               reporter.name AS reporter, count(*) OVER () AS topics
        FROM {LIVING_DEFECTS}
        LEFT JOIN {REPORTER}
        WHERE (d.source_system, d.ticket_id, d.seq) IN (SELECT source_system, ticket_id, seq FROM element)
        ORDER BY t.reported_at DESC, d.ticket_no, d.source_system, d.ticket_id, d.seq LIMIT :most
    )
    SELECT topic.*, element.guid, element.tag, element.box, element.file_name, element.ifc_project_guid,
           element.header_time, element.authoring_app,
           (SELECT ARRAY[s.x_min, s.y_min, s.z_min, s.x_max, s.y_max, s.z_max] FROM hub.bim_space s
            WHERE s.place_id = topic.place_id AND s.x_min IS NOT NULL AND (s.revision_id = element.revision_id
                OR (s.revision_id, s.step_id) IN (
                    SELECT x.revision_id, x.space_step FROM hub.space_element x
                    JOIN hub.bim_revision r ON r.revision_id = x.revision_id AND r.current
                    WHERE x.element_revision_id = element.revision_id AND x.element_step = element.step_id))
            ORDER BY s.revision_id <> element.revision_id, s.step_id LIMIT 1) AS room
    FROM topic JOIN element USING (source_system, ticket_id, seq)
    ORDER BY topic.reported_at DESC, topic.ticket_no, source_system, ticket_id, seq, element.rank"""
