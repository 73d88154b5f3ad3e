"""The feed of finance: sealed batches, adjustments into the open period, and no way past the gate but a second person's."""

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.exc import DBAPIError

from tests.pipelines.books import Books
from tests.pipelines.fake import NOW
from warranty_hub.errors import ConfigError, FeedRefusedError, HubError
from warranty_hub.pipelines import feed as feed_step
from warranty_hub.pipelines.feed import Release, entities, publish_feed
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.warehouse.ledger import falsified
from warranty_hub.warehouse.tables import cost_line


@pytest.fixture
def books(warehouse: Engine, tmp_path: Path) -> Books:
    return Books(warehouse, tmp_path)


@contextmanager
def _shut(books: Books) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed_step, "findings", lambda *_: ["sap.cost_lines is stale"])
        yield


def test_a_late_fact_changes_a_closed_period_instead_of_adjusting_the_open_one(books: Books) -> None:
    books.post("A", "100.00", "2025-05")
    books.publish()
    books.set_period("2025-05", "CLOSED")
    books.blame("GC")
    books.post("B", "7.00", "2025-05")
    books.publish()
    assert books.lines() == [
        ("2025-05", 1, "NEW", "2025-05", None, Decimal("100.000000")),
        ("2025-06", 2, "REVERSAL", "2025-05", None, Decimal("-100.000000")),
        ("2025-06", 2, "NEW", "2025-05", "GC", Decimal("7.000000")),
        ("2025-06", 2, "NEW", "2025-05", "GC", Decimal("100.000000")),
    ]
    assert books.published() == {"A": Decimal(100), "B": Decimal(7)}


def test_history_of_closed_periods_lands_in_the_open_one_at_the_first_publication(books: Books) -> None:
    books.post("A", "5.00", "2025-02")
    books.publish()
    books.post("B", "6.00", "2025-02")
    books.publish()
    assert [(line[0], line[3], line[5]) for line in books.lines()] == [("2025-02", "2025-02", 5), ("2025-05", "2025-02", 6)]


def test_an_unchanged_day_publishes_lines_again_or_a_quiet_month_goes_unreported(books: Books) -> None:
    books.publish()
    assert books.batches() == [("2025-06", 1, "SEALED", 0)]
    books.post("A", "1.00")
    books.publish()
    books.publish()
    assert books.batches() == [("2025-06", 1, "SEALED", 0), ("2025-05", 1, "SEALED", 1)]


def test_a_line_that_the_erp_deleted_stays_published(books: Books) -> None:
    books.post("A", "100.00")
    books.publish()
    with books.hub.engine.begin() as db:
        db.execute(update(cost_line).values(deleted_at=NOW, changed_tx=text("pg_current_xact_id()::text::bigint")))
    books.publish()
    assert books.published() == {}
    assert books.batches()[-1] == ("2025-05", 2, "SEALED", 1)


def test_a_change_that_the_rollup_has_not_seen_yet_is_lost_to_the_feed(books: Books) -> None:
    books.post("A", "100.00")
    books.publish()
    books.post("A", "80.00", version=2)
    publish_feed(books.hub, "1000")
    assert books.published() == {"A": Decimal(100)}
    books.publish()
    assert books.published() == {"A": Decimal(80)}


def test_a_published_line_or_a_sealed_batch_can_be_altered_and_nobody_notices(books: Books) -> None:
    books.post("A", "100.00")
    books.publish()
    for statement in (
        "UPDATE hub.feed_line SET amount = 1",
        "DELETE FROM hub.feed_line",
        "UPDATE hub.feed_batch SET lines = 0",
    ):
        with pytest.raises(DBAPIError, match="is sealed"), books.hub.engine.begin() as db:
            db.execute(text(statement))
    with books.hub.engine.begin() as db:
        assert list(falsified(db, "1000")) == []
        db.execute(text("SET session_replication_role = replica"))  # as whoever owns the server could
        db.execute(text("UPDATE hub.feed_line SET amount = 1"))
        assert [word.partition(": ")[2][:5] for word in falsified(db, "1000")] == ["line "]


