"""A model file becomes rooms and elements that a ticket finds, or it is listed as refused; never anything in between."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, RowMapping, text

from connectors.bim.bcf import read_bcf
from tests.connectors.bim.material import NEEDS_SHARED, SHARED
from tests.connectors.bim.small import SmallModel
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines import index
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.pipelines.locate import locate_defects
from warranty_hub.pipelines.publish import publish_reports
from warranty_hub.settings import Settings
from warranty_hub.warehouse.tables import fact_tables

REFUSED = {"Duplex_Design_20120323.ifc": "syntax error (line 5736", "Allplan-Smiley-West.ifc": "schema IFC2X_FINAL"}
HUGE = {"janesville_restaurant.ifc"}  # its geometry takes minutes
FILES = sorted(path for path in SHARED.rglob("*.ifc") if path.name not in HUGE)
GOOD = [path for path in FILES if path.name not in REFUSED]


NAMED = """SELECT reference, min(element_key::text) AS element_key
    FROM (SELECT element_key, CASE WHEN guid ~ '^[0-3][0-9A-Za-z_$]{21}$' THEN guid ELSE tag END AS reference
          FROM hub.bim_element_revision) AS named
    WHERE reference IS NOT NULL GROUP BY reference HAVING count(*) = 1 ORDER BY reference"""


def hub_of(warehouse: Engine, **models: dict[str, str]) -> Hub:
    """A hub whose only settings are its models, of project P03 unless said otherwise."""
    described = {name: {"project": "P03", "building": "3", **model} for name, model in models.items()}
    database = warehouse.url.render_as_string()
    return Hub(
        Settings.model_validate({"database": database, "models": described, "artefacts": "memory://artefacts"}), warehouse
    )


def rows(hub: Hub, query: str, **values: Any) -> list[RowMapping]:
    with hub.engine.connect() as db:
        return [row._mapping for row in db.execute(text(query), values)]


def revisions(hub: Hub) -> list[tuple[Any, ...]]:
    query = "SELECT file_name, status, current, counts->'elements' AS n FROM hub.bim_revision ORDER BY revision_id"
    return [tuple(row.values()) for row in rows(hub, query)]


def report(hub: Hub, number: str, description: str, **changes: Any) -> None:
    """A ticket that somebody wrote."""
    values = {
        "source_system": "wms", "source_id": number, "ticket_no": number, "project_code": "P03", "building_code": "3",
        "description": description, "urgency": "NORMAL", "reported_state": "OPEN", "reported_at": text("now()"),
        "changed_at": text("now()"), "run_id": 1, **changes,
    }  # fmt: skip
    with hub.engine.begin() as db:
        db.execute(fact_tables["ticket"].insert().values(values))


def located(hub: Hub) -> dict[str, RowMapping]:
    """The answers, by ticket number."""
    locate_defects(hub, "P03")
    query = """SELECT d.ticket_no, d.method, d.state, d.place_id, d.element_key, e.guid, e.name FROM hub.defect d
        LEFT JOIN hub.bim_element_revision e ON e.element_key = d.element_key
            AND e.revision_id IN (SELECT revision_id FROM hub.bim_revision WHERE current)"""
    return {row["ticket_no"]: row for row in rows(hub, query)}


# ------------------------------------------------------------------------------------------------ real models


@pytest.mark.usefixtures("kernel_once")
@NEEDS_SHARED
@pytest.mark.parametrize("path", GOOD, ids=[f"{path.parent.name}/{path.stem}" for path in GOOD])
def test_a_ticket_that_names_an_element_of_a_real_model_does_not_find_it_and_publish_it(
    path: Path, warehouse: Engine, tmp_path: Path
) -> None:
    hub = hub_of(warehouse, model={"file": str(path)})
    hub = replace(hub, settings=hub.settings.model_copy(update={"publish_to": str(tmp_path)}))
    done = index_model(hub, "model").details
    assert revisions(hub) == [(path.name, "INDEXED", True, done["elements"])]
    assert rows(hub, "SELECT count(DISTINCT element_key) AS n FROM hub.bim_element_revision")[0]["n"] == done["elements"]
    assert rows(hub, "SELECT count(*) AS n FROM hub.bim_space WHERE place_id IS NOT NULL")[0]["n"] == done["spaces"]
    element = rows(hub, NAMED)[0]
    report(hub, "WX1", "漏水", element_ref=element["reference"])
    answer = located(hub)["WX1"]
    assert answer["method"] in ("GLOBAL_ID", "TAG")
    assert (answer["state"], str(answer["element_key"])) == ("AUTO", element["element_key"])
    publish_reports(hub)
    (topic,) = read_bcf(tmp_path / "P03.bcf").topics
    (chosen,) = topic.viewpoints[0].selection
    assert element["reference"] in (chosen.ifc_guid, chosen.authoring_tool_id)


@NEEDS_SHARED
@pytest.mark.parametrize("name", REFUSED)
def test_a_useless_model_ends_the_run_or_passes_for_good(name: str, warehouse: Engine) -> None:
    hub = hub_of(warehouse, model={"file": str(SHARED / "broken" / name)})
    assert REFUSED[name] in index_model(hub, "model").details["refused"]
    assert revisions(hub) == [(name, "REFUSED", False, None)]
    assert "Export the model again" in rows(hub, "SELECT reason FROM hub.bim_revision")[0]["reason"]


@NEEDS_SHARED
def test_a_model_whose_geometry_takes_too_long_is_lost(warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "GEOMETRY_SECONDS", 3)
    hub = hub_of(warehouse, model={"file": str(SHARED / "janesville_restaurant.ifc")})
    assert index_model(hub, "model").details["elements"] == 1532
    findings = rows(hub, "SELECT findings FROM hub.bim_revision WHERE current")[0]["findings"]
    assert "time limit" in next(item["message_en"] for item in findings if item["code"] == "GEOMETRY_STOPPED")


@pytest.mark.usefixtures("kernel_once")
@NEEDS_SHARED
def test_a_room_of_a_real_model_does_not_lead_to_its_window(warehouse: Engine) -> None:
    hub = hub_of(warehouse, model={"file": str(SHARED / "Duplex_A_20110907.ifc")})
    index_model(hub, "model")
    report(hub, "WX1", "厨房窗户漏水", address_text="A103")
    report(hub, "WX2", "tag 146885 broken")
    answers = located(hub)
    assert (answers["WX1"]["method"], answers["WX1"]["state"]) == ("ROOM_COMPONENT", "AUTO")
    assert "Window" in answers["WX1"]["name"] or answers["WX1"]["name"].startswith("M_Fixed")
    assert (answers["WX2"]["method"], answers["WX2"]["state"]) == ("TAG", "AUTO")


@pytest.mark.usefixtures("kernel_once")
@NEEDS_SHARED
def test_an_element_loses_its_key_in_the_next_revision(warehouse: Engine, tmp_path: Path) -> None:
    """201 of 208 GlobalIds of the Duplex live on from the older to the newer file; the other seven are known by tag and box."""
    hub = hub_of(warehouse, model={"file": str(tmp_path / "duplex.ifc")})
    for name in ("revisions/Duplex_A_20110505.ifc", "Duplex_A_20110907.ifc"):
        shutil.copyfile(SHARED / name, tmp_path / "duplex.ifc")
        index_model(hub, "model")
    assert revisions(hub) == [("duplex.ifc", "INDEXED", False, 208), ("duplex.ifc", "INDEXED", True, 218)]
    in_both = "SELECT element_key FROM hub.bim_element_revision GROUP BY 1 HAVING count(*) = 2"
    assert len(rows(hub, in_both)) == 208


# ------------------------------------------------------------------------------------------------ revisions


def house(*walls: str, room: str = "主卧") -> SmallModel:
    """A bedroom in each of two dwellings; the walls bound the first."""
    model = SmallModel("IFC4")
    rooms = [model.part("IfcSpace", f"1-{flat}-{room}", of=model.first, LongName=room) for flat in ("201", "202")]
    for room, flat in zip(rooms, ("201", "202"), strict=True):
        model.group("IfcZone", f"1-{flat}", [room])
    for guid in walls:
        wall = model.content("IfcWall", "墙", of=model.first, GlobalId=guid, **model.box((0, 0, 0), (4000, 200, 2800)))
        model.relate("IfcRelSpaceBoundary", RelatingSpace=rooms[0], RelatedBuildingElement=wall)
    return model


FIRST, SECOND = "2O2Fr$t4X7Zf8NOew3FLOH", "1hOSvn6df7F8_7GcBWlRrM"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good model on disk."""
    return house(FIRST).write(tmp_path / "3号楼.ifc")


