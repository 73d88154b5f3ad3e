"""Draft an entity's next batches: the lines that bring what is published up to what the facts say now, each in its period."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, text

from warranty_hub.errors import FeedRefusedError
from warranty_hub.records.codes import FeedBatchState, PeriodStatus
from warranty_hub.rules.publishing import Change, Description, Item, LedgerKey, Standing, changes, posting_period, settled
from warranty_hub.warehouse.ledger import SAID, SCHEMA_VERSION, content_hash, line_id
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import feed_batch, feed_line

SAYS = SAID[SCHEMA_VERSION]
CHUNK = 5_000
Key = tuple[str, str]


class Summary(NamedTuple):
    """What a batch holds, without its lines."""

    batch_id: int
    period: str
    seq: int
    lines: int
    totals: list[dict[str, Any]]
    content_hash: str


@dataclass
class Calendar:
    """An entity's periods in their order, and where the lines of this attempt go."""

    statuses: Mapping[str, PeriodStatus]
    current: str | None
    first_publication: bool

    def posting(self, entity: str, facts_period: str) -> str:
        """Raises FeedRefusedError when the ERP does not tell where this fact may go."""
        if self.first_publication:
            return facts_period
        try:
            period = posting_period(facts_period, self.statuses)
        except KeyError:
            raise FeedRefusedError(
                f"Entity {entity}: the ERP tells no status of period {facts_period}",
                remedy="Sync the stream of periods far enough back, then run the feed again; nothing was published.",
            ) from None
        if period is None:
            raise FeedRefusedError(
                f"Entity {entity}: no period from {facts_period} on is open",
                remedy="Open the next period in the ERP and sync periods; nothing was published.",
            )
        return period


def calendar_of(db: Connection, entity: str, today: date) -> Calendar:
    """An entity's calendar as the ERP tells it. Raises FeedRefusedError when it tells none."""
    periods = db.execute(text(_PERIODS), {"entity": entity}).all()
    if not periods:
        raise FeedRefusedError(
            f"Entity {entity}: the ERP tells no accounting periods",
            remedy="Add the stream of periods to its source in hub.yaml and sync it; only the ERP knows what is closed.",
        )
    statuses = {row.period: PeriodStatus(row.status) for row in periods}
    begun = [row.period for row in periods if row.status == PeriodStatus.OPEN and (not row.first_day or row.first_day <= today)]
    published = db.execute(text(_HAS_ANY), {"entity": entity}).scalar_one()
    return Calendar(statuses, begun[-1] if begun else None, first_publication=not published)


class Draft:
    """The lines of one attempt on their way into the ledger."""

    def __init__(self, db: Connection, entity: str, run_id: int, calendar: Calendar) -> None:
        self._db, self._entity, self._run_id, self._calendar = db, entity, run_id, calendar
        self._batches: dict[str, tuple[int, int]] = {}

    def write(self, seen: int) -> list[Summary]:
        """Write every line that is due and its batch; returns the batches in the order of their ids."""
        keys = [(row.source_system, row.source_id) for row in self._db.execute(text(_TOUCHED), self._named(seen=seen))]
        for start in range(0, len(keys), CHUNK):
            self._write_lines(keys[start : start + CHUNK])
        self._report_nothing()
        return [self._summary(period, *batch) for period, batch in self._batches.items()]

    def _write_lines(self, keys: Sequence[Key]) -> None:
        named = self._named(systems=[system for system, _ in keys], ids=[source_id for _, source_id in keys])
        items, standing = _items(self._db, named), _standing(self._db, named)
        rows = [row for key in keys for row in self._rows(key, changes(items[key], standing[key]), standing[key])]
        copy_rows(self._db, feed_line, ("line_id", "batch_id", *SAYS), rows)

    def _rows(self, key: Key, due: Sequence[Change], standing: Sequence[Standing]) -> Iterator[tuple[Any, ...]]:
        corrected = {change.corrects for change in due}
        stands = [line for line in standing if line.line_id not in corrected]
        for change in due:
            item = change.item
            period = self._calendar.posting(self._entity, item.key.facts_period)
            batch_id, seq = self._batch(period)
            settles = settled(item, stands) if item.settles is not None and not change.corrects else None
            values = {**item.key._asdict(), **item.about._asdict(), "kind": change.kind.value, "corrects_line": change.corrects}
            values |= {"source_system": key[0], "source_id": key[1], "settles_line": settles, "amount": item.amount}
            said = [values[name] for name in SAYS]
            published = line_id(period, seq, said)
            if not change.corrects:
                stands.append(Standing(published, item))
            yield (published, batch_id, *said)

    def _batch(self, period: str) -> tuple[int, int]:
        if period not in self._batches:
            named = {"entity": self._entity, "period": period}
            seq = self._db.execute(text(_NEXT_SEQ), named).scalar_one()
            values = {**named, "seq": seq, "state": FeedBatchState.HELD, "schema_version": SCHEMA_VERSION, "lines": 0}
            values |= {"totals": [], "content_hash": "", "run_id": self._run_id, "prepared_by": ""}
            batch_id = self._db.execute(insert(feed_batch).values(values).returning(feed_batch.c.batch_id)).scalar_one()
            self._batches[period] = batch_id, seq
        return self._batches[period]

    def _report_nothing(self) -> None:
        """The current period gets a batch in any case: the receiver must not have to wonder."""
        current = self._calendar.current
        if current and not self._db.execute(text(_HAS_BATCH), self._named(period=current)).scalar_one():
            self._batch(current)

    def _summary(self, period: str, batch_id: int, seq: int) -> Summary:
        totals = [dict(row._mapping) for row in self._db.execute(text(_TOTALS), {"batch": batch_id})]
        return Summary(batch_id, period, seq, sum(total["lines"] for total in totals), totals, content_hash(self._db, batch_id))

    def _named(self, **values: Any) -> dict[str, Any]:
        return {"entity": self._entity, **values}


