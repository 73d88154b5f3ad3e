"""``warranty-hub defects``: defects whose element a person has to choose, and the decisions."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from mappings.lexicon import label
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, tell_imported, told, writing
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.location_decisions import LocationDecision, decide_location
from warranty_hub.pipelines.location_review import defect_named, waiting_defects
from warranty_hub.records.codes import LocationVerdict

app = typer.Typer(
    no_args_is_help=True,
    help="""Where defects are 缺陷定位: those that the hub is not sure of, with the elements that may be meant.

Decide what is worth most first; a decision holds over every later run and model revision, and you may decide again.""",
)

Defect = Annotated[str, typer.Argument(help="Ticket and number of the defect, e.g. WX2025-00017/1; no number: the first.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept with the decision.")]
ByOption = Annotated[str, typer.Option("--by", help="Who says so.", default_factory=getpass.getuser)]


@app.command("review")
def review(
    project: Annotated[str | None, typer.Argument(help="A project, e.g. P01; default: all.")] = None,
    limit: Annotated[int, typer.Option(help="How many defects.")] = 20,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Defects that wait for a person, what is worth most first: cost on it × doubt, then how many wait for the same choice.

    Example: `warranty-hub defects review P01`.
    """
    with told():
        found = waiting_defects(open_hub(config), project, limit)
    if not found:
        console.print("No defect waits for review. 没有待复核的缺陷定位。")
        return
    shown = table("To review 待复核定位", "defect", "project", "text", "place", "why", "cost", "doubt", "alike", "may be")
    for item in found:
        component = label("component", item.component)
        why = f"{component.zh} {component.en}\n{item.reason}".strip()
        cost = f"{item.cost:,.2f} {item.currency}" if item.cost else ""
        choices = "\n".join(f"{choice.number}: {choice}" for choice in item.choices)
        shown.add_row(
            item.name,
            item.project_code,
            item.said,
            item.place_id or "",
            why,
            cost,
            f"{item.doubt:.0%}",
            cell(item.alike),
            choices,
        )
    console.print(shown)


@app.command("show")
def show(defect: Defect, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """One defect with its candidates side by side, whether it waits or not.

    Example: `warranty-hub defects show WX2025-00017/1`.
    """
    with told():
        item = defect_named(open_hub(config), defect)
    console.print(f"{item.name}  {item.place_id or '–'}  {label('locate_method', item.method).zh} {item.method}: {item.reason}")
    console.print(item.said)
    shown = table("Candidates 候选构件", "no.", "class", "name", "tag", "room", "size m", "at m", "file", "GlobalId", "sure")
    for choice in item.choices:
        shown.add_row(
            str(choice.number), choice.ifc_class, cell(choice.name), cell(choice.tag), cell(choice.room),
            choice.size, choice.middle, choice.file_name, cell(choice.guid), f"{choice.confidence:.2f}",
        )  # fmt: skip
    console.print(shown)


@app.command("decide")
def decide(
    defect: Defect,
    reason: ReasonOption,
    by: ByOption,
    element: Annotated[list[int] | None, typer.Option(help="A candidate's number; several are the set that it is.")] = None,
    place: Annotated[str | None, typer.Option(help="The place, e.g. P01/3/U2/1501; alone: no model shows the element.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Take earlier decisions back: the hub looks for it again.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say where a defect is: on a candidate, on a set of them, or only at a place. The latest word holds, all are kept.

    Example: `warranty-hub defects decide WX2025-00017/1 --element 2 --reason 现场核对`.
    """
    with told():
        hub = open_hub(config)
        item = defect_named(hub, defect)
        chosen = tuple(item.choice(number).element_key for number in element or ())
        verdict = LocationVerdict.OPEN if again else LocationVerdict.ELEMENT if chosen else LocationVerdict.PLACE
        new = decide_location(hub, LocationDecision(item.key, verdict, by, reason, chosen, place))
    console.print("Decided; `warranty-hub run locate` takes it up." if new else "That is decided already; nothing changed.")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write it, e.g. defects.xlsx; must not exist.")],
    project: Annotated[str | None, typer.Option(help="Only this project.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write the defects that wait into a workbook, candidates side by side, what is worth most first.

    Example: `warranty-hub defects export defects.xlsx --project P01`.
    """
    from warranty_hub.pipelines.location_workbook import export_waiting

    with told(), writing(file):
        count = export_waiting(open_hub(config), file, project)
    console.print(
        f"{file}: {count} defects. Write the number of a candidate (several: 1, 3) or a place, and a reason, then "
        f"`warranty-hub defects import {file}`."
    )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The workbook, decided.")],
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Read decisions back; rows that were changed or are stale are refused, with the reason. A second time changes nothing.

    Example: `warranty-hub defects import defects.xlsx --by 王工`.
    """
    from warranty_hub.pipelines.location_workbook import import_locations

    with told():
        tell_imported(import_locations(open_hub(config), file, by))
