"""Accounting calendars are not the wall's: a 13th period, and quarters of four, four and five weeks, as batches know them."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.pipelines.books import Books


@pytest.fixture
def books(warehouse: Engine, tmp_path: Path) -> Books:
    return Books(warehouse, tmp_path)


def test_what_comes_late_for_december_skips_the_13th_period_or_stays_in_it_once_closed(books: Books) -> None:
    books.set_period("2024-12", "OPEN")
    books.set_period("2024-13", "OPEN", first="2024-12-31", last="2024-12-31")
    books.post("A", "100.00", "2024-12")
    books.post("Y", "-3.50", "2024-13", posting_date="2024-12-31")
    books.publish()
    books.set_period("2024-12", "CLOSED")
    books.post("A", "90.00", "2024-12", version=2)
    books.publish()
    books.set_period("2024-13", "CLOSED", first="2024-12-31", last="2024-12-31")
    books.post("A", "80.00", "2024-12", version=3)
    books.publish()
    assert [(period, facts_period, amount) for period, _, _, facts_period, _, amount in books.lines()] == [
        ("2024-12", "2024-12", 100),
        ("2024-13", "2024-13", Decimal("-3.50")),
        ("2024-13", "2024-12", -100),
        ("2024-13", "2024-12", 90),
        ("2025-05", "2024-12", -90),
        ("2025-05", "2024-12", 80),
    ]
    months = "SELECT period, sum(amount)::numeric(9, 2)::text FROM mart.cost_month GROUP BY 1 ORDER BY 1"
    assert books.rows(months) == [("2024-12", "80.00"), ("2024-13", "-3.50")]


def test_days_of_may_that_belong_to_june_are_put_into_may(books: Books) -> None:
    """Weeks from Sunday to Saturday: period 5 has the four from 27 April on, period 6 the five from 25 May on."""
    all_one_sided = books.hub.settings.feed.model_copy(update={"one_sided_share": Decimal(1)})
    books.hub = replace(books.hub, settings=books.hub.settings.model_copy(update={"feed": all_one_sided}))
    books.set_period("2025-04", "CLOSED", first="2025-03-30", last="2025-04-26")
    books.set_period("2025-05", "CLOSED", first="2025-04-27", last="2025-05-24")
    books.set_period("2025-06", "OPEN", first="2025-05-25", last="2025-06-28")
    for ticket, day in (("WX2", "2025-05-24"), ("WX3", "2025-05-25"), ("WX4", "2025-06-28")):
        books.report(ticket)
        books.approve(ticket, "70.00", day)
    books.post("B", "70.00", "2025-06", posting_date="2025-05-28", assignment="WX3")
    books.publish()
    assert [(period, amount) for period, *_, amount in books.lines()] == [("2025-06", 70)]
    due = "SELECT ticket_no, period, kind FROM hub.recon_item ORDER BY 1"
    assert books.rows(due) == [
        ("WX2", "2025-05", "ONLY_TICKETS"),
        ("WX3", "2025-06", "MATCHED"),
        ("WX4", "2025-06", "ONLY_TICKETS"),
    ]
