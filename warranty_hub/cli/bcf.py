"""``warranty-hub bcf``: issues on their way to BIM tools and back."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from connectors.bim.bcf import Version, write_bcf
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, told
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.issues import import_issues, open_proposals
from warranty_hub.reports.bim.issues import issues_by_project

app = typer.Typer(no_args_is_help=True, help="Issues for BIM tools 问题文件 BCF: write them, take back what was said there.")


@app.command("import")
def take(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A BCF file, 2.0 to 3.0.")],
    project: Annotated[str | None, typer.Option(help="Whose issues they are, where the file does not say.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take comments and closed issues from a file that another tool wrote.

    Example: `warranty-hub bcf import reviewed.bcf --project P01`. The same file again changes nothing. An issue closed there
    becomes a proposal (`warranty-hub bcf proposals`); topics that are none of ours go to quarantine.
    """
    with told():
        console.print(import_issues(open_hub(config), file, project).line(), soft_wrap=True)


@app.command("export")
def export(
    project: Annotated[str, typer.Argument(help="The project's code.")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write, usually .bcf.")],
    version: Annotated[str, typer.Option(help="2.1, or 3.0 if your tool reads it.")] = "2.1",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write a project's issues as they are now, apart from a publication.

    Example: `warranty-hub bcf export P01 p01.bcf --version 3.0`.
    """
    with told():
        wanted = next((known for known in get_args(Version) if known == version), None)
        if wanted is None:
            raise ConfigError(f"BCF {version} is not written", remedy=f"It is one of: {', '.join(get_args(Version))}.")
        hub = open_hub(config)
        with hub.transactions() as db:
            found = next(issues_by_project(db, hub.settings.zone, project), None)
        if found is None:
            raise ConfigError(f"Project {project} has no defect on an element of a model", remedy="Index a model, then locate.")
        write_bcf(file, found.bcf, wanted)
    console.print(f"{file}: {len(found.bcf.topics)} issues, {found.left_out} older ones left out.")


@app.command("proposals")
def proposals(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Tickets that another tool holds for closed, or for open again, and the ticket store does not.

    Example: `warranty-hub bcf proposals`. Decide in the ticket store: the next sync takes it from there.
    """
    with told():
        waiting = open_proposals(open_hub(config))
    if not waiting:
        console.print("No proposal is waiting. 没有待处理的建议。")
        return
    shown = table("Proposals 状态建议", "ticket", "proposed", "when", "state in the ticket store")
    for proposal in waiting:
        shown.add_row(*map(cell, (proposal.ticket_no, proposal.kind, proposal.at, proposal.reported_state)))
    console.print(shown)
