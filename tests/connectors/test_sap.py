"""SAP's cost lines against scripted answers: what the sandbox does not do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.contract import Window
from connectors.erp.sap.odata import ROOT, SapLogin, judge_sap
from connectors.erp.sap.source import SapOptions, SapSource
from connectors.erp.sap.streams import COST_KEY as KEY
from connectors.erp.sap.streams import COST_SERVICE
from connectors.http import HttpOptions, HttpSession
from tests.connectors.misbehaving import Script, Seen, reply, reply_json
from warranty_hub.errors import (
    ConfigError,
    HubError,
    LoginError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection

WINDOW = Window(datetime(2025, 3, 1, 17, tzinfo=UTC), datetime(2025, 3, 2, 2, tzinfo=UTC))
SERVICE = ROOT + COST_SERVICE
QUICK = HttpOptions(attempts=2, longest_wait=0.02, read_timeout=20)
NEXT = f"{SERVICE}/A_OperationalAcctgDocItemCube?$skiptoken="
Build = Callable[..., SapSource]


@pytest.fixture
def build(connection: Connection) -> Build:
    def make(**options: Any) -> SapSource:
        given = {"zone": "Asia/Shanghai", "company_codes": ["1000"], "accounts": ["6601010000"], "http": QUICK, **options}
        return SapSource(connection, SapOptions.model_validate(given))

    return make


def line(number: int) -> dict[str, Any]:
    key = dict(zip(KEY, ("1000", "2025", f"{number:010d}", "001"), strict=True))
    meta = {"id": "x", "uri": "x", "type": "x"}
    return {"__metadata": meta, **key, "AmountInCompanyCodeCurrency": "1.728E5", "PostingDate": "/Date(1492041600000)/"}


def page(*numbers: int, following: str = "") -> Any:
    data = {"results": [line(number) for number in numbers], **({"__next": following} if following else {})}
    return reply_json({"d": data})


def query(seen: Seen) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}


def documents(source: SapSource, window: Window = WINDOW) -> list[str]:
    return [record["AccountingDocument"] for found in source.pages("cost_lines", window) for record in found.records]


def test_a_window_leaves_out_days_or_lines(script: Script, build: Build) -> None:
    script.then(page())
    documents(build(company_codes=["1000", "2000"], accounts=["6601010000", "6602000000-6602999999"], client="100"))
    assert query(script.seen[0]) == {
        "$filter": "(CompanyCode eq '1000' or CompanyCode eq '2000')"
        " and (GLAccount eq '6601010000' or (GLAccount ge '6602000000' and GLAccount le '6602999999'))"
        " and ((LastChangeDate ge datetime'2025-03-02T00:00:00' and LastChangeDate le datetime'2025-03-02T00:00:00')"
        " or (AccountingDocumentCreationDate ge datetime'2025-03-02T00:00:00'"
        " and AccountingDocumentCreationDate le datetime'2025-03-02T00:00:00'))",
        "$orderby": "CompanyCode,FiscalYear,AccountingDocument,AccountingDocumentItem",
        "$format": "json",
    }
    assert script.seen[0].headers["sap-client"] == "100"
    documents(build(), Window(None, WINDOW.end))
    assert "Date" not in query(script.seen[1])["$filter"]


def test_the_link_to_the_next_page_is_rewritten(script: Script, build: Build) -> None:
    script.then(page(1, 2, following=f"{script.url}{NEXT}a%20b&sap-client=100"), page(following=NEXT + "c"), page(3), page(99))
    found = list(build().pages("cost_lines", WINDOW))
    assert [record["AccountingDocument"] for one in found for record in one.records] == [
        "0000000001",
        "0000000002",
        "0000000003",
    ]
    assert [one.position for one in found] == ["page 1", "page 3, skiptoken c"]
    assert [seen.path for seen in script.seen[1:]] == [f"{NEXT}a%20b&sap-client=100", f"{NEXT}c"]


def test_values_change_on_their_way(script: Script, build: Build) -> None:
    script.then(reply_json({"d": {"results": [{**line(1), "to_Text": {"__deferred": {"uri": "x"}}, "IsReversed": False}]}}))
    (found,) = build().pages("cost_lines", WINDOW)
    expected = {name: value for name, value in line(1).items() if name != "__metadata"}
    assert found.records == [{**expected, "IsReversed": False}]


@pytest.mark.parametrize(
    "pages",
    [
        [page(1, 2, following=NEXT + "a"), page(3, 4, following=NEXT + "a")],
        [page(1, 2, following=NEXT + "a"), page(1, 2, following=NEXT + "b")],
        [page(1, following=NEXT + "a"), page(2, following=NEXT + "b"), page(3, following=NEXT + "a")],
        [page(1, following=NEXT + "a"), page(2, following=NEXT + "b"), page(1)],
        [page(following=NEXT + "a"), page(following=NEXT + "a")],
    ],
)
def test_a_service_that_goes_round_in_circles_is_read_for_ever(script: Script, build: Build, pages: list[Any]) -> None:
    script.then(*pages)
    with pytest.raises(PageOrderError, match="repeats page"):
        documents(build())


def test_the_login_follows_a_link_to_another_host(script: Script, build: Build) -> None:
    script.then(page(1, following="http://sap.internal:8000" + NEXT))
    with pytest.raises(ProtocolError, match="another host"):
        documents(build())
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    "body", ["{}", "[]", '{"d": {}}', '{"d": {"results": {}}}', '{"d": {"results": ["x"]}}', '{"d": null}']
)
def test_something_else_passes_for_a_page(script: Script, build: Build, body: str) -> None:
    script.then(reply(200, body))
    with pytest.raises(MalformedAnswerError):
        documents(build())


SAP_ERROR = {
    "error": {
        "code": "005056A509B11EE1B9A8FEC11C21578E",
        "message": {"lang": "zh", "value": "属性 X 未找到"},
        "innererror": {
            "transactionid": "T",
            "errordetails": [{"code": "A", "message": "属性 X 未找到"}, {"message": "See note 1"}],
        },
    }
}


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (
            400,
            SAP_ERROR,
            ProtocolError,
            "400: 005056A509B11EE1B9A8FEC11C21578E 属性 X 未找到 (See note 1) → Correct company_codes",
        ),
        (404, SAP_ERROR, ProtocolError, "IWFND"),
        (403, SAP_ERROR, LoginError, "SU53"),
        (401, SAP_ERROR, LoginError, "user and password"),
        (500, SAP_ERROR, SystemUnreachableError, "属性 X 未找到"),
        (400, {"error": {"code": "X", "message": "plain"}}, ProtocolError, "400: X plain"),
        (400, {"error": "what"}, ProtocolError, "answered with 400 →"),
        (400, ["what"], ProtocolError, "answered with 400 →"),
    ],
)
def test_saps_own_words_are_lost(
    script: Script, build: Build, status: int, body: Any, error: type[HubError], said: str
) -> None:
    script.then(reply_json(body, status))
    with pytest.raises(HubError) as caught:
        build().check()
    assert type(caught.value) is error
    assert said in str(caught.value)


def test_a_broken_error_body_hides_the_error(script: Script, build: Build) -> None:
    script.then(reply(503, "<html>", "application/json"))
    with pytest.raises(SystemUnreachableError):
        build().check()


def test_check_does_not_tell_that_nothing_is_there(script: Script, build: Build) -> None:
    script.then(page(1), page())
    assert "cost lines can be read" in build().check()
    assert query(script.seen[0])["$top"] == "1"
    assert "no line is on these accounts" in build().check()


def test_a_window_begins_after_late_postings(build: Build) -> None:
    stream = build().streams()["cost_lines"]
    assert (stream.key, stream.ordered, stream.sweepable, stream.lookback) == (KEY, False, False, timedelta(days=3))
    assert build().now() is None
    with pytest.raises(ConfigError):
        build().keys("cost_lines")


def test_a_write_is_refused_for_want_of_a_token(script: Script, connection: Connection) -> None:
    required = {"x_csrf_token": "Required"}
    script.then(
        reply(403, "CSRF token validation failed", "text/plain", **required),
        reply_json({}, Set_Cookie="sap-XSRF_X_100=1; path=/", x_csrf_token="secret=="),
        reply_json({"d": {}}, 201),
    )
    session = HttpSession(script.url + SERVICE, QUICK, login=SapLogin(connection), judge=judge_sap)
    request = session.request("POST", "A_Thing", data=b"{}")
    session.repeat(lambda: session.exchange(request), idempotent=False)
    assert [(seen.method, seen.headers.get("x-csrf-token")) for seen in script.seen] == [
        ("POST", None),
        ("GET", "Fetch"),
        ("POST", "secret=="),
    ]
    assert script.seen[2].headers["cookie"] == "sap-XSRF_X_100=1"
    assert script.seen[1].path == SERVICE + "/"


def test_a_token_that_never_holds_is_fetched_for_ever(script: Script, connection: Connection) -> None:
    script.then(reply(403, "", "text/plain", x_csrf_token="Required"))
    session = HttpSession(script.url + SERVICE, QUICK, login=SapLogin(connection), judge=judge_sap)
    with pytest.raises(LoginError):
        session.repeat(lambda: session.exchange(session.request("POST", "A_Thing")), idempotent=False)
    assert len(script.seen) == 3
