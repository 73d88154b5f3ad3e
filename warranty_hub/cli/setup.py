"""``warranty-hub check``, ``migrate`` and ``masters-template``: what is needed before the first run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, console, errors, told
from warranty_hub.pipelines.check import check as run_checks
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.warehouse.database import migrate as migrate_database


def migrate(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Create the warehouse's tables, or bring them up to this version's.

    Example: `warranty-hub migrate`. Run it after every update; a second time changes nothing.
    """
    with told():
        console.print(f"The warehouse is at migration {migrate_database(open_hub(config).engine)}.")


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
