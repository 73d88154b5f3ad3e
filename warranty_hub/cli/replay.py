"""``warranty-hub replay``: a corrected field map, applied to the pages that were kept."""

from datetime import datetime
from typing import Annotated

import typer

from warranty_hub.cli.run import MOMENTS
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, told
from warranty_hub.pipelines import steps
from warranty_hub.pipelines.hub import Hub, open_hub
from warranty_hub.pipelines.raw_pages import kept_runs


def replay(
    stream: Annotated[str, typer.Argument(help="A stream with `keep_raw` in hub.yaml, e.g. wms.tickets.")],
    run_id: Annotated[int | None, typer.Option("--run", help="Only the pages that this run read.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Only the pages read since; default: all.")] = None,
    show: Annotated[bool, typer.Option("--list", help="Show what is kept, and replay nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, then roll it all back.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Apply a corrected field map to the raw pages that were kept 重放, without asking the source again.

    Examples: `warranty-hub replay wms.tickets --dry-run` · `warranty-hub replay wms.tickets --since 2025-03-01` ·
    `warranty-hub replay wms.tickets --list`.

    Of each record its newest kept copy counts; what is newer in the warehouse, or deleted since, stays. Syncs may go on.
    """
    with told():
        hub = open_hub(config)
        if show:
            _show(hub, stream)
        elif dry_run:
            with hub.dry_run() as trial:
                _replay(trial, stream, run_id, since)
            console.print("Dry run: everything above was rolled back.", style="yellow")
        else:
            _replay(hub, stream, run_id, since)


def _replay(hub: Hub, stream: str, run_id: int | None, since: datetime | None) -> None:
    with console.status(f"replay {stream} …"):
        report = steps.replay(hub, stream, run_id, since)
    console.print(report.line(), soft_wrap=True)


def _show(hub: Hub, stream: str) -> None:
    runs = kept_runs(hub, stream)
    if not runs:
        console.print(f"Nothing is kept of {stream}. 没有保存的原始页。")
        return
    shown = table("Raw pages 原始页", "run", "kept", "pages", "records")
    for kept in runs:
        shown.add_row(*map(cell, (kept.run_id, kept.kept_at, kept.pages, kept.records)))
    console.print(shown)
