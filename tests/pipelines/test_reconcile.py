"""Tickets and ERP are laid beside each other before a batch goes out, and what does not agree is named and kept back."""

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.books import Books
from warranty_hub.errors import FeedRefusedError
from warranty_hub.pipelines.feed import Release
from warranty_hub.reports.finance.statement import statement

APART = "project P01, 2025-06: ticket WX2: approved 60.00 CNY, booked 66.00; 1 more; 6.50 apart in all"


@pytest.fixture
def books(warehouse: Engine, tmp_path: Path) -> Books:
    books = Books(warehouse, tmp_path)
    for number, amount in (("WX2", "60.00"), ("WX3", "30.00"), ("WX4", "10.00")):
        books.report(number)
        books.approve(number, amount)
    books.post("A", "30.00", "2025-05", assignment="WX2")
    books.post("B", "30.00", "2025-06", assignment="WX2")
    books.post("C", "30.00", "2025-05", assignment="WX3")
    books.post("D", "5.00", "2025-05", assignment=None)
    books.post("E", "7.00", "2025-05", assignment="WX1")
    return books


def _items(books: Books) -> list[tuple[object, ...]]:
    return books.rows(
        "SELECT ticket_no, source_id, period, kind, tickets_amount, erp_amount FROM mart.ticket_reconciliation ORDER BY 1, 2, 3"
    )


def test_a_ticket_a_line_or_a_month_is_missing_from_the_reconciliation(books: Books) -> None:
    books.publish()
    assert _items(books) == [
        ("WX1", None, "2025-05", "UNSTATED", 0, 7),
        ("WX2", None, "2025-05", "TIMING", 60, 30),
        ("WX2", None, "2025-06", "TIMING", 0, 30),
        ("WX3", None, "2025-05", "MATCHED", 30, 30),
        ("WX4", None, "2025-05", "ONLY_TICKETS", 10, 0),
        (None, "D", "2025-05", "ONLY_ERP", 0, 5),
    ]
    with books.hub.engine.connect() as db:
        may, june = statement(db, "1000")
    assert list(map(int, may[3:])) == [100, 30, -30, 0, -10, 5, 7, 72]
    assert list(map(int, june[3:])) == [0, 0, 30, 0, 0, 0, 0, 30]
    for line in (may, june):
        assert line.tickets_amount + sum(line[5:10]) == line.erp_amount
    assert books.published() == {"A": 30, "B": 30, "C": 30, "D": 5, "E": 7}


def test_a_cost_that_was_not_approved_so_goes_out_or_its_release_has_to_be_repeated_every_day(books: Books) -> None:
    books.post("F", "6.00", "2025-06", assignment="WX2")
    books.post("G", "-0.50", "2025-06", assignment="WX3")
    books.publish(preparer="王会计")
    assert books.findings() == [APART]
    assert books.published() == {}
    books.publish(preparer="王会计", release=Release("李经理", "增项已补签"))
    books.post("H", "1.00", "2025-06", assignment="WX1")
    books.publish()
    assert books.published()["H"] == Decimal(1)
    books.post("I", "0.02", "2025-06", assignment="WX2")
    books.publish()
    assert [words.partition(", booked ")[2] for words in books.findings()] == ["66.02; 1 more; 6.52 apart in all"]


def test_nobody_says_why_a_difference_may_go_out(books: Books) -> None:
    books.post("F", "6.00", "2025-06", assignment="WX2")
    books.publish()
    with pytest.raises(FeedRefusedError, match="nobody"):
        books.publish(release=Release("李经理", "  "))
    with pytest.raises(FeedRefusedError, match="nobody"):
        books.publish(release=Release(" ", "增项已补签"))


def test_a_month_of_which_one_side_knows_nothing_goes_out(books: Books) -> None:
    books.post("X", "90.00", "2025-05", assignment="WX9")
    books.publish()
    assert books.findings() == [
        "2025-05: of 162.00 CNY booked, 95.00 belong to no ticket; 10.00 more were approved and are not booked"
    ]
    with books.hub.engine.begin() as db:
        db.execute(text("UPDATE hub.cost_line SET assignment = 'WX4', changed_tx = pg_current_xact_id()::text::bigint "
                        "WHERE source_id = 'X'"))  # fmt: skip
    books.publish()
    assert books.findings() == ["project P01, 2025-05: ticket WX4: approved 10.00 CNY, booked 90.00; 80.00 apart in all"]


def test_an_approval_falls_into_the_month_of_the_wall_calendar_where_the_year_is_cut_4_4_5(books: Books) -> None:
    books.report("WX5")
    books.approve("WX5", "9.00", day="2025-07-02")
    books.post("J", "9.00", "2025-06", assignment="WX5")
    books.set_period("2025-06", "OPEN", "2025-06-02", "2025-07-06")
    books.publish()
    assert [item[2:4] for item in _items(books) if item[0] == "WX5"] == [("2025-06", "MATCHED")]


def test_tickets_of_another_entity_are_missed_here(books: Books) -> None:
    books.post("K", "50.00", "2025-05", company_code="2000", project_code="P02", assignment=None)
    books.publish()
    assert {item[1] for item in _items(books)} == {None, "D"}


def test_a_plan_or_a_cost_counts_for_another_sources_ticket_of_that_number(books: Books) -> None:
    books.report("WX2", source_system="store", project_code="P02")
    books.post("H", "9.00", "2025-05", assignment="WX2", project_code="P02")
    books.publish()
    assert books.rows("""
        SELECT ticket_system, kind, sum(tickets_amount), sum(erp_amount) FROM hub.recon_item WHERE ticket_no = 'WX2'
        GROUP BY 1, 2 ORDER BY 1""") == [("store", "UNSTATED", 0, 9), ("wms", "TIMING", 60, 60)]
    approved = "SELECT DISTINCT ticket_system, approval_id FROM mart.cost_line_detail WHERE ticket_no = 'WX2' ORDER BY 1"
    assert books.rows(approved) == [("store", None), ("wms", "WX2")]