@pytest.fixture
def hub(warehouse: Engine, path: Path) -> Hub:
    """A hub that knows the model as ``model``."""
    return hub_of(warehouse, model={"file": str(path)})


def test_the_wall_of_a_dwelling_is_not_found_by_its_address(hub: Hub) -> None:
    index_model(hub, "model")
    report(hub, "WX1", "主卧墙面开裂", address_text="3号楼1单元201室")
    report(hub, "WX2", "主卧墙面开裂", address_text="3号楼1单元202室")
    answers = located(hub)
    assert (answers["WX1"]["guid"], answers["WX1"]["place_id"]) == (FIRST, "P03/3/U1/201/主卧")
    assert (answers["WX2"]["guid"], answers["WX2"]["place_id"]) == (None, "P03/3/U1/202/主卧")


def test_an_unchanged_file_is_read_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    index_model(hub, "model")
    monkeypatch.setattr(index, "_read", None)
    assert index_model(hub, "model").details == {"unchanged": 1}


def test_an_older_file_put_back_is_not_noticed(hub: Hub, path: Path) -> None:
    old = path.read_bytes()
    index_model(hub, "model")
    house(FIRST, SECOND).write(path)
    index_model(hub, "model")
    path.write_bytes(old)
    index_model(hub, "model")
    current = rows(hub, "SELECT counts FROM hub.bim_revision WHERE current")
    assert [row["counts"]["elements"] for row in current] == [1]


