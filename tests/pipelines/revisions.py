"""Revisions of a model made of a few boxes, without writing and reading IFC: what identity is tried against."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from connectors.bim.geometry import Geometry
from connectors.bim.ifc import read_model
from connectors.bim.meshes import NO_MESHES
from connectors.bim.shapes import Box, ModelIndex
from tests.connectors.bim.small import SmallModel
from tests.pipelines.test_models import hub_of, rows
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.index import index_model


@dataclass(frozen=True)
class Part:
    """An element; a cube of 1 m at ``x``."""

    guid: str | None
    x: float = 0.0
    tag: str | None = None
    kind: str = "IfcWall"
    size: float = 1.0
    name: str | None = None


@dataclass(frozen=True)
class Site:
    """A folder of model files and the hub that indexes them."""

    hub: Hub
    folder: Path

    def arrives(self, *parts: Part, model: str = "model") -> RunReport:
        """The next revision of a model."""
        (self.folder / f"{model}.ifc").write_text(json.dumps([part.__dict__ for part in parts]))
        return index_model(self.hub, model)

    def keys(self, model: str = "model") -> dict[str | None, UUID]:
        """The element keys of the current revision, by GlobalId."""
        query = """SELECT guid, element_key FROM hub.bim_element_revision JOIN hub.bim_revision r USING (revision_id)
            WHERE r.current AND r.model_id = :model"""
        return {row["guid"]: row["element_key"] for row in rows(self.hub, query, model=model)}


@cache
def empty_index() -> ModelIndex:
    """Of a model with two storeys and one wall, which can be replaced by anything."""
    with TemporaryDirectory() as folder:
        model = SmallModel("IFC4")
        model.content("IfcWall", None, of=model.ground)
        return read_model(model.write(Path(folder) / "empty.ifc"))


def _parts(path: Path) -> Iterable[tuple[int, Part]]:
    return enumerate((Part(**known) for known in json.loads(path.read_text())), start=1)


def _index(path: Path, **_: Any) -> ModelIndex:
    (wall,) = empty_index().elements
    elements = (
        wall._replace(step_id=step, guid=part.guid, ifc_class=part.kind, tag=part.tag, name=part.name)
        for step, part in _parts(path)
    )
    return replace(empty_index(), elements=tuple(elements))


def _geometry(path: Path, **_: Any) -> Geometry:
    boxes = {step: Box(part.x, 0, 0, part.x + part.size, 1, 1) for step, part in _parts(path)}
    return Geometry(NO_MESHES, boxes, {}, {}, 0, None)


def site(warehouse: Engine, folder: Path, patch: pytest.MonkeyPatch, *models: str) -> Site:
    """A hub whose models are such files, all of building 3."""
    patch.setattr("connectors.bim.ifc.read_model", _index)
    patch.setattr("connectors.bim.geometry.read_geometry", _geometry)
    return Site(hub_of(warehouse, **{name: {"file": str(folder / f"{name}.ifc")} for name in models or ("model",)}), folder)
