"""The ``warranty-hub`` command: the same steps as the DAGs, by hand, and a look at how the hub is doing."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.table import Table

from warranty_hub.errors import HubError
from warranty_hub.pipelines import steps
from warranty_hub.pipelines.check import check as run_checks
from warranty_hub.pipelines.hub import Hub, RunReport, open_hub
from warranty_hub.pipelines.quarantine import one_row, open_counts, open_rows, retry
from warranty_hub.pipelines.status import last_runs, outbox_counts
from warranty_hub.pipelines.watch import freshness
from warranty_hub.warehouse import outbox
from warranty_hub.warehouse.database import migrate as migrate_database

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Warranty Hub 工程保修数据中台: tickets, cost, approvals and BIM elements in one ledger.

First steps: write `hub.yaml` (copy `hub.example.yaml`), then `warranty-hub check`, `warranty-hub migrate`,
`warranty-hub run all --dry-run`, `warranty-hub run all`. No system at hand? `warranty-hub demo` shows everything.""",
)
quarantine_app = typer.Typer(no_args_is_help=True, help="Records that could not be used 隔离区: see why, correct, retry.")
outbox_app = typer.Typer(no_args_is_help=True, help="Side effects in other systems 发件箱: see them, settle those in doubt.")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(outbox_app, name="outbox")

console = Console()
errors = Console(stderr=True)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", envvar="WARRANTY_HUB_CONFIG", help="The hub.yaml to use.")]
DEFAULT_CONFIG = Path("hub.yaml")


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the hub end the command with their message and remedy, not with a traceback."""
    try:
        yield
    except HubError as error:
        errors.print(f"[bold red]{error.code}[/] {error.message}", soft_wrap=True)
        errors.print(f"[dim]→ {error.remedy}[/]", soft_wrap=True)
        raise typer.Exit(1) from None


@app.callback()
def main(verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False) -> None:
    """Set up logging; everything goes to stderr, so that results can be piped."""
    level = logging.DEBUG if verbose else logging.INFO
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@app.command()
def migrate(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Create the warehouse's tables, or bring them up to this version's."""
    with _told():
        console.print(f"The warehouse is at migration {migrate_database(open_hub(config).engine)}.")


@app.command("masters-template")
def masters_template(file: Annotated[Path, typer.Argument(help="Where to write it, e.g. masters.xlsx.")]) -> None:
    """Write the empty workbook for masters 主数据模板: organisation, projects, buildings, dwellings, parties, contracts."""
    from connectors.files.masters import write_template

    try:
        write_template(file)
    except OSError as error:
        errors.print(f"{file} cannot be written: {error.strerror}. Name a new file in a folder that exists.")
        raise typer.Exit(1) from None
    console.print(f"{file}: fill its rows from the third on, then name it as a source of system masters_xlsx in hub.yaml.")


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Try settings, database, field maps, models and every connection; a verdict and a remedy per line."""
    with _told():
        verdicts = list(run_checks(config))
    for verdict in verdicts:
        mark = "[green]ok  [/]" if verdict.ok else "[bold red]FAIL[/]"
        console.print(f"{mark} {verdict.subject}: {verdict.message}", soft_wrap=True)
        if not verdict.ok:
            console.print(f"     [dim]→ {verdict.remedy}[/]", soft_wrap=True)
    if not all(verdict.ok for verdict in verdicts):
        raise typer.Exit(1)


@app.command()
def run(
    step: Annotated[str, typer.Argument(help="all, or one of: " + ", ".join(steps.STEPS))],
    units: Annotated[
        list[str] | None, typer.Argument(help="What to work on, e.g. wms.tickets, P01; default: everything.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, then roll it all back.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run a step of the hub without Airflow.

    Examples: `run sync wms.tickets` · `run locate P01` · `run all --dry-run`.
    Interrupted? Run it again: nothing is lost or doubled.
    """
    with _told():
        hub = open_hub(config)
        if not dry_run:
            _run_steps(hub, step, units)
            return
        with hub.dry_run() as trial:
            _run_steps(trial, step, units)
        console.print("[yellow]Dry run: everything above was rolled back.[/]")


def _run_steps(hub: Hub, step: str, units: list[str] | None) -> None:
    failed: list[HubError] = []
    for name in steps.names(step):
        for unit in units or steps.STEPS[name].units(hub):
            with console.status(f"{name} {unit} …"):
                report = _attempt(hub, steps.STEPS[name].run, unit, failed)
            if report:
                console.print(report.line(), soft_wrap=True, highlight=False)
    if failed:
        raise failed[0]


