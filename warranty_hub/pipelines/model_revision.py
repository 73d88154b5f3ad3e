"""A revision of a model in the warehouse: whether a file was read before, and all that is written when it is read."""

from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from warranty_hub.artefacts import ArtefactStore
from warranty_hub.errors import RefusedModelError
from warranty_hub.pipelines.identity import carry_keys, kept_own_keys, lock_identities
from warranty_hub.pipelines.model_files import ModelFile, is_named
from warranty_hub.pipelines.model_neighbours import Others, other_models, relate
from warranty_hub.pipelines.model_places import places_of_model
from warranty_hub.pipelines.model_rows import ReadModel, forget_places, remove_rows, write_rows
from warranty_hub.pipelines.own_keys import own_keys
from warranty_hub.pipelines.places import MODEL, merge_places
from warranty_hub.warehouse.tables import THIS_TRANSACTION, bim_revision

INDEX_VERSION = 3
"""Raised whenever more is read from a file, or made of it, than before: files that have not changed are then read again."""
SETTLED = timedelta(seconds=2)  # a file saved later than that before we looked may be saved again under the same time
CIRCUMSTANCES = (
    bim_revision.c.model_id,
    bim_revision.c.file_stamp,
    bim_revision.c.project_code,
    func.coalesce(bim_revision.c.building_code, ""),
    bim_revision.c.discipline,
    bim_revision.c.index_version,
)


@dataclass(frozen=True)
class Revision:
    """A revision ready to be written: its file, what was read, and where its meshes and cuts are."""

    run_id: int
    file: ModelFile
    sha256: str
    model: ReadModel
    meshes: str
    cuts: str


def circumstances(file: ModelFile) -> tuple[Any, ...]:
    """What must be as it was for a file to count as read: whose it is, how it looks, by which reader."""
    settings = file.settings
    return file.model_id, file.stamp, settings.project, settings.building or "", settings.discipline, INDEX_VERSION


def read_files(db: Connection) -> set[tuple[Any, ...]]:
    """The `circumstances` of all files that models show now or that were refused."""
    read = bim_revision.c.current | (bim_revision.c.status == "REFUSED")
    return {(*row,) for row in db.execute(select(*CIRCUMSTANCES).where(read))}


def is_current(db: Connection, file: ModelFile, sha256: str) -> bool:
    """Whether this very file is what the model shows now, and if so remembers how it looked.

    Not so an older one put back, nor one moved to another building, nor one that an older reader read.
    """
    same = (bim_revision.c.model_id == file.model_id, bim_revision.c.sha256 == sha256, bim_revision.c.current)
    as_told = [column == value for column, value in zip(CIRCUMSTANCES[2:], circumstances(file)[2:], strict=True)]
    seen = update(bim_revision).where(*same, *as_told).values(file_stamp=_settled_stamp(file))
    return bool(db.execute(seen).rowcount)


def write_refused(db: Connection, run_id: int, file: ModelFile, sha256: str, error: RefusedModelError) -> None:
    """A file that cannot be used: what the model showed before stays current."""
    values = {**_origin(run_id, file, sha256), "status": "REFUSED", "reason": str(error), "current": False}
    db.execute(insert(bim_revision).values(values).on_conflict_do_update(index_elements=["model_id", "sha256"], set_=values))


def write_revision(db: Connection, artefacts: ArtefactStore, revision: Revision, named: Container[str]) -> dict[str, int]:
    """Everything of a revision, current from here on. Returns how its elements were recognised and what changed."""
    model, model_id, settings = revision.model, revision.file.model_id, revision.file.settings
    lock_identities(db, settings.project)
    places = places_of_model(model.index, settings.project, settings.building or model_id)
    merge_places(db, settings.project, MODEL, places.places)
    kept = kept_own_keys(db, model_id, revision.sha256)
    own_key = own_keys(model_id, revision.sha256, model.index.elements, kept)
    superseded = _supersede(db, revision, named)
    others = other_models(db, revision.file, (model.extent, model.georeference) if model.extent else None)
    revision_id = _write_row(db, revision, others)
    write_rows(db, revision_id, model, places, own_key)
    across = relate(db, artefacts, revision_id, model, others, superseded)
    elements = len(model.index.elements)
    changes = carry_keys(db, revision.run_id, revision_id, superseded, elements=elements, new_file=not kept)
    forget_places(db, settings.project)
    return {**changes, "across": across}


def _supersede(db: Connection, revision: Revision, named: Container[str]) -> Sequence[int]:
    """Make room: the model's revision until now is current no more, nor are those of models that are named no longer."""
    model_id = revision.file.model_id
    same_file = bim_revision.c.model_id == model_id, bim_revision.c.sha256 == revision.sha256
    again = db.execute(delete(bim_revision).where(*same_file).returning(bim_revision.c.revision_id)).scalars().all()
    if again:
        remove_rows(db, again)
    of_project = bim_revision.c.project_code == revision.file.settings.project
    current = select(bim_revision.c.revision_id, bim_revision.c.model_id).where(
        bim_revision.c.current, or_(bim_revision.c.model_id == model_id, of_project)
    )
    gone = [row.revision_id for row in db.execute(current) if row.model_id == model_id or not is_named(row.model_id, named)]
    db.execute(
        update(bim_revision)
        .where(bim_revision.c.revision_id.in_(gone))
        .values(current=False, changed_tx=text(THIS_TRANSACTION))
    )
    return gone


def _write_row(db: Connection, revision: Revision, others: Others) -> int:
    model, index = revision.model, revision.model.index
    values = {
        **_origin(revision.run_id, revision.file, revision.sha256),
        "status": "INDEXED",
        "ifc_schema": index.schema,
        "authoring_app": index.authoring_app,
        "header_time": index.header_time,
        "ifc_project_guid": index.ifc_project_guid,
        "unit_scale": index.unit_scale,
        "georeference": model.georeference,
        "extent": model.extent,
        "meshes": revision.meshes,
        "cuts": revision.cuts,
        "counts": {"elements": len(index.elements), "spaces": len(index.spaces), "storeys": len(index.storeys)},
        "findings": [asdict(found) for found in (*model.findings, *others.findings())],
        "current": True,
    }
    return int(db.execute(insert(bim_revision).values(values).returning(bim_revision.c.revision_id)).scalar_one())


def _origin(run_id: int, file: ModelFile, sha256: str) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "model_id": file.model_id,
        "sha256": sha256,
        "project_code": file.settings.project,
        "building_code": file.settings.building,
        "discipline": file.settings.discipline,
        "file_name": file.name,
        "file_stamp": _settled_stamp(file),
        "index_version": INDEX_VERSION,
    }


def _settled_stamp(file: ModelFile) -> str | None:
    return file.stamp if datetime.now(UTC) - file.stored.saved_at > SETTLED else None
