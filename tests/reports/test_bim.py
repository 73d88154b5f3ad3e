"""A BIM engineer gets from a defect to its element, and from an element to its defects."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from connectors.bim.bcf import Topic, read_bcf
from tests.reports.conftest import Publish
from tests.reports.facts import OTHER_WINDOW_GUID, ROOM, WALL, WINDOW_GUID, defect, ticket
from warranty_hub.reports.bim import issues


def _defects(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "defects_by_element.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["ticket_no"]: row for row in csv.DictReader(file)}


def _topics(folder: Path) -> dict[str, Topic]:
    topics = read_bcf(folder / "P01.bcf").topics
    return {next(number for number in ("WX1", "WX2", "WX9") if number in (topic.description or "")): topic for topic in topics}


def test_a_certain_element_stands_in_the_row_of_its_defect(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    rows = _defects(folder)
    assert set(rows) == {"WX1", "WX2", "WX3"}, "a deleted ticket has no defects"
    assert json.loads((folder / "defects_by_element.csv.manifest.json").read_text(encoding="utf-8"))["rows"] == len(rows)
    row = rows["WX1"]
    assert (row["global_id"], row["ifc_class"], row["element_tag"]) == (WINDOW_GUID, "IfcWindow", "901")
    assert (row["building"], row["storey"], row["dwelling"], row["place_id"]) == ("3", "15", "1501", ROOM)
    assert row["reported_on"] == "2025-04-01", "cut in the organisation's zone"
    assert row["description"] == "主卧飘窗渗水,联系*** ***,身份证***"


def test_a_doubtful_or_missing_element_leaves_the_columns_empty(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    rows = _defects(folder)
    assert (rows["WX2"]["global_id"], rows["WX2"]["state"]) == ("", "REVIEW")
    assert (rows["WX3"]["global_id"], rows["WX3"]["state"], rows["WX3"]["component_zh"]) == ("", "", "")
    assert rows["WX2"]["description"].startswith("'=cmd"), "no spreadsheet runs a tenant's text"


def test_an_issue_selects_its_element_or_all_its_candidates(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    topics = _topics(folder)
    assert {item.ifc_guid for item in topics["WX1"].viewpoints[0].selection} == {WINDOW_GUID}
    assert {item.ifc_guid for item in topics["WX2"].viewpoints[0].selection} == {WINDOW_GUID, OTHER_WINDOW_GUID}
    issue = topics["WX1"]
    assert issue.title == f"窗渗漏水 · window leakage · {ROOM}"
    assert (issue.topic_status, issue.priority) == ("Open", "Critical")
    assert issue.creation_date is not None
    assert issue.creation_date.isoformat() == "2025-04-01T01:00:00+08:00"
    assert issue.due_date is None
    assert [(part.color, part.components) for part in issue.viewpoints[0].coloring] == [
        (issues.COLORS["EMERGENCY"], issue.viewpoints[0].selection)
    ]
    assert issue.files[0].filename == "p01-3.ifc"
    assert issue.viewpoints[0].selection[0].originating_system == "Revit"


def test_the_camera_stands_in_the_room(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    for topic in _topics(folder).values():
        camera = topic.viewpoints[0].camera
        assert camera is not None
        assert 0 < camera.position.x < 4
        assert 0 < camera.position.y < 4
        assert camera.position.z == pytest.approx(1.6, abs=0.2), "at eye height"
        assert camera.direction.y > 0, "towards the outer wall"


def test_an_element_without_geometry_is_selected_all_the_same(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    with seeded.begin() as db:
        ticket(db, "WX9", "墙面裂缝")
        defect(db, "WX9", WALL, element_key=WALL)
    publish_now()
    view = _topics(folder)["WX9"].viewpoints[0]
    assert view.camera is None
    assert len(view.selection) == 1


def test_a_publication_makes_the_same_issues_a_second_time(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    """What a tool has is updated: the topic keeps its GUID; a viewpoint that changed is another one."""
    publish_now()
    before = _topics(folder)
    with seeded.begin() as db:
        db.execute(
            text("UPDATE hub.ticket SET reported_state = 'CLOSED', promised_at = '2025-05-01+08' WHERE ticket_no = 'WX1'")
        )
    publish_now()
    after = _topics(folder)
    assert {number: topic.guid for number, topic in after.items()} == {number: topic.guid for number, topic in before.items()}
    assert after["WX2"] == before["WX2"]
    assert (after["WX1"].topic_status, after["WX1"].due_date) == ("Closed", datetime(2025, 4, 30, 16, tzinfo=UTC))
    assert after["WX1"].viewpoints[0].guid != before["WX1"].viewpoints[0].guid, "it is coloured as settled now"


def test_issues_that_do_not_fit_are_counted(
    seeded: Engine, folder: Path, publish_now: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "MOST_TOPICS", 1)
    publish_now()
    assert set(_topics(folder)) == {"WX2"}, "the newest stays"
    manifest = json.loads((folder / "P01.bcf.manifest.json").read_text(encoding="utf-8"))
    assert (manifest["topics"], manifest["left_out"]) == (1, 1)


def test_a_picture_is_grey_or_drawn_at_every_publication(
    seeded: Engine, folder: Path, publish_now: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_now()
    first = {number: topic.viewpoints[0].snapshot for number, topic in _topics(folder).items()}
    colors = {"WX1": issues.COLORS["EMERGENCY"], "WX2": issues.SETTLED_COLOR}
    for number, other in ("WX1", "WX2"), ("WX2", "WX1"):
        assert bytes.fromhex(colors[number]) in (first[number] or b"")
        assert bytes.fromhex(colors[other]) not in (first[number] or b"")
    monkeypatch.setattr(issues, "picture", lambda _: pytest.fail("a picture is drawn again"))
    publish_now(run_id=8)
    assert {number: topic.viewpoints[0].snapshot for number, topic in _topics(folder).items()} == first
