"""``warranty-hub run`` and ``status``: the same steps as the DAGs, by hand, and how the hub is doing."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.text import Text

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, errors, table, told
from warranty_hub.errors import ConfigError, HubError
from warranty_hub.pipelines import steps
from warranty_hub.pipelines.hub import Hub, RunReport, open_hub
from warranty_hub.pipelines.quarantine import open_counts
from warranty_hub.pipelines.status import last_runs, outbox_counts
from warranty_hub.pipelines.watch import freshness

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
Work = Callable[[Hub, str], RunReport]


def run(
    step: Annotated[str, typer.Argument(help="all, or one of: " + ", ".join(steps.STEPS))],
    units: Annotated[
        list[str] | None, typer.Argument(help="What to work on, e.g. wms.tickets, P01; default: everything.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=MOMENTS, help="Of sync: read again what changed from here on.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=MOMENTS, help="Up to here; default: now.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, then roll it all back.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run a step of the hub without Airflow.

    Examples: `warranty-hub run sync wms.tickets` · `warranty-hub run locate P01` · `warranty-hub run all --dry-run`.
    Interrupted? Run it again: nothing is lost or doubled.

    A backfill 补读: `warranty-hub run sync wms.tickets --from 2025-01-01 --to 2025-02-01`. It reads and counts that window
    again beside the scheduled syncs, and leaves their cursor where it is. Times are those of the organisation's zone.
    """
    with told():
        hub = open_hub(config)
        work = _backfill(hub, step, units, since, until)
        if not dry_run:
            _run_steps(hub, step, units, work)
            return
        with hub.dry_run() as trial:
            _run_steps(trial, step, units, work)
        console.print("Dry run: everything above was rolled back, nothing was sent or published.", style="yellow")


def _backfill(hub: Hub, step: str, units: list[str] | None, since: datetime | None, until: datetime | None) -> Work | None:
    if since is None and until is None:
        return None
    if since is None or step != "sync" or not units:
        raise ConfigError(
            "--from and --to are for streams that are read again", remedy="Write `run sync wms.tickets --from 2025-01-01`."
        )
    return steps.backfill(hub, since, until)


def _run_steps(hub: Hub, step: str, units: list[str] | None, work: Work | None) -> None:
    failed: list[HubError] = []
    for name in steps.names(step):
        for unit in units or steps.STEPS[name].units(hub):
            with console.status(Text(f"{name} {unit} …")):
                report = _attempt(hub, work or steps.STEPS[name].run, unit, failed)
            if report:
                console.print(report.line(), soft_wrap=True)
    if failed:
        raise failed[0]


def _attempt(hub: Hub, work: Work, unit: str, failed: list[HubError]) -> RunReport | None:
    """One bad stream must not keep the others from running; it still fails the command."""
    try:
        return work(hub, unit)
    except HubError as error:
        errors.print(Text.assemble((unit, "bold red"), f": {error}"), soft_wrap=True)
        failed.append(error)
        return None


def status(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Last runs, freshness, quarantine and outbox.

    Example: `warranty-hub status`.
    """
    with told():
        hub = open_hub(config)
        runs, failures = table("Last runs 最近运行", "step", "unit", "finished", "outcome"), []
        for last in last_runs(hub):
            runs.add_row(last.step, last.unit, cell(last.finished_at), cell(last.outcome))
            if last.error:
                failures.append(f"[red]{last.step} {last.unit}[/]: {escape(last.error)}")
        fresh = table("Freshness 数据时效", "stream", "last success", "limit", "verdict")
        for state in freshness(hub):
            verdict = Text("late", "bold red") if state.late else Text("fresh", "green")
            fresh.add_row(state.unit, cell(state.succeeded_at), f"{state.max_silence.total_seconds() / 3600:g} h", verdict)
        waiting = table("Waiting 待处理", "where", "state", "count")
        for unit, count in open_counts(hub).items():
            waiting.add_row(f"quarantine {unit}", "OPEN", str(count))
        for sink, state_name, count in outbox_counts(hub):
            waiting.add_row(f"outbox {sink}", state_name, str(count))
    for shown in (runs, fresh, waiting):
        console.print(shown)
    for failure in failures:
        errors.print(failure, soft_wrap=True)
