"""What comes back lessens the net, not the gross, and only once it is there; who claims more than he can prove is named."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.books import Books
from tests.pipelines.fake import NOW
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.warehouse.tables import fact_tables

STEPS = ("CLAIMED", "AGREED", "RECEIVED")


@pytest.fixture
def books(warehouse: Engine, tmp_path: Path) -> Books:
    books = Books(warehouse, tmp_path)
    books.blame("GC")
    books.post("A", "100.00")
    return books


def _line(books: Books, step: str, amount: str, name: str = "2025-06", **changes: Any) -> None:
    values = {
        "source_system": "desk", "source_id": f"{step}/{amount}/{name}", "company_code": "1000", "recovery_no": "ZC-1",
        "kind": "BACK_CHARGE", "step": step, "amount": Decimal(amount), "currency": "CNY", "day": f"{name}-10", "period": name,
        "party_code": "GC", "cost_document": "A", "document_no": f"函-{step}", "approval_id": "77", "run_id": 1, **changes,
    }  # fmt: skip
    with books.hub.engine.begin() as db:
        db.execute(fact_tables["recovery_line"].insert().values(values))


def _approve(books: Books) -> None:
    values = {"source_system": "oa", "source_id": "77", "title": "追偿", "state": "APPROVED", "run_id": 1}
    with books.hub.engine.begin() as db:
        db.execute(fact_tables["approval"].insert().values(values))


def _months(books: Books) -> list[tuple[Any, ...]]:
    roll_up_costs(books.hub)
    return books.rows("""
        SELECT period, party_code, sum(amount), sum(claimed), sum(agreed), sum(recovered), sum(net)
        FROM mart.cost_month GROUP BY 1, 2 ORDER BY 1, 2""")


def test_what_is_claimed_or_agreed_lessens_the_net_or_what_is_received_the_gross(books: Books) -> None:
    _line(books, "CLAIMED", "100.00")
    _line(books, "AGREED", "80.00")
    assert _months(books)[-1] == ("2025-06", "GC", 0, 100, 80, 0, 0)
    _line(books, "RECEIVED", "50.00")
    _line(books, "RECEIVED", "30.00", "2025-07")
    assert _months(books) == [
        ("2025-05", "GC", 100, 0, 0, 0, 100),
        ("2025-06", "GC", 0, 100, 80, 50, -50),
        ("2025-07", "GC", 0, 0, 0, 30, -30),
    ]
    assert books.rows("SELECT ticket_no, claimed, agreed, received, open, cost FROM mart.recovery") == [
        ("WX1", 100, 80, 80, 0, 100)
    ]


def test_a_recovery_without_its_proof_looks_like_one_with_it(books: Books) -> None:
    _line(books, "CLAIMED", "100.00")
    _line(books, "AGREED", "80.00")
    _months(books)
    assert books.rows("SELECT gaps FROM mart.recovery") == [("NOT_APPROVED",)]
    _approve(books)
    _months(books)
    assert books.rows("SELECT gaps, claim_documents, approval_ids FROM mart.recovery") == [("", "函-CLAIMED", "77")]
    _line(books, "RECEIVED", "120.00", document_no=None)
    _months(books)
    assert books.rows("SELECT gaps FROM mart.recovery") == [("ABOVE_COST,NO_RECEIPT,RECEIVED_ABOVE_AGREED",)]


def test_a_line_that_was_taken_away_stays_in_the_rollup_or_its_recovery_in_the_list(books: Books) -> None:
    _line(books, "RECEIVED", "50.00")
    _months(books)
    with books.hub.engine.begin() as db:
        values = {"at": NOW}
        changed = "UPDATE hub.recovery_line SET deleted_at = :at, changed_tx = pg_current_xact_id()::text::bigint"
        db.execute(text(changed), values)
    assert _months(books) == [("2025-05", "GC", 100, 0, 0, 0, 100)]
    assert books.rows("SELECT * FROM mart.recovery") == []


def test_what_is_claimed_of_an_unknown_ticket_is_dropped_or_goes_to_another(books: Books) -> None:
    _line(books, "RECEIVED", "50.00", ticket_no="WX9", cost_document=None, project_code="P01")
    assert _months(books)[-1] == ("2025-06", "GC", 0, 0, 0, 50, -50)
    assert books.rows("SELECT component_code, cause, payer FROM hub.recovery") == [("UNLINKED", "UNKNOWN", "UNDECIDED")]
    books.report("WX9")
    _months(books)
    assert books.rows("SELECT ticket_no, component_code, cause FROM hub.recovery") == [("WX9", "UNKNOWN", "UNKNOWN")]


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ({"ticket_no": "WX1"}, "wms"),
        ({}, "wms"),
        ({"ticket_no": "WX1", "cost_document": None}, None),
        ({"ticket_no": "WX1", "cost_document": None, "project_code": "P02"}, "store"),
    ],
    ids=["the voucher decides", "only a voucher", "nothing decides", "the project decides"],
)
def test_what_comes_back_goes_to_another_sources_ticket_of_that_number(
    books: Books, line: dict[str, Any], source: str | None
) -> None:
    books.report("WX1", source_system="store", project_code="P02")
    _line(books, "RECEIVED", "50.00", **line)
    _months(books)
    assert books.rows("SELECT ticket_system FROM hub.recovery") == [(source,)]