def test_a_corrected_building_in_hub_yaml_needs_a_new_export(hub: Hub, path: Path) -> None:
    index_model(hub, "model")
    index_model(hub_of(hub.engine, model={"file": str(path), "building": "5"}), "model")
    report(hub, "WX1", "主卧墙面开裂", address_text="5号楼1单元201室", building_code="5")
    assert located(hub)["WX1"]["place_id"] == "P03/5/U1/201/主卧"


def with_building_5(hub: Hub, path: Path, folder: Path) -> Hub:
    """The hub with a second model of the same project, both indexed."""
    other = house(SECOND).write(folder / "5号楼.ifc")
    both = hub_of(hub.engine, model={"file": str(path)}, other={"file": str(other), "building": "5"})
    for name in ("model", "other"):
        index_model(both, name)
    return both


def test_a_room_under_its_former_name_catches_the_tickets_of_the_new_one(hub: Hub, path: Path, tmp_path: Path) -> None:
    both = with_building_5(hub, path, tmp_path)
    house(FIRST, room="主人房").write(path)
    index_model(both, "model")
    report(both, "WX1", "主卧墙面开裂", address_text="3号楼1单元201室")
    report(both, "WX2", "主卧墙面开裂", address_text="5号楼1单元201室", building_code="5")
    answers = located(both)
    assert (answers["WX1"]["place_id"], answers["WX1"]["guid"]) == ("P03/3/U1/201/主人房", FIRST)
    assert (answers["WX2"]["place_id"], answers["WX2"]["guid"]) == ("P03/5/U1/201/主卧", SECOND)


def test_half_a_file_replaces_the_whole_one(hub: Hub, path: Path) -> None:
    index_model(hub, "model")
    report(hub, "WX1", "主卧墙面开裂", address_text="3号楼1单元201室")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "is cut off" in index_model(hub, "model").details["refused"]
    assert revisions(hub) == [(path.name, "INDEXED", True, 1), (path.name, "REFUSED", False, None)]
    assert located(hub)["WX1"]["guid"] == FIRST


def test_a_model_that_does_not_parse_hides_its_next_good_export(hub: Hub, path: Path) -> None:
    good = path.read_bytes()
    path.write_bytes(good.replace(b"DATA;", b"DATA;\n#9999=IFCWALL(1.E400);"))
    for _ in range(2):
        assert "syntax error (line 8" in index_model(hub, "model").details["refused"]
    path.write_bytes(good)
    assert index_model(hub, "model").details["elements"] == 1
    assert [status for _, status, *_ in revisions(hub)] == ["REFUSED", "INDEXED"]


def test_a_global_id_that_occurs_twice_links_one_of_two_by_chance(hub: Hub, path: Path) -> None:
    house(FIRST, FIRST, SECOND).write(path)
    index_model(hub, "model")
    report(hub, "WX1", "漏水", element_ref=FIRST)
    report(hub, "WX2", "漏水", element_ref=SECOND)
    answers = located(hub)
    assert (answers["WX1"]["state"], answers["WX1"]["element_key"]) == ("REVIEW", None)
    assert (answers["WX2"]["state"], answers["WX2"]["guid"]) == ("AUTO", SECOND)
    candidates = rows(hub, "SELECT DISTINCT element_key FROM hub.defect_element WHERE ticket_id = 'WX1'")
    assert len(candidates) == 2


def test_two_models_of_one_project_drive_each_other_out(hub: Hub, path: Path, tmp_path: Path) -> None:
    both = with_building_5(hub, path, tmp_path)
    report(both, "WX1", "主卧墙面开裂", address_text="3号楼1单元201室")
    report(both, "WX2", "主卧墙面开裂", address_text="5号楼1单元201室", building_code="5")
    answers = located(both)
    assert (answers["WX1"]["guid"], answers["WX2"]["guid"]) == (FIRST, SECOND)


def test_a_model_that_is_not_there_or_not_named_is_no_clear_error(hub: Hub, path: Path) -> None:
    path.unlink()
    with pytest.raises(ConfigError, match=r"3号楼\.ifc does not exist"):
        index_model(hub, "model")
    with pytest.raises(ConfigError, match="no model '5号楼'"):
        index_model(hub, "5号楼")
    status = rows(hub, "SELECT status FROM ops.run ORDER BY run_id")
    assert [row["status"] for row in status] == ["FAILED"]
