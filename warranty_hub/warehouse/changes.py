"""Reading our own tables "since last time", exactly.

Every row carries the id of the transaction that wrote it (``changed_tx``). Transactions with an id below the oldest one still
running are all finished, so a consumer that reads ``changed_tx >= since`` and then remembers that floor sees every row, however
late it was committed; it may see some rows twice, which its own upserts make harmless. A clock could not promise that.
"""

from sqlalchemy import Connection, select, text, update

from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import cursor


def floor(db: Connection) -> int:
    """The transaction id below which everything is finished. Read it before reading the rows."""
    return int(db.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")).scalar_one())


def since(db: Connection, unit: Unit) -> int:
    """From which transaction id on this consumer has to read; 0 is everything.

    A database restored on another server counts transactions anew; a remembered id from its future means just that.
    """
    seen = db.execute(
        select(cursor.c.position_tx).where(cursor.c.step == unit.step, cursor.c.unit == unit.name)
    ).scalar_one_or_none()
    return seen if seen is not None and seen <= floor(db) else 0


def remember(db: Connection, unit: Unit, seen: int) -> None:
    """Move the consumer's cursor, in the transaction that writes what it made of the rows."""
    db.execute(update(cursor).where(cursor.c.step == unit.step, cursor.c.unit == unit.name).values(position_tx=seen))
