"""``warranty-hub costs``: cost lines without a ticket, how a ticket's cost is split, and what a person says of both."""

import getpass
from typing import Annotated

import typer

from mappings.lexicon import label
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, told
from warranty_hub.pipelines.cost_review import decide_link, proposals
from warranty_hub.pipelines.cost_weights import decide_weights, weighed_defects
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.records.codes import LinkVerdict

app = typer.Typer(
    no_args_is_help=True, help="Cost lines without a ticket 未关联成本, and how a cost is split 成本分摊: your decisions."
)

System = Annotated[str, typer.Argument(help="The line's source system, e.g. sap.")]
Line = Annotated[str, typer.Argument(help="The line's id there, as `costs review` shows it.")]
Ticket = Annotated[str, typer.Argument(help="The ticket, e.g. WX2025-00017.")]
Source = Annotated[str | None, typer.Option("--source", help="The ticket's source, where tickets of several have that number.")]
ByOption = Annotated[str, typer.Option("--by", help="Who says so.", default_factory=getpass.getuser)]


@app.command("review")
def review(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Unlinked lines beside the tickets that they may be for.

    A line that names several tickets, or a number that tickets of several sources share, stands beside each of them; any other
    line beside those that its supplier is responsible for, in the same project and within 180 days.

    Example: `warranty-hub costs review`.
    """
    with told():
        found = proposals(open_hub(config))
    if not found:
        console.print("No proposals. 暂无待确认的关联。")
        return
    shown = table(
        "Proposals 待确认关联", "system", "line", "voucher", "posted", "amount", "", "ticket", "of", "reported", "party"
    )
    for row in found:
        shown.add_row(*map(cell, row))
    console.print(shown)


@app.command("accept")
def accept(
    system: System, line: Line, ticket: Ticket, by: ByOption, source: Source = None, config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Link a line to a ticket from the next rollup on, and before anything that the line states.

    Example: `warranty-hub costs accept sap 1000/2025/5100000017/001 WX2025-00017`.
    """
    with told():
        decide_link(open_hub(config), (system, line), ticket, LinkVerdict.ACCEPTED, by, source)


@app.command("reject")
def reject(
    system: System, line: Line, ticket: Ticket, by: ByOption, source: Source = None, config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Do not propose a ticket for a line again; takes back an earlier `accept`, too.

    Example: `warranty-hub costs reject sap 1000/2025/5100000017/001 WX2025-00017`.
    """
    with told():
        decide_link(open_hub(config), (system, line), ticket, LinkVerdict.REJECTED, by, source)


@app.command("weigh")
def weigh(
    ticket: Ticket,
    by: ByOption,
    weights: Annotated[list[str] | None, typer.Argument(help="Weights by the number of the defect: 1=70 2=30.")] = None,
    even: Annotated[bool, typer.Option("--even", help="Split evenly again.")] = False,
    source: Source = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Show how the cost of a ticket is split over its defects; with weights, split it so from the next rollup on.

    A defect that you do not name bears nothing. Closed months stay as they were published: finance gets adjustments.

    Examples: `warranty-hub costs weigh WX2025-00017` · `warranty-hub costs weigh WX2025-00017 1=70 2=30`.
    """
    given = dict(map(_weight, weights or ()))
    if len(given) < len(weights or ()) or (given and even):
        raise typer.BadParameter("give each defect one weight, or --even alone: which of them counts is not to be guessed")
    with told():
        hub = open_hub(config)
        if given or even:
            decide_weights(hub, ticket, {} if even else given, by, source)
        found = weighed_defects(hub, ticket, source)
    total = sum(defect.weight for defect in found)
    shown = table(f"Split of {ticket} 成本分摊", "defect", "component", "type", "weight", "share")
    for defect in found:
        named = label("component", defect.component_code), label("defect_type", defect.defect_type_code)
        shown.add_row(
            cell(defect.seq), *(f"{name.zh} {name.en}" for name in named), str(defect.weight), f"{defect.weight / total:.1%}"
        )
    console.print(shown)


def _weight(given: str) -> tuple[int, int]:
    """A defect's number and its weight."""
    seq, _, weight = given.partition("=")
    if not (seq.isdecimal() and weight.isdecimal()):
        raise typer.BadParameter(f"{given!r} is no weight: write the defect's number and a whole number, e.g. 1=70")
    return int(seq), int(weight)
