"""``warranty-hub costs``: cost lines that state no ticket, and what a person says of them."""

import getpass
from typing import Annotated

import typer

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, told
from warranty_hub.pipelines.cost_review import decide_link, proposals
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.records.codes import LinkVerdict

app = typer.Typer(no_args_is_help=True, help="Cost lines without a ticket 未关联成本: proposals, and your decision.")

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
