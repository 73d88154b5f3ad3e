"""Take in what was said about our issues in other BIM tools: comments, and whether they hold an issue for closed.

A file is taken once, by its content; a comment once, by its GUID. What a tool decided is a proposal: the ticket's state follows
from its own store, which alone knows whether someone was there. A topic that is none of ours goes to quarantine.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from sqlalchemy import Connection, Table, exists, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from connectors.bim.bcf import BcfFile, Comment, Topic, read_bcf
from connectors.bim.bcf.markup import added_comment
from connectors.files.folder import Folder
from warranty_hub.errors import ConfigError, MalformedAnswerError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.records.facts import Fact, Person, TicketComment, TicketEvent
from warranty_hub.reports.bim.issues import DONE, ISSUE_SYSTEM, author_id, project_guid, topic_guid
from warranty_hub.reports.queries import LIVING_DEFECTS
from warranty_hub.settings import Connection as FolderConnection
from warranty_hub.warehouse.commit import Batch, Reject, StreamRun, Unit
from warranty_hub.warehouse.load import fact_columns, merge_facts, stage_facts
from warranty_hub.warehouse.tables import fact_tables, taken_file

STEP = "bcf"
PATTERNS = ("*.bcf", "*.bcfzip")
CLOSED = frozenset({"closed", "resolved", "done", "completed", "已关闭", "关闭", "已解决", "已完成"})
REOPENED = frozenset({"reopened", "re-opened", "重新打开"})
UNKNOWN_TOPIC = "BCF-TOPIC"
UNREADABLE = MalformedAnswerError.code


class Defect(NamedTuple):
    """Whose topic it is, and whether its ticket is settled."""

    source_system: str
    ticket_no: str
    seq: int
    settled: bool


@dataclass(frozen=True)
class Statements:
    """What a file says, sorted: rows by source id, and what became of the rest."""

    comments: Mapping[str, TicketComment]
    events: Mapping[str, TicketEvent]
    authors: Mapping[str, str]
    rejects: tuple[Reject, ...]
    ours: int


# ------------------------------------------------------------------------------------------------ the folder


def projects_with_issue_files(hub: Hub) -> list[str]:
    """The projects that have a folder of their own in the inbox."""
    if hub.settings.issues.inbox is None:
        return []
    files = _inbox(hub).files([f"*/{pattern}" for pattern in PATTERNS])
    return sorted({unquote(PurePosixPath(file.name).parts[0]) for file in files})


def take_issue_files(hub: Hub, project_code: str) -> RunReport:
    """Take every file of the project's folder whose content is new. One that cannot be read goes to quarantine, once."""
    with hub.recorded(Unit(STEP, project_code)) as run:
        taken = [_take(hub, run, project_code, name, content) for name, content in files_of_project(hub, project_code)]
        run.note(files=len(taken), new_files=sum(taken))
    return hub.report(run.run_id)


