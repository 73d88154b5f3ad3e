"""The shapes of the real models, built by a kernel once in a run of the tests: many tests read the same models.

A test that asks for `kernel_once` reads geometry as always, only that the shapes are known which an earlier test had built, of
whichever file. The workers of a run share them on disk.
"""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from connectors.bim import geometry
from connectors.bim.geometry import Geometry, read_geometry
from connectors.bim.meshes import NO_MESHES, Mesh, Meshes, pack_meshes, read_meshes

NOWHERE = np.eye(4)[:3]


class Shapes:
    """What was built in this run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shapes: dict[str, Mesh] = {}
        self._read: set[Path] = set()

    def read_geometry(self, path: Path, known: Meshes = NO_MESHES, **limits: Any) -> Geometry:
        """As `connectors.bim.geometry.read_geometry`; what it had built is known from then on."""
        shapes = self._known() | known.shapes()
        placed = ((step, key, NOWHERE) for step, key in enumerate(shapes))
        made = read_geometry(path, known=pack_meshes(placed, shapes), **limits)
        if made.meshed:
            draft = self._folder / uuid4().hex
            draft.write_bytes(made.meshes.packed())
            draft.rename(draft.with_suffix(".npz"))
        return made

    def _known(self) -> dict[str, Mesh]:
        for file in set(self._folder.glob("*.npz")) - self._read:
            with file.open("rb") as content:
                self._shapes |= read_meshes(content).shapes()
            self._read.add(file)
        return self._shapes


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    """Those of this run."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shapes"
    folder.mkdir(exist_ok=True)
    return Shapes(folder)


@pytest.fixture
def kernel_once(shapes: Shapes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads geometry finds known what was built in this run."""
    monkeypatch.setattr(geometry, "read_geometry", shapes.read_geometry)
