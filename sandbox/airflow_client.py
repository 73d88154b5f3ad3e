"""The part of Airflow's REST API (v2) that the demo and the tests speak: unpause, trigger, look, explain a failure."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from warranty_hub.errors import ProtocolError, StopError
from warranty_hub.settings import Connection

FINISHED = frozenset({"success", "failed"})
UNFINISHED = ("queued", "running")
BROKEN = frozenset({"failed", "upstream_failed"})
TIMEOUT = 60.0  # seconds; a busy laptop answers slowly
PAGE = 100


@dataclass(frozen=True)
class DagRun:
    """One run of one DAG. ``kind`` is manual, scheduled, asset_triggered or backfill."""

    dag_id: str
    run_id: str
    state: str
    kind: str

    @property
    def finished(self) -> bool:
        return self.state in FINISHED


@dataclass(frozen=True)
class TaskRun:
    """One task instance of a run; ``map_index`` is -1 for a task that is not mapped, ``label`` its name in the UI."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    label: str
    state: str
    try_number: int
    pool: str


class AirflowClient:
    """Airflow at ``address`` (http://127.0.0.1:8080), set up so that everyone who can reach it is an admin."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = requests.Session()
        retry = Retry(total=4, backoff_factor=0.5, status_forcelist=(502, 503, 504), allowed_methods={"GET"})
        self._session.mount(address, HTTPAdapter(max_retries=retry))

    def log_in(self) -> None:
        """Get a token; it lasts for a day."""
        answer = self._session.get(f"{self.address}/auth/token", timeout=TIMEOUT)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def warm_up(self) -> None:
        """Make the server build its API for tasks, which it does at the first request, for 10 s, deaf to everyone else."""
        requests.get(f"{self.address}/execution/health", timeout=10 * TIMEOUT).raise_for_status()

    def health(self) -> Mapping[str, Mapping[str, Any]]:
        """Status and last heartbeat by component. Needs no login. Raises requests.ConnectionError while nobody listens."""
        answer = requests.get(f"{self.address}/api/v2/monitor/health", timeout=TIMEOUT)
        answer.raise_for_status()
        found: Mapping[str, Mapping[str, Any]] = answer.json()
        return found

    def save_connections(self, connections: Iterable[Connection]) -> None:
        """Create them or write them anew, in Airflow's database: tasks find them, and people see them in the UI, masked."""
        self._save("connections", [_connection_body(connection) for connection in connections])

    def save_pools(self, slots: Mapping[str, int]) -> None:
        """Create pools or set their slots."""
        self._save("pools", [{"name": name, "slots": count} for name, count in slots.items()])

    def import_errors(self) -> dict[str, str]:
        """Trace by DAG file, of those that Airflow cannot parse."""
        found = self._call("GET", "importErrors", params={"limit": PAGE})["import_errors"]
        return {item["filename"]: item["stack_trace"] for item in found}

    def parsed_since(self, since: datetime) -> set[str]:
        """Ids of the DAGs that Airflow has read from their files since then."""
        found = self._call("GET", "dags", params={"limit": PAGE})["dags"]
        return {item["dag_id"] for item in found if (_instant(item["last_parsed_time"]) or since) > since}

    def pause(self, dag_id: str, paused: bool = True) -> None:
        """Pause or unpause. A paused DAG makes no runs of its own; runs triggered by hand wait in the queue."""
        self._call("PATCH", f"dags/{quote(dag_id)}", json={"is_paused": paused})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run now, also of a DAG with a schedule. Returns its run id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return str(self._call("POST", f"dags/{quote(dag_id)}/dagRuns", json=body)["dag_run_id"])

    def runs(self, dag_id: str = "~", since: datetime | None = None) -> list[DagRun]:
        """Runs of one DAG, or of all, oldest first; ``since`` counts from when they were queued."""
        return self._runs(dag_id, since)

    def unfinished(self, since: datetime | None = None) -> list[DagRun]:
        """The runs of all DAGs that wait or run: a few, so this is what to ask while waiting."""
        return self._runs("~", since, state=UNFINISHED)

    def task_runs(self, run: DagRun) -> list[TaskRun]:
        """All task instances of a run, in the order in which they started."""
        found = self._pages(f"{_run_path(run.dag_id, run.run_id)}/taskInstances", "task_instances", {"order_by": "start_date"})
        return [_task_run(item) for item in found]

    def explain_failure(self, run: DagRun, lines: int = 20) -> str:
        """For people: which tasks of the run failed, and the end of each one's log."""
        failed = [task for task in self.task_runs(run) if task.state == "failed"]
        return "\n".join(f"{run.dag_id}.{task.label}, try {task.try_number}:\n{self.log_end(task, lines)}" for task in failed)

    def log_end(self, task: TaskRun, lines: int) -> str:
        """The last lines of a task's log, with the trace of an error."""
        path = f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{quote(task.task_id)}/logs/{task.try_number}"
        content = self._call("GET", path, params={"map_index": task.map_index, "full_content": True})["content"]
        return "\n".join([f"  {line}" for entry in content for line in _log_lines(entry)][-lines:])

    def wait_for(self, run_ids: Mapping[str, str], seconds: float) -> list[DagRun]:
        """Wait until these runs (run id by DAG id) are finished. Raises StopError after so many seconds, naming the rest."""
        deadline = time.monotonic() + seconds
        while late := [run.dag_id for run in self.unfinished() if run_ids.get(run.dag_id) == run.run_id]:
            if time.monotonic() > deadline:
                raise StopError(f"Not finished after {seconds:.0f} s: {', '.join(late)}", remedy=f"Look at {self.address}.")
            time.sleep(1)
        return [self.run(dag_id, run_id) for dag_id, run_id in run_ids.items()]

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """One run as it stands now."""
        return _dag_run(self._call("GET", _run_path(dag_id, run_id)))

    def _runs(self, dag_id: str, since: datetime | None, **which: Any) -> list[DagRun]:
        asked = {"order_by": "run_after", **which, **({"run_after_gte": since.isoformat()} if since else {})}
        found = self._pages(f"dags/{quote(dag_id, safe='~')}/dagRuns", "dag_runs", asked)
        return [_dag_run(item) for item in found]

    def _save(self, kind: str, entities: list[dict[str, Any]]) -> None:
        action = {"action": "create", "action_on_existence": "overwrite", "entities": entities}
        done = self._call("PATCH", kind, json={"actions": [action]})["create"]
        if done["errors"]:
            raise ProtocolError(f"Airflow did not take these {kind}: {[error.get('error') for error in done['errors']]}")

    def _pages(self, path: str, key: str, params: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = []
        while True:
            page = self._call("GET", path, params={**params, "limit": PAGE, "offset": len(found)})
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def _call(self, method: str, path: str, **request: Any) -> Any:
        answer = self._session.request(method, f"{self.address}/api/v2/{path}", timeout=TIMEOUT, **request)
        if not answer.ok:
            raise ProtocolError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:300]}")
        return answer.json()


