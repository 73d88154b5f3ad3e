"""Index a BIM model: each new file once, by its content hash; a file that cannot be used is listed as refused, and why."""

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connectors.bim.meshes import MESHES, NO_MESHES, Meshes, read_meshes
from warranty_hub.errors import HubError, RefusedModelError, StopError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.model_files import ModelFile, entry_of, files_of, is_pattern, model_file, named_models
from warranty_hub.pipelines.model_revision import Revision, circumstances, is_current, read_files, write_refused, write_revision
from warranty_hub.pipelines.model_rows import ReadModel
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import bim_revision

STEP = "index"
GEOMETRY_SECONDS = 1_800
GEOMETRY_MEGABYTES = 8_192


def new_models(hub: Hub) -> list[str]:
    """The models whose files are new or have changed since they were read, told by size and time alone.

    An entry whose files cannot be listed stands for itself: its task says why, and holds up no other.
    """
    with hub.transactions() as db:
        known = read_files(db)
    models = []
    for entry in hub.settings.models:
        try:
            found = list(files_of(hub, entry))
        except HubError:
            models.append(entry)
            continue
        models += (
            [file.model_id for file in found if circumstances(file) not in known] if found else _unless_pattern(hub, entry)
        )
    return models


def _unless_pattern(hub: Hub, entry: str) -> list[str]:
    """A file that hub.yaml names must be there; a folder may be empty."""
    return [] if is_pattern(hub.settings.models[entry].file) else [entry]


def index_model(hub: Hub, model_id: str) -> RunReport:
    """Index the model's file if it is new. An unchanged file costs only its hash; a refused one ends in a REFUSED revision."""
    entry_of(hub, model_id)
    with hub.recorded(Unit(STEP, model_id)) as run:
        run.note(**_index(hub, run.run_id, model_file(hub, model_id)))
    return hub.report(run.run_id)


def _index(hub: Hub, run_id: int, file: ModelFile) -> dict[str, Any]:
    with file.on_disk() as path:
        sha256 = _sha256(path)
        with hub.transactions() as db:
            if is_current(db, file, sha256):
                return {"unchanged": 1}
        try:
            model = _read(path, _known_meshes(hub, file.model_id))
        except RefusedModelError as error:
            with hub.transactions() as db:
                write_refused(db, run_id, file, sha256, error)
            return {"refused": error.message}
    meshes, named = model.geometry.meshes.packed(), named_models(hub)
    address = hub.artefacts.address_of(meshes, MESHES)
    with hub.transactions() as db:
        changes = write_revision(db, hub.artefacts, Revision(run_id, file, sha256, model, address), named)
        hub.artefacts.put(meshes, MESHES)  # after the row: see `expire_meshes`
    counts = {"elements": len(model.index.elements), "spaces": len(model.index.spaces), "boxes": len(model.boxes)}
    return {**counts, "meshed": model.geometry.meshed, "without_shape": len(model.geometry.failures), **changes}


def _read(path: Path, known: Meshes) -> ReadModel:
    from connectors.bim.geometry import read_geometry
    from connectors.bim.ifc import read_model

    index = read_model(path)
    return ReadModel(index, read_geometry(path, known=known, timeout_s=GEOMETRY_SECONDS, memory_mb=GEOMETRY_MEGABYTES))


def _known_meshes(hub: Hub, model_id: str) -> Meshes:
    """Those of the model's last revision; none where the store has lost them: they are made again."""
    with hub.transactions() as db:
        last = bim_revision.c.model_id == model_id, bim_revision.c.meshes.is_not(None)
        address = db.execute(select(bim_revision.c.meshes).where(*last).order_by(bim_revision.c.revision_id.desc())).scalar()
    try:
        return read_meshes(BytesIO(hub.artefacts.get(address))) if address else NO_MESHES
    except StopError:
        return NO_MESHES


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
