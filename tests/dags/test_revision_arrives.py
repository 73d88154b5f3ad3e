"""The next revision of one model through the real scheduler: what it does not touch is worked on again."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest
import yaml
from sqlalchemy import Engine

from sandbox import airflow_local
from sandbox.airflow_local import AirflowSetup, LocalAirflow
from sandbox.building import Tower, write_tower
from sandbox.demo import PRELOAD
from tests.pipelines.test_models import hub_of, report, rows
from warranty_hub.errors import StopError
from warranty_hub.warehouse.embedded import EmbeddedPostgres

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
DAGS = ("index_bim_models", "locate_defects")
FLATS = ("101", "102", "201", "202")
WAIT = 180.0
RESTS = 8  # seconds without a run
TOWERS = {number: Tower("样例家园", f"{number}号楼", storeys=2, units=1, flats_per_storey=2, basements=0) for number in "123"}


@dataclass(frozen=True)
class Site:
    """Three towers in a folder, a ticket at each of their flats, and an Airflow that runs our own DAGs."""

    airflow: LocalAirflow
    warehouse: Engine
    models: Path

    def ledger(self, step: str, after: int = 0) -> list[Any]:
        """The runs of a step that were begun after a run."""
        query = "SELECT run_id, unit, status, details FROM ops.run WHERE step = :step AND run_id > :after ORDER BY run_id"
        return rows(hub_of(self.warehouse), query, step=step, after=after)

    def looks_for_models(self) -> list[str]:
        """Run the DAG of models to its end; the labels of the mapped tasks that it made."""
        client = self.airflow.client
        (run,) = client.wait_for({DAGS[0]: client.trigger(DAGS[0])}, WAIT)
        assert run.state == "success", client.explain_failure(run)
        tasks = client.task_runs(run)
        return sorted(task.label for task in tasks if task.task_id == "index_model" and task.state != "skipped")

    def woken(self, before: int) -> int:
        """How many runs the DAG that locates has had, once the models woke it and it rests: each of them may wake it apart."""
        deadline, rested = time.monotonic() + WAIT, 0
        while time.monotonic() < deadline:
            runs = self.airflow.client.runs(DAGS[1])
            rested = rested + 1 if len(runs) > before and all(run.finished for run in runs) else 0
            if rested == RESTS:
                return len(runs)
            time.sleep(1)
        raise StopError(f"{DAGS[1]} was not woken by the models, or does not rest")


@pytest.fixture
def site(server: EmbeddedPostgres, warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(airflow_local, "USUAL_PORT", 0)
    models = tmp_path / "models"
    models.mkdir()
    for number, tower in TOWERS.items():
        write_tower(tower, models / f"{number}.ifc")
        for flat in FLATS:
            where = f"{number}号楼1单元{flat}室"
            report(hub_of(warehouse), f"{number}-{flat}", "主卧窗户漏水", building_code=number, address_text=where)
    config = tmp_path / "hub.yaml"
    settings = {
        "database": warehouse.url.render_as_string(hide_password=False),
        "artefacts": str(tmp_path / "artefacts"),
        "models": {"towers": {"project": "P03", "file": str(models / "{building}.ifc")}},
    }
    config.write_text(yaml.safe_dump(settings))
    dags = tmp_path / "dags"  # of these two alone: the others would be read as well
    dags.mkdir()
    for name in DAGS:
        shutil.copy(ROOT / "dags" / f"{name}.py", dags)
    server.create_database("airflow_of_revisions")
    setup = AirflowSetup(
        home=tmp_path / "home",
        logs=tmp_path / "logs",
        project=ROOT,
        dags=dags,
        database=server.url("airflow_of_revisions"),
        environment={"WARRANTY_HUB_CONFIG": str(config)},
        preload=PRELOAD,
    )
    with LocalAirflow(setup) as airflow:
        airflow.wait_until_parsed(DAGS)
        for dag_id in DAGS:
            airflow.client.pause(dag_id, paused=False)
        yield Site(airflow, warehouse, models)


def test_the_next_revision_of_one_tower_is_no_reason_to_leave_the_others_alone(site: Site) -> None:
    assert site.looks_for_models() == ["index_model[towers/1]", "index_model[towers/2]", "index_model[towers/3]"]
    woken = site.woken(0)
    first, *others = site.ledger("locate")
    assert (first["status"], first["details"]["tickets"]) == ("SUCCEEDED", 12)
    last = [first, *others][-1]["run_id"]

    _rename_a_window(site.models / "2.ifc", "1-201-主卧", TOWERS["2"])
    assert site.looks_for_models() == ["index_model[towers/2]"]
    (revision,) = site.ledger("index", after=last)
    assert (revision["unit"], revision["status"], revision["details"]["meshed"]) == ("towers/2", "SUCCEEDED", 0)
    assert {name for name in ("added", "removed") if name in revision["details"]} == set()

    site.woken(woken)
    (second,) = site.ledger("locate", after=revision["run_id"])
    assert (second["status"], second["details"]["tickets"]) == ("SUCCEEDED", 1)

    assert site.looks_for_models() == []
    assert site.ledger("index", after=revision["run_id"]) == []


def _rename_a_window(path: Path, room: str, tower: Tower) -> None:
    guid = next(item.guid for item in tower.components() if item.ifc_class == "IfcWindow" and item.rooms == (room,))
    model = ifcopenshell.open(path)
    model.by_guid(guid).Name = "平开窗 改"
    model.write(str(path))
    os.utime(path, (time.time() - 60,) * 2)
