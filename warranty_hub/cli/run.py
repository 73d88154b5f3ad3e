"""``warranty-hub run`` and ``status``: the same steps as the DAGs, by hand, and how the hub is doing."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.markup import escape
from rich.text import Text

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, errors, table, told
from warranty_hub.errors import HubError
from warranty_hub.pipelines import steps
from warranty_hub.pipelines.hub import Hub, RunReport, open_hub
from warranty_hub.pipelines.quarantine import open_counts
from warranty_hub.pipelines.status import last_runs, outbox_counts
from warranty_hub.pipelines.watch import freshness


def run(
    step: Annotated[str, typer.Argument(help="all, or one of: " + ", ".join(steps.STEPS))],
    units: Annotated[
        list[str] | None, typer.Argument(help="What to work on, e.g. wms.tickets, P01; default: everything.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, then roll it all back.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run a step of the hub without Airflow.

    Examples: `warranty-hub run sync wms.tickets` · `warranty-hub run locate P01` · `warranty-hub run all --dry-run`.
    Interrupted? Run it again: nothing is lost or doubled.
    """
    with told():
        hub = open_hub(config)
        if not dry_run:
            _run_steps(hub, step, units)
            return
        with hub.dry_run() as trial:
            _run_steps(trial, step, units)
        console.print("Dry run: everything above was rolled back, nothing was sent or published.", style="yellow")


def _run_steps(hub: Hub, step: str, units: list[str] | None) -> None:
    failed: list[HubError] = []
    for name in steps.names(step):
        for unit in units or steps.STEPS[name].units(hub):
            with console.status(Text(f"{name} {unit} …")):
                report = _attempt(hub, steps.STEPS[name].run, unit, failed)
            if report:
                console.print(report.line(), soft_wrap=True)
    if failed:
        raise failed[0]


def _attempt(hub: Hub, work: Callable[[Hub, str], RunReport], unit: str, failed: list[HubError]) -> RunReport | None:
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
