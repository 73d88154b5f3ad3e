"""Entries posted to Tryton, once each."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract import OutboxItem
from sandbox.misbehaviour import Misbehaviour
from sandbox.tryton import TrytonServer
from tests.connectors.tryton_books import EXPENSE, PAYABLE, PROVISION, Books, sink
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    MalformedAnswerError,
    SystemUnreachableError,
)
from warranty_hub.testing.faults import Fault


def entry(key: str = "prov:1", **changes: Any) -> OutboxItem:
    lines = [{"account": EXPENSE, "amount": "12.30", "text": "计提"}, {"account": PROVISION, "amount": "-12.30"}]
    head = {"company_code": "1000", "posting_date": "2025-03-31", "document_date": "2025-03-30", "currency": "CNY"}
    return OutboxItem(key, "post_journal", {**head, "reference": "PROV-3", "text": "保修", "lines": lines, **changes})


def described(server: TrytonServer) -> list[tuple[str, str]]:
    return [(move["description"], move["state"]) for move in server.tables["account.move"].values()]


# ------------------------------------------------------------------------------------------------ entries
def test_an_entry_arrives_changed_or_unposted(books: Books) -> None:
    reply = sink(books).perform(entry())
    (move,) = books.tables["account.move"].values()
    assert (move["state"], move["date"], move["description"]) == ("posted", date(2025, 3, 31), "PROV-3 保修 [prov:1]")
    assert (move["period"]["name"], move["journal"]["code"]) == ("2025-03", "MISC")
    assert reply.reference == str(move["id"])
    assert reply.details == {"move": move["id"], "period": "2025-03"}
    lines = [(line["account"]["code"], line["debit"], line["credit"]) for line in books.tables["account.move.line"].values()]
    assert lines == [(EXPENSE, Decimal("12.30"), Decimal(0)), (PROVISION, Decimal(0), Decimal("12.30"))]


def test_an_entry_is_posted_twice_or_another_one_is_found(books: Books) -> None:
    assert sink(books).lookup(entry()) is None
    done = sink(books).perform(entry())
    assert sink(books).perform(entry()) == done == sink(books).lookup(entry())
    assert sink(books).lookup(entry("rov:1")) is None
    assert sink(books).lookup(entry("prov_1")) is None
    assert len(described(books)) == 1


@pytest.mark.parametrize("place", [Fault.CUT, Fault.SILENT, Fault.UNAVAILABLE])
def test_an_interruption_makes_two_entries_or_none(modern: Books, place: Fault) -> None:
    """Whichever request it strikes: what is found then, or made by the next try, is one posted entry."""
    faults = Misbehaviour(modern).faults
    for number in range(1, 12):
        faults[:] = [*[None] * number, place]
        item = entry(f"prov:{number}")
        try:
            sink(modern).perform(item)
        except (SystemUnreachableError, MalformedAnswerError):
            faults.clear()
            assert sink(modern).lookup(item) or sink(modern).perform(item)
        assert [state for description, state in described(modern) if f"[prov:{number}]" in description] == ["posted"]


def test_a_posting_that_may_have_happened_is_repeated(modern: Books) -> None:
    usual, posts = modern.respond, list[Any]()

    def fail_after(request: Any) -> Any:
        done = usual(request)
        if b"account.move.post" not in request.body:
            return done
        posts.append(request)
        return replace(done, status=503)

    modern.respond = fail_after
    with pytest.raises(SystemUnreachableError):
        sink(modern).perform(entry())
    assert len(posts) == 1
    assert sink(modern).lookup(entry())


def test_an_entry_that_is_refused_leaves_a_draft(modern: Books) -> None:
    period = modern.tables["account.period"][3]
    strict = sink(modern)
    posting = modern.respond

    def close(request: Any) -> Any:
        if b"account.move.post" in request.body:
            period["state"] = "closed"
        return posting(request)

    modern.respond = close
    with pytest.raises(BusinessError, match="period is closed") as caught:
        strict.perform(entry())
    assert caught.value.reply_code == "UserError"
    assert described(modern) == []
    assert modern.tables["account.move.line"] == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"company_code": "9"}, "no company with the code 9"),
        ({"posting_date": "2025-02-10"}, "no open period for 2025-02-10"),
        ({"currency": "USD"}, "ledger in CNY, the entry is in USD"),
        ({"lines": [{"account": "9", "amount": "1"}, {"account": EXPENSE, "amount": "-1"}]}, "no account 9"),
        ({"lines": [{"account": PAYABLE, "amount": "1"}, {"account": EXPENSE, "amount": "-1"}]}, "no party None"),
        ({"lines": [{"account": EXPENSE, "amount": "1"}, {"account": EXPENSE, "amount": "-2"}]}, "debit and credit differ"),
    ],
)
def test_an_impossible_entry_is_begun(modern: Books, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BusinessError, match=said):
        sink(modern).perform(entry(**changes))
    assert described(modern) == []


def test_a_supplier_stands_where_tryton_wants_none_or_not_where_it_wants_one(modern: Books) -> None:
    lines = [{"account": code, "amount": amount, "supplier_code": "V001"} for code, amount in ((PAYABLE, "-1"), (EXPENSE, "1"))]
    sink(modern).perform(entry(lines=lines))
    parties = [line["party"] and line["party"]["code"] for line in modern.tables["account.move.line"].values()]
    assert parties == ["V001", None]


def test_another_kind_of_item_is_posted(modern: Books) -> None:
    with pytest.raises(ConfigError, match="cannot perform 'submit_plan'"):
        sink(modern).perform(OutboxItem("k", "submit_plan", {}))
