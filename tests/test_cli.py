"""The command line as a person meets it: it teaches, it says what is wrong and what to do, and a dry run is dry."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, create_engine, text
from typer.testing import CliRunner, Result

from tests.pipelines.fake import MAPS, FakeSource, record
from warranty_hub import cli
from warranty_hub.cli import setup, telling
from warranty_hub.pipelines.check import Verdict
from warranty_hub.pipelines.hub import Hub
from warranty_hub.warehouse import outbox
from warranty_hub.warehouse.tables import metadata

PHONE = "13800138000"
MAP = (MAPS / "fake_tickets.yaml").read_text(encoding="utf-8")
COLUMNS = ("id", "order_no", "project", "address", "description", "level", "created", "updated")


class Desk:
    """A person's folder with a hub.yaml, a ticket store in SQLite, and the command to type."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.config = folder / "hub.yaml"
        self.store = folder / "store.db"
        self.configure(database)
        (folder / "complaints.yaml").write_text(MAP, encoding="utf-8")
        with sqlite3.connect(self.store) as db:
            db.execute(f"CREATE TABLE ticket ({', '.join(COLUMNS)})")

    def configure(self, database: str, **changes: Any) -> None:
        wms = {
            "system": "sql_tickets",
            "connection": "wms",
            "options": {"streams": {"tickets": {"table": "ticket", "key": ["id"]}}},
            "streams": {"tickets": {"map": "complaints", "job": "tickets"}},
        }
        content = {"database": database, "mode": "demo", "sources": {"wms": wms}, **changes}
        self.config.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    def keep_raw(self) -> None:
        content = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        content["sources"]["wms"]["streams"]["tickets"]["keep_raw"] = "P30D"
        self.config.write_text(yaml.safe_dump(content), encoding="utf-8")

    def report(self, *records: dict[str, Any]) -> None:
        with sqlite3.connect(self.store) as db:
            db.executemany(
                f"INSERT INTO ticket VALUES ({', '.join('?' * len(COLUMNS))})",
                [[row[column] for column in COLUMNS] for row in records],
            )

    def type(self, *words: str) -> Result:
        return CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, [*words, "--config", str(self.config)])


@pytest.fixture
def desk(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("AIRFLOW_CONN_WMS", json.dumps({"conn_type": "sqlite", "schema": str(tmp_path / "store.db")}))
    for console in (telling.console, telling.errors):
        monkeypatch.setattr(console, "width", 200)
    return Desk(tmp_path, database_url)


def contents(engine: Engine) -> dict[str, int]:
    with engine.connect() as db:
        return {name: db.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in metadata.tables}


COMMANDS = ("migrate", "masters-template", "check", "run", "replay", "status", "demo")
OUTBOX = ("outbox list", "outbox retry", "outbox settle")
QUARANTINE = ("quarantine list", "quarantine show", "quarantine retry")


@pytest.mark.parametrize("command", [*COMMANDS, *QUARANTINE, *OUTBOX])
def test_the_help_of_every_command_shows_how_to_type_it(command: str) -> None:
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert f"warranty-hub {command}" in shown.stdout.split("Example", 1)[1]


def test_the_first_help_names_the_first_steps() -> None:
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, ["--help"])
    for step in ("hub.example.yaml", "warranty-hub check", "warranty-hub migrate", "run all --dry-run", "demo"):
        assert step in shown.stdout


def test_check_says_ok_line_by_line_when_all_is_well(desk: Desk) -> None:
    shown = desk.type("check")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ok"] * len(lines)
    assert [line.split()[1] for line in lines[1:]] == ["database:", "artefacts:", "field", "source"]


def test_check_tries_everything_although_one_connection_is_broken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "hub", "password": "canary"}
    monkeypatch.setenv("AIRFLOW_CONN_WMS", json.dumps(broken))
    desk.configure("postgresql+psycopg://hub:canary@127.0.0.1:1/hub", models={"tower": {"project": "P01", "file": "tower.ifc"}})
    shown = desk.type("check")
    assert shown.exit_code == 1
    verdicts = [line for line in shown.stdout.splitlines() if line[:4] in ("ok  ", "FAIL")]
    assert [line.split(":")[0] for line in verdicts[1:]] == [
        "FAIL database",
        "ok   artefacts",
        "ok   field map wms.tickets",
        "FAIL source wms (sql_tickets)",
        "FAIL model tower",
    ]
    assert shown.stdout.count("     → ") == 3
    assert "Connection refused" in verdicts[1]
    assert "canary" not in shown.output


def test_check_tells_each_verdict_at_once_for_some_systems_take_minutes_to_fail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []
    monkeypatch.setattr(telling.console, "print", lambda text, **_: printed.append(str(text)))

    def checks(config: Path) -> Iterator[Verdict]:
        yield Verdict("database", True, "fine")
        yield Verdict("source wms", True, f"{len(printed)} told before")

    monkeypatch.setattr(setup, "run_checks", checks)
    desk.type("check")
    assert printed == ["ok   database: fine", "ok   source wms: 1 told before"]


