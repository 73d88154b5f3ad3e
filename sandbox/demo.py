"""The demo: the whole hub on a sample building, with the other systems beside it, through a real Airflow, on this machine only.

Top to bottom, as a user sees it: prepare the folder, start the database and the other systems, boot Airflow, run the DAGs in
the order of the data's way, tell what happened, stop everything. Whatever it started ends with it.
"""

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from sqlalchemy.engine import make_url

from sandbox.airflow_client import DagRun
from sandbox.airflow_local import AirflowSetup, LocalAirflow
from sandbox.building import Tower, write_tower
from sandbox.calendar import write_calendar
from sandbox.demo_settings import write_settings
from sandbox.demo_summary import print_summary
from sandbox.follow_ups import purchase_orders, write_recoveries
from sandbox.group import PROJECTS
from sandbox.history import MODELLED, WORKFLOW, History, Stickers, write_history
from sandbox.model_words import read_words
from sandbox.processes import unwinding_on_signals
from sandbox.sap_s4 import SapServer
from sandbox.ticket_store import READER, fill_ticket_store, is_filled
from sandbox.weaver import WeaverRequest, WeaverServer
from warranty_hub.errors import ConfigError, StopError
from warranty_hub.settings import Connection
from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[1]
STORY = "2"
"""Changes with the story that the sandbox tells; a folder with another story is begun anew."""
SAP_USER = "HUB_READER"
STICKY_CLASSES = ("IfcWindow", "IfcDoor", "IfcSanitaryTerminal", "IfcOutlet", "IfcLightFixture", "IfcWasteTerminal")
DECISION_SECONDS = 2.0
LONGEST_WAIT = 600.0
STAGES: Sequence[Sequence[str]] = (
    ("sync_masters", "sync_tickets", "sync_erp_costs", "sync_oa_approvals", "index_bim_models"),
    ("deliver_outbox", "locate_defects"),
    ("sync_oa_approvals", "cover_defects"),
    ("roll_up_costs",),
    ("publish_feed", "publish_reports", "sweep_deletions", "watch_freshness"),
)
"""Which DAGs run side by side, and what has to be done before them."""
PRELOAD = ("warranty_hub.pipelines.steps", "warranty_hub.reports.publish", "connectors.oa.weaver")
"""What tasks need to import, and find in the scheduler that they are forked off."""
SLOTS = {"hub_wms": 4, "hub_sap": 1, "hub_calendar": 1, "hub_desk": 1, "hub_oa": 1}

console = Console(highlight=False)