def _items(db: Connection, named: Mapping[str, Any]) -> Mapping[Key, list[Item]]:
    found = defaultdict[Key, list[Item]](list)
    for row in db.execute(text(_ITEMS), named):
        found[row.source_system, row.source_id].append(_item(row))
    return found


def _standing(db: Connection, named: Mapping[str, Any]) -> Mapping[Key, list[Standing]]:
    found = defaultdict[Key, list[Standing]](list)
    for row in db.execute(text(_STANDING), named):
        found[row.source_system, row.source_id].append(Standing(row.line_id, _item(row), row.rejected))
    return found


def _item(row: Any) -> Item:
    return Item(
        LedgerKey(*(getattr(row, name) for name in LedgerKey._fields)),
        Description(*(getattr(row, name) for name in Description._fields)),
        row.amount,
        row.settles_part,
    )


_PERIODS = """
    SELECT period, status, first_day FROM hub.period
    WHERE company_code = :entity AND deleted_at IS NULL ORDER BY first_day NULLS FIRST, period"""

_HAS_ANY = "SELECT EXISTS (SELECT FROM hub.feed_batch WHERE entity = :entity AND state = 'SEALED')"
_HAS_BATCH = "SELECT EXISTS (SELECT FROM hub.feed_batch WHERE entity = :entity AND period = :period)"
_NEXT_SEQ = "SELECT coalesce(max(seq), 0) + 1 FROM hub.feed_batch WHERE entity = :entity AND period = :period"
_TOTALS = """
    SELECT currency, stage, sum(amount) AS amount, count(*) AS lines
    FROM hub.feed_line WHERE batch_id = :batch GROUP BY 1, 2 ORDER BY 1, 2"""

_TOUCHED = """
    SELECT k.source_system, k.source_id FROM (
        SELECT source_system, source_id FROM hub.cost_line WHERE changed_tx >= :seen
        UNION SELECT source_system, source_id FROM hub.allocation WHERE changed_tx >= :seen
    ) k
    WHERE EXISTS (SELECT FROM hub.cost_line l
                  WHERE l.source_system = k.source_system AND l.source_id = k.source_id AND l.company_code = :entity)
    ORDER BY 1, 2"""

_KEYS = "unnest(CAST(:systems AS text[]), CAST(:ids AS text[])) AS k(source_system, source_id)"

_ITEMS = f"""
    SELECT a.source_system, a.source_id, a.fact_version, a.part, a.amount,
           l.company_code AS entity, l.account, l.document_no, l.item_no,
           a.project_code, a.building_code, a.party_code, a.cause, a.stage, a.period AS facts_period, a.currency,
           a.category, a.payer, a.ticket_no, a.component_code, a.defect_type_code, d.room_code, e.guid AS element_guid,
           a.repairer_code, a.finality, a.responsibility_version, a.share_bp, a.repeat_no, a.settles_part,
           b.basis, l.currency AS original_currency, b.rate, b.rate_date
    FROM {_KEYS}
    JOIN hub.allocation a USING (source_system, source_id)
    JOIN hub.cost_line l USING (source_system, source_id, fact_version)
    JOIN hub.cost_basis b USING (source_system, source_id, fact_version)
    LEFT JOIN hub.defect d ON (d.source_system, d.ticket_id, d.seq) = (a.ticket_system, a.ticket_id, a.defect_seq)
    LEFT JOIN hub.bim_element e USING (element_key)
    WHERE l.company_code = :entity
    ORDER BY a.source_system, a.source_id, a.part"""

_STANDING = f"""
    SELECT p.*, NULL AS settles_part,
           EXISTS (SELECT FROM hub.feed_ack k WHERE k.line_id = p.line_id AND k.status = 'REJECTED')
           AND NOT EXISTS (SELECT FROM hub.feed_ack k WHERE k.line_id = p.line_id AND k.status = 'POSTED') AS rejected
    FROM {_KEYS}
    JOIN hub.feed_line p USING (source_system, source_id)
    WHERE p.entity = :entity AND p.kind = 'NEW'
      AND NOT EXISTS (SELECT FROM hub.feed_line r WHERE r.corrects_line = p.line_id)
    ORDER BY p.source_system, p.source_id, p.line_id COLLATE "C\""""