def _attempt(hub: Hub, work: Callable[[Hub, str], RunReport], unit: str, failed: list[HubError]) -> RunReport | None:
    """One bad stream must not keep the others from running; it still fails the command."""
    try:
        return work(hub, unit)
    except HubError as error:
        errors.print(f"[bold red]{unit}[/]: {error}", soft_wrap=True, highlight=False)
        failed.append(error)
        return None


@app.command()
def status(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Last runs, freshness, quarantine and outbox."""
    with _told():
        hub = open_hub(config)
        runs = _table(
            "Last runs 最近运行", "step", "unit", "status", "finished", "read", "new", "changed", "quarantined", "error"
        )
        for row in last_runs(hub):
            runs.add_row(*map(_cell, row))
        fresh = _table("Freshness 数据时效", "stream", "last success", "limit", "verdict")
        for state in freshness(hub):
            verdict = "[bold red]late[/]" if state.late else "[green]fresh[/]"
            fresh.add_row(state.unit, _cell(state.succeeded_at), str(state.max_silence), verdict)
        waiting = _table("Waiting 待处理", "where", "state", "count")
        for unit, count in open_counts(hub).items():
            waiting.add_row(f"quarantine {unit}", "OPEN", str(count))
        for sink, state_name, count in outbox_counts(hub):
            waiting.add_row(f"outbox {sink}", state_name, str(count))
    for table in (runs, fresh, waiting):
        console.print(table)


@quarantine_app.command("list")
def quarantine_list(
    unit: Annotated[str | None, typer.Argument(help="A stream, e.g. wms.tickets.")] = None,
    limit: Annotated[int, typer.Option(help="How many rows.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """The open rows: which record, why, how often tried."""
    with _told():
        rows = open_rows(open_hub(config), unit, limit)
    if not rows:
        console.print("The quarantine is empty. 隔离区为空。")
        return
    table = _table("Quarantine 隔离区", "id", "stream", "record", "code", "reason", "attempts", "first seen")
    for row in rows:
        table.add_row(
            *map(_cell, (row.quarantine_id, row.unit, row.source_id, row.code, row.reason, row.attempts, row.first_seen))
        )
    console.print(table)


@quarantine_app.command("show")
def quarantine_show(quarantine_id: int, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """One row with its payload, personal data masked."""
    with _told():
        row = one_row(open_hub(config), quarantine_id)
    console.print(f"[bold]{row.unit}[/] {row.source_id}: [red]{row.code}[/] {row.reason}", soft_wrap=True)
    console.print_json(json.dumps(row.payload, ensure_ascii=False))


@quarantine_app.command("retry")
def quarantine_retry(
    unit: Annotated[str, typer.Argument(help="A stream, e.g. wms.tickets.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Put all open rows of a stream through map and load again."""
    with _told():
        console.print(retry(open_hub(config), unit).line(), soft_wrap=True, highlight=False)


@outbox_app.command("settle")
def outbox_settle(
    outbox_id: int,
    person: Annotated[str, typer.Option(help="Who looked it up in the other system.")],
    reference: Annotated[str, typer.Option(help="Its id there; leave out when nothing was found there.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Settle an item in doubt: it happened (give its reference), or it did not and may be sent again."""
    with _told(), open_hub(config).transactions() as db:
        settled = outbox.settle_doubt(db, outbox_id, happened=bool(reference), reference=reference, person=person)
    if not settled:
        errors.print(f"Outbox item {outbox_id} is not in doubt; `warranty-hub status` shows what waits.")
        raise typer.Exit(1)
    console.print("Settled." if reference else "Settled: it will be sent again.")


@app.command()
def demo(
    ifc: Annotated[Path | None, typer.Option(help="Your own IFC model; project P04 gets it.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave everything running until Ctrl-C.")] = False,
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".hub"),
) -> None:
    """Run the whole hub on a sample building, through Airflow, on this machine only."""
    try:
        from sandbox.demo import run_demo
    except ModuleNotFoundError:
        errors.print("The demo needs the source checkout: the sandbox systems are not part of the wheel.")
        raise typer.Exit(1) from None
    with _told():
        run_demo(folder=folder, ifc=ifc, keep=keep)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    app()