@dataclass(frozen=True)
class Home:
    """The demo's folder, and what stands where in it."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "hub.yaml"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def calendar(self) -> Path:
        return self.folder / "masters" / "calendar.xlsx"

    @property
    def recoveries(self) -> Path:
        return self.folder / "ledgers" / "追偿台账.xlsx"

    @property
    def published(self) -> Path:
        return self.folder / "published"

    @property
    def mark(self) -> Path:
        return self.folder / "demo.json"


@dataclass(frozen=True)
class Running:
    """What was started, and how to reach it."""

    database: str
    connections: tuple[Connection, ...]
    airflow: LocalAirflow


def run_demo(folder: Path, ifc: Path | None, keep: bool) -> None:
    """Run it all. ``ifc``: the user's own model, for project P04. ``keep``: leave everything running until Ctrl-C.

    Raises ConfigError for a folder or file that cannot be used, StopError when a DAG fails.
    """
    began = time.monotonic()
    home = Home(folder.resolve())
    with unwinding_on_signals():
        _prepare(home, ifc)
        with _everything(home, ifc) as running:
            started = running.airflow.started
            _run_dags(running, keep)
            print_summary(console, running.database, home.published, started)
            _say(f"Done after {time.monotonic() - began:.0f} s. Published files: {home.published}")
            if keep:
                _wait_for_ctrl_c(home, running)
    _say("Everything that was started is stopped." + ("" if keep else " KEEP=1 leaves it running."))


# ---------------------------------------------------------------------------------------------------- folder and models
def _prepare(home: Home, ifc: Path | None) -> None:
    """Take the folder, empty it when it holds another story, and see that all models are there."""
    if ifc is not None and not ifc.is_file():
        raise ConfigError(f"There is no file {ifc}", remedy="Name an IFC file: make demo IFC=path/to/model.ifc")
    story = {"story": STORY, "model": _digest(ifc) if ifc else None}
    if home.folder.exists() and any(home.folder.iterdir()):
        if not home.mark.exists():
            raise ConfigError(f"{home.folder} holds something else", remedy="Name another folder with --folder, or empty it.")
        if json.loads(home.mark.read_text(encoding="utf-8")) != story:
            _say("Another model or story than last time: beginning anew.")
            shutil.rmtree(home.folder)
    home.models.mkdir(parents=True, exist_ok=True)
    home.mark.write_text(json.dumps(story), encoding="utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def towers() -> Mapping[str, Tower]:
    """The sample buildings by project."""
    found = {}
    for project in PROJECTS:
        if project.code in MODELLED:
            building = project.building(MODELLED[project.code])
            found[project.code] = Tower(
                project.name, building.name, building.storeys, building.units, building.flats_per_storey
            )
    return found


def stickers_of(buildings: Mapping[str, Tower]) -> Stickers:
    """The Tags of what people scan, by project and room."""
    found: dict[tuple[str, str], list[str]] = {}
    for project, tower in buildings.items():
        for item in tower.components():
            if item.ifc_class in STICKY_CLASSES:
                for room in item.rooms:
                    found.setdefault((project, room), []).append(item.tag)
    return found


def _write_models(home: Home, ifc: Path | None) -> dict[str, dict[str, str]]:
    """The sample buildings as files. Returns the models of hub.yaml."""
    models = {}
    for project, tower in towers().items():
        path = home.models / f"{project}-{MODELLED[project]}.ifc"
        if not path.exists():
            with console.status(f"Writing the sample building {tower.project} {tower.name} …"):
                write_tower(tower, path)
            _say(f"Sample building {tower.project} {tower.name}: {path.name}, {path.stat().st_size / 1e6:.1f} MB")
        models[f"{project}_{MODELLED[project]}"] = {"project": project, "building": str(MODELLED[project]), "file": str(path)}
    if ifc is not None:
        models["your_model"] = {"project": "P04", "building": "1", "file": str(ifc.resolve())}
    return models


# ---------------------------------------------------------------------------------------------------- what runs
@contextmanager
def _everything(home: Home, ifc: Path | None) -> Iterator[Running]:
    """Database, other systems and Airflow, ready for work; all of it stopped at the end, whatever happens."""
    with ExitStack() as stack:
        with console.status("Starting PostgreSQL …"):
            server = stack.enter_context(EmbeddedPostgres(home.folder / "postgres"))
            for name in ("hub", "airflow", "wms"):
                server.create_database(name)
        _say(f"PostgreSQL {server.version} is running below {home.folder / 'postgres'}")
        write_settings(home.settings, server.url("hub"), _write_models(home, ifc))
        write_calendar(home.calendar)
        migrate(open_database(server.url("hub")))
        airflow = LocalAirflow(_airflow_setup(home, server.url("airflow")), _say)
        stack.callback(airflow.stop)
        airflow.start()
        connections = _start_systems(stack, home, server.url("wms"), ifc)
        with console.status("Booting Airflow …"):
            airflow.wait_until_ready()
            airflow.wait_until_parsed({dag for stage in STAGES for dag in stage})
        _say(f"Airflow is running: {airflow.address}")
        airflow.client.save_connections(connections)
        airflow.client.save_pools(SLOTS)
        yield Running(server.url("hub"), connections, airflow)


def _airflow_setup(home: Home, database: str) -> AirflowSetup:
    return AirflowSetup(
        home=home.folder / "airflow",
        logs=home.folder / "logs",
        project=ROOT,
        dags=ROOT / "dags",
        database=database,
        environment={"WARRANTY_HUB_CONFIG": str(home.settings)},
        preload=PRELOAD,
    )


def _start_systems(stack: ExitStack, home: Home, ticket_store: str, ifc: Path | None) -> tuple[Connection, ...]:
    """The ticket store, SAP and Weaver, filled with the group's three years. Returns how to reach them."""
    with console.status("Filling the other systems …"):
        history = write_history(stickers_of(towers()), read_words(ifc) if ifc else None)
        engine = open_database(ticket_store)
        if not is_filled(engine):
            fill_ticket_store(engine, history)
        engine.dispose()
    password = secrets.token_urlsafe(16)
    orders = list(purchase_orders(history))
    sap = stack.enter_context(SapServer(history.documents, SAP_USER, password, others={"A_PurchaseOrder": orders}))
    write_recoveries(home.recoveries, history)
    weaver = stack.enter_context(_weaver(home, history))
    _say(
        f"Other systems: {len(history.orders):,} tickets, {len(history.documents):,} lines in SAP at {sap.address}, "
        f"{len(history.requests):,} requests in Weaver at {weaver.address}"
    )
    return (
        _ticket_store(ticket_store),
        _web("sap_s4", sap.address, SAP_USER, password),
        Connection("masters", "fs", extra={"path": str(home.calendar.parent)}),
        Connection("ledgers", "fs", extra={"path": str(home.recoveries.parent)}),
        _web("weaver", weaver.address),
    )