def test_check_of_a_broken_hub_yaml_names_the_line(desk: Desk) -> None:
    desk.config.write_text("databse: x\n")
    shown = desk.type("check")
    assert shown.exit_code == 1
    assert "hub.yaml:1 databse: this setting does not exist" in shown.stdout
    assert "→ Correct the named line" in shown.stdout


def test_a_mistake_is_shown_whole_although_it_holds_brackets(desk: Desk) -> None:
    desk.config.write_text("database: x\nsources: {'[/wms]': {connection: '[red]'}}\n")
    for words in (["check"], ["status"]):
        shown = desk.type(*words)
        assert shown.exit_code == 1
        assert "sources.[/wms].system: Field required" in shown.output


@pytest.mark.parametrize("words", [["status"], ["run", "sync"], ["quarantine", "list"], ["migrate"]])
def test_a_warehouse_that_does_not_answer_is_told_in_two_lines(desk: Desk, words: list[str]) -> None:
    desk.configure("postgresql+psycopg://hub:canary@127.0.0.1:1/hub")
    shown = desk.type(*words)
    assert shown.exit_code == 1
    assert shown.stderr.startswith("HUB-101 The warehouse does not answer: ")
    assert "→ Check `database` in hub.yaml" in shown.stderr
    assert "canary" not in shown.output


@pytest.mark.parametrize("words", [["status"], ["run", "sync"], ["quarantine", "list"]])
def test_a_warehouse_without_tables_says_which_command_makes_them(desk: Desk, warehouse: Engine, words: list[str]) -> None:
    with warehouse.begin() as db:
        db.execute(text("DROP SCHEMA hub, ops, mart CASCADE"))
    shown = desk.type(*words)
    assert shown.exit_code == 1
    assert "warranty-hub migrate" in shown.stderr
    assert desk.type("migrate").exit_code == 0
    assert desk.type(*words).exit_code == 0


def test_an_unknown_step_is_answered_with_the_known_ones(desk: Desk) -> None:
    shown = desk.type("run", "synch")
    assert shown.exit_code == 1
    assert "There is no step 'synch'" in shown.stderr
    assert "all, sync, deliver" in shown.stderr


@pytest.mark.parametrize(("unit", "told"), [("tickets", "is not a stream"), ("wms.tikcets", "no stream wms.tikcets")])
def test_an_unknown_stream_is_explained(desk: Desk, unit: str, told: str) -> None:
    shown = desk.type("run", "sync", unit)
    assert shown.exit_code == 1
    assert told in shown.stderr
    assert "Traceback" not in shown.output


def test_run_tells_in_one_line_what_became_of_the_records(desk: Desk) -> None:
    desk.report(record(1), record(2), record(3, description=None))
    shown = desk.type("run", "sync", "wms.tickets")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.strip() == "sync wms.tickets read=3 new=2 quarantined=1"


def test_one_bad_stream_fails_the_command_but_not_the_others(desk: Desk) -> None:
    desk.report(record(1))
    shown = desk.type("run", "sync", "wms.nothing", "wms.tickets")
    assert shown.exit_code == 1
    assert "read=1 new=1" in shown.stdout
    assert "wms.nothing" in shown.stderr


