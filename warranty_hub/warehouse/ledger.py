"""The published ledger's proof: ids and hashes that anyone can compute again. docs/published-ledger.md tells the rules."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from warranty_hub.records.codes import FeedBatchState
from warranty_hub.warehouse.tables import feed_batch, feed_line

_FIRST = (
    "kind", "corrects_line", "source_system", "source_id", "entity", "account", "project_code", "building_code", "party_code",
    "cause", "stage", "facts_period", "currency", "fact_version", "part", "document_no", "item_no", "ticket_no",
    "component_code", "defect_type_code", "room_code", "element_guid", "amount",
)  # fmt: skip
_SECOND = (
    "settles_line", "category", "payer", "repairer_code", "finality", "responsibility_version", "share_bp", "repeat_no",
    "basis", "original_currency", "rate", "rate_date",
)  # fmt: skip
SAID = {1: _FIRST, 2: (*_FIRST[:-1], *_SECOND, _FIRST[-1])}
"""What a line says by the schema version of its batch, in the order in which its id is made of it; the amount is the last."""
SCHEMA_VERSION = max(SAID)
"""Of batches that are published from now on; what was sealed before is proved by the columns that it had."""


def content_hash(db: Connection, batch_id: int) -> str:
    """SHA-256 over the ids of a batch's lines in their order, each followed by a newline."""
    digest = hashlib.sha256()
    ids = select(feed_line.c.line_id).where(feed_line.c.batch_id == batch_id).order_by(feed_line.c.line_id.collate("C"))
    for line_id in db.execute(ids, execution_options={"yield_per": 10_000}).scalars():
        digest.update(f"{line_id}\n".encode())
    return digest.hexdigest()


def chain(before: str, period: str, seq: int, content: str) -> str:
    """SHA-256 that ties a batch to every batch its entity sealed before it."""
    return hashlib.sha256(f"{before}\n{period}\n{seq}\n{content}\n".encode()).hexdigest()


def line_id(period: str, seq: int, said: Sequence[Any]) -> str:
    """SHA-256 over what a line says (SAID, in its order) and the batch it stands in."""
    plain = [period, seq, *(value if value is None or isinstance(value, int) else str(value) for value in said[:-1])]
    amount = format(said[-1].normalize(), "f")
    return hashlib.sha256(json.dumps([*plain, amount], ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def falsified(db: Connection, entity: str) -> Iterator[str]:
    """What does not fit the hashes of an entity's sealed batches, in words; nothing when all is as it was published."""
    before = ""
    sealed = select(feed_batch).where(feed_batch.c.entity == entity, feed_batch.c.state == FeedBatchState.SEALED)
    for batch in db.execute(sealed.order_by(feed_batch.c.batch_id)).all():
        name = f"{entity} {batch.period} no. {batch.seq}"
        lines = select(feed_line).where(feed_line.c.batch_id == batch.batch_id)
        for line in db.execute(lines, execution_options={"yield_per": 10_000}):
            if line.line_id != line_id(
                batch.period, batch.seq, [getattr(line, column) for column in SAID[batch.schema_version]]
            ):
                yield f"{name}: line {line.line_id} does not say what was published"
        if batch.content_hash != content_hash(db, batch.batch_id):
            yield f"{name}: its lines are not those that were sealed"
        before = chain(before, batch.period, batch.seq, batch.content_hash)
        if batch.chain_hash != before:
            yield f"{name}: the chain of batches is broken here"
