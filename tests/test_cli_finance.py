"""``warranty-hub feed`` and ``costs`` as a person in finance types them: what they show, and what they say to a mistake."""

import re
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from mappings.lexicon import label
from tests.pipelines.books import Books
from warranty_hub.cli import app, telling
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.warehouse.tables import defect

DEFECT = {
    "source_system": "wms", "ticket_id": "WX2", "ticket_no": "WX2", "project_code": "P01", "defect_type_code": "D01",
    "method": "ROOM", "confidence": 1, "state": "AUTO", "reason": "", "rule_version": "1", "generation": 1,
}  # fmt: skip


class Desk:
    """Entity 1000's books, and the commands typed over them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.books = Books(engine, folder)
        self.config = folder / "hub.yaml"
        self.config.write_text(yaml.safe_dump({"database": engine.url.render_as_string(hide_password=False)}))

    def type(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "-c", str(self.config)], env={"COLUMNS": "250"})


@pytest.fixture
def desk(warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(telling.console, "width", 250)
    desk = Desk(warehouse, tmp_path)
    desk.books.report("WX2")
    desk.books.approve("WX2", "100.00")
    return desk


def _complaint(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("HUB-"), result.stderr
    assert "→ " in result.stderr
    return result.stderr


def test_a_month_is_held_read_released_answered_and_proved(desk: Desk) -> None:
    assert "尚未推送" in desk.type("feed", "list").stdout
    desk.books.post("A", "109.00", assignment="WX2")
    desk.type("run", "rollup")
    shown = desk.type("feed", "reconcile", "1000", "--period", "2025-05").stdout
    assert "批准 approved" in shown
    assert "金额差异 another amount" in shown
    assert "9.00" in shown
    held = "project P01, 2025-05: ticket WX2: approved 100.00 CNY, booked 109.00; 9.00 apart in all"
    assert held in shown
    assert held in desk.type("run", "feed").stdout
    assert "HELD" in desk.type("feed", "list", "1000").stdout
    done = desk.type("feed", "release", "1000", "--person", "李经理", "--reason", "增项已补签")
    assert "delivered=2" in done.stdout, done.output
    assert "released by 李经理" in desk.type("feed", "list").stdout
    assert "可以推送" in desk.type("feed", "reconcile", "1000").stdout
    line = desk.books.rows("SELECT line_id FROM hub.feed_line")[0][0]
    answer = desk.config.with_name("may.ack.csv")
    answer.write_text(f"line_id,status,voucher_no\n{line},POSTED,记-17\n", encoding="utf-8")
    assert desk.type("feed", "acknowledge", str(answer)).stdout == "1 new answers.\n"
    assert desk.type("feed", "acknowledge", str(answer)).stdout == "0 new answers.\n"
    assert "所有批次与推送时一致" in desk.type("feed", "verify").stdout


def test_a_mistake_with_a_batch_ends_in_a_traceback_or_without_a_way_out(desk: Desk) -> None:
    why = ("--person", "李经理", "--reason", "已核对")
    assert "nothing is held" not in desk.type("feed", "release", "1000", *why).output  # an open gate needs no release
    assert "no accounting periods" in _complaint(desk.type("feed", "release", "1001", *why))
    assert desk.type("feed", "release", "1000", "--person", "李经理").exit_code == 2
    assert "无批准或入账金额" in desk.type("feed", "reconcile", "1001").stdout
    assert desk.type("feed", "acknowledge", "nowhere.csv").exit_code == 2
    answer = desk.config.with_name("may.csv")
    answer.write_text("line_id;status\n1;POSTED\n")
    assert "column line_id and status is missing" in _complaint(desk.type("feed", "acknowledge", str(answer)))
    answer.write_text("line_id,status\n1,OK\n")
    assert "'OK' is no status" in _complaint(desk.type("feed", "acknowledge", str(answer)))


def test_a_release_by_the_wrong_person_or_without_a_reason_is_taken(desk: Desk) -> None:
    desk.books.post("A", "109.00", assignment="WX2")
    desk.type("run", "rollup")
    desk.type("run", "feed")
    assert "prepared these batches" in _complaint(desk.type("feed", "release", "1000", "--person", "Schedule", "--reason", "x"))
    assert "nobody says" in _complaint(desk.type("feed", "release", "1000", "--person", "李经理", "--reason", " "))
    desk.books.post("B", "1.00", assignment="WX2")
    desk.type("run", "rollup")
    assert "have changed since" in _complaint(desk.type("feed", "release", "1000", "--person", "李经理", "--reason", "已核对"))


def test_an_altered_batch_passes_for_the_one_that_was_published(desk: Desk) -> None:
    desk.books.post("A", "100.00", assignment="WX2")
    desk.books.publish()
    with desk.books.hub.engine.begin() as db:
        db.execute(text("SET session_replication_role = replica"))
        db.execute(text("UPDATE hub.feed_line SET amount = 1"))
    shown = desk.type("feed", "verify")
    assert (shown.exit_code, "does not say what was published" in shown.stderr) == (1, True)


def test_a_cost_without_a_ticket_is_not_proposed_or_a_decision_about_nothing_is_kept(desk: Desk) -> None:
    assert "暂无待确认的关联" in desk.type("costs", "review").stdout
    desk.books.post("A", "100.00", "2025-06", assignment=None, supplier_code="GC")
    desk.books.blame("GC")
    roll_up_costs(desk.books.hub)
    assert "WX1" in desk.type("costs", "review").stdout
    for line, ticket in (("A", "WX9"), ("Z", "WX1")):
        assert "`warranty-hub costs review`" in _complaint(desk.type("costs", "accept", "sap", line, ticket, "--by", "王工"))
    assert desk.type("costs", "reject", "sap", "A", "WX1", "--by", "王工").exit_code == 0
    assert "暂无待确认的关联" in desk.type("costs", "review").stdout
    assert desk.type("costs", "accept", "sap", "A", "WX1", "--by", "王工").exit_code == 0
    roll_up_costs(desk.books.hub)
    assert desk.books.rows("SELECT ticket_no, method FROM hub.cost_link") == [("WX1", "REVIEWED")]
    assert desk.type("costs", "accept", "sap", "A").exit_code == 2


def test_a_split_is_shown_and_changed_in_the_words_of_both_languages(desk: Desk) -> None:
    with desk.books.hub.engine.begin() as db:
        for seq, component in ((1, "C25"), (2, "C02")):
            db.execute(defect.insert().values(**DEFECT, seq=seq, component_code=component))
    assert desk.type("costs", "weigh", "WX2").stdout.count("50.0%") == 2
    shown = desk.type("costs", "weigh", "WX2", "1=70", "2=30").stdout
    assert "70.0%" in shown
    assert label("component", "C25").zh in shown
    assert label("component", "C25").en in shown
    assert re.findall(r"[\d.]+%", desk.type("costs", "weigh", "WX2", "2=5").stdout) == ["0.0%", "100.0%"]
    assert desk.type("costs", "weigh", "WX2", "--even").stdout.count("50.0%") == 2
    assert "has no defect 7" in _complaint(desk.type("costs", "weigh", "WX2", "7=1"))
    for unclear in (("1=70", "1=30"), ("1=70", "--even")):
        assert "give each defect one weight" in desk.type("costs", "weigh", "WX2", *unclear).output
    assert "write the defect's number" in desk.type("costs", "weigh", "WX2", "most").output
    desk.books.report("WX2", source_system="store")
    assert "--source store" in _complaint(desk.type("costs", "weigh", "WX2", "1=1"))
    assert "50.0%" in desk.type("costs", "weigh", "WX2", "--source", "wms").stdout
