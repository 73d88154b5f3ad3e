"""A BIM engineer drops files in a folder: each becomes a model, once a revision, whatever else lies there."""

import shutil
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest
from sqlalchemy import Engine

from connectors.bim.meshes import read_meshes
from tests.pipelines.test_models import FIRST, house, hub_of, rows
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model, new_models
from warranty_hub.pipelines.model_files import files_of

A_DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models, and what else people keep beside them."""
    made = tmp_path / "模型"
    made.mkdir()
    for name in ("3-ARC.ifc", "5-MEP.IFC"):
        house(FIRST).write(made / name)
    (made / "读我.txt").write_text("x")
    (made / ".3-ARC.ifc").write_text("half a copy")
    return made


@pytest.fixture
def hub(warehouse: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub that is told of the folder only; files that were saved just now count as settled."""
    monkeypatch.setattr("warranty_hub.pipelines.model_revision.SETTLED", -A_DAY)
    return hub_of(warehouse, drop={"file": f"{folder}/{{building}}-{{discipline}}.ifc", "building": "?"})


def test_a_file_in_the_folder_is_no_model_or_of_another_building(hub: Hub) -> None:
    assert new_models(hub) == ["drop/3-ARC", "drop/5-MEP"]
    for model_id in new_models(hub):
        index_model(hub, model_id)
    found = rows(hub, "SELECT model_id, building_code, discipline, file_name FROM hub.bim_revision ORDER BY 1")
    assert [tuple(row.values()) for row in found] == [
        ("drop/3-ARC", "3", "ARC", "3-ARC.ifc"),
        ("drop/5-MEP", "5", "MEP", "5-MEP.IFC"),
    ]


def test_an_unchanged_file_gets_a_task_each_night(hub: Hub, folder: Path) -> None:
    for model_id in new_models(hub):
        index_model(hub, model_id)
    assert new_models(hub) == []
    house(FIRST, FIRST).write(folder / "3-ARC.ifc")
    (folder / "5-MEP.IFC").write_bytes(b"no model at all")
    assert new_models(hub) == ["drop/3-ARC", "drop/5-MEP"]
    for model_id in new_models(hub):
        index_model(hub, model_id)
    assert new_models(hub) == []  # a refused one is looked at again when it changes


def test_a_copied_file_with_the_same_content_is_a_revision(hub: Hub, folder: Path) -> None:
    for model_id in new_models(hub):
        index_model(hub, model_id)
    shutil.copyfile(folder / "3-ARC.ifc", folder / "copy")
    (folder / "copy").replace(folder / "3-ARC.ifc")
    assert new_models(hub) == ["drop/3-ARC"]
    assert index_model(hub, "drop/3-ARC").details == {"unchanged": 1}
    assert new_models(hub) == []


def test_a_file_saved_twice_in_the_same_moment_is_missed(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warranty_hub.pipelines.model_revision.SETTLED", A_DAY)
    index_model(hub, "drop/3-ARC")
    assert "drop/3-ARC" in new_models(hub)


def test_a_folder_that_is_gone_hides_the_other_models(warehouse: Engine, folder: Path, tmp_path: Path) -> None:
    files = {"gone": f"{tmp_path}/gone/*.ifc", "lost": f"{folder}/lost.ifc", "here": f"{folder}/3-ARC.ifc"}
    hub = hub_of(warehouse, empty={"file": f"{folder}/*.ifczip"}, **{name: {"file": file} for name, file in files.items()})
    assert new_models(hub) == ["gone", "lost", "here"]
    with pytest.raises(ConfigError, match="gone does not exist"):
        index_model(hub, "gone")
    with pytest.raises(ConfigError, match=r"lost\.ifc does not exist"):
        index_model(hub, "lost")


def test_a_model_in_an_object_store_cannot_be_read(warehouse: Engine, folder: Path) -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/models/3-ARC.ifc", (folder / "3-ARC.ifc").read_bytes())
    hub = hub_of(warehouse, drop={"file": "memory://models/{building}-{discipline}.ifc"})
    assert [file.settings.building for file in files_of(hub, "drop")] == ["3"]
    assert index_model(hub, "drop/3-ARC").details["elements"] == 1


def test_the_next_revision_meshes_what_did_not_change(hub: Hub, folder: Path) -> None:
    assert index_model(hub, "drop/3-ARC").details["meshed"] == 1
    model = house(FIRST)
    model.content("IfcSlab", "新板", of=model.first, **model.box((0, 0, -200), (4000, 4000, 0)))
    model.write(folder / "3-ARC.ifc")
    assert index_model(hub, "drop/3-ARC").details["meshed"] == 1
    address = rows(hub, "SELECT meshes FROM hub.bim_revision WHERE current")[0]["meshes"]
    with hub.artefacts.open(address) as file:
        assert len(read_meshes(file).element_step) == 2
    hub.artefacts.delete(address)  # it can be made again
    model.content("IfcSlab", "再一块", of=model.first, **model.box((0, 0, -300), (4000, 4000, 0)))
    model.write(folder / "3-ARC.ifc")
    assert index_model(hub, "drop/3-ARC").details["meshed"] == 3


def test_the_elements_of_a_file_taken_out_of_the_folder_stay_for_ever(hub: Hub, folder: Path) -> None:
    for model_id in new_models(hub):
        index_model(hub, model_id)
    (folder / "3-ARC.ifc").unlink()
    house(FIRST, FIRST).write(folder / "5-MEP.IFC")
    index_model(hub, "drop/5-MEP")
    assert [row["model_id"] for row in rows(hub, "SELECT model_id FROM hub.bim_revision WHERE current")] == ["drop/5-MEP"]
