"""A real Airflow, booted once for this file: what the demo does with it, and that it leaves nothing behind."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from pydantic import SecretStr

from sandbox import airflow_local
from sandbox.airflow_client import DagRun
from sandbox.airflow_local import MARK, AirflowSetup, LocalAirflow
from warranty_hub.errors import StopError
from warranty_hub.settings import Connection
from warranty_hub.warehouse.embedded import EmbeddedPostgres

pytestmark = pytest.mark.airflow

PROJECT = Path(__file__).parents[2]
WAIT = 90.0
PRODUCER = """
from datetime import timedelta
from airflow.sdk import Asset, BaseHook, dag, get_current_context, task

@dag(schedule=None, default_args={"retries": 1, "retry_delay": timedelta(seconds=1)})
def producer():
    @task(pool="erp", map_index_template="{{ stream }}")
    def sync(stream: str) -> None:
        context = get_current_context()
        context["stream"] = stream
        connection = BaseHook.get_connection("erp")
        assert (connection.host, connection.password) == ("erp.test", "canary-password")
        if stream in context["dag_run"].conf.get("late", []) and context["ti"].try_number == 1:
            raise TimeoutError("the ERP is asleep")
        if stream in context["dag_run"].conf.get("broken", []):
            raise ValueError("the ERP speaks nonsense")

    @task(outlets=[Asset("costs")])
    def done() -> None: ...

    sync.expand(stream=["invoices", "orders"]) >> done()

producer()
"""
CONSUMER = """
from airflow.sdk import Asset, dag, task

@dag(schedule=[Asset("costs")])
def consumer():
    @task
    def roll_up() -> None: ...

    roll_up()

consumer()
"""


@pytest.fixture(scope="module")
def setup(server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> AirflowSetup:
    folder = tmp_path_factory.mktemp("airflow")
    dags = folder / "dags"
    dags.mkdir()
    (dags / "producer.py").write_text(PRODUCER)
    (dags / "consumer.py").write_text(CONSUMER)
    server.create_database("airflow_of_the_sandbox")
    database = server.url("airflow_of_the_sandbox")
    return AirflowSetup(home=folder / "home", logs=folder / "logs", project=PROJECT, dags=dags, database=database)


@pytest.fixture(scope="module", autouse=True)
def any_port() -> Iterator[None]:
    """Not the usual one: a demo that somebody starts at the same moment would get it, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(airflow_local, "USUAL_PORT", 0)
        yield


@pytest.fixture(scope="module")
def airflow(setup: AirflowSetup) -> Iterator[LocalAirflow]:
    with LocalAirflow(setup) as started:
        started.wait_until_parsed({"producer", "consumer"})
        started.client.save_pools({"erp": 1})
        erp = Connection("erp", "http", host="erp.test", password=SecretStr("canary-password"))
        started.client.save_connections([erp])
        started.client.save_connections([erp])  # a second demo writes them again
        for dag_id in ("producer", "consumer"):
            started.client.pause(dag_id, paused=False)
        yield started


def finish(airflow: LocalAirflow, **conf: list[str]) -> DagRun:
    run_id = airflow.client.trigger("producer", conf)
    return airflow.client.wait_for({"producer": run_id}, WAIT)[0]


def test_a_run_cannot_be_followed_task_by_task(airflow: LocalAirflow) -> None:
    run = finish(airflow, late=["orders"])
    assert run.state == "success"
    tasks = {task.label: (task.state, task.try_number, task.pool) for task in airflow.client.task_runs(run)}
    assert tasks == {
        "sync[invoices]": ("success", 1, "erp"),
        "sync[orders]": ("success", 2, "erp"),
        "done": ("success", 1, "default_pool"),
    }


def test_an_asset_does_not_wake_what_depends_on_it(airflow: LocalAirflow) -> None:
    before = len(airflow.client.runs("consumer"))
    finish(airflow)
    deadline = time.monotonic() + WAIT
    while len(woken := airflow.client.runs("consumer")) <= before and time.monotonic() < deadline:
        time.sleep(1)
    assert woken[-1].kind == "asset_triggered"


def test_a_failure_cannot_be_explained_to_a_person(airflow: LocalAirflow) -> None:
    run = finish(airflow, broken=["invoices"])
    assert run.state == "failed"
    explained = airflow.client.explain_failure(run)
    assert "producer.sync[invoices], try 2" in explained
    assert "ValueError: the ERP speaks nonsense" in explained
    assert "sync[orders]" not in explained