def test_a_stale_source_lets_the_feed_out_or_the_next_run_forgets_what_was_held(books: Books) -> None:
    books.post("A", "100.00")
    with _shut(books):
        books.publish()
    assert (books.lines(), books.batches()) == ([], [("2025-05", 1, "HELD", 1), ("2025-06", 1, "HELD", 0)])
    books.publish()
    assert books.published() == {"A": Decimal(100)}
    assert [state for _, _, state, _ in books.batches()] == ["SEALED", "SEALED"]


def test_the_preparer_releases_alone_or_a_release_lets_out_what_nobody_saw(books: Books) -> None:
    books.post("A", "100.00")
    with _shut(books):
        books.publish(preparer="王会计")
        with pytest.raises(FeedRefusedError, match="prepared these"):
            books.publish(release=Release(" 王会计 ", "月末"))
        books.post("B", "1.00")
        with pytest.raises(FeedRefusedError, match="have changed since"):
            books.publish(release=Release("李经理", "月末"))
        books.publish(preparer="王会计")
        books.publish(release=Release("李经理", "SAP 维护,已核对"))
    assert books.published() == {"A": Decimal(100), "B": Decimal(1)}
    with books.hub.engine.connect() as db:
        rows = db.execute(text("SELECT DISTINCT prepared_by, released_by, release_reason, findings FROM hub.feed_batch")).all()
    assert [tuple(row) for row in rows] == [("王会计", "李经理", "SAP 维护,已核对", ["sap.cost_lines is stale"])]


def test_a_fact_is_published_though_the_erp_has_no_open_period_for_it(books: Books) -> None:
    books.publish()
    for name in ("2025-05", "2025-06"):
        books.set_period(name, "CLOSED")
    books.post("A", "1.00")
    with pytest.raises(FeedRefusedError, match="no period from 2025-05 on is open"):
        books.publish()
    books.set_period("2025-06", "OPEN")
    books.post("B", "1.00", "2024-01")
    with pytest.raises(FeedRefusedError, match="no status of period 2024-01"):
        books.publish()
    assert books.lines() == []


def test_an_entity_whose_closed_periods_nobody_tells_is_published(books: Books) -> None:
    assert entities(books.hub) == ["1000"]
    with pytest.raises(FeedRefusedError, match="no accounting periods"):
        publish_feed(books.hub, "2000")


def test_a_dry_run_seals_a_batch(books: Books) -> None:
    books.post("A", "1.00")
    with books.hub.dry_run() as trial:
        roll_up_costs(trial)
        assert publish_feed(trial, "1000").details["lines"] == 1
    assert books.batches() == []


def test_a_line_moved_to_another_entity_stays_with_the_first(books: Books) -> None:
    books.post("A", "100.00")
    books.publish()
    books.post("A", "100.00", version=2, company_code="2000")
    books.publish()
    assert books.published() == {}


def test_a_rejected_line_is_sent_again_unchanged(books: Books) -> None:
    books.post("A", "100.00")
    books.publish()
    line = json.loads((books.landed / "2025-05/0001/warranty_cost.jsonl").read_text())
    answer = f"line_id,status,voucher_no,message\n{line['line_id']},REJECTED,,科目已停用\n"
    (books.landed / "may.ack.csv").write_bytes(answer.encode("gb18030"))
    books.publish()
    books.publish()
    assert len(books.lines()) == 1
    books.post("A", "90.00", version=2)
    books.publish()
    assert [(line[2], line[5]) for line in books.lines()] == [("NEW", 100), ("REJECTED", -100), ("NEW", 90)]


