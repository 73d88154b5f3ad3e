"""Index a BIM model: each new file once, by its content hash; a file that cannot be used is listed as refused, and why."""

import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Column, select

from connectors.bim.cuts import CUTS, read_cuts
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
Made = TypeVar("Made")


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
    with hub.recorded(Unit(STEP, model_id)) as run, _uncollected():
        run.note(**_index(hub, run.run_id, model_file(hub, model_id)))
    return hub.report(run.run_id)


@contextmanager
def _uncollected() -> Iterator[None]:
    """While a model is there: looking for circles among its hundreds of thousands of rows, which have none, takes seconds."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _index(hub: Hub, run_id: int, file: ModelFile) -> dict[str, Any]:
    with file.on_disk() as path:
        sha256 = _sha256(path)
        with hub.transactions() as db:
            if is_current(db, file, sha256):
                return {"unchanged": 1}
        try:
            model = _read(path, _last(hub, file.model_id, bim_revision.c.meshes, read_meshes) or NO_MESHES)
        except RefusedModelError as error:
            with hub.transactions() as db:
                write_refused(db, run_id, file, sha256, error)
            return {"refused": error.message}
    cuts, cut = model.cuts(_last(hub, file.model_id, bim_revision.c.cuts, read_cuts))
    made = {MESHES: model.geometry.meshes.packed(), CUTS: cuts.packed()}
    at, named = {suffix: hub.artefacts.address_of(content, suffix) for suffix, content in made.items()}, named_models(hub)
    with hub.transactions() as db:
        revision = Revision(run_id, file, sha256, model, at[MESHES], at[CUTS])
        changes = write_revision(db, hub.artefacts, revision, named)
        for suffix, content in made.items():
            hub.artefacts.put(content, suffix)  # after the row: see `expire_meshes`
    counts = {"elements": len(model.index.elements), "spaces": len(model.index.spaces), "boxes": len(model.boxes)}
    geometry = model.geometry
    return {**counts, "meshed": geometry.meshed, "cut": cut, "without_shape": len(geometry.failures), **changes}


def _read(path: Path, known: Meshes) -> ReadModel:
    from connectors.bim.geometry import read_geometry
    from connectors.bim.ifc import read_model

    index = read_model(path)
    return ReadModel(index, read_geometry(path, known=known, timeout_s=GEOMETRY_SECONDS, memory_mb=GEOMETRY_MEGABYTES))


def _last(hub: Hub, model_id: str, column: Column[Any], read: Callable[[IO[bytes]], Made]) -> Made | None:
    """What was made of the model's last revision; None where the store has lost it: it is made again."""
    with hub.transactions() as db:
        last = bim_revision.c.model_id == model_id, column.is_not(None)
        address = db.execute(select(column).where(*last).order_by(bim_revision.c.revision_id.desc())).scalar()
    try:
        return read(BytesIO(hub.artefacts.get(address))) if address else None
    except StopError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
