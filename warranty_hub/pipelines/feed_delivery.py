"""Deliver sealed batches to finance, and take in what finance answers, line by line.

A batch is sealed first and delivered afterwards: where the receiver is out of reach, the next run delivers the same bytes.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr
from sqlalchemy import Connection, Row, insert, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from connectors.files.folder import Folder
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import AckStatus, FeedBatchState
from warranty_hub.settings import Connection as SystemConnection
from warranty_hub.warehouse.tables import delivery, feed_ack, feed_batch

CHUNK = 5_000
ACK_COLUMNS = ("line_id", "status", "voucher_no", "message")


def deliver_batches(hub: Hub, entity: str, run_id: int) -> int:
    """Land every sealed batch that has not been delivered, oldest first; returns how many."""
    with hub.transactions() as db:
        waiting = db.execute(
            select(feed_batch)
            .where(feed_batch.c.entity == entity, feed_batch.c.state == FeedBatchState.SEALED)
            .where(~select(delivery).where(delivery.c.batch_id == feed_batch.c.batch_id).exists())
            .order_by(feed_batch.c.batch_id)
        ).all()
    return sum(_delivered_now(hub, batch, run_id) for batch in waiting)


def _delivered_now(hub: Hub, batch: Row[Any], run_id: int) -> bool:
    """Deliver a batch unless another run has done so meanwhile: two that write one file would mix up its bytes."""
    with hub.transactions() as db:
        db.execute(select(feed_batch.c.batch_id).where(feed_batch.c.batch_id == batch.batch_id).with_for_update())
        if db.execute(select(delivery.c.batch_id).where(delivery.c.batch_id == batch.batch_id)).first():
            return False
        _deliver(hub, db, batch, run_id)
        return True


def write_workbooks(db: Connection, entity: str, period: str, folder: Path) -> list[Path]:
    """Write the month's workbooks, one a language, and return them. Raises ConfigError when nothing was published to it."""
    from warranty_hub.reports.finance.month import month
    from warranty_hub.reports.finance.month_workbook import LANGUAGES, write_month

    found = month(db, entity, period)
    files = {language: folder / f"warranty_month.{language}.xlsx" for language in LANGUAGES}
    for language, path in files.items():
        write_month(path, db, found, language)
    return list(files.values())


def destination(hub: Hub) -> Folder:
    """Where the feed goes: a folder beside hub.yaml, or the one that a connection names. Raises ConfigError."""
    to = hub.settings.feed.to
    if to.startswith("connection:"):
        return Folder(hub.connections(to.removeprefix("connection:")))
    folder = hub.settings.path(to)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "Make room for it, or name another one as `feed.to` in hub.yaml; sealed batches are delivered at the next run."
        raise ConfigError(f"The feed's folder {folder} cannot be made: {error.strerror}", remedy=remedy) from None
    return Folder(SystemConnection(id="feed", conn_type="fs", password=SecretStr(""), extra={"path": str(folder)}))


def take_in(hub: Hub, entity: str) -> int:
    """Take in the acknowledgements (``*.ack.csv``) that the receiver laid below the entity's folder; returns the new ones."""
    folder = destination(hub)
    found = 0
    for file in folder.files([f"{_folder(entity)}/*.ack.csv"]):
        with hub.transactions() as db:
            found += acknowledge(db, folder.read(file), file.name, entity)
    return found


def acknowledge(db: Connection, content: bytes, name: str, entity: str | None = None) -> int:
    """Write down a receiver's answers: CSV with line_id, status (ACCEPTED, REJECTED, POSTED), voucher_no, message.

    The same answer again changes nothing; returns how many were new. ``entity``: whose folder they lay in, they are about no
    other's lines. Raises ConfigError naming file and line; then none of the file was taken.
    """
    answers = _answers(content, name)
    return sum(_write_down(db, chunk, name, entity) for chunk in iter(lambda: list(islice(answers, CHUNK)), []))


