"""``warranty-hub quarantine``: records that could not be used."""

import json
from typing import Annotated

import typer
from rich.text import Text

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, told
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.quarantine import one_row, open_rows
from warranty_hub.pipelines.quarantine import retry as retry_rows

app = typer.Typer(no_args_is_help=True, help="Records that could not be used 隔离区: see why, correct, retry.")


@app.command("list")
def list_rows(
    unit: Annotated[str | None, typer.Argument(help="A stream, e.g. wms.tickets.")] = None,
    limit: Annotated[int, typer.Option(help="How many rows.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """The open rows: which record, why, how often tried.

    Example: `warranty-hub quarantine list wms.tickets --limit 10`.
    """
    with told():
        rows = open_rows(open_hub(config), unit, limit)
    if not rows:
        console.print("The quarantine is empty. 隔离区为空。")
        return
    shown = table("Quarantine 隔离区", "id", "stream", "record", "code", "reason", "attempts", "first seen")
    for row in rows:
        shown.add_row(
            *map(cell, (row.quarantine_id, row.unit, row.source_id, row.code, row.reason, row.attempts, row.first_seen))
        )
    console.print(shown)


@app.command("show")
def show(quarantine_id: int, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """One row with its payload, personal data masked.

    Example: `warranty-hub quarantine show 17`; the number is the id in the list.
    """
    with told():
        row = one_row(open_hub(config), quarantine_id)
    console.print(Text.assemble((row.unit, "bold"), f" {row.source_id}: ", (row.code, "red"), f" {row.reason}"), soft_wrap=True)
    console.print_json(json.dumps(row.payload, ensure_ascii=False))


@app.command("retry")
def retry(
    unit: Annotated[str, typer.Argument(help="A stream, e.g. wms.tickets, or a project for its BCF issues, e.g. P01.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Put all open rows of a stream through map and load again.

    Example: `warranty-hub quarantine retry wms.tickets`, once the field map is corrected; `warranty-hub quarantine retry P01`
    for issues of BCF files, once their defects are located.
    """
    with told():
        console.print(retry_rows(open_hub(config), unit).line(), soft_wrap=True)
