"""The ``warranty-hub`` command: the same steps as the DAGs, by hand, and a look at how the hub is doing."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer
from psycopg.errors import UndefinedColumn, UndefinedTable
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import OperationalError, ProgrammingError

from warranty_hub.errors import ConfigError, HubError, SystemUnreachableError
from warranty_hub.pipelines import steps
from warranty_hub.pipelines.check import check as run_checks
from warranty_hub.pipelines.hub import Hub, RunReport, open_hub
from warranty_hub.pipelines.quarantine import one_row, open_counts, open_rows, retry
from warranty_hub.pipelines.status import last_runs, outbox_counts
from warranty_hub.pipelines.watch import freshness
from warranty_hub.warehouse import outbox
from warranty_hub.warehouse.database import migrate as migrate_database
from warranty_hub.warehouse.database import reason_of

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

# No markup: what other systems and people wrote, such as "[/a]", is shown as it is. Colours are Text with a style.
console = Console(markup=False, highlight=False)
errors = Console(stderr=True, markup=False, highlight=False)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", envvar="WARRANTY_HUB_CONFIG", help="The hub.yaml to use.")]
DEFAULT_CONFIG = Path("hub.yaml")


@contextmanager
def _told() -> Iterator[None]:
    """Errors that a person can mend end the command with their message and remedy, not with a traceback."""
    try:
        yield
    except HubError as error:
        _end_with(error)
    except OperationalError as error:
        remedy = "Check `database` in hub.yaml, and that the server is up; `warranty-hub check` tries it."
        _end_with(SystemUnreachableError(f"The warehouse does not answer: {reason_of(error)}", remedy=remedy))
    except ProgrammingError as error:
        if not isinstance(error.orig, UndefinedTable | UndefinedColumn):
            raise
        lacking = error.orig.diag.message_primary
        _end_with(ConfigError(f"The warehouse is not at this version: {lacking}", remedy="Run `warranty-hub migrate`."))


def _end_with(error: HubError) -> NoReturn:
    errors.print(Text.assemble((error.code, "bold red"), f" {error.message}"), soft_wrap=True)
    errors.print(Text(f"→ {error.remedy}", "dim"), soft_wrap=True)
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
    """Create the warehouse's tables, or bring them up to this version's.

    Example: `warranty-hub migrate`. Run it after every update; a second time changes nothing.
    """
    with _told():
        console.print(f"The warehouse is at migration {migrate_database(open_hub(config).engine)}.")


@app.command("masters-template")
def masters_template(file: Annotated[Path, typer.Argument(help="Where to write it, e.g. masters.xlsx.")]) -> None:
    """Write the empty workbook for masters 主数据模板: organisation, projects, buildings, dwellings, parties, contracts.

    Example: `warranty-hub masters-template masters.xlsx`.
    """
    from connectors.files.masters import write_template

    try:
        write_template(file)
    except OSError as error:
        errors.print(f"{file} cannot be written: {error.strerror}. Name a new file in a folder that exists.")
        raise typer.Exit(1) from None
    console.print(f"{file}: fill its rows from the third on, then name it as a source of system masters_xlsx in hub.yaml.")


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Try settings, database, field maps, models and every connection; a verdict and a remedy per line.

    Example: `warranty-hub check --config /etc/hub.yaml`. Nothing is changed; it ends with 1 when something fails.
    """
    failed = False
    for verdict in run_checks(config):
        mark = ("ok  ", "green") if verdict.ok else ("FAIL", "bold red")
        console.print(Text.assemble(mark, f" {verdict.subject}: {verdict.message}"), soft_wrap=True)
        if not verdict.ok:
            console.print(Text(f"     → {verdict.remedy}", "dim"), soft_wrap=True)
            failed = True
    if failed:
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

    Examples: `warranty-hub run sync wms.tickets` · `warranty-hub run locate P01` · `warranty-hub run all --dry-run`.
    Interrupted? Run it again: nothing is lost or doubled.
    """
    with _told():
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


@app.command()
def status(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Last runs, freshness, quarantine and outbox.

    Example: `warranty-hub status`.
    """
    with _told():
        hub = open_hub(config)
        runs, failures = _table("Last runs 最近运行", "step", "unit", "finished", "outcome"), []
        for last in last_runs(hub):
            runs.add_row(last.step, last.unit, _cell(last.finished_at), _cell(last.outcome))
            if last.error:
                failures.append(f"[red]{last.step} {last.unit}[/]: {escape(last.error)}")
        fresh = _table("Freshness 数据时效", "stream", "last success", "limit", "verdict")
        for state in freshness(hub):
            verdict = Text("late", "bold red") if state.late else Text("fresh", "green")
            fresh.add_row(state.unit, _cell(state.succeeded_at), f"{state.max_silence.total_seconds() / 3600:g} h", verdict)
        waiting = _table("Waiting 待处理", "where", "state", "count")
        for unit, count in open_counts(hub).items():
            waiting.add_row(f"quarantine {unit}", "OPEN", str(count))
        for sink, state_name, count in outbox_counts(hub):
            waiting.add_row(f"outbox {sink}", state_name, str(count))
    for table in (runs, fresh, waiting):
        console.print(table)
    for failure in failures:
        errors.print(failure, soft_wrap=True)


@quarantine_app.command("list")
def quarantine_list(
    unit: Annotated[str | None, typer.Argument(help="A stream, e.g. wms.tickets.")] = None,
    limit: Annotated[int, typer.Option(help="How many rows.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """The open rows: which record, why, how often tried.

    Example: `warranty-hub quarantine list wms.tickets --limit 10`.
    """
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
    """One row with its payload, personal data masked.

    Example: `warranty-hub quarantine show 17`; the number is the id in the list.
    """
    with _told():
        row = one_row(open_hub(config), quarantine_id)
    console.print(Text.assemble((row.unit, "bold"), f" {row.source_id}: ", (row.code, "red"), f" {row.reason}"), soft_wrap=True)
    console.print_json(json.dumps(row.payload, ensure_ascii=False))


@quarantine_app.command("retry")
def quarantine_retry(
    unit: Annotated[str, typer.Argument(help="A stream, e.g. wms.tickets.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Put all open rows of a stream through map and load again.

    Example: `warranty-hub quarantine retry wms.tickets`, once the field map is corrected.
    """
    with _told():
        console.print(retry(open_hub(config), unit).line(), soft_wrap=True)


@outbox_app.command("settle")
def outbox_settle(
    outbox_id: int,
    person: Annotated[str, typer.Option(help="Who looked it up in the other system.")],
    reference: Annotated[str, typer.Option(help="Its id there; leave out when nothing was found there.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Settle an item in doubt: it happened (give its reference), or it did not and may be sent again.

    Examples: `warranty-hub outbox settle 5 --person 王工 --reference 1024` · `warranty-hub outbox settle 5 --person 王工`.
    """
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
    """Run the whole hub on a sample building, through Airflow, on this machine only.

    Examples: `warranty-hub demo` · `warranty-hub demo --ifc tower.ifc --keep`.
    """
    try:
        from sandbox.demo import run_demo
    except ModuleNotFoundError:
        errors.print("The demo needs the source checkout: the sandbox systems are not part of the wheel.")
        raise typer.Exit(1) from None
    with _told():
        run_demo(folder=folder, ifc=ifc, keep=keep)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    app()