def test_a_dry_run_shows_everything_and_leaves_nothing(desk: Desk, warehouse: Engine) -> None:
    desk.report(record(1), record(2, description=None))
    before, files = contents(warehouse), set(desk.folder.rglob("*"))
    shown = desk.type("run", "all", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "sync wms.tickets read=2 new=1 quarantined=1" in shown.stdout
    assert "publish reports" in shown.stdout
    assert "everything above was rolled back" in shown.stdout
    assert contents(warehouse) == before
    assert set(desk.folder.rglob("*")) == files


def test_the_quarantine_says_which_record_and_why(desk: Desk) -> None:
    desk.report(record(1), record(2, description=None))
    desk.type("run", "sync")
    shown = desk.type("quarantine", "list")
    assert shown.exit_code == 0
    for part in ("wms.tickets", "T00002", "HUB-400", "description (source field description)"):
        assert part in shown.stdout
    assert "T00001" not in shown.stdout


def test_a_quarantined_record_is_shown_with_personal_data_masked(desk: Desk, warehouse: Engine) -> None:
    desk.report(record(1, description=None, address=f"3号楼 [/red] 请打{PHONE}"))
    desk.type("run", "sync")
    with warehouse.connect() as db:
        number = db.execute(text("SELECT quarantine_id FROM ops.quarantine")).scalar_one()
    shown = desk.type("quarantine", "show", str(number))
    assert shown.exit_code == 0
    assert "3号楼 [/red] 请打***" in shown.stdout
    assert PHONE not in shown.output


def test_brackets_in_a_record_s_key_neither_end_nor_change_the_list(desk: Desk) -> None:
    desk.report(record(1, id="[/a]", description=None), record(2, id="[b]", description=None))
    desk.type("run", "sync")
    shown = desk.type("quarantine", "list")
    assert shown.exit_code == 0, shown.exception
    assert "[/a]" in shown.stdout
    assert "[b]" in shown.stdout


def test_a_row_that_does_not_exist_is_answered_with_where_to_look(desk: Desk) -> None:
    shown = desk.type("quarantine", "show", "999")
    assert shown.exit_code == 1
    assert "no quarantine row 999" in shown.stderr
    assert "warranty-hub quarantine list" in shown.stderr


def test_a_corrected_field_map_empties_the_quarantine_by_retry(desk: Desk) -> None:
    desk.report(record(1, description=None))
    desk.type("run", "sync")
    again = desk.type("quarantine", "retry", "wms.tickets")
    assert (again.exit_code, again.stdout.strip()) == (0, "retry wms.tickets read=1 quarantined=1")
    (desk.folder / "complaints.yaml").write_text(MAP.replace("description: description", "description: address"))
    assert desk.type("quarantine", "retry", "wms.tickets").stdout.strip() == "retry wms.tickets read=1 new=1"
    assert "empty" in desk.type("quarantine", "list").stdout


def test_a_corrected_field_map_is_replayed_over_what_was_kept(desk: Desk, warehouse: Engine) -> None:
    desk.report(record(1, description=f"请联系{PHONE}"))
    assert "Nothing is kept" in desk.type("replay", "wms.tickets", "--list").stdout
    refused = desk.type("replay", "wms.tickets")
    assert (refused.exit_code, "keep_raw: P30D" in refused.stderr) == (1, True)
    desk.keep_raw()
    desk.type("run", "sync")
    (desk.folder / "complaints.yaml").write_text(MAP.replace("address_text: address", "address_text: order_no"))
    listed = desk.type("replay", "wms.tickets", "--list")
    assert "Raw pages" in listed.stdout
    assert PHONE not in listed.output
    before = contents(warehouse)
    tried = desk.type("replay", "wms.tickets", "--dry-run")
    assert "replay wms.tickets read=1 changed=1" in tried.stdout
    assert "rolled back" in tried.stdout
    assert contents(warehouse) == before
    done = desk.type("replay", "wms.tickets", "--since", "2025-01-01")
    assert (done.exit_code, done.stdout.strip()) == (0, "replay wms.tickets read=1 changed=1"), done.output
    assert "expired=0" in desk.type("run", "expire").stdout


def test_status_shows_runs_freshness_and_what_waits(desk: Desk) -> None:
    desk.report(record(1, description=None))
    assert "late" in desk.type("status").stdout
    desk.type("run", "sync")
    shown = desk.type("status").stdout
    for part in ("1 quarantined", "fresh", "quarantine wms.tickets"):
        assert part in shown


def test_an_item_that_is_not_in_doubt_cannot_be_settled(desk: Desk) -> None:
    shown = desk.type("outbox", "settle", "1", "--person", "王工")
    assert shown.exit_code == 1
    assert "not in doubt" in shown.stderr


def test_a_refused_item_is_listed_with_the_reason_and_sent_again_once_a_person_says_so(desk: Desk, database_url: str) -> None:
    assert "Nothing waits" in desk.type("outbox", "list").stdout
    with create_engine(database_url).begin() as db:
        outbox.enqueue(db, sink="oa", kind="submit_plan", idempotency_key="wms:PL1:1", payload={})
        item = outbox.claim_next(db, "oa")
        assert item is not None
        outbox.refuse(db, item, "(-2) 无权创建流程")
    for part in ("wms:PL1:1", "REFUSED", "(-2) 无权创建流程"):
        assert part in desk.type("outbox", "list", "oa").stdout
    assert "Nothing waits" in desk.type("outbox", "list", "erp").stdout
    assert desk.type("outbox", "retry", "1", "--person", "王工").exit_code == 0
    assert "PENDING" in desk.type("outbox", "list").stdout
    again = desk.type("outbox", "retry", "1", "--person", "王工")
    assert again.exit_code == 1
    assert "was not refused" in again.stderr


def test_a_backfill_is_typed_with_its_window_in_the_organisations_days(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = "2025-01-31T16:00:00+00:00"  # of 1 February in Shanghai
    source = FakeSource([record(1), record(2, updated=midnight), record(3, updated="2025-01-31T16:00:01+00:00")])
    monkeypatch.setattr(Hub, "source", lambda *_: source)
    shown = desk.type("run", "sync", "wms.tickets", "--from", "2025-01-01", "--to", "2025-02-01")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.strip() == "backfill wms.tickets read=2 new=2"


@pytest.mark.parametrize(
    "words",
    [
        ("locate", "P01", "--from", "2025-01-01"),
        ("sync", "--from", "2025-01-01"),
        ("sync", "wms.tickets", "--to", "2025-01-01"),
    ],
)
def test_a_window_without_a_stream_to_read_is_refused_with_an_example(desk: Desk, words: tuple[str, ...]) -> None:
    shown = desk.type("run", *words)
    assert shown.exit_code == 1
    assert "run sync wms.tickets --from 2025-01-01" in shown.output


def test_a_window_that_ends_before_it_starts_is_refused(desk: Desk) -> None:
    shown = desk.type("run", "sync", "wms.tickets", "--from", "2025-02-01", "--to", "2025-01-01")
    assert shown.exit_code == 1
    assert "ends before it starts" in shown.output
