"""Deliver the outbox: repair plans that wait for approval go to the OA, each exactly once."""

import hashlib
from collections import Counter
from typing import Any

from sqlalchemy import Row, select

from connectors.contract import OutboxItem, Sink
from warranty_hub.errors import BusinessError, HubError, LoginError, LookupImpossibleError, RateLimitedError
from warranty_hub.money import quantise
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.records.codes import PlanState
from warranty_hub.records.effects import SUBMIT_PLAN, PlanToApprove
from warranty_hub.warehouse import outbox
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import repair_plan, ticket

STEP = "deliver"


def deliver_outbox(hub: Hub, sink_name: str) -> RunReport:
    """Enqueue what is due for a sink, look up what an earlier run left open, then perform what is pending.

    A dry run only enqueues: it tells how many would be new, and calls nobody.
    """
    sink = hub.sink(sink_name)
    results: Counter[str] = Counter()
    with hub.recorded(Unit(STEP, sink_name)) as run:
        try:
            results["enqueued"] = enqueue_plans(hub, sink_name)
            if not hub.is_trial:  # what was sent cannot be rolled back
                _look_up_interrupted(hub, sink_name, sink, results)
                _perform_pending(hub, sink_name, sink, results)
        finally:
            run.note(**results)
    return hub.report(run.run_id)


def enqueue_plans(hub: Hub, sink_name: str) -> int:
    """One outbox item for each version of a repair plan that waits to be submitted. Returns how many were new."""
    if SUBMIT_PLAN not in hub.settings.sinks[sink_name].kinds:
        return 0
    waiting = (
        select(repair_plan, ticket.c.project_code)
        .join(ticket, (ticket.c.source_system == repair_plan.c.source_system) & (ticket.c.ticket_no == repair_plan.c.ticket_no))
        .where(repair_plan.c.state == PlanState.TO_SUBMIT, repair_plan.c.deleted_at.is_(None))
        .order_by(repair_plan.c.plan_no, repair_plan.c.version)
    )
    with hub.transactions() as db:
        return sum(
            outbox.enqueue(
                db,
                sink=sink_name,
                kind=SUBMIT_PLAN,
                idempotency_key=f"{row.source_system}:{row.plan_no}:{row.version}",
                payload=_plan_to_approve(row).model_dump(mode="json"),
            )
            for row in db.execute(waiting)
        )


def _plan_to_approve(row: Row[Any]) -> PlanToApprove:
    amount = quantise(row.amount, row.currency)
    return PlanToApprove(
        plan_no=row.plan_no,
        ticket_no=row.ticket_no,
        version=row.version,
        project_code=row.project_code,
        text=row.text,
        amount=amount,
        currency=row.currency,
        content_hash=content_hash(row.text, f"{amount:f}", row.currency),
    )


def content_hash(*parts: str) -> str:
    """What an approval is bound to: the plan's text, amount and currency."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _look_up_interrupted(hub: Hub, sink_name: str, sink: Sink, results: Counter[str]) -> None:
    before = hub.clock() - hub.settings.sinks[sink_name].grace
    with hub.transactions() as db:
        items = outbox.interrupted(db, sink_name, before)
    for item in items:
        try:
            reply = sink.lookup(_wire(item))
        except LookupImpossibleError as error:
            with hub.transactions() as db:
                outbox.doubt(db, item, error.message)
            results["in_doubt"] += 1
            continue
        with hub.transactions() as db:
            if reply is None:
                outbox.release(db, item, "an interrupted attempt left nothing there")
            else:
                outbox.settle(db, item, reference=reply.reference, reply=reply.details)
        results["found" if reply else "released"] += 1


def _perform_pending(hub: Hub, sink_name: str, sink: Sink, results: Counter[str]) -> None:
    while True:
        with hub.transactions() as db:
            item = outbox.claim_next(db, sink_name)
        if item is None:
            return
        try:
            reply = sink.perform(_wire(item))
        except BusinessError as error:
            with hub.transactions() as db:
                outbox.refuse(db, item, error.message)
            results["refused"] += 1
            continue
        except (LoginError, RateLimitedError) as error:
            with hub.transactions() as db:  # refused at the door: it surely did not happen
                outbox.release(db, item, error.message)
            raise
        except HubError:
            results["left_open"] += 1  # it may have happened: the next run looks it up, after the grace
            raise
        with hub.transactions() as db:
            outbox.settle(db, item, reference=reply.reference, reply=reply.details)
        results["delivered"] += 1


def _wire(item: outbox.Item) -> OutboxItem:
    return OutboxItem(item.idempotency_key, item.kind, item.payload)
