"""``warranty-hub places``: what tickets call places that no register knows, and the names that the hub has learnt."""

import csv
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TextIO

import typer

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, told
from warranty_hub.pipelines import aliases as learnt
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.records.codes import AliasState

app = typer.Typer(no_args_is_help=True, help="Places 位置登记: names that no register knows, and the names learnt for them.")

ProjectOption = Annotated[str | None, typer.Option("--project", "-p", help="One project only, e.g. P01.")]
Project = Annotated[str, typer.Argument(help="The project, e.g. P01.")]
Said = Annotated[str, typer.Argument(help="What people write, e.g. 老3栋.")]
PlaceId = Annotated[str, typer.Argument(help="The place that it means, e.g. P01/3.")]
ByOption = Annotated[str, typer.Option("--by", help="Who says so.", default_factory=getpass.getuser)]


_HEADINGS = ("project 项目", "said 写法", "tickets 工单数", "last reported 最近报修", "for example 例单")
"""Of the places that no register knows."""


@app.command("unknown")
def unknown(
    project: ProjectOption = None,
    file: Annotated[Path | None, typer.Option("--csv", help="Write them as CSV to this file; - is standard output.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Places that tickets name and no register knows, the most frequent first.

    Example: `warranty-hub places unknown --project P01 --csv unknown.csv`.
    """
    with told():
        found = learnt.unknown_places(open_hub(config), project)
    if file:
        _write_csv(file, found)
    elif not found:
        console.print("Every place that a ticket names is known. 工单中的位置均已登记。")
    else:
        shown = table("Unknown places 未登记位置", *_HEADINGS)
        for row in found:
            shown.add_row(*map(cell, row))
        console.print(shown)


def _write_csv(file: Path, found: Sequence[learnt.UnknownPlace]) -> None:
    if str(file) == "-":
        _write_rows(sys.stdout, found)
        return
    with file.open("w", encoding="utf-8-sig", newline="") as stream:  # with a mark, for Excel
        _write_rows(stream, found)


def _write_rows(stream: TextIO, found: Sequence[learnt.UnknownPlace]) -> None:
    writer = csv.writer(stream)
    writer.writerow(_HEADINGS)
    writer.writerows((*row[:3], row.last_reported.isoformat(), row.example) for row in found)


@app.command("aliases")
def aliases(project: ProjectOption = None, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """The names that the hub has learnt, those that wait for a decision first.

    Example: `warranty-hub places aliases --project P01`.
    """
    with told():
        rows = learnt.aliases(open_hub(config), project)
    if not rows:
        console.print("No alias has been proposed yet. 尚无别名。")
        return
    shown = table("Aliases 位置别名", "project", "alias", "means", "state", "proposed by", "decided by", "decided at")
    for row in rows:
        shown.add_row(
            *map(
                cell,
                (row.project_code, row.alias, row.place_id, row.state, row.proposed_by, row.decided_by, row.decided_at),
            )
        )
    console.print(shown)


@app.command("propose")
def propose(project: Project, said: Said, place_id: PlaceId, by: ByOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Propose that a name means a place; it is used once somebody confirms it.

    Example: `warranty-hub places propose P01 老3栋 P01/3`.
    """
    with told(), open_hub(config).transactions() as db:
        learnt.learn_alias(db, project, said, place_id, by)


@app.command("confirm")
def confirm(project: Project, said: Said, place_id: PlaceId, by: ByOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Use a proposed name from now on: the next `locate` reads all tickets of the project anew.

    Example: `warranty-hub places confirm P01 老3栋 P01/3`.
    """
    with told():
        learnt.decide_alias(open_hub(config), project, said, place_id, AliasState.CONFIRMED, by)


@app.command("reject")
def reject(project: Project, said: Said, place_id: PlaceId, by: ByOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Never use a name for a place; it will not be proposed again.

    Example: `warranty-hub places reject P01 老3栋 P01/3`.
    """
    with told():
        learnt.decide_alias(open_hub(config), project, said, place_id, AliasState.REJECTED, by)
