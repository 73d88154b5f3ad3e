"""``warranty-hub outbox``: side effects in other systems."""

from typing import Annotated

import typer

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, errors, table, told
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.records.codes import OutboxState
from warranty_hub.warehouse import outbox

app = typer.Typer(
    no_args_is_help=True,
    help="Side effects in other systems 发件箱: see what waits, settle what is in doubt, retry what was refused.",
)


UNFINISHED = tuple(state for state in OutboxState if state is not OutboxState.DONE)


@app.command("list")
def list_items(
    sink: Annotated[str | None, typer.Argument(help="A sink of hub.yaml, e.g. oa.")] = None,
    state: Annotated[OutboxState | None, typer.Option(help="Only these; without it all that are not DONE.")] = None,
    limit: Annotated[int, typer.Option(help="How many items.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """What waits, and what the other system said to it.

    Examples: `warranty-hub outbox list` · `warranty-hub outbox list oa --state REFUSED`.
    """
    with told(), open_hub(config).transactions() as db:
        items = outbox.waiting(db, sink, (state,) if state else UNFINISHED, limit)
    if not items:
        console.print("Nothing waits in the outbox. 发件箱中没有待处理项。")
        return
    shown = table("Outbox 发件箱", "id", "sink", "kind", "for", "state", "attempts", "last sent", "reference", "error")
    for item in items:
        told_of = (
            item.sink,
            item.kind,
            item.idempotency_key,
            item.state,
            item.attempts,
            item.sent_at,
            item.reference,
            item.error,
        )
        shown.add_row(*map(cell, (item.outbox_id, *told_of)))
    console.print(shown)


@app.command("retry")
def retry(
    outbox_id: int,
    person: Annotated[str, typer.Option(help="Who mended what the other system refused.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Send a refused item again at the next delivery, once its cause is mended there or here.

    Example: `warranty-hub outbox retry 5 --person 王工`; the number is the id in `warranty-hub outbox list`.
    """
    with told(), open_hub(config).transactions() as db:
        again = outbox.retry_refused(db, outbox_id, person=person)
    if not again:
        errors.print(
            f"Outbox item {outbox_id} was not refused; `warranty-hub outbox list --state REFUSED` shows those that were."
        )
        raise typer.Exit(1)
    console.print("It will be sent again. 将重新发送。")


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
        errors.print(f"Outbox item {outbox_id} is not in doubt; `warranty-hub outbox list` shows what waits.")
        raise typer.Exit(1)
    console.print("Settled." if reference else "Settled: it will be sent again.")