def _weaver(home: Home, history: History) -> WeaverServer:
    requests = [
        WeaverRequest(
            request_id=request.number,
            workflow_id=WORKFLOW,
            name=request.title,
            creator_id=1,
            created=request.created,
            operated=request.operated,
            node=request.node,
            fields=dict(request.form),
        )
        for request in history.requests
    ]
    return WeaverServer(requests, workflow_id=WORKFLOW, decide_after=DECISION_SECONDS, state=home.folder / "weaver.jsonl")


def _ticket_store(url: str) -> Connection:
    parsed = make_url(url)
    return Connection("wms", "postgres", schema=parsed.database or "", login=READER, extra=dict(parsed.query))


def _web(system: str, address: str, user: str = "", password: str = "") -> Connection:
    scheme, _, rest = address.partition("://")
    host, _, port = rest.partition(":")
    return Connection(system, f"warranty_hub_{system}", host, int(port), scheme, user, SecretStr(password))


# ---------------------------------------------------------------------------------------------------- the DAGs
def _run_dags(running: Running, keep: bool) -> None:
    """Stage by stage: unpause and trigger the DAGs, wait for them and what they woke, put them to sleep. ``keep``: wake all."""
    client = running.airflow.client
    everything = sorted({dag for stage in STAGES for dag in stage})
    _pause(running, everything)  # left awake by an earlier demo, each stage would wake the later ones again and again
    for stage in STAGES:
        _pause(running, stage, paused=False)
        began = time.monotonic()
        names = ", ".join(stage)
        with console.status(f"{names} …"):
            done = client.wait_for({dag: client.trigger(dag) for dag in stage}, LONGEST_WAIT)
        _say(f"{names}: {time.monotonic() - began:.0f} s")
        _insist_on_success(running, done)
        _put_to_sleep(running, stage)
    if keep:
        _pause(running, everything, paused=False)


def _pause(running: Running, dags: Sequence[str], paused: bool = True) -> None:
    for dag in dags:
        running.airflow.client.pause(dag, paused=paused)


def _put_to_sleep(running: Running, dags: Sequence[str]) -> None:
    """Pause DAGs while none runs: a quarter that strikes later on would set off the day's work once more beside ours."""
    while True:
        _wait_for_woken(running)
        _pause(running, dags)
        if not _unfinished(running):
            return
        _pause(running, dags, paused=False)  # one began meanwhile, and would wait for ever


def _wait_for_woken(running: Running) -> None:
    """Assets and the clock woke DAGs as they would every day: let those runs end."""
    deadline = time.monotonic() + LONGEST_WAIT
    with console.status("Letting what the assets woke finish …"):
        while late := _unfinished(running):
            if time.monotonic() > deadline:
                raise StopError(f"Not finished: {', '.join(run.dag_id for run in late)}", remedy="Look into .hub/logs/airflow.")
            time.sleep(1)
    _insist_on_success(running, running.airflow.client.runs(since=running.airflow.started))


def _unfinished(running: Running) -> list[DagRun]:
    return running.airflow.client.unfinished(since=running.airflow.started)


def _insist_on_success(running: Running, runs: Sequence[DagRun]) -> None:
    failed = [run for run in runs if run.state == "failed"]
    if failed:
        reasons = "\n".join(running.airflow.client.explain_failure(run) for run in failed)
        raise StopError(f"{', '.join(run.dag_id for run in failed)} failed:\n{reasons}", remedy="See .hub/logs/airflow.")


def _wait_for_ctrl_c(home: Home, running: Running) -> None:
    """Say how to go on from another terminal, then wait."""
    variables = home.folder / "connections.env"
    variables.touch(mode=0o600)
    variables.write_text("".join(f"AIRFLOW_CONN_{item.id.upper()}='{_as_json(item)}'\n" for item in running.connections))
    _say(f"Running until Ctrl-C. Airflow: {running.airflow.address}. In another terminal:")
    _say(f"  set -a; . {variables}; set +a")
    _say(f"  .venv/bin/warranty-hub status --config {home.settings}")
    try:
        while True:
            running.airflow.check_alive()
            time.sleep(1)
    except KeyboardInterrupt:
        return
    finally:
        variables.unlink()


def _as_json(connection: Connection) -> str:
    return json.dumps(
        {
            "conn_type": connection.conn_type, "host": connection.host, "port": connection.port, "schema": connection.schema,
            "login": connection.login, "password": connection.password.get_secret_value(), "extra": dict(connection.extra),
        }
    )  # fmt: skip


def _say(text: str) -> None:
    console.print(text, soft_wrap=True)
