"""How the command line speaks: consoles, tables, and errors that a person can mend."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from psycopg.errors import UndefinedColumn, UndefinedTable
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import OperationalError, ProgrammingError

from warranty_hub.errors import ConfigError, HubError, SystemUnreachableError
from warranty_hub.warehouse.database import reason_of

if TYPE_CHECKING:
    from warranty_hub.pipelines.decision_sheet import Imported  # brings what reads workbooks, which most commands do without

# No markup: what other systems and people wrote, such as "[/a]", is shown as it is. Colours are Text with a style.
console = Console(markup=False, highlight=False)
errors = Console(stderr=True, markup=False, highlight=False)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", envvar="WARRANTY_HUB_CONFIG", help="The hub.yaml to use.")]
DEFAULT_CONFIG = Path("hub.yaml")


@contextmanager
def told() -> Iterator[None]:
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


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """A file that cannot be written ends the command with the reason."""
    try:
        yield
    except OSError as error:
        errors.print(f"{file} cannot be written: {error.strerror}. Name a new file in a folder that exists.")
        raise typer.Exit(1) from None


def tell_imported(done: "Imported") -> None:
    """What became of a workbook of decisions; refused rows with their reasons make the command fail."""
    console.print(f"decided={done.taken} already={done.known} undecided={done.undecided} refused={len(done.refused)}")
    for number, why in done.refused:
        errors.print(f"row {number}: {why}", soft_wrap=True)
    if done.refused:
        raise typer.Exit(1)


def table(title: str, *columns: str) -> Table:
    """An empty table in the house style."""
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE_HEAD)
    for column in columns:
        shown.add_column(column, overflow="fold")
    return shown


def cell(value: object) -> str:
    """A value as people read it: local time, a dash for nothing."""
    if value is None:
        return "–"
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
