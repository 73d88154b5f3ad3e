"""Tryton's records, from either generation of the sandbox's, and scripted answers; the real ones are in tests/foreign."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from connectors.contract import Window
from connectors.erp.tryton.source import build_source
from mappings.fields.compiler import load_field_map
from sandbox.misbehaviour import Misbehaviour
from sandbox.tryton import TrytonServer
from tests.connectors.misbehaving import Script, reply, reply_json
from tests.connectors.tryton_books import (
    ALL,
    EXPENSE,
    NOW,
    PROVISION,
    Books,
    connection,
    ids,
    options,
    scripted,
    source,
)
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    HubError,
    LoginError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RateLimitedError,
)
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.testing.faults import Fault
from warranty_hub.warehouse.load import fact_columns
from warranty_hub.warehouse.tables import fact_tables


# ------------------------------------------------------------------------------------------------ end to end
def hub(server: TrytonServer, engine: Engine, costs: str) -> Hub:
    streams = {stream: {"map": f"tryton_{stream}", "job": "costs"} for stream in ("parties", "periods", "balances")}
    own = {name: value for name, value in options(costs_from=costs).items() if name != "zone"}
    given = {
        "system": "tryton", "connection": "tryton", "options": own,
        "streams": {**streams, "cost_lines": {"map": f"tryton_{costs}", "job": "costs"}},
    }  # fmt: skip
    settings = Settings.model_validate({"database": "postgresql+psycopg:///unused", "sources": {"erp": given}})
    return Hub(settings, engine, connections=lambda _: connection(server), clock=lambda: NOW)


@pytest.mark.parametrize("costs", ["entries", "invoices"])
def test_a_cent_is_lost_or_a_second_run_writes_again(books: Books, warehouse: Engine, costs: str) -> None:
    books.invoice(1, "0.10", "0.10")
    books.invoice(2, "700.07", "4986.93", currency="USD")
    books.invoice(3, "-100.05", "-100.05")
    books.enter(4, "77.77", state="draft")
    for stream in ("cost_lines", "parties", "periods", "balances"):
        sync_stream(hub(books, warehouse, costs), "erp", stream)
        again = sync_stream(hub(books, warehouse, costs), "erp", stream).outcomes
        assert (again["new"], again["changed"]) == (0, 0), stream
    query = "SELECT sum(base_amount), count(*), min(document_no), min(period), max(company_code) FROM hub.cost_line"
    with warehouse.connect() as db:
        first = "M1" if costs == "entries" else "R1"
        assert tuple(db.execute(text(query)).one()) == (Decimal("4886.98"), 3, first, "2025-03", "1000")
        balance = "SELECT period, debit, credit FROM hub.gl_balance ORDER BY 1"
        nothing = ("2025-02", Decimal(0), Decimal(0))
        assert [tuple(row) for row in db.execute(text(balance))] == [
            nothing,
            ("2025-03", Decimal("4987.03"), Decimal("100.05")),
        ]
        told = "SELECT text, assignment FROM hub.cost_line ORDER BY 1"
        assert db.execute(text(told)).first() == ("维修 1", "WX202500001")
        states = "SELECT period, status FROM hub.period ORDER BY 1"
        assert [tuple(row) for row in db.execute(text(states))] == [("2025-02", "CLOSED"), ("2025-03", "OPEN")]


def test_the_documents_currency_is_taken_for_the_companys(modern: Books) -> None:
    modern.enter(1, "-4986.93", amount_second_currency=Decimal("-700.07"), second_currency={"id": 9, "code": "USD"})
    modern.enter(2, "5.50")
    found = [record for page in source(modern).pages("cost_lines", ALL) for record in page.records]
    assert [(record["amount"], record["currency"], record["base_amount"]) for record in found] == [
        (Decimal("-700.07"), "USD", Decimal("-4986.93")),
        (Decimal("5.50"), "CNY", Decimal("5.50")),
    ]


def test_a_cancelled_invoice_takes_the_amount_of_its_cancellation(modern: Books) -> None:
    modern.invoice(1, "5", "5", state="cancelled")
    modern.enter(2, "-5", origin="account.invoice.line,1")
    (page,) = source(modern, costs_from="invoices").pages("cost_lines", ALL)
    assert [record["base_amount"] for record in page.records] == [Decimal(5)]


# ------------------------------------------------------------------------------------------------ which records
@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 100])
def test_a_page_boundary_loses_or_doubles_lines(modern: Books, page_size: int) -> None:
    for number in range(1, 8):
        modern.enter(number, "1")
    assert ids(source(modern, page_size=page_size)) == list(range(1, 8))


def test_drafts_other_accounts_or_customers_become_costs(modern: Books) -> None:
    modern.enter(1, "1", state="draft")
    modern.enter(2, "1", account=21)
    modern.invoice(3, "1", "1")
    modern.invoice(4, "1", "1")
    modern.tables["account.invoice.line"][4]["invoice"]["type"] = "out"
    assert ids(source(modern)) == [3, 4]
    assert ids(source(modern, accounts=["6601*", PROVISION])) == [2, 3, 4]
    assert ids(source(modern, costs_from="invoices")) == [3]


def test_what_is_posted_later_than_it_was_entered_is_never_read(modern: Books) -> None:
    move = modern.enter(1, "1", state="draft")
    window = Window(NOW - timedelta(days=1), NOW)
    assert ids(source(modern), window=window) == []
    move.update(state="posted", write_date=NOW - timedelta(hours=1))
    assert ids(source(modern), window=window) == [1]
    move["write_date"] = NOW
    assert ids(source(modern), window=window) == [1]
    move["write_date"] = NOW + timedelta(seconds=1)
    assert ids(source(modern), window=window) == []


def test_a_record_without_any_time_is_left_out_of_a_full_read(modern: Books) -> None:
    modern.put("party.party", 8, code="V002", name="旧", active=False, create_date=None)
    assert ids(source(modern), "parties") == [7, 8]


def test_a_deletion_is_not_seen_or_a_posted_line_is_swept(modern: Books) -> None:
    given = source(modern)
    assert [key for page in given.keys("parties") for key in page] == ["7"]
    assert given.streams()["periods"].sweepable
    for stream in ("cost_lines", "balances"):
        with pytest.raises(ConfigError, match="cannot be swept"):
            given.keys(stream)


def test_a_field_of_ones_own_module_cannot_be_read(modern: Books) -> None:
    modern.enter(1, "1", project={"id": 4, "code": "P03"})
    (page,) = source(modern, extra_fields={"cost_lines": ["project", "project.code"]}).pages("cost_lines", ALL)
    assert page.records[0]["project"] == {"id": 4, "code": "P03"}
    with pytest.raises(ProtocolError, match="error 'colour'"):
        ids(source(modern, extra_fields={"cost_lines": ["colour"]}))


# ------------------------------------------------------------------------------------------------ the wire
def test_check_does_not_say_what_answers(books: Books) -> None:
    line = source(books).check()
    assert books.address in line
    assert ("Tryton 7.0.59 " in line) != ("Tryton 8.2 " in line)
    assert "1 accounts are ours" in line
    assert "no account has these codes" in source(books, accounts=["99"]).check()
    assert source(books).now() is None


def test_a_wrong_password_is_insisted_on(books: Books) -> None:
    seen = [request.path for request in _spied(books, lambda: _refused(books, LoginError, login="someone"))]
    assert seen.count(seen[-1]) == 1


def test_a_wrong_database_has_no_clear_error(books: Books) -> None:
    with pytest.raises(ConfigError, match="no Tryton database 'other'"):
        source(books, database="other").check()


def test_a_session_that_ends_stops_the_run(books: Books) -> None:
    for number in range(1, 6):
        books.enter(number, "1")
    pages = source(books).pages("cost_lines", ALL)
    read = [record["id"] for record in next(pages).records]
    books.end_sessions()
    assert read + [record["id"] for page in pages for record in page.records] == [1, 2, 3, 4, 5]


def test_a_session_that_never_holds_is_renewed_for_ever(modern: Books) -> None:
    faults = Misbehaviour(modern).faults
    faults[:] = [None, Fault.EXPIRED, None, Fault.EXPIRED]
    with pytest.raises(LoginError):
        source(modern).check()
    assert faults == []


def answering(script: Script, *answers: Any) -> None:
    """Answer calls with these in their order, each under the call's own id."""

    def step(content: Any) -> Any:
        def answer(handler: Any) -> None:
            number = json.loads(script.seen[-1].body)["id"]
            reply_json({**content, "id": content.get("id", number)})(handler)

        return answer

    script.then(step({"result": [1, "s", None]}), *(step(content) for content in answers))


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (["UserError", ["You are not allowed to read.", "", None]], BusinessError, "refused: You are not allowed to read"),
        (["UserWarning", ["w1", "Really?", "It is late."]], BusinessError, "before it goes on: Really? It is late"),
        (["LoginException", ["sms_code", "Code", "char"]], LoginError, "more than user and password"),
        (["'no.such'", ""], ProtocolError, "error 'no.such'"),
        ([], ProtocolError, "answered with the error"),
        ("gone", ProtocolError, "error gone"),
    ],
)
def test_trytons_own_words_are_lost(
    script: Script, connection: Connection, error: Any, kind: type[HubError], said: str
) -> None:
    answering(script, {"error": error})
    with pytest.raises(HubError, match=re.escape(said)) as caught:
        scripted(connection).check()
    assert type(caught.value) is kind


