"""Which model files there are: those that hub.yaml names one by one, and those that people drop in a folder or a bucket.

``file: models/tower-3.ifc`` is one model. ``file: models/*.ifc`` or ``s3://models/{building}-{discipline}.ifc`` is one model a
file, called ``entry/file``; what stands in the place of ``{building}`` and ``{discipline}`` says whose it is.
"""

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.files.folder import Folder, StoredFile
from warranty_hub.errors import ConfigError, HubError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.settings import Connection, ModelSettings

PLACEHOLDER = re.compile(r"\{(building|discipline)\}")


@dataclass(frozen=True)
class ModelFile:
    """A model and the file that shows it. ``settings``: of its entry in hub.yaml, completed by the file's name."""

    model_id: str
    settings: ModelSettings
    folder: Folder
    stored: StoredFile

    @property
    def name(self) -> str:
        """The file's name, without its folders."""
        return PurePosixPath(self.stored.name).name

    @property
    def stamp(self) -> str:
        """Changes whenever the file does: its size, and when it was saved or put here."""
        return f"{self.stored.size} {self.stored.saved_at.isoformat()}"

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """The file on this machine, for as long as the block runs."""
        with self.folder.on_disk(self.stored) as path:
            yield path


def entry_of(hub: Hub, model_id: str) -> str:
    """The entry of hub.yaml that a model comes from. Raises ConfigError for a model that it does not know."""
    entry = model_id.partition("/")[0]
    if entry not in hub.settings.models:
        raise ConfigError(f"hub.yaml has no model {model_id!r}", remedy=f"It has: {', '.join(hub.settings.models) or 'none'}.")
    return entry


def model_file(hub: Hub, model_id: str) -> ModelFile:
    """The file of one model. Raises ConfigError for a model that hub.yaml does not know, or whose file is not there."""
    entry = entry_of(hub, model_id)
    for found in files_of(hub, entry):
        if found.model_id == model_id:
            return found
    asked = hub.settings.models[entry].file
    raise ConfigError(
        f"Model {model_id}: {PurePosixPath(asked).name} does not exist", remedy=f"Correct models.{entry}.file in hub.yaml."
    )


def entry_for(hub: Hub, address: str) -> str | None:
    """The entry of hub.yaml that would take a file at this address for a model."""
    for entry, settings in hub.settings.models.items():
        where, _, name = absolute(_address(hub, settings)).rpartition("/")
        below = absolute(address).removeprefix(f"{where}/")
        if below != absolute(address) and re.fullmatch(_expression(name), below, re.IGNORECASE):
            return entry
    return None


def absolute(address: str) -> str:
    """A path on this machine in full, without links; an address elsewhere as it is."""
    return address if "://" in address else Path(address).resolve().as_posix()


def named_models(hub: Hub) -> frozenset[str]:
    """The models that there are: named in hub.yaml, or in its folders; a folder that cannot be listed stands for all in it."""
    named: set[str] = set()
    for entry, settings in hub.settings.models.items():
        try:
            named |= {file.model_id for file in files_of(hub, entry)} if is_pattern(settings.file) else {entry}
        except HubError:
            named.add(entry)
    return frozenset(named)


def is_named(model_id: str, named: Container[str]) -> bool:
    """Whether a model is among `named_models`."""
    return model_id in named or model_id.partition("/")[0] in named


def files_of(hub: Hub, entry: str) -> Iterator[ModelFile]:
    """The files of one entry of ``models``. Raises ConfigError, LoginError, SystemUnreachableError."""
    settings = hub.settings.models[entry]
    where, _, name = _address(hub, settings).rpartition("/")
    folder = folder_at(hub, where, settings.connection)
    if not is_pattern(name):
        stored = folder.file(name)
        if stored is not None:
            yield ModelFile(entry, settings, folder, stored)
        return
    for stored in sorted(folder.files([PLACEHOLDER.sub("*", name)]), key=lambda item: item.name):
        said = re.fullmatch(_expression(name), stored.name, re.IGNORECASE)
        if said:
            model_id = f"{entry}/{PurePosixPath(stored.name).with_suffix('')}"
            yield ModelFile(model_id, settings.model_copy(update=said.groupdict()), folder, stored)


def _address(hub: Hub, settings: ModelSettings) -> str:
    return settings.file if "://" in settings.file else hub.settings.path(settings.file).as_posix()


def folder_at(hub: Hub, where: str, connection: str | None) -> Folder:
    """A folder by its path or address, opened as a connection says where one is named."""
    known = hub.connections(connection) if connection else Connection(where, "fs")
    extra = {**known.extra, "path": where}
    return Folder(Connection(known.id, known.conn_type, login=known.login, password=known.password, extra=extra))


def is_pattern(name: str) -> bool:
    """Whether this ``file`` of hub.yaml means any number of files."""
    return "*" in name or bool(PLACEHOLDER.search(name))


def _expression(name: str) -> str:
    """``{building}-*.ifc`` as a regular expression; a building's name has no minus in it where one follows."""
    parts = re.split(r"(\{building\}|\{discipline\}|\*)", name)
    ours = {"{building}": r"(?P<building>[^/]+?)", "{discipline}": r"(?P<discipline>[^/]+?)", "*": ".*"}
    return "".join(ours.get(part, re.escape(part)) for part in parts)
