"""What would make an auditor doubt the ledger: two at once, a month reopened, answers to others, half a delivery, clocks."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from connectors.files.folder import Folder
from tests.pipelines.books import Books
from warranty_hub.errors import ConfigError, HubError, StreamTakenOverError
from warranty_hub.pipelines import feed as feed_step
from warranty_hub.pipelines.feed import publish_feed
from warranty_hub.pipelines.feed_delivery import acknowledge, deliver_batches
from warranty_hub.pipelines.gate import findings
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.warehouse.ledger import falsified


@pytest.fixture
def books(warehouse: Engine, tmp_path: Path) -> Books:
    books = Books(warehouse, tmp_path)
    books.post("A", "100.00")
    return books


def _answer(books: Books, status: str, entity: str | None = None) -> int:
    line = books.rows("SELECT line_id FROM hub.feed_line ORDER BY 1 LIMIT 1")[0][0]
    with books.hub.engine.begin() as db:
        return acknowledge(db, f"line_id,status\n{line},{status}\n".encode(), "may.ack.csv", entity)


def test_two_runs_at_once_publish_a_line_twice(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    roll_up_costs(books.hub)
    first_waits, second_began = Event(), Event()
    judged = findings

    def slowly(*args: Any) -> list[str]:
        first_waits.set()
        second_began.wait(5)
        return judged(*args)

    monkeypatch.setattr(feed_step, "findings", slowly)
    with ThreadPoolExecutor() as both:
        first = both.submit(publish_feed, books.hub, "1000")
        first_waits.wait(30)
        second = both.submit(publish_feed, books.hub, "1000")
        second_began.set()
        for run in (first, second):
            assert isinstance(run.exception(), StreamTakenOverError | None)
    assert books.published() == {"A": 100}
    assert [batch[:2] for batch in books.batches()] == [("2025-05", 1), ("2025-06", 1)]
    with books.hub.engine.begin() as db:
        assert list(falsified(db, "1000")) == []


def test_two_runs_write_one_file_at_once(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.publish()
    with books.hub.engine.begin() as db:
        db.execute(text("DELETE FROM ops.delivery"))
    at_work, released, put, landed = Event(), Event(), Folder.put, []

    def slowly(folder: Folder, files: Any, below: str) -> None:
        landed.append(below)
        at_work.set()
        released.wait(10)
        put(folder, files, below)

    monkeypatch.setattr(Folder, "put", slowly)
    with ThreadPoolExecutor() as both:
        first = both.submit(deliver_batches, books.hub, "1000", 1)
        at_work.wait(30)
        second = both.submit(deliver_batches, books.hub, "1000", 2)
        released.set()
        assert sorted([first.result(), second.result()])[-1] >= 1
        assert first.result() + second.result() == 2
    assert len(landed) == len(set(landed))


def test_a_month_that_the_erp_opens_again_changes_what_was_published_of_it(books: Books) -> None:
    books.publish()
    books.set_period("2025-05", "CLOSED")
    books.post("B", "7.00", "2025-05")
    books.publish()
    books.set_period("2025-05", "OPEN")
    books.post("C", "5.00", "2025-05")
    books.post("A", "90.00", "2025-05", version=2)
    books.publish()
    assert [(line[0], line[1], line[2], int(line[5])) for line in books.lines()] == [
        ("2025-05", 1, "NEW", 100),
        ("2025-06", 2, "NEW", 7),
        ("2025-05", 2, "REVERSAL", -100),
        ("2025-05", 2, "NEW", 5),
        ("2025-05", 2, "NEW", 90),
    ]
    assert books.published() == {"A": 90, "B": 7, "C": 5}


def test_one_entitys_receiver_answers_for_anothers_lines(books: Books) -> None:
    books.publish()
    with pytest.raises(ConfigError, match="was published for entity 2000"):
        _answer(books, "REJECTED", "2000")
    assert _answer(books, "REJECTED", "1000") == 1


def test_a_line_that_was_booked_is_taken_back_as_if_it_was_not(books: Books) -> None:
    books.publish()
    _answer(books, "POSTED")
    with pytest.raises(ConfigError, match="was POSTED before"):
        _answer(books, "REJECTED")


def test_a_line_that_was_rejected_and_then_booked_is_not_reversed_there(books: Books) -> None:
    books.publish()
    _answer(books, "REJECTED")
    _answer(books, "POSTED")
    books.post("A", "90.00", version=2)
    books.publish()
    assert [line[2] for line in books.lines()] == ["NEW", "REVERSAL", "NEW"]


def test_a_line_is_booked_after_it_was_taken_back_as_rejected(books: Books) -> None:
    books.publish()
    line = books.rows("SELECT line_id FROM hub.feed_line")[0][0]
    _answer(books, "REJECTED")
    books.post("A", "90.00", version=2)
    books.publish()
    with books.hub.engine.begin() as db, pytest.raises(ConfigError, match="taken back as REJECTED"):
        acknowledge(db, f"line_id,status\n{line},POSTED\n".encode(), "may.ack.csv")


def test_half_a_delivery_looks_whole_or_is_never_finished(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    moved, move = [], LocalFileSystem.mv

    def cut(store: LocalFileSystem, source: str, target: str, **how: Any) -> None:
        moved.append(target)
        if len(moved) == 4:  # two workbooks and one file of the batch have landed
            raise OSError("the line is cut")
        move(store, source, target, **how)

    with monkeypatch.context() as patch:
        patch.setattr(LocalFileSystem, "mv", cut)
        with pytest.raises(HubError):
            books.publish()
    folder = books.landed / "2025-05/0001"
    assert len(list(folder.glob("warranty_cost.*"))) == 1
    assert not (folder / "warranty_cost.manifest.json").exists()
    books.publish()
    assert (folder / "warranty_cost.manifest.json").exists()
    assert [path.name for path in books.landed.rglob("*.part")] == []


def test_a_clock_that_goes_back_puts_a_later_batch_before_an_earlier_one(books: Books) -> None:
    books.publish()
    with books.hub.engine.begin() as db:
        db.execute(text("SET session_replication_role = replica"))
        db.execute(text("UPDATE hub.feed_batch SET sealed_at = sealed_at + interval '1 day'"))
    books.post("B", "1.00")
    books.publish()
    moments = [moment for (moment,) in books.rows("SELECT sealed_at FROM hub.feed_batch ORDER BY batch_id")]
    assert moments == sorted(moments)
    assert len(moments) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE hub.feed_line CASCADE",
        "TRUNCATE hub.feed_batch CASCADE",
        "DELETE FROM hub.feed_ack",
        'INSERT INTO hub.feed_line SELECT (jsonb_populate_record(l, \'{"line_id": "x"}\'\\:\\:jsonb)).* FROM hub.feed_line l',
    ],
)
def test_the_ledger_is_emptied_or_a_sealed_batch_takes_another_line(books: Books, statement: str) -> None:
    books.publish()
    _answer(books, "POSTED")
    with pytest.raises(DBAPIError, match="is sealed"), books.hub.engine.begin() as db:
        db.execute(text(statement))
    assert books.published() == {"A": Decimal(100)}