def test_a_conflict_ends_the_run_although_it_passes(script: Script, connection: Connection) -> None:
    answering(script, {"error": ["ConcurrencyException", "changed"]}, {"result": 3}, {"result": "8.2"})
    assert "3 accounts" in scripted(connection).check()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"result": 1, "id": 0}, "another call"),
        ({"nothing": 1}, "no answer of JSON-RPC"),
        ({"result": [{"id": 1, "code": {"__class__": "Decimal", "decimal": "x"}}]}, "decimal or a date"),
        ({"result": [{"id": 1, "code": {"__class__": "datetime", "year": 2025}}]}, "decimal or a date"),
        ({"result": [{"code": 1}]}, "no records"),
        ({"result": {"id": 1}}, "no records"),
    ],
)
def test_a_wrong_answer_passes_for_records(script: Script, connection: Connection, content: Any, said: str) -> None:
    answering(script, content)
    with pytest.raises(ProtocolError, match=said):
        ids(scripted(connection), "parties")


def test_a_page_of_before_is_read_again_and_again(script: Script, connection: Connection) -> None:
    page = {"result": [{"id": number, "create_date": None, "write_date": None} for number in (4, 5)]}
    answering(script, page, page)
    with pytest.raises(PageOrderError, match="4 after 5"):
        ids(scripted(connection), "parties")