def _write_down(db: Connection, answers: Sequence[Mapping[str, Any]], name: str, entity: str | None) -> int:
    ids = [answer["line_id"] for answer in answers]
    published = {row.line_id: row for row in db.execute(text(_ANSWERED), {"ids": ids, "entity": entity})}
    for answer in answers:
        line = published.get(answer["line_id"])
        if line is None:
            whose = f" for entity {entity}" if entity else ""
            raise ConfigError(f"{name}: no line {answer['line_id']!r} was published{whose}", remedy=_REMEDY)
        if answer["status"] == AckStatus.REJECTED and line.posted:
            raise ConfigError(f"{name}: line {line.line_id!r} was POSTED before and cannot be REJECTED", remedy=_REMEDY)
        if answer["status"] == AckStatus.POSTED and line.taken_back:
            raise ConfigError(
                f"{name}: line {line.line_id!r} was taken back as REJECTED and cannot be POSTED any more",
                remedy="Cancel that voucher in the receiving system: the hub has published what stands in its place.",
            )
    statement = pg_insert(feed_ack).values(answers).on_conflict_do_nothing().returning(feed_ack.c.ack_id)
    return len(db.execute(statement).all())


_ANSWERED = """
    SELECT line_id, EXISTS (SELECT FROM hub.feed_ack a WHERE a.line_id = l.line_id AND a.status = 'POSTED') AS posted,
           EXISTS (SELECT FROM hub.feed_line r WHERE r.corrects_line = l.line_id AND r.kind = 'REJECTED') AS taken_back
    FROM hub.feed_line l WHERE line_id = ANY(:ids) AND (CAST(:entity AS text) IS NULL OR entity = :entity)"""


def _answers(content: bytes, name: str) -> Iterator[Mapping[str, Any]]:
    try:
        plain = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        plain = content.decode("gb18030", errors="replace")
    reader = csv.DictReader(io.StringIO(plain))
    if missing := set(ACK_COLUMNS[:2]) - set(reader.fieldnames or ()):
        raise ConfigError(f"{name}: column {' and '.join(sorted(missing))} is missing", remedy=_REMEDY)
    for row in reader:
        if row["status"] not in list(AckStatus):
            raise ConfigError(f"{name}, line {reader.line_num}: {row['status']!r} is no status", remedy=_REMEDY)
        yield {column: row.get(column) or None for column in ACK_COLUMNS}


_REMEDY = (
    "Columns: line_id, status (ACCEPTED, REJECTED or POSTED), voucher_no, message. Correct the file; none of it was taken."
)


def _deliver(hub: Hub, db: Connection, batch: Row[Any], run_id: int) -> None:
    from warranty_hub.reports.finance.feed_files import write_batch

    settings = hub.settings.feed
    below = f"{_folder(batch.entity)}/{batch.period}/{batch.seq:04d}"
    with TemporaryDirectory() as aside:
        if "xlsx" in settings.formats and not _is_history(db, batch):
            books = write_workbooks(db, batch.entity, batch.period, Path(aside))
            destination(hub).put(books, f"{_folder(batch.entity)}/{batch.period}")
        files = write_batch(db, batch, Path(aside), list(settings.formats), settings.csv_encoding)
        destination(hub).put(files, below)
        db.execute(insert(delivery), [_delivered(file, f"{below}/{file.name}", batch.batch_id, run_id) for file in files])


def _is_history(db: Connection, batch: Row[Any]) -> bool:
    """Whether the batch is the first of a month that was closed when publishing began: its workbook is written on demand."""
    named = {"entity": batch.entity, "period": batch.period}
    return batch.seq == 1 and bool(db.execute(text(_IS_CLOSED), named).scalar_one())


_IS_CLOSED = """
    SELECT EXISTS (SELECT FROM hub.period
                   WHERE company_code = :entity AND period = :period AND status <> 'OPEN' AND deleted_at IS NULL)"""


def _delivered(file: Path, path: str, batch_id: int, run_id: int) -> dict[str, Any]:
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return {"run_id": run_id, "batch_id": batch_id, "path": path, "sha256": sha256, "size": len(content)}


def _folder(entity: str) -> str:
    """An entity's folder: its code may hold what a path must not."""
    return quote(entity, safe="")
