"""A year of anything that can happen: what was sealed never changes, and what is published is always what the facts say."""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.books import Books
from warranty_hub.pipelines import feed as feed_step
from warranty_hub.pipelines import feed_delivery
from warranty_hub.warehouse.ledger import falsified
from warranty_hub.warehouse.tables import cost_line

STEPS = 14


class Year:
    """Events drawn from a seed, each as a source would deliver it."""

    def __init__(self, books: Books, seed: int) -> None:
        self._books, self._draw = books, random.Random(seed)
        self._documents: dict[str, int] = {}
        self._decisions = 0

    def step(self) -> None:
        """One to four things happen, in the order in which they are heard of."""
        for _ in range(self._draw.randint(1, 4)):
            self._draw.choices(
                (self._post, self._accrue, self._correct, self._delete, self._reverse, self._decide, self._close),
                (5, 3, 2, 1, 2, 2, 1),
            )[0]()

    def _amount(self) -> str:
        return f"{self._draw.randint(1, 99_999) / 100:.2f}"

    def _month(self) -> str:
        return f"2025-{self._draw.randint(3, 6):02d}"

    def _post(self, **changes: Any) -> None:
        name = f"D{len(self._documents)}"
        self._documents[name] = 1
        known = {"assignment": self._draw.choice(["WX1", "WX1", None]), "supplier_code": self._draw.choice(["GC", "SUP"])}
        self._books.post(name, self._amount(), self._month(), **{**known, **changes})

    def _accrue(self) -> None:
        self._post(stage="ACCRUED")

    def _correct(self) -> None:
        if name := self._any():
            self._documents[name] += 1
            self._books.post(name, self._amount(), self._month(), self._documents[name], supplier_code="GC")

    def _delete(self) -> None:
        if name := self._any():
            self._touch(name, deleted_at=text("now()"))

    def _reverse(self) -> None:
        """Perhaps with its reference, perhaps before what it reverses is corrected."""
        if name := self._any():
            self._touch(name, is_reversed=True)
            with self._books.hub.engine.connect() as db:
                amount = db.execute(
                    text("SELECT base_amount FROM hub.cost_line WHERE source_id = :name ORDER BY fact_version DESC LIMIT 1"),
                    {"name": name},
                ).scalar_one()
            back = f"D{len(self._documents)}"
            self._documents[back] = 1
            self._books.post(back, str(-amount), self._month(), reverses_document=name)

    def _decide(self) -> None:
        self._decisions += 1
        self._books.blame(self._draw.choice(["GC", "SUP"]), self._decisions)

    def _close(self) -> None:
        self._books.set_period(self._draw.choice(["2025-03", "2025-04", "2025-05"]), self._draw.choice(["OPEN", "CLOSED"]))

    def _any(self) -> str | None:
        return self._draw.choice(sorted(self._documents)) if self._documents else None

    def _touch(self, name: str, **values: Any) -> None:
        changed = cost_line.update().where(cost_line.c.source_id == name)
        with self._books.hub.engine.begin() as db:
            db.execute(changed.values(**values, changed_tx=text("pg_current_xact_id()::text::bigint")))


LEDGER_KEY = "project_code, party_code, cause, category, payer, stage, currency"
SEALED = """
    SELECT batch_id, period, seq, content_hash, chain_hash, lines, array(
        SELECT line_id FROM hub.feed_line l WHERE l.batch_id = b.batch_id ORDER BY 1) FROM hub.feed_batch b ORDER BY batch_id"""
PUBLISHED = f"SELECT facts_period, {LEDGER_KEY}, sum(amount) FROM hub.feed_line GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
FACTS = f"SELECT period, {LEDGER_KEY}, sum(amount) FROM hub.allocation GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
DANGLING = """
    SELECT s.line_id FROM hub.feed_line s
    WHERE s.settles_line IS NOT NULL AND NOT EXISTS (SELECT FROM hub.feed_line r WHERE r.corrects_line = s.line_id)
      AND EXISTS (SELECT FROM hub.feed_line r WHERE r.corrects_line = s.settles_line)"""


def _sums(books: Books, query: str) -> dict[tuple[Any, ...], Decimal]:
    return {row[:-1]: row[-1] for row in books.rows(query) if row[-1]}


@pytest.mark.parametrize("seed", range(3))
def test_a_year_of_corrections_changes_a_sealed_batch_or_loses_a_cent(
    warehouse: Engine, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_step, "findings", lambda *_: [])
    monkeypatch.setattr(feed_delivery, "write_workbooks", lambda *_: [])  # pictures of the ledger, most of the time
    books = Books(warehouse, tmp_path)
    year = Year(books, seed)
    sealed: list[tuple[Any, ...]] = []
    for _ in range(STEPS):
        year.step()
        books.publish()
        now = books.rows(SEALED)
        assert now[: len(sealed)] == sealed
        sealed = now
        assert _sums(books, PUBLISHED) == _sums(books, FACTS)
        assert books.rows(DANGLING) == []
    with books.hub.engine.connect() as db:
        assert list(falsified(db, "1000")) == []
    assert len(books.rows("SELECT FROM hub.feed_line WHERE settles_line IS NOT NULL")) > 0
