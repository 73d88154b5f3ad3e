"""The outbox: side effects in other systems, each performed once or left for a person.

    PENDING ──claim──▶ SENDING ──settle──▶ DONE
                          │  ├──refuse───▶ REFUSED     the other system said no, nothing happened there; a person may retry
                          │  ├──release──▶ PENDING     it surely did not happen
                          │  └──doubt────▶ IN_DOUBT    nobody can tell; a person settles it
                          └─(process dies: the next run looks it up there before anything else)

An item is SENDING in a committed transaction *before* the call goes out, so a crash can never make it look unsent.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from warranty_hub.records.codes import OutboxState
from warranty_hub.warehouse.commit import storable
from warranty_hub.warehouse.tables import outbox


@dataclass(frozen=True)
class Item:
    """One side effect, claimed."""

    outbox_id: int
    idempotency_key: str
    kind: str
    payload: Mapping[str, Any]
    sent_at: datetime | None


def enqueue(db: Connection, *, sink: str, kind: str, idempotency_key: str, payload: Mapping[str, Any]) -> bool:
    """Add a side effect, once per idempotency key. Returns whether it was new."""
    added = db.execute(
        insert(outbox)
        .values(sink=sink, kind=kind, idempotency_key=idempotency_key, payload=storable(payload), state=OutboxState.PENDING)
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(outbox.c.outbox_id)
    )
    return added.one_or_none() is not None


def claim_next(db: Connection, sink: str) -> Item | None:
    """Mark the oldest pending item SENDING; two workers never get the same one."""
    oldest = (
        select(outbox.c.outbox_id)
        .where(outbox.c.sink == sink, outbox.c.state == OutboxState.PENDING)
        .order_by(outbox.c.outbox_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = db.execute(
        update(outbox)
        .where(outbox.c.outbox_id == oldest)
        .values(state=OutboxState.SENDING, sent_at=func.clock_timestamp(), attempts=outbox.c.attempts + 1)
        .returning(outbox)
    ).one_or_none()
    return _item(row._mapping) if row else None


def interrupted(db: Connection, sink: str, before: datetime) -> list[Item]:
    """Items that were being sent when their process ended, old enough that nothing can still be under way."""
    rows = db.execute(
        select(outbox)
        .where(outbox.c.sink == sink, outbox.c.state == OutboxState.SENDING, outbox.c.sent_at < before)
        .order_by(outbox.c.outbox_id)
    )
    return [_item(row._mapping) for row in rows]


def settle(db: Connection, item: Item, *, reference: str, reply: Mapping[str, Any]) -> None:
    """It happened: DONE, with the other system's reference."""
    _leave_sending(db, item, OutboxState.DONE, reference=reference, reply=storable(reply), settled_at=func.now())


def refuse(db: Connection, item: Item, error: str) -> None:
    """The other system said no."""
    _leave_sending(db, item, OutboxState.REFUSED, error=error, settled_at=func.now())


def release(db: Connection, item: Item, error: str) -> None:
    """It surely did not happen: try again at the next delivery."""
    _leave_sending(db, item, OutboxState.PENDING, error=error)


def doubt(db: Connection, item: Item, error: str) -> None:
    """Nobody can tell whether it happened: wait for a person."""
    _leave_sending(db, item, OutboxState.IN_DOUBT, error=error)


def settle_doubt(db: Connection, outbox_id: int, *, happened: bool, reference: str, person: str) -> bool:
    """A person's word on an item in doubt: it happened (with this reference), or it did not and may be sent again."""
    values: dict[str, Any] = {"settled_by": person, "settled_at": func.now()}
    values |= {"state": OutboxState.DONE, "reference": reference} if happened else {"state": OutboxState.PENDING}
    changed = db.execute(
        update(outbox).where(outbox.c.outbox_id == outbox_id, outbox.c.state == OutboxState.IN_DOUBT).values(values)
    )
    return changed.rowcount == 1


def retry_refused(db: Connection, outbox_id: int, *, person: str) -> bool:
    """A person has mended what the other system refused: it is sent again. The refusal's words stay until the next reply."""
    refused = (outbox.c.outbox_id == outbox_id) & (outbox.c.state == OutboxState.REFUSED)
    again = {"state": OutboxState.PENDING, "settled_by": person, "settled_at": None}
    return db.execute(update(outbox).where(refused).values(again)).rowcount == 1


def waiting(db: Connection, sink: str | None, states: Collection[OutboxState], limit: int) -> Sequence[Row[Any]]:
    """Items in these states, the oldest first, of one sink or of all."""
    query = select(outbox).where(outbox.c.state.in_(states)).order_by(outbox.c.outbox_id).limit(limit)
    return db.execute(query.where(outbox.c.sink == sink) if sink else query).all()


def _leave_sending(db: Connection, item: Item, state: OutboxState, **values: Any) -> None:
    db.execute(
        update(outbox)
        .where(outbox.c.outbox_id == item.outbox_id, outbox.c.state == OutboxState.SENDING)
        .values(state=state, **values)
    )


def _item(row: Mapping[Any, Any]) -> Item:
    return Item(row["outbox_id"], row["idempotency_key"], row["kind"], row["payload"], row["sent_at"])