def test_an_older_excel_gets_question_marks_for_rare_characters(books: Books) -> None:
    """GB18030 covers all of Unicode; GBK, which it is often taken for, has none of these."""
    feed = books.hub.settings.feed.model_copy(update={"csv_encoding": "gb18030"})
    books.hub = replace(books.hub, settings=books.hub.settings.model_copy(update={"feed": feed}))
    books.post("A", "-0.10", document_no="㐂𠮷-🏠é")
    books.publish()
    folder = books.landed / "2025-05/0001"
    (row,) = csv.DictReader((folder / "warranty_cost.csv").read_bytes().decode("gb18030").splitlines())
    assert (row["document_no"], row["amount"]) == ("㐂𠮷-🏠é", "-0.10")
    assert '"gb18030"' in (folder / "warranty_cost.manifest.json").read_text(encoding="utf-8")


def test_a_file_does_not_hold_what_its_manifest_vouches_for_or_another_run_changes_a_byte(books: Books) -> None:
    books.post("A", "100.00")
    books.post("B", "-0.10", text="=1+1", document_no="=cmd|x")
    books.publish()
    folder = books.landed / "2025-05/0001"
    manifest = json.loads((folder / "warranty_cost.manifest.json").read_text())
    contents = {file["name"]: (folder / file["name"]).read_bytes() for file in manifest["files"]}
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    assert (manifest["record_count"], manifest["control_totals"]) == (
        2,
        [{"stage": "ACTUAL", "currency": "CNY", "amount": "99.900000", "lines": 2}],
    )
    rows = list(csv.DictReader(contents["warranty_cost.csv"].decode("utf-8-sig").splitlines()))
    assert [(row["amount"], row["document_no"]) for row in rows] == [("-0.10", "'=cmd|x"), ("100.00", "A")]
    with books.hub.engine.begin() as db:
        db.execute(text("DELETE FROM ops.delivery"))
    books.publish()
    assert {name: (folder / name).read_bytes() for name in contents} == contents


def test_a_batch_that_could_not_be_landed_is_never_delivered(books: Books) -> None:
    books.post("A", "100.00")
    books.landed.parent.write_text("a file where the folder should be")
    with pytest.raises(HubError):
        books.publish()
    assert books.published() == {"A": Decimal(100)}
    books.landed.parent.unlink()
    books.publish()
    assert (books.landed / "2025-05/0001/warranty_cost.csv").exists()


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("line,status\n1,POSTED\n", "column line_id is missing"),
        ("line_id,status\n1,POSTED\n", "no line '1' was published"),
        ("line_id,status\n1,BOOKED\n", "line 2: 'BOOKED' is no status"),
    ],
)
def test_an_answer_that_fits_nothing_is_taken_or_keeps_the_feed_from_going_out(
    books: Books, answer: str, complaint: str
) -> None:
    books.post("A", "100.00")
    books.landed.mkdir(parents=True)
    (books.landed / "odd.ack.csv").write_text(answer)
    with pytest.raises(ConfigError, match=complaint):
        books.publish()
    assert (books.landed / "2025-05/0001/warranty_cost.csv").exists()


def test_costs_that_do_not_tie_to_the_general_ledger_go_out(books: Books) -> None:
    books.post("A", "100.00")
    books.post("B", "50.00", account="6402")
    books.balance("6401", "2025-05", "99.98")
    books.publish()
    with books.hub.engine.connect() as db:
        found = db.execute(text("SELECT DISTINCT state, findings FROM hub.feed_batch")).all()
    assert [tuple(row) for row in found] == [
        (
            "HELD",
            [
                "account 6401, 2025-05: the cost lines sum to 100.00 CNY, the ERP's balance is 99.98",
                "account 6402, 2025-05: the cost lines sum to 50.00 CNY, the ERP tells no balance",
            ],
        )
    ]
    with books.hub.engine.begin() as db:
        db.execute(text("UPDATE hub.gl_balance SET debit = 99.995"))
    books.balance("6402", "2025-05", "50.00")
    books.publish()
    assert books.published() == {"A": Decimal(100), "B": Decimal(50)}
