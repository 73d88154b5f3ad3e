"""A declared REST API: whatever way it pages and logs in, no ticket is passed over and no fen is lost."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.contract import Window
from connectors.tickets.rest import RestSource, build_source
from sandbox.rest_tickets import BUSY, EXPIRED, HelpDesk
from tests.connectors.misbehaving import Script, reply_json
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    ConfigError,
    LoginError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RateLimitedError,
)
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings

FIRST = datetime(2025, 3, 3, 1, 30, tzinfo=UTC)
ALL = Window(None, datetime(2026, 1, 1, tzinfo=UTC))
PASSWORD = "canary-password"
QUICK = {"attempts": 2, "longest_wait": 0.02, "read_timeout": 1}
CHANGED = {"since": "updated_from", "until": "updated_to", "form": "%Y-%m-%d %H:%M:%S"}
NUMBERS = {
    "path": "/api/numbers/tickets", "records": "data.items",
    "paging": {"kind": "page_number", "page": "page", "size": "page_size", "per_page": 3},
}  # fmt: skip
OFFSETS = {"path": "/api/offsets/tickets", "records": "rows", "paging": {"kind": "offset", "per_page": 3}}
TOKENS = {
    "path": "/api/tokens/tickets", "records": "tickets",
    "paging": {"kind": "cursor", "next": "meta.next", "token": "after", "size": "limit", "per_page": 3},
}  # fmt: skip
LINKS = {"path": "/api/links/tickets", "paging": {"kind": "link", "size": "per_page", "per_page": 3}}
PLAIN = {"path": "/api/plain/tickets"}
NUMBERS_TOTAL, OFFSETS_TOTAL = {**NUMBERS, "total": "data.total"}, {**OFFSETS, "total": "count"}
WAYS: dict[str, dict[str, Any]] = {
    "numbers": NUMBERS, "numbers, total": NUMBERS_TOTAL, "offsets": OFFSETS, "offsets, total": OFFSETS_TOTAL,
    "tokens": TOKENS, "links": LINKS, "all at once": PLAIN,
}  # fmt: skip
NUMBERED = ["numbers", "numbers, total", "offsets", "offsets, total"]


@pytest.fixture
def desk() -> Iterator[HelpDesk]:
    with HelpDesk("hub", PASSWORD) as server:
        yield server


def filled(desk: HelpDesk, count: int) -> HelpDesk:
    for number in range(1, count + 1):
        desk.put(number, FIRST + timedelta(hours=number))
    return desk


def source(desk: HelpDesk, way: str = "numbers", login: dict[str, Any] | None = None, **options: Any) -> RestSource:
    stream = {**WAYS[way], "key": ["id"], "cursor": "updated_at", "changed": CHANGED, "sweepable": True}
    given = {"zone": "Asia/Shanghai", "streams": {"tickets": stream}, "login": login or {"kind": "basic"}, "http": QUICK}
    return build_source(http_connection("desk", desk, "hub", PASSWORD), given | options)


def ids(reader: RestSource, window: Window = ALL) -> list[int]:
    return [record["id"] for page in reader.pages("tickets", window) for record in page.records]


# ------------------------------------------------------------------------------------------------ paging
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [0, 1, 3, 7, 9])
def test_every_ticket_is_read_once_however_the_api_pages(desk: HelpDesk, way: str, count: int) -> None:
    reader = source(filled(desk, count), way)
    assert ids(reader) == list(range(1, count + 1))
    assert [key for page in reader.keys("tickets") for key in page] == [str(number) for number in range(1, count + 1)]


@pytest.mark.parametrize("way", WAYS)
def test_a_window_holds_its_ends_in_the_zone_of_the_api(desk: HelpDesk, way: str) -> None:
    window = Window(FIRST + timedelta(hours=2), FIRST + timedelta(hours=5))
    assert ids(source(filled(desk, 9), way), window) == [2, 3, 4, 5]
    assert desk.calls[-1].query["updated_from"] == "2025-03-03 11:30:00"


@pytest.mark.parametrize("way", NUMBERED)
def test_tickets_that_go_while_we_read_hide_no_others(desk: HelpDesk, way: str) -> None:
    """Each goes between two calls, so that the next one would move up into a page already read."""
    filled(desk, 30)
    going = iter([1, 2, 4, 5, 6, 8, 3])
    desk.after_call = lambda _: desk.remove(number) if (number := next(going, 0)) else None
    assert set(ids(source(desk, way))) >= set(range(9, 31)) | {7}


@pytest.mark.parametrize("way", NUMBERED)
def test_tickets_that_go_by_the_page_hide_no_others(desk: HelpDesk, way: str) -> None:
    filled(desk, 20)

    def clear(call: int) -> None:
        if call == 3:
            for number in range(1, 8):
                desk.remove(number)

    desk.after_call = clear
    assert set(ids(source(desk, way))) >= set(range(8, 21))


@pytest.mark.parametrize("way", WAYS)
def test_tickets_that_come_or_change_while_we_read_hide_no_others(desk: HelpDesk, way: str) -> None:
    filled(desk, 8)
    desk.after_call = lambda call: desk.put(100 + call, FIRST - timedelta(hours=call)) if call < 4 else None
    assert set(ids(source(desk, way))) >= set(range(1, 9))


@pytest.mark.parametrize("way", ["numbers", "offsets", "offsets, total", "tokens", "links"])
def test_an_api_that_gives_fewer_than_asked_for_loses_nothing(way: str) -> None:
    with HelpDesk("hub", PASSWORD, largest_page=2) as desk:
        assert ids(source(filled(desk, 9), way)) == list(range(1, 10))


@pytest.mark.parametrize(("way", "calls"), [("numbers, total", 3), ("offsets, total", 3), ("numbers", 7), ("offsets", 7)])
def test_a_declared_total_saves_calls(desk: HelpDesk, way: str, calls: int) -> None:
    ids(source(filled(desk, 9), way))
    assert len(desk.calls) == calls


SCRIPTED = {"path": "/t", "records": "rows", "key": ["id"]}


def scripted(script: Script, connection: Connection, **stream: Any) -> RestSource:
    options = {"zone": "Asia/Shanghai", "streams": {"tickets": {**SCRIPTED, **stream}}, "http": QUICK}
    return build_source(connection, options)


def rows(*numbers: int, **more: Any) -> Any:
    return reply_json({"rows": [{"id": number} for number in numbers], **more})


@pytest.mark.parametrize(
    ("paging", "answers"),
    [
        ({"kind": "page_number"}, [rows(1, 2), rows(1, 2)]),
        ({"kind": "offset"}, [rows(1, 2), rows(3, 4), rows(1, 2), rows(1, 2)]),
        ({"kind": "cursor", "next": "next"}, [rows(1, 2, next="a"), rows(3, next="a")]),
        ({"kind": "cursor", "next": "next"}, [rows(1, 2, next="a"), rows(1, 2, next="b")]),
        ({"kind": "link", "next": "next"}, [rows(1, next="/t?p=2"), rows(2, next="/t?p=3"), rows(3, next="/t?p=2")]),
    ],
)
def test_a_page_that_comes_again_is_told_and_not_read_for_ever(
    script: Script, connection: Connection, paging: dict[str, Any], answers: list[Any]
) -> None:
    script.then(*answers)
    with pytest.raises(PageOrderError):
        ids(scripted(script, connection, paging=paging))


def test_a_list_that_ends_before_its_total_is_told(script: Script, connection: Connection) -> None:
    script.then(rows(1, 2, next="a", count=5), rows(3, count=5))
    with pytest.raises(PageOrderError, match="3 different records of 5"):
        ids(scripted(script, connection, paging={"kind": "cursor", "next": "next"}, total="count"))


@pytest.mark.parametrize(
    ("link", "asked"), [("?p=2", "/api/v1/t?p=2"), ("/api/v1/t?p=2", "/api/v1/t?p=2"), ("u?p=2", "/api/v1/u?p=2")]
)
def test_a_link_is_followed_from_where_it_stands(script: Script, connection: Connection, link: str, asked: str) -> None:
    script.then(rows(1, next=link), rows(2))
    assert ids(scripted(script, connection, path="/api/v1/t", paging={"kind": "link", "next": "next"})) == [1, 2]
    assert script.seen[1].path == asked


def test_a_link_to_another_host_is_not_followed(script: Script, connection: Connection) -> None:
    script.then(rows(1, next="http://elsewhere.example/t?p=2"))
    with pytest.raises(ProtocolError, match="another host"):
        ids(scripted(script, connection, paging={"kind": "link", "next": "next"}))


@pytest.mark.parametrize("body", [{"data": []}, {"rows": None}, {"rows": {"id": 1}}, {"rows": [1]}, [1]])
def test_something_else_never_passes_for_an_empty_list(script: Script, connection: Connection, body: Any) -> None:
    script.then(reply_json(body))
    with pytest.raises(MalformedAnswerError, match="no list of records at rows"):
        ids(scripted(script, connection))


def test_null_is_an_empty_list_when_the_total_is_none(script: Script, connection: Connection) -> None:
    script.then(reply_json({"rows": None, "count": 0}))
    assert ids(scripted(script, connection, total="count")) == []


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("iso", "2025-03-03T09:30:00+08:00"),
        ("epoch", "1740965400"),
        ("epoch_ms", "1740965400000"),
        ("%Y%m%d%H%M", "202503030930"),
    ],
)
def test_change_times_are_written_as_the_api_wants_them(desk: HelpDesk, form: str, written: str) -> None:
    stream = {**PLAIN, "key": ["id"], "changed": {"since": "since", "form": form}, "query": {"state": "all"}}
    ids(source(desk, streams={"tickets": stream}), Window(FIRST, FIRST))
    assert desk.calls[-1].query == {"since": written, "state": "all"}


# ------------------------------------------------------------------------------------------------ login and errors
@pytest.mark.parametrize(
    "login",
    [
        {"kind": "basic"},
        {"kind": "bearer"},
        {"kind": "api_key"},
        {"kind": "oauth2"},
        {"kind": "oauth2", "client_in": "header"},
    ],
)
def test_every_way_of_logging_in_works_and_a_wrong_secret_is_told(desk: HelpDesk, login: dict[str, Any]) -> None:
    reader = source(filled(desk, 2), login=login)
    assert reader.check().endswith("tickets: 2 on the first page")
    wrong = build_source(http_connection("desk", desk, "hub", "wrong-密码"), {
        "zone": "Asia/Shanghai", "streams": {"tickets": {**NUMBERS, "key": ["id"]}}, "login": login, "http": QUICK,
    })  # fmt: skip
    before = len(desk.calls)
    with pytest.raises(LoginError) as caught:
        wrong.check()
    assert "wrong-" not in str(caught.value)
    assert len(desk.calls) - before == 1


ERRORS = {"path": "code", "not": [0, "0", None], "message": "msg", "login": [EXPIRED], "busy": [BUSY]}


@pytest.mark.parametrize("as_code", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_a_token_that_expires_in_the_middle_is_renewed(as_code: bool, way: str) -> None:
    with HelpDesk("hub", PASSWORD, calls_per_token=2, expiry_as_code=as_code) as desk:
        filled(desk, 9)
        assert ids(source(desk, way, login={"kind": "oauth2"}, error_when=ERRORS)) == list(range(1, 10))
        assert desk.tokens_given > 1 or way == "all at once"


def test_a_token_that_is_never_good_is_told_after_one_renewal() -> None:
    with HelpDesk("hub", PASSWORD, calls_per_token=0) as desk:
        with pytest.raises(LoginError):
            source(desk, login={"kind": "oauth2"}).check()
        assert desk.tokens_given == 2


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (1001, ProtocolError, "code 1001: 参数错误"),
        (EXPIRED, LoginError, "code 40014"),
        (BUSY, RateLimitedError, "code 42900"),
        ("E1", ProtocolError, "code E1"),
    ],
)
def test_an_error_with_status_200_is_no_empty_list(
    script: Script, connection: Connection, code: Any, error: type[Exception], said: str
) -> None:
    script.then(reply_json({"code": code, "msg": "参数错误", "rows": []}))
    options = {"zone": "Asia/Shanghai", "streams": {"tickets": SCRIPTED}, "http": QUICK, "error_when": ERRORS}
    with pytest.raises(error, match=said):
        ids(build_source(connection, options))


def test_a_field_that_both_lists_declare_wrongly_is_named() -> None:
    options = {"zone": "Asia/Shanghai", "streams": {"tickets": {**SCRIPTED, "paging": {"kind": "pages"}}}}
    with pytest.raises(ConfigError, match=r"options\.streams\.tickets\.paging"):
        build_source(Connection("desk", "http", "127.0.0.1"), options)


# ------------------------------------------------------------------------------------------------ end to end
def hub(engine: Engine, desk: HelpDesk, clock: Callable[[], datetime]) -> Hub:
    stream = {**NUMBERS_TOTAL, "key": ["id"], "cursor": "updated_at", "changed": CHANGED}
    settings = {
        "database": "postgresql+psycopg:///unused",
        "sources": {
            "desk": {
                "system": "rest_tickets",
                "connection": "desk",
                "options": {
                    "login": {"kind": "oauth2"},
                    "error_when": ERRORS,
                    "streams": {"tickets": stream, "repair_plans": stream},
                },
                "streams": {
                    "tickets": {"map": "rest_tickets", "job": "tickets"},
                    "repair_plans": {"map": "rest_repair_plans", "job": "tickets"},
                },
            }
        },
    }
    connection = http_connection("desk", desk, "hub", PASSWORD)
    return Hub(Settings.model_validate(settings), engine, connections=lambda _: connection, clock=clock)


def test_tickets_and_their_costs_arrive_once_and_exactly(warehouse: Engine, desk: HelpDesk) -> None:
    costs = [Decimal("0.10"), Decimal("0.20"), Decimal("123456789.01"), Decimal("172800.00"), None, Decimal("0.07"), Decimal(5)]
    for number, cost in enumerate(costs, start=1):
        desk.put(number, FIRST + timedelta(hours=number), cost=cost)
    opened = hub(warehouse, desk, lambda: FIRST + timedelta(days=2))
    for stream, new in (("tickets", 7), ("repair_plans", 6)):
        first, second = sync_stream(opened, "desk", stream), sync_stream(opened, "desk", stream)
        assert (first.read, first.outcomes["new"], first.outcomes["quarantined"]) == (7, new, 0)
        assert second.outcomes["new"] == second.outcomes["changed"] == 0
    with warehouse.connect() as db:
        assert db.execute(text("SELECT sum(amount) FROM hub.repair_plan")).scalar_one() == Decimal("123629594.38")
        (found,) = db.execute(text("SELECT ticket_no, project_code, changed_at FROM hub.ticket WHERE source_id = '3'")).all()
    assert tuple(found) == ("WX0003", "P01", FIRST + timedelta(hours=3))
