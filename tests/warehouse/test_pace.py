"""A limit on calls holds however many processes call, and what a system asks of one of them holds for all."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.erp.sap.odata import ODataService
from connectors.erp.sap.source import SapSource
from connectors.pace import TokenBucket
from warranty_hub.pipelines.hub import Hub
from warranty_hub.settings import Settings
from warranty_hub.warehouse.pace import SharedPace

WORKER = """
import json, sys
from warranty_hub.warehouse.database import open_database
from warranty_hub.warehouse.pace import SharedPace
pace = SharedPace(open_database(sys.argv[1]), "sap", 200)
sys.stdin.readline()
print(json.dumps([pace.reserve()[0].isoformat() for _ in range(20)]))
"""


def test_two_processes_together_are_no_faster_than_one_may_be(warehouse: Engine, database_url: str) -> None:
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [worker.communicate("go\n")[0] for worker in workers]
    turns = sorted(datetime.fromisoformat(turn) for turns in said for turn in json.loads(turns))
    assert len(turns) == 40
    assert min(later - earlier for earlier, later in pairwise(turns)) >= timedelta(seconds=1 / 200)


def test_what_a_system_asks_of_one_task_holds_the_others_back_and_no_other_system(warehouse: Engine) -> None:
    one, other = (SharedPace(warehouse, "sap", 1000) for _ in range(2))
    before, _ = one.reserve()
    one.hold(30)
    one.hold(1)
    turn, wait = other.reserve()
    assert turn - before >= timedelta(seconds=30)
    assert 29 < wait <= 30
    assert SharedPace(warehouse, "oa", 1000).reserve()[1] == 0


def test_a_system_that_was_left_alone_has_saved_up_no_turns(warehouse: Engine) -> None:
    with warehouse.begin() as db:
        db.execute(text("INSERT INTO ops.pace VALUES ('sap', now() - interval '1 day')"))
    pace = SharedPace(warehouse, "sap", 0.1)
    first, wait = pace.reserve()
    assert wait == 0
    assert pace.reserve()[0] - first == timedelta(seconds=10)


def test_a_call_waits_until_its_turn(warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("warranty_hub.warehouse.pace.time", type("Time", (), {"sleep": waits.append}))
    pace = SharedPace(warehouse, "sap", 0.01)
    for _ in range(2):
        pace.take()
    assert waits[0] == 0
    assert 90 < waits[1] <= 100


def _reader(engine: Engine, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> ODataService:
    """How a hub reads SAP, agreed to be called once in 100 seconds."""
    monkeypatch.setenv("AIRFLOW_CONN_SAP", '{"conn_type": "http", "host": "sap.invalid"}')
    options = {"company_codes": ["1000"], "accounts": ["6601"], "http": {"per_second": "0.01"}}
    source = {"system": "sap_s4", "connection": "sap", "options": options, "streams": {}}
    settings = Settings.model_validate({"database": "unused", "sources": {"erp": source}})
    built = Hub(settings, engine, **changes).source("erp")
    assert isinstance(built, SapSource)
    return built._service("cost_lines")


def test_tasks_of_a_hub_wait_for_each_other_by_the_name_of_the_system(
    warehouse: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = _reader(warehouse, monkeypatch)._http._pace
    assert isinstance(pace, SharedPace)
    first, _ = pace.reserve()
    assert SharedPace(warehouse, "erp", 0.01).reserve()[0] - first >= timedelta(seconds=100)


def test_check_needs_no_warehouse_to_try_a_system(warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(_reader(warehouse, monkeypatch, shares_pace=False)._http._pace, TokenBucket)