def files_of_project(hub: Hub, project_code: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file in the project's folder of the inbox, in the order of time."""
    inbox = _inbox(hub)
    found = inbox.files([f"{quote(project_code, safe='')}/{pattern}" for pattern in PATTERNS])
    yield from ((file.name, inbox.read(file)) for file in sorted(found, key=lambda file: file.saved_at))


def _inbox(hub: Hub) -> Folder:
    address = hub.settings.issues.inbox
    if address is None:
        raise ConfigError(
            "hub.yaml names no folder for BCF files", remedy="Set issues.inbox: a folder with one folder a project."
        )
    if address.startswith("connection:"):
        return Folder(hub.connections(address.removeprefix("connection:")))
    return Folder(FolderConnection("issues.inbox", "file", extra={"path": str(hub.settings.path(address))}))


def _take(hub: Hub, run: StreamRun, project_code: str, name: str, content: bytes) -> bool:
    """Whether the file was new. The mark comes last: a file that was interrupted is taken again, which changes nothing."""
    sha256 = hashlib.sha256(content).hexdigest()
    key = {"unit": run.unit.name, "sha256": sha256}
    with hub.transactions() as db:
        if db.execute(select(exists().where(*(taken_file.c[column] == value for column, value in key.items())))).scalar_one():
            return False
    try:
        bcf = read_bcf(io.BytesIO(content), name)
    except MalformedAnswerError as error:
        reject = Reject(f"sha256:{sha256}", UNREADABLE, error.message, {"file": name})
        commit_statements(hub, run, Statements({}, {}, {}, (reject,), 0), name)
    else:
        take_topics(hub, run, project_code, bcf, name)
    with hub.transactions() as db:
        db.execute(pg_insert(taken_file).values(**key, name=name, run_id=run.run_id).on_conflict_do_nothing())
    return True


# ------------------------------------------------------------------------------------------------ one file


def import_issues(hub: Hub, path: Path, project_code: str | None = None) -> RunReport:
    """Take one file by hand; without a project, its own project id says which. Raises ConfigError, MalformedAnswerError."""
    bcf = read_bcf(path)
    project_code = project_code or _project_of(hub, bcf, path.name)
    with hub.recorded(Unit(STEP, project_code)) as run:
        take_topics(hub, run, project_code, bcf, path.name)
    return hub.report(run.run_id)


def _project_of(hub: Hub, bcf: BcfFile, name: str) -> str:
    with hub.transactions() as db:
        codes = db.execute(text("SELECT DISTINCT project_code FROM hub.defect")).scalars().all()
    found = next((str(code) for code in codes if project_guid(code) == bcf.project_id), None)
    if found is None:
        raise ConfigError(f"{name} does not say of which project it is", remedy="Name it: --project P01.")
    return found


def take_topics(hub: Hub, run: StreamRun, project_code: str, bcf: BcfFile, name: str) -> None:
    """Write what the topics say: new comments, new proposals, their authors; unknown topics to quarantine."""
    commit_statements(hub, run, statements_of(hub, bcf, project_code), name)


def statements_of(hub: Hub, bcf: BcfFile, project_code: str) -> Statements:
    """What a file says of the project's issues as they are now."""
    with hub.transactions() as db:
        defects = _topics_of(db, project_code)
    return _statements(bcf, defects, project_code)


def _topics_of(db: Connection, project_code: str) -> dict[str, Defect]:
    rows = db.execute(text(_DEFECTS), {"project": project_code, "done": sorted(DONE)})
    return {str(topic_guid(*row[:3])): Defect(*row) for row in rows}


_DEFECTS = f"""
    SELECT d.source_system, d.ticket_no, d.seq, t.reported_state = ANY(:done) FROM {LIVING_DEFECTS}
    WHERE d.project_code = :project"""


def _statements(bcf: BcfFile, defects: Mapping[str, Defect], project_code: str) -> Statements:
    comments: dict[str, TicketComment] = {}
    events: dict[str, TicketEvent] = {}
    authors: dict[str, str] = {}
    rejects, ours = [], 0
    for topic in bcf.topics:
        defect = defects.get(topic.guid.lower())
        if defect is None:
            rejects.append(_unknown(topic, project_code))
            continue
        added = {added_comment(view.guid) for view in topic.viewpoints if view.guid}
        for comment in topic.comments:
            if comment.guid in added:
                ours += 1
            else:
                comments[_comment_key(comment)] = _comment(comment, topic, defect)
                authors |= _author(comment)
        events |= _proposal(topic, defect)
    return Statements(comments, events, authors, tuple(rejects), ours)


def _unknown(topic: Topic, project_code: str) -> Reject:
    """With all that the topic says but its pictures."""
    views = tuple(replace(view, snapshot=None) for view in topic.viewpoints)
    reason = f"topic {topic.guid} is no issue of project {project_code}: it was made in another tool, or its defect is gone"
    return Reject(topic.guid, UNKNOWN_TOPIC, reason, asdict(replace(topic, viewpoints=views)))


def _comment_key(comment: Comment) -> str:
    """An edited comment is another statement; what was said before stays."""
    return f"{comment.guid.lower()}@{_instant(comment.modified_date)}" if comment.modified_date else comment.guid.lower()


def _comment(comment: Comment, topic: Topic, defect: Defect) -> TicketComment:
    at = comment.modified_date or comment.date or _last_word(topic)
    author = comment.modified_author or comment.author
    return TicketComment(
        ticket_system=defect.source_system, ticket_no=defect.ticket_no, defect_seq=defect.seq,
        author_id=author_id(author), text=comment.text.replace("\x00", ""), at=at, changed_at=at,
    )  # fmt: skip


def _author(comment: Comment) -> dict[str, str]:
    author = comment.modified_author or comment.author
    key = author_id(author)
    return {key: author} if author and key and key != author else {}


def _proposal(topic: Topic, defect: Defect) -> dict[str, TicketEvent]:
    """An event where the topic's status asks for what the ticket is not. "Open" asks for nothing: it may be an old copy."""
    status = (topic.topic_status or "").strip().lower()
    kind, words = ("REOPEN_PROPOSED", REOPENED) if defect.settled else ("CLOSE_PROPOSED", CLOSED)
    if status not in words:
        return {}
    at = topic.modified_date or _last_word(topic)
    event = TicketEvent(ticket_no=defect.ticket_no, seq=defect.seq, kind=kind, at=at, changed_at=at)
    return {f"{topic.guid.lower()}/{kind}/{_instant(at)}": event}


def _instant(at: datetime) -> str:
    """The same however a tool writes it."""
    return at.astimezone(UTC).isoformat()


def _last_word(topic: Topic) -> datetime:
    """When somebody last said something, for what carries no time of its own; the same file gives the same time."""
    times = [comment.date for comment in topic.comments if comment.date]
    return max(times, default=topic.creation_date or datetime.fromtimestamp(0, UTC))


# ------------------------------------------------------------------------------------------------ the warehouse


def commit_statements(hub: Hub, run: StreamRun, said: Statements, name: str, retried: Sequence[str] = ()) -> None:
    """Each table in a page of its own. Known keys are left out: what was said once is never written over.

    ``retried``: names in quarantine of what was there.
    """
    persons = {key: Person(name=author, phone=None, id_number=None) for key, author in said.authors.items()}
    with hub.transactions() as db:
        stage_facts(db, fact_tables["person"], _new_rows(db, fact_tables["person"], persons))
        merge_facts(db, fact_tables["person"], source_system=ISSUE_SYSTEM, run_id=run.run_id)
    rejects, skipped = said.rejects, {"ours": said.ours}
    for table_name, facts in (("ticket_comment", said.comments), ("ticket_event", said.events)):
        table = fact_tables[table_name]
        with hub.transactions() as db:
            rows = _new_rows(db, table, facts)
        batch = Batch(rows, rejects, skipped={**skipped, "known": len(facts) - len(rows)}, retried=retried)
        run.commit_page(table, ISSUE_SYSTEM, batch, position=name, move_to=None)
        rejects, skipped, retried = (), {}, ()


def _new_rows(db: Connection, table: Table, facts: Mapping[str, Fact]) -> list[tuple[Any, ...]]:
    stored = select(table.c.source_id).where(table.c.source_system == ISSUE_SYSTEM, table.c.source_id.in_(facts))
    known = set(db.execute(stored).scalars())
    columns = fact_columns(table)
    return [(key, *(getattr(fact, name) for name in columns)) for key, fact in facts.items() if key not in known]


# ------------------------------------------------------------------------------------------------ proposals


class Proposal(NamedTuple):
    """A ticket that another tool holds for closed, or for open again, and its own store does not."""

    ticket_no: str
    kind: str
    at: datetime
    reported_state: str


def open_proposals(hub: Hub) -> list[Proposal]:
    """The newest proposal of each ticket that its state does not already meet, the oldest first."""
    with hub.transactions() as db:
        return [Proposal(*row) for row in db.execute(text(_PROPOSALS), {"system": ISSUE_SYSTEM, "done": sorted(DONE)})]


_PROPOSALS = """
    SELECT p.ticket_no, p.kind, p.at, t.reported_state
    FROM (SELECT DISTINCT ON (ticket_no) * FROM hub.ticket_event WHERE source_system = :system ORDER BY ticket_no, at DESC) p
    JOIN hub.ticket t ON t.ticket_no = p.ticket_no AND t.deleted_at IS NULL AND t.changed_at < p.at
    WHERE (p.kind = 'CLOSE_PROPOSED') = (NOT t.reported_state = ANY(:done))
    ORDER BY p.at, p.ticket_no"""
