"""Names that no register has are reported, proposed, and used once a person has confirmed them; never before."""

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from mappings.places import Place
from tests.mappings.places import towers
from tests.pipelines.test_models import hub_of, located, report
from warranty_hub.cli import app
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.aliases import aliases, decide_alias, learn_alias, unknown_places
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.places import MASTER, MODEL, merge_places
from warranty_hub.records.codes import AliasState, PlaceKind


@pytest.fixture
def hub(warehouse: Engine) -> Hub:
    opened = hub_of(warehouse)
    with warehouse.begin() as db:
        merge_places(db, "P03", MASTER, (replace(place) for place in towers.places(buildings=("3",), floors=2)))
    return opened


def answer(hub: Hub) -> str | None:
    place: str | None = located(hub)["WX1"]["place_id"]
    return place


def test_places_that_no_register_knows_are_listed_the_most_frequent_first(hub: Hub) -> None:
    for number, address in enumerate(("9-2-1501", "9号楼2单元1501", "东门岗亭", "3-2-101"), start=1):
        report(hub, f"WX{number}", "漏水", address_text=address, building_code=None)
    located(hub)
    found = [(row.said, row.tickets, row.example) for row in unknown_places(hub, "P03")]
    assert found == [("9号楼2单元1501室", 2, "WX1"), ("东门岗亭", 1, "WX3")]
    assert unknown_places(hub, "P99") == []


def test_a_name_is_used_only_once_it_is_confirmed(hub: Hub) -> None:
    report(hub, "WX1", "漏水", address_text="老洋房", building_code=None)
    assert answer(hub) is None
    with hub.transactions() as db:
        learn_alias(db, "P03", "老洋房", "P/3", by="li")
    assert answer(hub) is None
    decide_alias(hub, "P03", "老洋房", "P/3", AliasState.CONFIRMED, by="wang")
    assert answer(hub) == "P/3"
    assert unknown_places(hub) == []
    decide_alias(hub, "P03", "老洋房", "P/3", AliasState.REJECTED, by="wang")
    assert answer(hub) is None


def test_a_rejected_name_is_not_proposed_again(hub: Hub) -> None:
    for _ in range(2):
        with hub.transactions() as db:
            learn_alias(db, "P03", "老洋房", "P/3", by="li")
        decide_alias(hub, "P03", "老洋房", "P/3", AliasState.REJECTED, by="wang")
    (row,) = aliases(hub)
    assert (row.state, row.proposed_by, row.decided_by) == ("REJECTED", "li", "wang")


def test_a_name_for_no_place_and_a_decision_on_no_proposal_are_refused(hub: Hub) -> None:
    with hub.transactions() as db, pytest.raises(ConfigError, match="is no place of P03"):
        learn_alias(db, "P03", "老洋房", "P/77", by="li")
    with pytest.raises(ConfigError, match="Nobody has proposed"):
        decide_alias(hub, "P03", "老洋房", "P/3", AliasState.CONFIRMED, by="li")


def test_the_command_line_lists_them_and_writes_them_as_csv(hub: Hub, tmp_path: Path) -> None:
    report(hub, "WX1", "漏水", address_text="9-2-1501", building_code=None)
    located(hub)
    config = tmp_path / "hub.yaml"
    config.write_text(f"database: {hub.settings.database}\n", encoding="utf-8")
    shown = CliRunner().invoke(app, ["places", "unknown", "--config", str(config), "--csv", "-"])
    rows = list(csv.DictReader(StringIO(shown.output.lstrip("\ufeff"))))
    assert [(row["project 项目"], row["said 写法"], row["tickets 工单数"]) for row in rows] == [
        ("P03", "9号楼2单元1501室", "1")
    ]
    for command in ("propose", "confirm"):
        done = CliRunner().invoke(app, ["places", command, "P03", "老洋房", "P/3", "--by", "li", "--config", str(config)])
        assert done.exit_code == 0, done.output
    assert "CONFIRMED" in CliRunner().invoke(app, ["places", "aliases", "--config", str(config)]).output


def test_a_text_is_explained_from_its_words_to_its_place(hub: Hub, tmp_path: Path) -> None:
    config = tmp_path / "hub.yaml"
    config.write_text(f"database: {hub.settings.database}\n", encoding="utf-8")
    text = "3号楼2单元101主卧飘窗渗水，没有发霉"
    asked = ["words", "explain", text, "--project", "P03", "--config", str(config)]
    shown = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    for part in ("飘窗", "C25", "D01", "P/3/2/101/主卧", "denied", "no element known there"):
        assert part in shown.output


def test_a_text_is_explained_without_hub_or_database(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["words", "explain", "窗户漏水", "--config", str(tmp_path / "none.yaml")])
    assert (shown.exit_code, "C25" in shown.output) == (0, True)


def test_new_words_of_the_company_make_every_ticket_read_anew(hub: Hub, tmp_path: Path) -> None:
    words = tmp_path / "words.csv"
    words.write_text("set,code,words\nroom,R02,睡美人房\n", encoding="utf-8")
    report(hub, "WX1", "睡美人房漏水", address_text="3-2-101")
    assert answer(hub) == "P/3/2/101"
    own = replace(hub, settings=hub.settings.model_copy(update={"lexicon": str(words)}))
    assert answer(own) == "P/3/2/101/主卧"


def test_the_companys_word_for_a_room_of_a_model_that_ours_do_not_know_is_not_read(hub: Hub, tmp_path: Path) -> None:
    room = Place("P/3/2/101/睡美人", PlaceKind.ROOM, "P/3/2/101", "睡美人", building="3", unit="2", dwelling="101")
    with hub.transactions() as db:
        merge_places(db, "P03", MODEL, [room])
    words = tmp_path / "words.yaml"
    words.write_text("- {set: room, code: R13, words: [睡美人, 公主房], example: 公主房漏水}\n", encoding="utf-8")
    report(hub, "WX1", "公主房漏水", address_text="3-2-101")
    assert answer(hub) == "P/3/2/101"
    own = replace(hub, settings=hub.settings.model_copy(update={"lexicon": str(words)}))
    assert answer(own) == "P/3/2/101/睡美人"
