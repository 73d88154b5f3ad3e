"""Triangles of old revisions fill the store for ever, or those that somebody needs are thrown away."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from connectors.bim.cuts import CUTS
from connectors.bim.meshes import MESHES
from tests.connectors.bim.small import SmallModel, Triple
from tests.pipelines.test_models import hub_of, rows
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.pipelines.old_meshes import expire_meshes


def wall(path: Path, high: Triple) -> None:
    """A model of one wall."""
    model = SmallModel("IFC4")
    model.content("IfcWall", "墙", of=model.first, **model.box((0, 0, 0), high))
    model.write(path)


@pytest.fixture
def hub(warehouse: Engine, tmp_path: Path) -> Hub:
    """A hub with one model, of which two revisions were read."""
    hub = hub_of(warehouse, model={"file": str(tmp_path / "model.ifc")})
    hub = replace(hub, settings=hub.settings.model_copy(update={"artefacts": str(tmp_path / "artefacts")}))
    for size in (4000, 5000):
        wall(tmp_path / "model.ifc", (size, 200, 2800))
        index_model(hub, "model")
    return hub


def test_triangles_of_a_replaced_revision_stay_or_those_of_the_current_one_go(hub: Hub, tmp_path: Path) -> None:
    made = rows(hub, "SELECT meshes, cuts FROM hub.bim_revision ORDER BY revision_id")
    old, new = ([str(address) for address in row.values()] for row in made)
    stray = hub.artefacts.put(b"nobody refers to it", MESHES), hub.artefacts.put(b"nor to it", CUTS)
    page = hub.artefacts.put(b"of another kind", ".jsonl.zst")
    assert expire_meshes(hub).details == {"revisions": 1, "files": 4}
    assert [hub.artefacts.exists(address) for address in (*old, *new, *stray, page)] == [False] * 2 + [True] * 2 + [
        False
    ] * 2 + [True]
    assert expire_meshes(hub).details == {"revisions": 0, "files": 0}
    wall(tmp_path / "model.ifc", (4000, 200, 2800))  # the old shape again
    index_model(hub, "model")
    assert all(hub.artefacts.exists(address) for address in old)


def test_a_revision_that_is_just_being_written_loses_its_triangles(hub: Hub) -> None:
    address = hub.artefacts.address_of(b"just made", MESHES)
    cleaning = threading.Thread(target=expire_meshes, args=(hub,))
    with hub.engine.begin() as db:
        db.execute(
            text(
                "INSERT INTO hub.bim_revision (model_id, sha256, project_code, discipline, file_name, status, run_id, current,"
                " meshes) VALUES ('other', '1', 'P03', 'ARC', 'other.ifc', 'INDEXED', 1, true, :address)"
            ),
            {"address": address},
        )
        cleaning.start()
        hub.artefacts.put(b"just made", MESHES)
        cleaning.join(0.5)
        assert cleaning.is_alive(), "it waits for the revision"
    cleaning.join(30)
    assert hub.artefacts.exists(address)