def test_a_flood_of_logins_is_taken_for_a_wrong_password(script: Script, connection: Connection) -> None:
    script.then(reply(429, "", "text/html"))
    with pytest.raises(RateLimitedError):
        scripted(connection).check()


def test_a_login_page_is_taken_for_a_session(script: Script, connection: Connection) -> None:
    script.then(reply(200, "<html>", "text/html"))
    with pytest.raises(MalformedAnswerError, match="HTML"):
        scripted(connection).check()


def _refused(server: TrytonServer, kind: type[HubError], login: str) -> None:
    with pytest.raises(kind):
        build_source(replace(connection(server), login=login), options()).check()


def _spied(server: TrytonServer, act: Any) -> list[Any]:
    seen, answering = [], server.respond

    def respond(request: Any) -> Any:
        seen.append(request)
        return answering(request)

    server.respond = respond
    act()
    return seen


# ---------------------------------------------------------------------------------------------------------- analytic lines
def analysed(books: Books, number: int, share: str, project: str, root: str = "PROJECTS") -> None:
    """A share of the line of entry 1."""
    (line,) = [one for one in books.tables["account.move.line"].values() if one["move"]["id"] == 1]
    net, axis = Decimal(share), {"id": 90, "code": root}
    account = {"id": number, "code": project, "root": axis}
    sides = {"debit": max(net, Decimal(0)), "credit": max(-net, Decimal(0))}
    books.put("analytic_account.line", number, **sides, account=account, move_line=line)


def test_a_line_for_two_projects_counts_for_one_or_for_each_axis_again(modern: Books, warehouse: Engine) -> None:
    move = modern.enter(1, "100.10")
    modern.put("account.move", 1, write_date=datetime(2025, 3, 9, 8, tzinfo=UTC))
    for number, share, project in ((11, "60.06", "P01"), (12, "40.04", "P03")):
        analysed(modern, number, share, project)
    analysed(modern, 13, "100.10", "CC1", root="CENTRES")
    reader = source(modern, costs_from="analytic", analytic_root="PROJECTS")
    records = [record for page in reader.pages("cost_lines", ALL) for record in page.records]
    assert [record["changed_at"] for record in records] == [datetime(2025, 3, 9, 8, tzinfo=UTC)] * 2
    mapped = load_field_map("tryton_analytic", ZoneInfo("Asia/Shanghai")).apply(records)
    told = fact_columns(fact_tables["cost_line"])
    rows = [dict(zip(("source_id", *told), row, strict=True)) for row in mapped.rows]
    assert [(row["project_code"], row["base_amount"], row["account"], row["document_no"]) for row in rows] == [
        ("P01", Decimal("60.06"), EXPENSE, "M1"),
        ("P03", Decimal("40.04"), EXPENSE, "M1"),
    ]
    assert [key for page in reader.keys("cost_lines") for key in page] == ["11", "12"]
    move["state"] = "draft"
    assert ids(reader) == []


@pytest.mark.parametrize("given", [{"costs_from": "analytic"}, {"costs_from": "entries", "analytic_root": "PROJECTS"}])
def test_analytic_lines_without_an_axis_count_every_axis(modern: Books, given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="analytic"):
        source(modern, **given)
