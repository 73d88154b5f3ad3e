"""A person's word on a defect is lost, overruled by a later run, or holds on to an element that is no longer there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from typer.testing import CliRunner

from tests.pipelines.test_models import rows
from tests.pipelines.test_touched import GUIDS, HOUSE, Part, Project, _rewritten, projects
from warranty_hub import cli
from warranty_hub.cli import telling
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.decision_sheet import REASON
from warranty_hub.pipelines.location_decisions import LocationDecision, decide_location
from warranty_hub.pipelines.location_review import WaitingDefect, defect_named, waiting_defects
from warranty_hub.pipelines.location_workbook import KEYS, SHEET, export_waiting, import_locations
from warranty_hub.records.codes import LocationVerdict

__all__ = ["projects"]
TWINS = replace(HOUSE, parts=(*HOUSE.parts, Part("3jf3CLnpz8pOaO3uS9qLRn", 30, 0)))


@pytest.fixture
def project(projects: Any) -> Project:
    """A flat with two walls, and a ticket about one of them."""
    made: Project = projects()
    made.shows("3", TWINS)
    made.says("主卧墙面开裂", "3号楼1单元201室", "3", "")
    made.locates()
    return made


def waiting(project: Project) -> WaitingDefect:
    (found,) = waiting_defects(project.hub, project.code)
    return found


def decide(project: Project, *numbers: int, place: str | None = None, again: bool = False, name: str | None = None) -> bool:
    item = defect_named(project.hub, name) if name else defect_named(project.hub, ticket_no(project))
    keys = tuple(item.choices[number - 1].element_key for number in numbers)
    verdict = LocationVerdict.OPEN if again else LocationVerdict.ELEMENT if keys else LocationVerdict.PLACE
    return decide_location(project.hub, LocationDecision(item.key, verdict, "王工", "看过现场", keys, place))


def ticket_no(project: Project) -> str:
    query = "SELECT ticket_no FROM hub.defect WHERE project_code = :code ORDER BY ticket_id LIMIT 1"
    with project.hub.transactions() as db:
        return str(db.execute(text(query), {"code": project.code}).scalar_one())


def located(project: Project) -> dict[str, Any]:
    project.locates()
    query = "SELECT * FROM hub.defect WHERE project_code = :code ORDER BY ticket_id, seq LIMIT 1"
    with project.hub.transactions() as db:
        return dict(db.execute(text(query), {"code": project.code}).one()._mapping)


def test_two_walls_are_not_shown_side_by_side(project: Project) -> None:
    item = waiting(project)
    assert [(choice.number, choice.ifc_class, choice.guid) for choice in item.choices] == [
        (1, "IfcWall", item.choices[0].guid),
        (2, "IfcWall", item.choices[1].guid),
    ]
    assert {choice.guid for choice in item.choices} == {GUIDS[0], "3jf3CLnpz8pOaO3uS9qLRn"}
    assert all(choice.box for choice in item.choices)
    assert item.place_id == f"{project.code}/3/U1/201/主卧"


def test_a_decision_is_forgotten_by_the_next_run(project: Project) -> None:
    meant = waiting(project).choices[1].element_key
    assert decide(project, 2)
    found = located(project)
    assert (found["element_key"], found["method"], found["state"]) == (meant, "DECISION", "CONFIRMED")
    assert waiting_defects(project.hub, project.code) == []
    assert not decide(project, 1)  # the one candidate that is left is the decided one
    assert project.would_be_written() == 0


def test_a_set_is_published_as_one_of_it(project: Project) -> None:
    decide(project, 1, 2)
    found = located(project)
    assert (found["element_key"], found["state"]) == (None, "CONFIRMED")
    assert len(defect_named(project.hub, ticket_no(project)).choices) == 2


def test_a_person_cannot_decide_again(project: Project) -> None:
    first, second = (choice.element_key for choice in waiting(project).choices)
    item = waiting(project)
    decide(project, 1)
    assert located(project)["element_key"] == first
    decide_location(project.hub, LocationDecision(item.key, LocationVerdict.ELEMENT, "李工", "拍照", (second,)))
    assert located(project)["element_key"] == second
    decide(project, place=f"{project.code}/3/U1/201")
    assert (located(project)["element_key"], located(project)["place_id"]) == (None, f"{project.code}/3/U1/201")
    decide(project, again=True)
    assert located(project)["state"] == "REVIEW"
    kept = rows(project.hub, f"SELECT * FROM hub.location_decision WHERE project_code = '{project.code}' ORDER BY 1")
    assert [row["verdict"] for row in kept] == ["ELEMENT", "ELEMENT", "PLACE", "OPEN"]
    assert kept[0]["shown"]["method"] == "ROOM_COMPONENT"
    assert len(kept[0]["shown"]["candidates"]) == 2


def test_a_decision_does_not_follow_an_element_whose_globalid_drifts(project: Project) -> None:
    meant = next(choice for choice in waiting(project).choices if choice.guid == GUIDS[0])
    decide(project, meant.number)
    project.shows("3", replace(TWINS, parts=(replace(TWINS.parts[0], guid="1xf3CLnpz8pOaO3uS9qLRn"), *TWINS.parts[1:])))
    found = located(project)
    assert (found["state"], found["method"]) == ("CONFIRMED", "DECISION")
    (choice,) = defect_named(project.hub, ticket_no(project)).choices
    assert choice.guid == "1xf3CLnpz8pOaO3uS9qLRn"


def test_an_element_that_leaves_the_model_takes_the_defect_with_it(project: Project) -> None:
    meant = next(choice for choice in waiting(project).choices if choice.guid == GUIDS[0])
    decide(project, meant.number)
    located(project)
    project.shows("3", replace(TWINS, parts=TWINS.parts[1:]))
    found = located(project)
    assert (found["element_key"], found["method"], found["state"]) == (None, "GONE", "REVIEW")
    assert found["place_id"] == f"{project.code}/3/U1/201/主卧"
    assert "in no current model" in found["reason"]
    project.shows("3", TWINS)
    assert located(project)["element_key"] == meant.element_key


def test_a_text_that_was_rewritten_overrules_a_person_or_goes_unnoticed(project: Project) -> None:
    meant = waiting(project).choices[0].element_key
    decide(project, 1)
    query = "UPDATE hub.ticket SET address_text = '3号楼1单元301室', changed_tx = pg_current_xact_id()::text::bigint"
    with project.hub.transactions() as db:
        db.execute(text(f"{query} WHERE project_code = :code"), {"code": project.code})
    found = located(project)
    assert (found["element_key"], found["state"]) == (meant, "REVIEW")
    assert f"the text now names another place, {project.code}/3/U1/301/主卧" in found["reason"]


def test_more_words_for_the_same_place_ask_a_person_again(project: Project) -> None:
    decide(project, 1)
    _rewritten(project, 0, "漏水")
    assert located(project)["state"] == "CONFIRMED"


def test_a_decision_made_before_the_register_knew_the_place_is_asked_again_when_it_does(projects: Any) -> None:
    project: Project = projects()
    project.says("主卧墙面开裂", "3号楼1单元201室", "3", "")
    project.locates()
    project.shows("3", TWINS)
    query = "SELECT element_key FROM hub.bim_element_revision WHERE guid = :guid"
    with project.hub.transactions() as db:
        key = db.execute(text(query), {"guid": GUIDS[0]}).scalar_one()
    item = defect_named(project.hub, ticket_no(project))
    decide_location(project.hub, LocationDecision(item.key, LocationVerdict.ELEMENT, "王工", "看过现场", (key,), None))
    found = located(project)
    assert (found["element_key"], found["state"]) == (key, "CONFIRMED")


def test_a_decision_where_the_words_did_not_lead_teaches_no_name(project: Project) -> None:
    project.says("墙面开裂", "9号楼1单元201室", None, "")
    project.locates()
    aliases = f"SELECT alias, place_id, state FROM hub.place_alias WHERE project_code = '{project.code}'"
    unknown = rows(project.hub, f"SELECT * FROM hub.defect WHERE project_code = '{project.code}' AND unknown_place IS NOT NULL")
    assert [row["unknown_place"] for row in unknown] == ["9号楼1单元201室"]
    decide(project, place=f"{project.code}/3/U1/201/主卧", name=unknown[0]["ticket_no"])
    (alias,) = rows(project.hub, aliases)
    assert tuple(alias.values()) == ("9号楼1单元201室", f"{project.code}/3/U1/201", "PROPOSED")


@pytest.mark.parametrize(
    ("verdict", "place"), [(LocationVerdict.PLACE, "P99/1"), (LocationVerdict.PLACE, None), (LocationVerdict.ELEMENT, None)]
)
def test_a_decision_that_names_nothing_the_hub_knows_is_kept(
    project: Project, verdict: LocationVerdict, place: str | None
) -> None:
    with pytest.raises(ConfigError):
        decide_location(project.hub, LocationDecision(waiting(project).key, verdict, "王工", "看过", (), place))


def test_the_command_line_does_not_decide(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling.console, "width", 400)
    monkeypatch.setattr("warranty_hub.cli.defects.open_hub", lambda _: project.hub)
    run = CliRunner().invoke
    name = waiting(project).name
    listed = run(cli.app, ["defects", "review", project.code])
    assert name in listed.output
    assert "2: IfcWall" in listed.output
    assert "1.00 × 1.00 × 1.00" in run(cli.app, ["defects", "show", name]).output
    assert run(cli.app, ["defects", "decide", name, "--element", "7", "--reason", "x"]).exit_code == 1
    done = run(cli.app, ["defects", "decide", name, "--element", "1", "--by", "王工", "--reason", "看过"])
    assert "Decided" in done.output
    located(project)
    assert "没有待复核的缺陷定位" in run(cli.app, ["defects", "review", project.code]).output


# ------------------------------------------------------------------------------------------------ as a workbook
def fill(path: Path, verdict: str, **changed: str) -> None:
    """What a person does in the spreadsheet."""
    book = load_workbook(path)
    for column, words in {SHEET.verdict: verdict, REASON: "看过现场", **changed}.items():
        book[SHEET.title].cell(2, 1 + SHEET.columns.index(column)).value = words
    book.save(path)


@pytest.fixture
def book(project: Project, tmp_path: Path) -> Path:
    path = tmp_path / "defects.xlsx"
    assert export_waiting(project.hub, path, project.code) == 1
    return path


def test_a_workbook_is_not_understood_or_counts_twice(project: Project, book: Path) -> None:
    fill(book, "1， 2")
    assert import_locations(project.hub, book, "王工").taken == 1
    assert (located(project)["element_key"], located(project)["state"]) == (None, "CONFIRMED")
    again = import_locations(project.hub, book, "李工")
    assert (again.taken, again.known, again.refused) == (0, 1, ())


def test_a_place_written_in_a_workbook_is_lost(project: Project, book: Path) -> None:
    fill(book, f"{project.code}/3/U1/201")
    assert import_locations(project.hub, book, "王工").taken == 1
    assert (located(project)["method"], located(project)["place_id"]) == ("DECISION", f"{project.code}/3/U1/201")


@pytest.mark.parametrize(
    ("verdict", "changed", "why"),
    [
        ("3", {}, "has no candidates 3"),
        ("0", {}, "has no candidates 0"),
        ("P99/1", {}, "in no model or register"),
        ("1", {"部位 component": "门"}, "was changed or is stale"),
        ("1", {KEYS: "00000000-0000-0000-0000-000000000000"}, "was changed or is stale"),
        ("1", {REASON: ""}, "Say why"),
        ("1", {SHEET.name: "WX-none/1"}, "no defect WX-none/1"),
    ],
)
def test_a_row_that_was_changed_is_taken(project: Project, book: Path, verdict: str, changed: dict[str, str], why: str) -> None:
    fill(book, verdict, **changed)
    ((row, reason),) = import_locations(project.hub, book, "王工").refused
    assert row == 2
    assert why in reason


def test_a_stale_workbook_overrules_what_was_decided_meanwhile(project: Project, book: Path) -> None:
    decide(project, 2)
    fill(book, "1")
    done = import_locations(project.hub, book, "王工")
    assert (done.taken, len(done.refused)) == (0, 1)
    assert "已定次数 decisions" in done.refused[0][1]