def _connection_body(connection: Connection) -> dict[str, Any]:
    return {
        "connection_id": connection.id,
        "conn_type": connection.conn_type,
        "host": connection.host or None,
        "port": connection.port,
        "schema": connection.schema or None,
        "login": connection.login or None,
        "password": connection.password.get_secret_value() or None,
        "extra": json.dumps(dict(connection.extra)) if connection.extra else None,
    }


def _run_path(dag_id: str, run_id: str) -> str:
    return f"dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _dag_run(item: Mapping[str, Any]) -> DagRun:
    return DagRun(
        dag_id=item["dag_id"],
        run_id=item["dag_run_id"],
        state=item["state"],
        kind=item["run_type"],
    )


def _task_run(item: Mapping[str, Any]) -> TaskRun:
    return TaskRun(
        dag_id=item["dag_id"],
        run_id=item["dag_run_id"],
        task_id=item["task_id"],
        map_index=item["map_index"],
        label=item["task_id"]
        if item["map_index"] < 0
        else f"{item['task_id']}[{item['rendered_map_index'] or item['map_index']}]",
        state=item["state"] or "none",
        try_number=item["try_number"],
        pool=item["pool"],
    )


def _log_lines(entry: Mapping[str, Any]) -> list[str]:
    """A structured log entry for people: what happened, and for an exception its type, text and place."""
    event = str(entry.get("event", ""))
    lines = [] if event.startswith("::") else [event]  # marks of groups that fold in the UI
    for error in entry.get("error_detail") or ():
        frames = error.get("frames") or ()
        place = f" ({frames[-1]['filename']}:{frames[-1]['lineno']})" if frames else ""
        lines.append(f"{error['exc_type']}: {error['exc_value']}{place}")
    return lines
