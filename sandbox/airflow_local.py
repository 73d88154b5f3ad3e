"""A real Airflow on this machine, for the demo and the tests: scheduler, DAG processor, API server and triggerer.

    setup = AirflowSetup(home=Path(".hub/airflow"), logs=Path(".hub/logs"), project=root, dags=root / "dags", database=url)
    with LocalAirflow(setup) as airflow:
        airflow.wait_until_parsed({"sync_tickets"})
        airflow.client.pause("sync_tickets", paused=False)
        run_id = airflow.client.trigger("sync_tickets")

Everyone who reaches 127.0.0.1 is an admin: nothing here is for production. However this process ends, other than by SIGKILL,
whatever it started ends with it (for SIGTERM, wrap the program in processes.unwinding_on_signals); what a killed one left is
ended at the next start.
"""

import atexit
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import psycopg
import requests
from psycopg import sql

from sandbox.airflow_client import AirflowClient
from sandbox.processes import kill_marked, undisturbed
from warranty_hub.errors import StopError

Progress = Callable[[str], None]

COMPONENTS: Mapping[str, tuple[str, ...]] = {  # the slowest to start is the first
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    "scheduler": ("scheduler", "--skip-serve-logs"),  # the log servers would listen on every interface
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
HEALTH_NAMES = {"metadatabase", "dag_processor", "scheduler", "triggerer"}
MARK = "WARRANTY_HUB_LOCAL_AIRFLOW"  # an environment variable of all that we start; its value is our home
USUAL_PORT = 8080
BOOT_SECONDS = 240.0
PARSE_SECONDS = 120.0
GRACE_SECONDS = 4.0  # they are done within a second; the rest is Python collecting garbage on its way out


@dataclass(frozen=True)
class AirflowSetup:
    """What Airflow runs, and where it keeps its things.

    ``database`` is the SQLAlchemy URL of a PostgreSQL database of its own, empty at first. ``project`` goes on PYTHONPATH.
    ``environment`` is added to what tasks see. ``preload``: modules that every task imports; its process is forked off what
    has them already (see `airflow_nest`), which is a second of CPU saved by task.
    """

    home: Path
    logs: Path
    project: Path
    dags: Path
    database: str
    environment: Mapping[str, str] = field(default_factory=dict)
    preload: Sequence[str] = ()


class LocalAirflow:
    """Airflow from start() to stop(); as a context manager, from ready to stopped."""

    def __init__(self, setup: AirflowSetup, progress: Progress = lambda _: None) -> None:
        self.setup = setup
        self.address = f"http://127.0.0.1:{_free_port()}"
        self.client = AirflowClient(self.address)
        self.started = datetime.now(UTC)
        self._progress = progress
        self._log_folder = setup.logs / "airflow"
        self._mark = str(setup.home.resolve())
        self._nest: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to make its tables where needed, and to start its programs; until they are ready they take 20 s of CPU."""
        atexit.register(self.stop)
        kill_marked(MARK, self._mark)
        for folder in (self.setup.home, self._log_folder):
            folder.mkdir(parents=True, exist_ok=True)
        _write_keys(self.setup.home / "airflow.cfg")
        self.started = datetime.now(UTC)
        first = {} if self._is_migrated() else {"migrate": ("db", "migrate")}
        if first:
            self._progress("making its tables")
        self._nest = self._spawn(first)

    def wait_until_ready(self) -> None:
        """Wait until all are healthy and tasks can run. Raises StopError with the end of the log of one that ended."""
        waiting, deadline = set(HEALTH_NAMES), time.monotonic() + BOOT_SECONDS
        while waiting:
            self.check_alive()
            if time.monotonic() > deadline:
                raise StopError(f"Airflow did not start within {BOOT_SECONDS:.0f} s: no sign of {', '.join(sorted(waiting))}")
            time.sleep(0.3)
            for name in sorted(waiting & self._healthy()):
                waiting.discard(name)
                self._progress(f"{name.replace('_', ' ')} is up")
        self._note_migration()
        self._progress("building the API for tasks")
        self.client.warm_up()
        self.client.log_in()

    def wait_until_parsed(self, dag_ids: Iterable[str]) -> None:
        """Wait until these DAGs were read from their files as they are now. Raises StopError with the trace of a broken one."""
        missing, deadline = set(dag_ids), time.monotonic() + PARSE_SECONDS
        while missing := missing - self.client.parsed_since(self.started):
            self.check_alive()
            if broken := self.client.import_errors():
                raise StopError("\n".join(f"{file} cannot be parsed:\n{trace}" for file, trace in broken.items()))
            if time.monotonic() > deadline:
                raise StopError(f"Airflow found no DAG {', '.join(sorted(missing))} in {self.setup.dags}")
            time.sleep(0.5)

    def check_alive(self) -> None:
        """Raise StopError with the end of its log when one of the programs has ended by itself."""
        if self._nest and self._nest.poll() is not None:
            log = (self._log_folder / "nest.log").read_text(errors="replace").splitlines()
            raise StopError("\n".join(["Airflow does not run:", *log[-40:]]))

    def stop(self) -> None:
        """End all of it and whatever they started; a running task is cut off. Harmless when nothing runs."""
        with undisturbed():
            if self._nest:
                self._nest.terminate()
                deadline = time.monotonic() + GRACE_SECONDS
                while self._nest.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
            kill_marked(MARK, self._mark)  # one that a signal let start, and not come to be known, too
            if self._nest:
                self._nest.wait()
                self._nest = None
        atexit.unregister(self.stop)  # until here a second Ctrl-C leaves the rest to the end of the program

    def _is_migrated(self) -> bool:
        """Whether this version has made its tables: a note of it stands with the database, as its comment."""
        with self._connected() as connection:
            question = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            return connection.execute(question).fetchone() == (_migrated(),)

    def _note_migration(self) -> None:
        with self._connected() as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(_migrated())))

    def _connected(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(self.setup.database.replace("+psycopg", ""), autocommit=True)

    def _spawn(self, first: Mapping[str, Sequence[str]]) -> "subprocess.Popen[bytes]":
        task = {"logs": str(self._log_folder), "preload": self.setup.preload, "first": first, "together": COMPONENTS}
        command = [sys.executable, "-m", "sandbox.airflow_nest", json.dumps(task)]
        with (self._log_folder / "nest.log").open("wb") as log:  # own session: Ctrl-C is for us, who end them in order
            return subprocess.Popen(  # noqa: S603 - our own command
                command, env=self._environment(), cwd=self.setup.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # without bytecode each process compiles Airflow anew, for 5 s
        ours = {
            "AIRFLOW_HOME": str(self.setup.home),
            "PYTHONPATH": str(self.setup.project),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
            "SPT_NOENV": "1",  # process titles leave the environment, and so the mark, readable
            MARK: self._mark,
        }
        return {**inherited, **_options(self.setup, self.address), **ours, **self.setup.environment}

    def _healthy(self) -> set[str]:
        """Components with a heartbeat of this start; a recent one of the last start would look healthy, too."""
        try:
            health = self.client.health()
        except requests.RequestException:
            return set()
        beats = {name: state.get(f"latest_{name}_heartbeat") for name, state in health.items() if state["status"] == "healthy"}
        fresh = {name for name, beat in beats.items() if beat and datetime.fromisoformat(beat) > self.started}
        return fresh | (beats.keys() & {"metadatabase"})


def _write_keys(config: Path) -> None:
    """What all programs and all starts have to share. Airflow would make it up at its first import, for that process only."""
    if not config.exists():
        config.touch(mode=0o600)
        fernet = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        config.write_text(f"[core]\nfernet_key = {fernet}\n[api_auth]\njwt_secret = {secrets.token_hex(64)}\n")


def _migrated() -> str:
    return f"migrated by Airflow {version('apache-airflow-core')}"


def _options(setup: AirflowSetup, address: str) -> dict[str, str]:
    """Airflow's settings that differ from its defaults, as environment variables."""
    logs = setup.logs / "airflow"
    options: dict[str, object] = {
        "CORE__DAGS_FOLDER": setup.dags,
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 4,
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": 5,
        "CORE__DAGBAG_IMPORT_TIMEOUT": 120,
        "DATABASE__SQL_ALCHEMY_CONN": setup.database,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": setup.database,  # psycopg 3 does both; Airflow would take asyncpg
        "DATABASE__CHECK_MIGRATIONS": False,
        "LOGGING__BASE_LOG_FOLDER": logs,
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": logs / "dag_processor",
        "LOGGING__COLORED_CONSOLE_LOG": False,
        "API__HOST": "127.0.0.1",
        "API__PORT": address.rpartition(":")[2],
        "API__BASE_URL": address,
        "DAG_PROCESSOR__REFRESH_INTERVAL": 10,
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 300,  # a file that changed is read at the next refresh all the same
        "DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 1,
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 30,  # tasks of a scheduler that was killed are taken up soon
        "WORKERS__EXECUTION_API_TIMEOUT": 60,  # four workers on two cores: the API server is late at times
        "WORKERS__MIN_HEARTBEAT_INTERVAL": 1,  # also how long a worker may take to notice that its task ended
    }
    if sys.platform == "linux":  # workers share the scheduler's memory; on macOS forking is not safe, its default stays
        options["CORE__MP_START_METHOD"] = "fork"
    return {f"AIRFLOW__{key}": str(value) for key, value in options.items()}


def _free_port() -> int:
    """The usual port if it is free, else any."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StopError("No free port on 127.0.0.1")
