"""``warranty-hub elements``: which element of a new model revision is which of the old one, where the hub is not sure."""

from pathlib import Path
from typing import Annotated

import typer

from mappings.lexicon import label
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, tell_imported, told, writing
from warranty_hub.pipelines.element_review import Decision, Side, decide, linked_pairs, open_pairs
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.records.codes import Verdict

app = typer.Typer(
    no_args_is_help=True,
    help="""Elements through model revisions 构件比对: when GlobalIds change, the hub finds the elements again.

What is doubtful waits here, old and new side by side: decide one by one, or in a workbook.""",
)

PairArgument = Annotated[int, typer.Argument(help="The pair's number, from `elements review`.")]
PersonOption = Annotated[str, typer.Option(help="Who decides.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept with the decision.")]


@app.command("review")
def review(
    project: Annotated[str | None, typer.Argument(help="A project, e.g. P01; default: all.")] = None,
    linked: Annotated[bool, typer.Option("--linked", help="Show what was linked by itself, and can be rejected.")] = False,
    limit: Annotated[int, typer.Option(help="How many pairs.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Pairs of an old element and a new one, side by side.

    Example: `warranty-hub elements review P01`.
    """
    with told():
        hub = open_hub(config)
        pairs = linked_pairs(hub, project) if linked else open_pairs(hub, project)
    if not pairs:
        console.print("No pair waits for review. 没有待复核的构件。")
        return
    shown = table("Elements 构件", "pair", "project", "evidence 依据", "mm", "old 旧", "new 新")
    for pair in pairs[:limit]:
        distance = None if pair.distance is None else round(pair.distance * 1000)
        evidence = label("match_method", pair.method)
        shown.add_row(
            str(pair.match_id),
            pair.project_code,
            f"{evidence.zh} {evidence.en}",
            cell(distance),
            _told(pair.old),
            _told(pair.new),
        )
    console.print(shown)
    if len(pairs) > limit:
        console.print(f"{len(pairs) - limit} more; raise --limit, or `warranty-hub elements export pairs.xlsx`.")


def _told(side: Side) -> str:
    box = side.box and " ".join(f"{corner:.2f}" for corner in side.box)
    words = (side.ifc_class, side.name, side.tag and f"tag {side.tag}", side.room, box and f"[{box}]", side.file_name)
    return "\n".join(word for word in words if word)


@app.command("accept")
def accept(pair: PairArgument, person: PersonOption, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """The two are the same element: links, defects and decisions follow.

    Example: `warranty-hub elements accept 17 --person 王工 --reason 现场核对`.
    """
    _decide(Decision(pair, Verdict.SAME, person, reason), config)


@app.command("reject")
def reject(pair: PairArgument, person: PersonOption, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """The two are different elements, also where the hub had linked them.

    Example: `warranty-hub elements reject 17 --person 王工 --reason 新增隔墙`.
    """
    _decide(Decision(pair, Verdict.DIFFERENT, person, reason), config)


def _decide(decision: Decision, config: Path) -> None:
    with told():
        new = decide(open_hub(config), decision)
    console.print("Decided; `warranty-hub run locate` takes it up." if new else "That is decided already; nothing changed.")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write it, e.g. pairs.xlsx; must not exist.")],
    project: Annotated[str | None, typer.Option(help="Only this project.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write the pairs that wait into a workbook, with a column to choose the verdict in.

    Example: `warranty-hub elements export pairs.xlsx --project P01`.
    """
    from warranty_hub.pipelines.element_workbook import export_pairs

    with told(), writing(file):
        count = export_pairs(open_hub(config), file, project)
    console.print(f"{file}: {count} pairs. Choose a verdict and give a reason, then `warranty-hub elements import {file}`.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The workbook, decided.")],
    person: PersonOption,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Read decisions back; rows that were changed or are stale are refused, with the reason. A second time changes nothing.

    Example: `warranty-hub elements import pairs.xlsx --person 王工`.
    """
    from warranty_hub.pipelines.element_workbook import import_decisions

    with told():
        tell_imported(import_decisions(open_hub(config), file, person))
