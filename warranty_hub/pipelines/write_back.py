"""Write a copy of a model that knows its elements' warranty and defects, to this machine or to a store."""

import hashlib
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sqlalchemy import select

from connectors.bim.write_back import write_back
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.model_files import absolute, entry_for, folder_at, model_file
from warranty_hub.reports.bim.write_back import element_facts
from warranty_hub.warehouse.tables import bim_revision


def write_copy(hub: Hub, model_id: str, target: str, connection: str | None = None) -> int:
    """Write the copy to a path or an address, whole or not at all; returns how many elements it tells something of.

    ``connection`` opens the target's store; without one the model's own does. Raises ConfigError for a file that is not the one
    that was indexed and for a target that cannot be, LoginError, SystemUnreachableError, RefusedModelError.
    """
    name = _name(hub, target)
    found = model_file(hub, model_id)
    current = select(bim_revision.c.sha256).where(bim_revision.c.model_id == model_id, bim_revision.c.current)
    with hub.transactions() as db:
        facts, indexed = element_facts(db, model_id), db.execute(current).scalar()
    with TemporaryDirectory(prefix="write-back-") as folder, found.on_disk() as source:
        with source.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != indexed:
                raise ConfigError(
                    f"{found.name} is not the file that was indexed", remedy=f"Run `warranty-hub run index {model_id}`."
                )
        copy = Path(folder) / name
        write_back(source, facts, copy)
        elsewhere = "://" in target
        opener = connection or (found.settings.connection if elsewhere else None)
        folder_at(hub, absolute(target).rpartition("/")[0], opener).put([copy])
    return len(facts)


def _name(hub: Hub, target: str) -> str:
    """The copy's file name. Raises ConfigError where it must not be written."""
    name = PurePosixPath(target).name
    if not name.lower().endswith(".ifc"):
        raise ConfigError(f"{target} is no name of a copy", remedy="End it with .ifc: a copy is a STEP file.")
    entry = entry_for(hub, target)
    if entry:
        raise ConfigError(
            f"{target} is a model itself, by models.{entry} in hub.yaml",
            remedy="Name another file or folder: a model is never changed, and a copy must not be read as one more.",
        )
    return name
