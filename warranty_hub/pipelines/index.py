"""Index a BIM model: each new file once, by its content hash; a file that cannot be used is listed as refused, and why."""

import hashlib
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from warranty_hub.errors import ConfigError, RefusedModelError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.identity import carry_keys, kept_own_keys, lock_identities
from warranty_hub.pipelines.model_places import places_of_model
from warranty_hub.pipelines.model_rows import ReadModel, forget_places, write_rows
from warranty_hub.pipelines.own_keys import own_keys
from warranty_hub.pipelines.places import MODEL, merge_places
from warranty_hub.settings import ModelSettings
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import THIS_TRANSACTION, bim_revision

STEP = "index"
GEOMETRY_SECONDS = 1_800
GEOMETRY_MEGABYTES = 8_192
INDEX_VERSION = 1
"""Raised whenever more is read from a file than before: files that have not changed are then read again."""


@dataclass(frozen=True)
class Indexed:
    """A model ready to be written: whose it is, and what was read."""

    model_id: str
    settings: ModelSettings
    sha256: str
    model: ReadModel


def index_model(hub: Hub, model_id: str) -> RunReport:
    """Index the model's file if it is new. An unchanged file costs only its hash; a refused one ends in a REFUSED revision."""
    settings = hub.settings.models.get(model_id)
    if settings is None:
        raise ConfigError(f"hub.yaml has no model {model_id!r}", remedy=f"It has: {', '.join(hub.settings.models) or 'none'}.")
    with hub.recorded(Unit(STEP, model_id)) as run:
        run.note(**_index(hub, run.run_id, model_id, settings))
    return hub.report(run.run_id)


def _index(hub: Hub, run_id: int, model_id: str, settings: ModelSettings) -> dict[str, Any]:
    path = hub.settings.path(settings.file)
    if not path.is_file():
        raise ConfigError(
            f"Model {model_id}: {path.name} does not exist", remedy=f"Correct models.{model_id}.file in hub.yaml."
        )
    sha256 = _sha256(path)
    with hub.transactions() as db:
        if _is_current(db, model_id, settings, sha256):
            return {"unchanged": 1}
    try:
        indexed = _read(model_id, settings, path, sha256)
    except RefusedModelError as error:
        with hub.transactions() as db:
            _write_refused(db, run_id, model_id, settings, sha256, error)
        return {"refused": error.message}
    with hub.transactions() as db:
        changes = _write(db, run_id, indexed, hub.settings.models)
    index, geometry = indexed.model.index, indexed.model.geometry
    counts = {"elements": len(index.elements), "spaces": len(index.spaces), "boxes": len(geometry.boxes)}
    return {**counts, "meshed": geometry.meshed, "without_shape": len(geometry.failures), **changes}


def _is_current(db: Connection, model_id: str, settings: ModelSettings, sha256: str) -> bool:
    """Whether this very file is what the model shows now: not so an older one put back, nor one moved to another building, nor
    one that an older reader read."""
    same = (
        bim_revision.c.model_id == model_id,
        bim_revision.c.sha256 == sha256,
        bim_revision.c.current,
        bim_revision.c.project_code == settings.project,
        bim_revision.c.building_code.is_not_distinct_from(settings.building),
        bim_revision.c.discipline == settings.discipline,
        bim_revision.c.index_version == INDEX_VERSION,
    )
    return bool(db.execute(select(exists().where(*same))).scalar_one())


def _read(model_id: str, settings: ModelSettings, path: Path, sha256: str) -> Indexed:
    from connectors.bim.geometry import read_geometry
    from connectors.bim.ifc import read_model

    index = read_model(path)
    geometry = read_geometry(path, timeout_s=GEOMETRY_SECONDS, memory_mb=GEOMETRY_MEGABYTES)
    return Indexed(model_id, settings, sha256, ReadModel(index, geometry))


def _write_refused(
    db: Connection, run_id: int, model_id: str, settings: ModelSettings, sha256: str, error: RefusedModelError
) -> None:
    values = {**_revision(run_id, model_id, settings, sha256), "status": "REFUSED", "reason": str(error), "current": False}
    db.execute(insert(bim_revision).values(values).on_conflict_do_update(index_elements=["model_id", "sha256"], set_=values))


def _write(db: Connection, run_id: int, indexed: Indexed, named: Container[str]) -> dict[str, int]:
    """Everything of a revision, current from here on. Returns how its elements were recognised and what changed."""
    model, project = indexed.model, indexed.settings.project
    lock_identities(db, project)
    places = places_of_model(model.index, project, indexed.settings.building or indexed.model_id)
    merge_places(db, project, MODEL, places.places)
    kept = kept_own_keys(db, indexed.model_id, indexed.sha256)
    keys = own_keys(indexed.model_id, indexed.sha256, model.index.elements) | kept
    superseded = _supersede(db, indexed, named)
    revision_id = _write_revision(db, run_id, indexed)
    write_rows(db, revision_id, model, places, keys)
    changes = carry_keys(db, run_id, revision_id, superseded, new_file=not kept)
    forget_places(db, project)
    return changes


def _supersede(db: Connection, indexed: Indexed, named: Container[str]) -> Sequence[int]:
    """Make room: the model's revision until now is current no more, nor are those of models that hub.yaml no longer names."""
    same_file = (bim_revision.c.model_id == indexed.model_id, bim_revision.c.sha256 == indexed.sha256)
    db.execute(delete(bim_revision).where(*same_file))
    current = select(bim_revision.c.revision_id, bim_revision.c.model_id).where(
        bim_revision.c.current,
        or_(bim_revision.c.model_id == indexed.model_id, bim_revision.c.project_code == indexed.settings.project),
    )
    gone = [row.revision_id for row in db.execute(current) if row.model_id == indexed.model_id or row.model_id not in named]
    db.execute(
        update(bim_revision)
        .where(bim_revision.c.revision_id.in_(gone))
        .values(current=False, changed_tx=text(THIS_TRANSACTION))
    )
    return gone


def _write_revision(db: Connection, run_id: int, indexed: Indexed) -> int:
    model = indexed.model.index
    values = {
        **_revision(run_id, indexed.model_id, indexed.settings, indexed.sha256),
        "status": "INDEXED",
        "ifc_schema": model.schema,
        "authoring_app": model.authoring_app,
        "header_time": model.header_time,
        "ifc_project_guid": model.ifc_project_guid,
        "unit_scale": model.unit_scale,
        "georeference": indexed.model.georeference,
        "extent": indexed.model.extent,
        "counts": {"elements": len(model.elements), "spaces": len(model.spaces), "storeys": len(model.storeys)},
        "findings": [asdict(finding) for finding in indexed.model.findings],
        "current": True,
    }
    return int(db.execute(insert(bim_revision).values(values).returning(bim_revision.c.revision_id)).scalar_one())


def _revision(run_id: int, model_id: str, settings: ModelSettings, sha256: str) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "model_id": model_id,
        "sha256": sha256,
        "project_code": settings.project,
        "building_code": settings.building,
        "discipline": settings.discipline,
        "file_name": Path(settings.file).name,
        "index_version": INDEX_VERSION,
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