def test_a_run_that_never_ends_is_waited_for_in_silence(airflow: LocalAirflow) -> None:
    airflow.client.pause("producer")
    run_id = airflow.client.trigger("producer")
    with pytest.raises(StopError, match="producer"):
        airflow.client.wait_for({"producer": run_id}, 2)
    assert airflow.client.run("producer", run_id).state == "queued"
    airflow.client.pause("producer", paused=False)
    assert airflow.client.wait_for({"producer": run_id}, WAIT)[0].state == "success"


def test_a_dag_that_does_not_parse_is_waited_for_in_silence(airflow: LocalAirflow) -> None:
    broken = airflow.setup.dags / "broken.py"
    broken.write_text("from airflow.sdk import dag\nimport nowhere\n")
    try:
        with pytest.raises(StopError, match=r"(?s)broken\.py.*nowhere"):
            airflow.wait_until_parsed({"broken"})
    finally:
        broken.unlink()


def test_a_password_is_in_a_log(airflow: LocalAirflow) -> None:
    finish(airflow)
    logs = list((airflow.setup.logs).rglob("*.log"))
    assert logs
    assert [log for log in logs if "canary-password" in log.read_text(errors="replace")] == []


def test_airflow_is_open_to_the_network(airflow: LocalAirflow) -> None:
    ports = [
        connection.laddr
        for process in started_by(airflow.setup)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in ports} == {"127.0.0.1"}


def test_a_second_start_makes_the_tables_again(airflow: LocalAirflow) -> None:
    assert airflow._is_migrated()


OWNER = """
import signal, sys
from pathlib import Path
from sandbox.airflow_local import AirflowSetup, LocalAirflow
from sandbox.processes import unwinding_on_signals
home, dags, database = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a suite in the background starts would ignore it
with unwinding_on_signals():
    with LocalAirflow(AirflowSetup(Path(home), Path(home) / "logs", Path.cwd(), Path(dags), database), print) as airflow:
        pass
"""


def other(setup: AirflowSetup, folder: Path) -> AirflowSetup:
    """The same database, made already; a home of its own, so that its processes can be told from the others."""
    return AirflowSetup(folder / "home", folder / "logs", PROJECT, setup.dags, setup.database)


def started_by(setup: AirflowSetup) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(setup.home.resolve()):
                found.append(process)
        except psutil.Error:
            continue
    return found


ALL = 5
"""Airflow's four programs and what they are forked off."""


def run_owner(setup: AirflowSetup, processes: int = ALL) -> "subprocess.Popen[str]":
    """A program that boots Airflow, as soon as so many processes of it run."""
    arguments = [str(setup.home), str(setup.dags), setup.database]
    owner = subprocess.Popen([sys.executable, "-c", OWNER, *arguments], cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + WAIT
    while len(started_by(setup)) < processes and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(started_by(setup)) >= processes
    return owner


@pytest.mark.parametrize(("number", "processes"), [(signal.SIGINT, 1), (signal.SIGTERM, ALL), (signal.SIGHUP, 1)])
def test_an_interrupted_demo_leaves_processes_behind(
    airflow: LocalAirflow, tmp_path: Path, number: signal.Signals, processes: int
) -> None:
    mine = other(airflow.setup, tmp_path)
    with run_owner(mine, processes) as owner:
        owner.send_signal(number)
        owner.send_signal(number)  # impatience does not interrupt the cleaning up
        owner.communicate(timeout=WAIT)
    assert owner.returncode != 0
    assert started_by(mine) == []


def test_what_a_killed_demo_left_disturbs_the_next(airflow: LocalAirflow, tmp_path: Path) -> None:
    mine = other(airflow.setup, tmp_path)
    with run_owner(mine) as owner:
        owner.kill()
        owner.communicate(timeout=WAIT)
    left = {process.pid for process in started_by(mine)}
    assert left
    again = LocalAirflow(mine)
    again.start()
    try:
        assert left.isdisjoint(process.pid for process in started_by(mine))
    finally:
        again.stop()
    assert started_by(mine) == []


def test_a_component_that_cannot_start_is_waited_for_in_silence(airflow: LocalAirflow, tmp_path: Path) -> None:
    mine = other(airflow.setup, tmp_path)
    broken = AirflowSetup(mine.home, mine.logs, PROJECT, mine.dags, mine.database, {"AIRFLOW__API__PORT": "no number"})
    with pytest.raises(StopError, match=r"(?s)api-server ended by itself.*no number"), LocalAirflow(broken):
        pass
    assert started_by(mine) == []
