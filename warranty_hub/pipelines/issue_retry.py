"""Issues in quarantine, looked at again: a topic's defect may be known by now, and a file that was unreadable may be read."""

import hashlib
import io
from dataclasses import replace

import msgspec
from sqlalchemy import exists, select

from connectors.bim.bcf import BcfFile, Topic, read_bcf
from warranty_hub.errors import MalformedAnswerError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.issues import UNKNOWN_TOPIC, UNREADABLE, commit_statements, files_of_project, statements_of
from warranty_hub.records.codes import QuarantineState
from warranty_hub.warehouse.commit import Reject, Unit
from warranty_hub.warehouse.tables import quarantine

STEP = "retry"
BY_CONTENT = "sha256:"


def is_issue_unit(hub: Hub, unit: str) -> bool:
    """Whether what is open in quarantine under this name came from BCF files: their unit is the project."""
    source, _, stream = unit.partition(".")
    if source in hub.settings.sources and stream in hub.settings.sources[source].streams:
        return False
    of_issues = quarantine.c.code.in_([UNKNOWN_TOPIC, UNREADABLE])
    query = select(exists().where(quarantine.c.unit == unit, quarantine.c.state == QuarantineState.OPEN, of_issues))
    with hub.transactions() as db:
        return bool(db.execute(query).scalar_one())


def retry_issues(hub: Hub, project_code: str) -> RunReport:
    """Take again what is open of a project: topics as they were kept, files from the inbox if they are still there."""
    query = select(quarantine).where(quarantine.c.unit == project_code, quarantine.c.state == QuarantineState.OPEN)
    with hub.recorded(Unit(STEP, project_code)) as run:
        with hub.transactions() as db:
            rows = db.execute(query.order_by(quarantine.c.quarantine_id)).all()
        files = {row.source_id: row for row in rows if row.code == UNREADABLE}
        topics = tuple(msgspec.convert(row.payload, Topic, strict=False) for row in rows if row.code == UNKNOWN_TOPIC)
        read, still = _read_again(hub, project_code, {key: (row.reason, row.payload) for key, row in files.items()})
        said = statements_of(hub, BcfFile((*topics, *read)), project_code)
        said = replace(said, rejects=(*said.rejects, *still))
        commit_statements(hub, run, said, "quarantine", retried=[row.source_id for row in rows])
    return hub.report(run.run_id)


def _read_again(hub: Hub, project_code: str, files: dict[str, tuple[str, dict[str, str]]]) -> tuple[list[Topic], list[Reject]]:
    """The topics of the files that can be read now, and what is to be said of the others."""
    topics: list[Topic] = []
    for name, content in files_of_project(hub, project_code) if files else ():
        key = BY_CONTENT + hashlib.sha256(content).hexdigest()
        if key in files:
            try:
                topics += read_bcf(io.BytesIO(content), name).topics
                del files[key]
            except MalformedAnswerError as error:
                files[key] = error.message, {"file": name}
    return topics, [Reject(key, UNREADABLE, reason, payload) for key, (reason, payload) in files.items()]
