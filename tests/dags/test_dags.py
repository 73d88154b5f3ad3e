"""The DAGs as Airflow reads them: all there, woken by each other and by the clock, and reading them touches nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.airflow

ROOT = Path(__file__).parents[2]
SYNCS = {"sync_masters", "sync_tickets", "sync_erp_costs", "sync_oa_approvals"}
BY_CLOCK = SYNCS | {"expire_raw_pages", "sweep_deletions", "take_issues", "watch_freshness"}
CONSUMES = {
    "deliver_outbox": {"tickets"},
    "index_bim_models": {"masters"},
    "locate_defects": {"tickets", "models"},
    "roll_up_costs": {"cost_lines", "coverage", "tickets"},
    "publish_reports": {"cost_rollup", "approvals"},
    "publish_feed": {"cost_rollup"},
    "cover_defects": {"defects", "masters"},
}
HEAVY = {"pandas", "numpy", "pyarrow", "ifcopenshell", "zeep", "lxml", "psycopg", "alembic", "sqlalchemy"}
EVERYTHING = "everything.yaml"
NOTHING = "nothing.yaml"
BROKEN = "broken.yaml"


def _stream(job: str) -> dict[str, str]:
    return {"map": "any", "job": job}


GROUP: dict[str, Any] = {
    "database": "postgresql+psycopg://nobody@db.invalid/hub",
    "organisation": {"zone": "Asia/Urumqi"},
    "sources": {
        "wms": {"system": "sql_tickets", "connection": "a", "streams": {"p": _stream("masters"), "t": _stream("tickets")}},
        "wms_south": {"system": "sql_tickets", "connection": "b", "streams": {"t": _stream("tickets")}},
        "sap": {"system": "sap_s4", "connection": "c", "streams": {"lines": _stream("costs")}},
        "oa": {"system": "weaver", "connection": "d", "streams": {"approvals": _stream("approvals")}},
    },
    "sinks": {"oa": {"system": "weaver", "connection": "d", "kinds": ["submit_plan"]}},
    "models": {"tower": {"project": "P01", "file": "tower.ifc"}},
}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow read, by the name of the hub.yaml it read it with."""
    folder = tmp_path_factory.mktemp("parse")
    files = {EVERYTHING: GROUP, NOTHING: {"database": GROUP["database"]}, BROKEN: {"databse": ""}}
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content))
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    environment = {**inherited, "AIRFLOW_HOME": str(folder / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    child = subprocess.run(
        [sys.executable, "-m", "tests.dags.parse", *(str(folder / name) for name in files)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    return {Path(config).name: found for config, found in json.loads(child.stdout.splitlines()[-1]).items()}


@pytest.fixture(scope="module")
def dags(parsed: dict[str, Any]) -> dict[str, Any]:
    found = parsed[EVERYTHING]
    assert found["errors"] == {}
    return dict(found["dags"])


def test_every_file_of_the_folder_gives_its_dag(dags: dict[str, Any]) -> None:
    files = {path.stem for path in (ROOT / "dags").glob("*.py")} - {"__init__", "wiring"}
    assert set(dags) == files == BY_CLOCK | set(CONSUMES)


def test_reading_the_dags_touches_neither_network_nor_database(parsed: dict[str, Any]) -> None:
    assert parsed[EVERYTHING]["touched"] == []


def test_reading_the_dags_imports_settings_and_nothing_heavy(parsed: dict[str, Any]) -> None:
    imported = parsed[EVERYTHING]["imported"]
    ours = {name for name in imported if name.split(".")[0] in ("warranty_hub", "connectors", "mappings")}
    assert ours == {"warranty_hub", "warranty_hub.settings", "warranty_hub.errors"}
    assert {name.split(".")[0] for name in imported} & HEAVY == set()


def test_a_group_that_has_connected_nothing_yet_has_all_dags_without_errors(parsed: dict[str, Any]) -> None:
    assert parsed[NOTHING]["errors"] == {}
    assert set(parsed[NOTHING]["dags"]) == set(parsed[EVERYTHING]["dags"])


def test_a_mistake_in_hub_yaml_is_told_where_airflow_shows_import_errors(parsed: dict[str, Any]) -> None:
    errors = parsed[BROKEN]["errors"]
    assert "sync_tickets.py" in {Path(file).name for file in errors}
    assert all("broken.yaml:1 databse: this setting does not exist" in trace for trace in errors.values())


@pytest.mark.parametrize("dag_id", sorted(BY_CLOCK))
def test_what_reads_other_systems_runs_by_the_organisation_s_clock(dags: dict[str, Any], dag_id: str) -> None:
    schedule = dags[dag_id]["schedule"]
    assert schedule["__type"].endswith(".CronTriggerTimetable")
    assert schedule["__var"]["timezone"] == "Asia/Urumqi"


@pytest.mark.parametrize("dag_id", sorted(CONSUMES))
def test_a_consumer_is_woken_by_its_assets_and_by_the_clock_when_an_event_is_lost(dags: dict[str, Any], dag_id: str) -> None:
    schedule = dags[dag_id]["schedule"]
    assert schedule["__type"].endswith(".AssetOrTimeSchedule")
    condition, timetable = schedule["__var"]["asset_condition"], schedule["__var"]["timetable"]
    assert {asset["name"] for asset in condition.get("objects", [condition])} == CONSUMES[dag_id]
    assert condition["__type"] in ("asset", "asset_any")  # asset_all would wait for the rarest of them
    assert timetable["__type"].endswith(".CronTriggerTimetable")
    assert timetable["__var"]["timezone"] == "Asia/Urumqi"


def test_whatever_a_consumer_waits_for_is_announced_by_someone(dags: dict[str, Any]) -> None:
    announced = {asset for dag in dags.values() for task in dag["tasks"].values() for asset in task["outlets"]}
    assert set().union(*CONSUMES.values()) == announced


def test_each_source_is_read_by_a_task_of_its_own_in_its_own_pool(dags: dict[str, Any]) -> None:
    found = {
        (dag_id, name): task["pool"]
        for dag_id in (*SYNCS, "deliver_outbox", "sweep_deletions")
        for name, task in dags[dag_id]["tasks"].items()
        if task["mapped"]
    }
    assert found == {
        ("sync_masters", "sync_wms"): "hub_wms",
        ("sync_tickets", "sync_wms"): "hub_wms",
        ("sync_tickets", "sync_wms_south"): "hub_wms_south",
        ("sync_erp_costs", "sync_sap"): "hub_sap",
        ("sync_oa_approvals", "sync_oa"): "hub_oa",
        ("deliver_outbox", "deliver_oa"): "hub_oa",
        ("sweep_deletions", "sweep_wms"): "hub_wms",
        ("sweep_deletions", "sweep_wms_south"): "hub_wms_south",
        ("sweep_deletions", "sweep_sap"): "hub_sap",
        ("sweep_deletions", "sweep_oa"): "hub_oa",
    }


def test_what_talks_to_the_warehouse_only_waits_for_no_source(dags: dict[str, Any]) -> None:
    for dag_id in ("locate_defects", "index_bim_models", "roll_up_costs", "publish_reports", "watch_freshness"):
        assert {task["pool"] for task in dags[dag_id]["tasks"].values()} == {"default_pool"}


def test_projects_are_asked_of_the_warehouse_when_the_dag_runs(dags: dict[str, Any]) -> None:
    task = dags["locate_defects"]["tasks"]["locate_project"]
    assert (task["mapped"], task["after"]) == (True, ["units_of"])


def test_no_dag_makes_up_for_the_past_or_runs_twice_at_once_and_each_explains_itself(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
        assert dag["doc"]


def test_every_task_is_retried_by_what_its_error_means(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        for task in dag["tasks"].values():
            assert task["retries"] == 3
            assert task["policy"]


def test_a_time_out_is_tried_again_and_what_a_person_must_mend_is_not(parsed: dict[str, Any]) -> None:
    decisions = parsed[EVERYTHING]["decisions"]
    again = {name for name, action in decisions.items() if action == "retry"}
    assert again == {"RetryableError", "SystemUnreachableError", "RateLimitedError", "StreamTakenOverError"}
    assert {decisions[name] for name in ("ConfigError", "LoginError", "BusinessError", "MalformedAnswerError")} == {"fail"}
