"""One publication: files written aside, then put in the place of the former ones all together.

Every file ``name`` has a ``name.manifest.json`` beside it that says what it holds, its size and its SHA-256. A run that dies
while it writes leaves the former publication untouched. Putting in place renames whole files, a file before its manifest: who
reads in just that moment sees a hash that does not fit, and reads again.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SCHEMA_VERSION = "1"
MANIFEST = ".manifest.json"
ASIDE = ".being-written"


@dataclass(frozen=True)
class PublishedFile:
    """A file as it lies in the publication folder. ``name``: its path in there, with ``/``."""

    name: str
    path: Path
    sha256: str
    size: int


class Publication:
    """The files of one run, on their way into ``folder``; ``stamp`` says in every manifest what run it was."""

    def __init__(self, folder: Path, stamp: Mapping[str, Any]) -> None:
        self._folder = folder
        self._aside = folder / ASIDE
        self._stamp = stamp
        self._files: list[PublishedFile] = []

    def add(self, name: str, write: Callable[[Path], None], **about: Any) -> None:
        """Write a file and its manifest. ``name`` has ``/`` for folders. ``about`` goes into the manifest: columns, rows."""
        path = self._aside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
        with path.open("rb+") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        published = PublishedFile(name, self._folder / name, sha256, path.stat().st_size)
        self._files.append(published)
        self._write_manifest(published, about)

    def release(self) -> list[PublishedFile]:
        """Put everything in place, and withdraw what a former run published under names that this run has not."""
        for file in self._files:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            for name in (file.name, file.name + MANIFEST):
                (self._aside / name).replace(self._folder / name)
        for name in self._published() - {file.name for file in self._files}:
            (self._folder / (name + MANIFEST)).unlink()
            (self._folder / name).unlink(missing_ok=True)
        for folder in {self._folder, *(file.path.parent for file in self._files)}:
            _sync_folder(folder)
        return self._files

    def _published(self) -> set[str]:
        manifests = (path.relative_to(self._folder) for path in self._folder.rglob(f"*{MANIFEST}"))
        return {path.as_posix().removesuffix(MANIFEST) for path in manifests if path.parts[0] != ASIDE}

    def _write_manifest(self, file: PublishedFile, about: Mapping[str, Any]) -> None:
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "file": file.name,
            "size": file.size,
            "sha256": file.sha256,
            **self._stamp,
            **about,
        }
        with (self._aside / (file.name + MANIFEST)).open("w", encoding="utf-8") as target:
            json.dump(manifest, target, ensure_ascii=False, indent=2)
            target.flush()
            os.fsync(target.fileno())


@contextmanager
def publication(folder: Path, *, run_id: int, as_of: datetime, stale: Sequence[str]) -> Iterator[Publication]:
    """A publication to add files to. What a dead run left half written is cleared away first."""
    aside = folder / ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield Publication(folder, {"run_id": run_id, "as_of": as_of.isoformat(), "stale": list(stale)})
    finally:
        shutil.rmtree(aside)


def _sync_folder(folder: Path) -> None:
    """Make the renames last through a power cut; Windows has no such call and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
