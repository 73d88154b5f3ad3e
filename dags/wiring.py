"""What all DAGs share: the settings, the assets that wake them, retries, and how a task calls a step of the hub.

Only run ids pass between tasks; facts and progress live in the warehouse. An asset event may be lost or merged (Airflow
3.3), so every consumer reads "everything since my own cursor" and has a time schedule beside its assets.
"""

import os
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, ExceptionRetryPolicy, RetryAction, RetryRule, task

from warranty_hub.settings import Job, Settings, load_settings

CONFIG = Path(os.environ.get("WARRANTY_HUB_CONFIG") or Path(__file__).resolve().parents[1] / "hub.yaml")

MASTERS = Asset(name="masters", uri="warranty-hub://masters")
TICKETS = Asset(name="tickets", uri="warranty-hub://tickets")
APPROVALS = Asset(name="approvals", uri="warranty-hub://approvals")
COST_LINES = Asset(name="cost_lines", uri="warranty-hub://cost_lines")
MODELS = Asset(name="models", uri="warranty-hub://models")
DEFECTS = Asset(name="defects", uri="warranty-hub://defects")
COVERAGE = Asset(name="coverage", uri="warranty-hub://coverage")
COST_ROLLUP = Asset(name="cost_rollup", uri="warranty-hub://cost_rollup")

RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception="warranty_hub.errors.StopError", action=RetryAction.FAIL, reason="a person has to act"),
        RetryRule(exception="warranty_hub.errors.LoginError", action=RetryAction.FAIL, reason="the credentials are refused"),
        RetryRule(exception="warranty_hub.errors.RetryableError", action=RetryAction.RETRY, reason="the system may recover"),
    ]
)
SHARED: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "tags": ["warranty-hub"],
    "default_args": {
        "owner": "warranty-hub",
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "retry_policy": RETRIES,
    },
}


@cache
def settings() -> Settings:
    """hub.yaml: a local file, read once a process; nothing else is touched while a DAG is parsed."""
    return load_settings(CONFIG)


def at(cron: str) -> CronTriggerTimetable:
    """A time schedule in the organisation's zone."""
    return CronTriggerTimetable(cron, timezone=settings().organisation.zone)


def woken_by(*assets: Asset, or_at: str) -> AssetOrTimeSchedule:
    """Run when any of the assets was updated, and at a time besides."""
    condition: Any = assets[0]
    for asset in assets[1:]:
        condition = condition | asset
    return AssetOrTimeSchedule(assets=condition, timetable=at(or_at))


def pool(system: str) -> str:
    """The pool that limits how many tasks talk to one external system at once."""
    return f"hub_{system}"


def sync_streams(job: Job, outlet: Asset) -> None:
    """One mapped task for each source that takes part in a job, in the pool of that source."""
    for source, streams in settings().streams_by_source(job).items():
        mapped("sync", f"sync_{source}", streams, outlet, pool(source))


def mapped(
    step: str, task_id: str, units: Iterable[str] | Any, outlet: Asset | None = None, pool_name: str | None = None
) -> Any:
    """A task for each unit of a step."""
    options: dict[str, Any] = {"task_id": task_id, "outlets": [outlet] if outlet else [], "map_index_template": "{{ unit }}"}
    if pool_name:
        options["pool"] = pool_name
    return run_step.override(**options).partial(step=step).expand(unit=units)


@task
def run_step(step: str, unit: str) -> int:
    """Run a step of the hub on one unit; returns the run id."""
    import structlog
    from airflow.sdk import get_current_context

    from warranty_hub.pipelines.hub import open_hub
    from warranty_hub.pipelines.steps import STEPS
    from warranty_hub.provider import connection_from_airflow

    get_current_context()["unit"] = unit
    report = STEPS[step].run(open_hub(CONFIG, connection_from_airflow), unit)
    structlog.get_logger(step).info(report.line())
    return report.run_id


@task
def units_of(step: str, source: str = "") -> list[str]:
    """What a step has to work on, as the warehouse knows it now; of one source, so that no other can fail it."""
    from warranty_hub.pipelines.hub import open_hub
    from warranty_hub.pipelines.steps import STEPS
    from warranty_hub.provider import connection_from_airflow

    hub = open_hub(CONFIG, connection_from_airflow)
    return list(STEPS[step].units(hub.only(source) if source else hub))
