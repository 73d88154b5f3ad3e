"""Parse dags/ as Airflow's DAG processor does, once for each hub.yaml, and print what came out as JSON. Run as a child process:
Airflow reads its home from the environment when it is imported, and what a parse imports can only be seen in a fresh Python.

    python -m tests.dags.parse <hub.yaml> …
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

DAGS = Path(__file__).parents[2] / "dags"


def main(configs: list[str]) -> None:
    """Print one JSON object by the path of its hub.yaml."""
    touched: list[str] = []
    sys.addaudithook(lambda event, _: touched.append(event) if event in ("socket.connect", "sqlite3.connect") else None)
    sys.stdout.write(json.dumps({config: _parse(config, touched) for config in configs}))


def _parse(config: str, touched: list[str]) -> dict[str, Any]:
    os.environ["WARRANTY_HUB_CONFIG"] = config
    for name in [name for name in sys.modules if name.split(".")[0] in ("dags", "warranty_hub")]:
        del sys.modules[name]
    touched.clear()
    before, started = set(sys.modules), time.monotonic()
    bag = DagBag(DAGS)
    return {
        "seconds": time.monotonic() - started,
        "imported": sorted(set(sys.modules) - before),
        "touched": list(touched),
        "errors": bag.import_errors,
        "decisions": _decisions(),
        "dags": {dag_id: _shape(dag) for dag_id, dag in bag.dags.items()},
    }


def _decisions() -> dict[str, str]:
    """What becomes of a task that ended with each of our errors."""
    errors, policy = sys.modules["warranty_hub.errors"], sys.modules["dags.wiring"].RETRIES
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.HubError)]
    return {kind.__name__: policy.evaluate(kind("…"), 1, 3).action.value for kind in classes}


def _shape(dag: Any) -> dict[str, Any]:
    serialised = DagSerialization.to_dict(dag)["dag"]
    return {
        "schedule": serialised["timetable"],
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "doc": dag.doc_md,
        "tasks": {
            task.task_id: {
                "pool": task.pool,
                "mapped": bool(task.is_mapped),
                "outlets": [asset.name for asset in task.outlets],
                "after": sorted(task.upstream_task_ids),
                "retries": task.retries,
                "policy": bool(getattr(task, "retry_policy", None) or task.partial_kwargs.get("retry_policy")),
            }
            for task in dag.tasks
        },
    }


if __name__ == "__main__":
    main(sys.argv[1:])
