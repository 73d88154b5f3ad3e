"""``warranty-hub feed``: what has been published to finance, what is held, and who lets it out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy import select

from mappings.lexicon import label
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, errors, table, told
from warranty_hub.pipelines.feed import Release, entities, publish_feed
from warranty_hub.pipelines.feed_delivery import acknowledge as take_in_answers
from warranty_hub.pipelines.feed_delivery import write_workbooks
from warranty_hub.pipelines.gate import findings
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.reconcile import reconcile_entity
from warranty_hub.records.codes import ReconKind
from warranty_hub.reports.finance.statement import statement
from warranty_hub.reports.table import exact
from warranty_hub.warehouse.ledger import falsified
from warranty_hub.warehouse.tables import feed_batch

app = typer.Typer(no_args_is_help=True, help="The finance feed 财务成本推送: batches, releases, proof.")
EntityArgument = Annotated[str, typer.Argument(help="The legal entity (ERP company code), e.g. 1000.")]


@app.command("list")
def list_batches(
    entity: Annotated[str | None, typer.Argument(help="The legal entity; default: all.")] = None,
    limit: Annotated[int, typer.Option(help="How many batches, newest first.")] = 20,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """The batches: period, number, state, totals, and why one is held.

    Example: `warranty-hub feed list 1000`.
    """
    with told():
        wanted = select(feed_batch).order_by(feed_batch.c.batch_id.desc()).limit(limit)
        with open_hub(config).transactions() as db:
            batches = db.execute(wanted.where(feed_batch.c.entity == entity) if entity else wanted).all()
    if not batches:
        console.print("Nothing has been published yet. 尚未推送任何批次。")
        return
    shown = table(
        "Feed batches 推送批次", "entity", "period", "no.", "state", "lines", "net by stage", "sealed", "held because"
    )
    for batch in batches:
        totals = "\n".join(f"{total['stage']} {total['amount']} {total['currency']}" for total in batch.totals)
        state = Text(batch.state, "green" if batch.state == "SEALED" else "bold red")
        place = (batch.entity, batch.period, batch.seq)
        why = "\n".join(batch.findings) + (f"\nreleased by {batch.released_by}" if batch.released_by else "")
        shown.add_row(*map(cell, place), state, *map(cell, (batch.lines, totals or "–", batch.sealed_at, why or "–")))
    console.print(shown)


@app.command()
def reconcile(
    entity: EntityArgument,
    period: Annotated[str | None, typer.Option(help="One accounting period, e.g. 2025-06; default: all.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Tickets against the ERP by project and period, and what would keep the feed back now 对账.

    On the left what was approved in that period, on the right what was booked; what lies between stands in the middle: in
    another period, another amount, only in tickets, only in the ERP, no amount approved. BI tools read the items in
    `mart.ticket_reconciliation`. Example: `warranty-hub feed reconcile 1000 --period 2025-06`.
    """
    with told():
        hub = open_hub(config)
        with hub.transactions() as db:
            reconcile_entity(db, entity, str(hub.settings.zone), hub.settings.feed.ticket_tolerance)
            lines, found = statement(db, entity, period), findings(hub, db, entity)
    kinds = (f"{label('recon_kind', kind).zh} {label('recon_kind', kind).en}" for kind in ReconKind)
    shown = table("Tickets × ERP 工单×ERP", "project", "period", "currency", "批准 approved", *kinds, "入账 booked")
    for line in lines:
        amounts = (f"{exact(amount, line.currency):,f}" if amount else "–" for amount in line[3:])
        shown.add_row(*line[:3], *amounts)
    console.print(shown if lines else "Nothing was approved or booked. 无批准或入账金额。")
    console.print("\n".join(found) if found else "Nothing keeps the feed back. 可以推送。", soft_wrap=True)


@app.command()
def workbook(
    entity: EntityArgument,
    period: Annotated[str, typer.Argument(help="The posting period, as the ERP writes it, e.g. 2025-06.")],
    to: Annotated[Path, typer.Option(file_okay=False, help="The folder to write into; it is made.")] = Path(),
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """The month's workbook for finance, in Chinese and in English 月报工作簿: what was published, along each dimension.

    Example: `warranty-hub feed workbook 1000 2025-06 --to june`. It also lies beside the month's batches, anew with each.
    """
    with told(), open_hub(config).transactions() as db:
        to.mkdir(parents=True, exist_ok=True)
        for file in write_workbooks(db, entity, period, to):
            console.print(str(file), soft_wrap=True)


@app.command()
def release(
    entity: EntityArgument,
    person: Annotated[str, typer.Option(help="Who releases; not who prepared it.")],
    reason: Annotated[str, typer.Option(help="Why it may go out in spite of what the gate found.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Let held batches out: exactly what was held, for the reasons for which it was held.

    It is recorded with the batch. Example: `warranty-hub feed release 1000 --person 李经理 --reason "SAP 停机维护,余额已核对"`.
    """
    with told():
        console.print(publish_feed(open_hub(config), entity, release=Release(person, reason)).line(), soft_wrap=True)


@app.command()
def acknowledge(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="CSV: line_id, status (ACCEPTED, REJECTED, POSTED), voucher_no, message."
        ),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take in what finance made of each line. A rejected one is proposed again only when its facts change.

    Example: `warranty-hub feed acknowledge may.ack.csv`. Files `*.ack.csv` below the feed's folder are taken in by themselves.
    """
    with told(), open_hub(config).transactions() as db:
        new = take_in_answers(db, file.read_bytes(), file.name)
    console.print(f"{new} new answers.")


@app.command()
def verify(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Compute every published line's id, every batch's hash and the chain of batches again.

    Example: `warranty-hub feed verify`. It ends with 1 when anything is not as it was published.
    """
    with told():
        hub = open_hub(config)
        wrong = 0
        for entity in entities(hub):
            with hub.transactions() as db:
                for problem in falsified(db, entity):
                    errors.print(problem, style="bold red", soft_wrap=True)
                    wrong += 1
    if wrong:
        raise typer.Exit(1)
    console.print("Every batch is as it was published. 所有批次与推送时一致。")
