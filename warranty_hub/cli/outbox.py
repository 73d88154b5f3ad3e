"""``warranty-hub outbox``: side effects in other systems."""

from typing import Annotated

import typer

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, console, errors, told
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.warehouse import outbox

app = typer.Typer(no_args_is_help=True, help="Side effects in other systems 发件箱: see them, settle those in doubt.")


@app.command("settle")
def settle(
    outbox_id: int,
    person: Annotated[str, typer.Option(help="Who looked it up in the other system.")],
    reference: Annotated[str, typer.Option(help="Its id there; leave out when nothing was found there.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Settle an item in doubt: it happened (give its reference), or it did not and may be sent again.

    Examples: `warranty-hub outbox settle 5 --person 王工 --reference 1024` · `warranty-hub outbox settle 5 --person 王工`.
    """
    with told(), open_hub(config).transactions() as db:
        settled = outbox.settle_doubt(db, outbox_id, happened=bool(reference), reference=reference, person=person)
    if not settled:
        errors.print(f"Outbox item {outbox_id} is not in doubt; `warranty-hub status` shows what waits.")
        raise typer.Exit(1)
    console.print("Settled." if reference else "Settled: it will be sent again.")
