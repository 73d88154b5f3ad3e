"""A ticket's point is lost on its way to the element, or what hub.yaml says of points does not reach it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.pipelines.test_models import rows
from tests.pipelines.test_touched import EAST, GUIDS, Model, Part, Project, projects
from warranty_hub.cli import app
from warranty_hub.pipelines.location_decisions import DefectKey, LocationDecision, decide_location
from warranty_hub.records.codes import LocationVerdict
from warranty_hub.settings import GridSettings

__all__ = ["projects"]
HOUSE = Model((("1-201", "主卧"), ("1-202", "主卧")), (Part(GUIDS[0], 0, 0), Part(GUIDS[1], 2, 0), Part(GUIDS[2], 5, 1)), EAST)


@pytest.fixture
def project(projects: Any) -> Project:
    """A building of two rooms with walls at 0 to 1, 2 to 3 and 5 to 6 m."""
    made: Project = projects()
    made.shows("3", HOUSE)
    return made


def answers(project: Project) -> list[Any]:
    """Method, place and GlobalId of each defect, in the order of the tickets."""
    project.locates()
    query = """SELECT d.method, d.place_id, e.guid FROM hub.defect d LEFT JOIN hub.bim_element e USING (element_key)
        WHERE d.project_code = :code ORDER BY d.ticket_id"""
    return [tuple(row.values()) for row in rows(project.hub, query, code=project.code)]


@pytest.mark.parametrize("point", ["MODEL 2.5 -0.1 0.5", "WGS84 114.30003 30.5999976 0.5", "MODEL 2500 -100 500"])
def test_a_point_does_not_tell_one_of_two_walls(project: Project, point: str) -> None:
    project.says("主卧墙面开裂", "3号楼1单元201室", "3", "", point)
    ((method, place_id, guid),) = answers(project)
    assert (method, guid) == ("POINT", GUIDS[1])
    assert place_id
    assert place_id.endswith("201/主卧")


def test_a_grid_in_hub_yaml_is_not_asked_or_its_change_touches_nothing(project: Project) -> None:
    project.says("主卧墙面开裂", "3号楼1单元201室", "3", "", "GRID 500 100 500")
    assert answers(project)[0][0] == "ROOM_COMPONENT"
    for x, guid in ((0.0, GUIDS[0]), (2.0, GUIDS[1])):
        grids = {project.code: GridSettings(x=x, unit="mm")}
        hub = replace(project.hub, settings=project.hub.settings.model_copy(update={"grids": grids}))
        assert answers(replace(project, hub=hub))[0] == ("POINT", answers(replace(project, hub=hub))[0][1], guid)


def test_a_source_that_says_nothing_of_itself_is_taken_to_be_more_exact_than_a_phone(project: Project) -> None:
    hub = replace(project.hub, settings=project.hub.settings.model_copy(update={"sources": {}}))
    project.says("主卧墙面开裂", "3号楼1单元201室", "3", "", "WGS84 114.30003 30.5999976 0.5")
    assert answers(replace(project, hub=hub))[0][0] == "ROOM_COMPONENT"


def explained(project: Project, folder: Path, *asked: str) -> str:
    config = folder / "hub.yaml"
    config.write_text(f"database: {project.hub.settings.database}\n", encoding="utf-8")
    shown = CliRunner().invoke(app, ["words", "explain", *asked, "--config", str(config)], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    return shown.output


def test_the_points_step_is_not_shown(project: Project, tmp_path: Path) -> None:
    shown = explained(project, tmp_path, "墙面开裂", "--project", project.code, "--at", "2500,-100,500")
    for part in ("MILLIMETRES", "201/主卧", f"{GUIDS[1]} (0.10 m)", "POINT"):
        assert part in shown


@pytest.mark.parametrize("at", ["", "1", "1,a", "1,2,3,4", "nan,1"])
def test_what_is_no_point_is_taken_for_one(project: Project, tmp_path: Path, at: str) -> None:
    config = tmp_path / "hub.yaml"
    config.write_text(f"database: {project.hub.settings.database}\n", encoding="utf-8")
    asked = ["words", "explain", "墙面开裂", "--project", project.code, "--at", at or ",", "--config", str(config)]
    assert CliRunner().invoke(app, asked).exit_code != 0


def test_what_a_person_decided_is_not_shown(project: Project, tmp_path: Path) -> None:
    project.says("主卧墙面开裂", "3号楼1单元201室", "3", "", "MODEL 2.5 -0.1 0.5")
    project.locates()
    (shown,) = rows(
        project.hub,
        "SELECT element_key FROM hub.bim_element WHERE guid = :guid AND model_id LIKE :model",
        guid=GUIDS[0],
        model=f"{project.code}-%",
    )
    key = DefectKey("wms", f"{project.code}-0", 1)
    decide_location(project.hub, LocationDecision(key, LocationVerdict.ELEMENT, "王工", "看过", (shown["element_key"],), None))
    told = explained(project, tmp_path, "--ticket", f"{project.code}-0")
    assert "王工 decided" in told
    assert GUIDS[0] in told
