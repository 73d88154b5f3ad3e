"""The shared HTTP session: what a user would suffer when the other system has a bad day."""

import base64
import gzip
import logging
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar

import pytest
import requests

from connectors.answers import Answer, public_address
from connectors.http import BasicLogin, HttpOptions, HttpSession, base_url
from connectors.pace import TokenBucket
from tests.connectors.conftest import PASSWORD
from tests.connectors.misbehaving import Script, cut_off, drip, reply, reply_json, silence
from warranty_hub.errors import (
    ConfigError,
    LoginError,
    MalformedAnswerError,
    ProtocolError,
    RateLimitedError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection

QUICK = HttpOptions(connect_timeout=20, read_timeout=20, attempts=3, budget=5, longest_wait=0.05)


@pytest.fixture
def session(script: Script) -> HttpSession:
    return HttpSession(script.url, QUICK)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_stops_the_sync(session: HttpSession, script: Script, status: int) -> None:
    script.then(reply(status), reply(status), reply_json({"ok": True}))
    assert session.get("/x").json() == {"ok": True}
    assert len(script.seen) == 3


def test_a_lasting_failure_is_retried_for_ever_or_takes_the_wrong_class(session: HttpSession, script: Script) -> None:
    script.then(reply(503))
    with pytest.raises(SystemUnreachableError, match="answered with 503"):
        session.get("/x")
    assert len(script.seen) == QUICK.attempts


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wish_to_wait_is_ignored(script: Script, form: str) -> None:
    wish = "1" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    script.then(reply(429, Retry_After=wish), reply_json({}))
    started = time.monotonic()
    HttpSession(script.url, HttpOptions(attempts=2, longest_wait=5)).get("/x")
    assert 0.5 < time.monotonic() - started < 3


@pytest.mark.parametrize(("wish", "held"), [("1", 0.05), ("86400", 0.05), ("0", 0)])
def test_a_wish_to_wait_is_kept_from_the_others_or_an_absurd_one_stops_them(script: Script, wish: str, held: float) -> None:
    class Shared:
        """What the other tasks of the system wait for."""

        holds: ClassVar[list[float]] = []

        def __init__(self, per_second: float) -> None:
            self.holds.clear()

        def take(self) -> None:
            pass

        def hold(self, seconds: float) -> None:
            self.holds.append(seconds)

    script.then(reply(429, Retry_After=wish), reply(503), reply_json({}))
    HttpSession(script.url, HttpOptions(longest_wait=0.05, per_second=5, pace=Shared)).get("/x")
    assert Shared.holds == [held], "only what the system itself asked for is for everybody"


def test_an_absurd_wish_to_wait_blocks_the_worker(session: HttpSession, script: Script) -> None:
    script.then(reply(503, Retry_After="86400"), reply_json({}))
    started = time.monotonic()
    session.get("/x")
    assert time.monotonic() - started < 1


def test_the_wait_that_the_system_asked_for_is_lost_to_the_scheduler(session: HttpSession, script: Script) -> None:
    script.then(reply(429, Retry_After="120"))
    with pytest.raises(RateLimitedError) as caught:
        session.get("/x")
    assert caught.value.retry_after == 120


def test_an_unreadable_wish_to_wait_breaks_the_call(session: HttpSession, script: Script) -> None:
    script.then(reply(503, Retry_After="soon"), reply_json({}))
    session.get("/x")


def test_retries_go_beyond_the_time_budget(script: Script) -> None:
    script.then(reply(503, Retry_After="1"))
    started = time.monotonic()
    with pytest.raises(SystemUnreachableError):
        HttpSession(script.url, HttpOptions(attempts=50, budget=1.5)).get("/x")
    assert time.monotonic() - started < 1.5
    assert len(script.seen) == 2


@pytest.mark.parametrize("step", [reply(500), reply(429), cut_off(), silence(0.3)])
def test_a_call_that_is_not_idempotent_is_sent_twice(script: Script, step: object) -> None:
    script.then(step)  # type: ignore[arg-type]
    session = HttpSession(script.url, HttpOptions(read_timeout=0.2))
    request = session.request("POST", "/create", data=b"{}")
    with pytest.raises((SystemUnreachableError, RateLimitedError, MalformedAnswerError)):
        session.repeat(lambda: session.exchange(request), idempotent=False)
    assert len(script.seen) == 1


def test_a_call_declared_idempotent_is_not_retried(session: HttpSession, script: Script) -> None:
    script.then(reply(500), reply_json({}))
    request = session.request("POST", "/read", data=b"{}")
    session.repeat(lambda: session.exchange(request))
    assert len(script.seen) == 2
    assert script.seen[1].body == b"{}"


@pytest.mark.parametrize("chunked", [False, True])
def test_half_an_answer_passes_for_a_whole_one(session: HttpSession, script: Script, chunked: bool) -> None:
    script.then(cut_off(chunked))
    with pytest.raises(MalformedAnswerError, match="broke off"):
        session.get("/x")
    assert len(script.seen) == QUICK.attempts


def test_a_broken_connection_is_not_tried_again(session: HttpSession, script: Script) -> None:
    script.then(cut_off(), silence(0), reply_json({"ok": 1}))
    assert session.get("/x").json() == {"ok": 1}


def test_a_silent_server_hangs_the_worker(script: Script) -> None:
    script.then(silence(2))
    started = time.monotonic()
    with pytest.raises(SystemUnreachableError, match=r"silent for 0\.2 s"):
        HttpSession(script.url, HttpOptions(read_timeout=0.2, attempts=1)).get("/x")
    assert time.monotonic() - started < 1


def test_an_answer_that_never_ends_hangs_the_worker(script: Script) -> None:
    script.then(drip(3))
    started = time.monotonic()
    with pytest.raises(SystemUnreachableError, match="did not finish"):
        HttpSession(script.url, HttpOptions(budget=0.5, attempts=1)).get("/x")
    assert time.monotonic() - started < 1.5


def test_a_server_that_is_down_has_no_clear_error() -> None:
    with pytest.raises(SystemUnreachableError, match="cannot be reached"):
        HttpSession("http://127.0.0.1:9", QUICK).get("/x")


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        ("<html><body>Maintenance</body></html>", "text/html; charset=utf-8", "HTML page"),
        ("<html>login</html>", "application/json", "not valid JSON"),
        ('{"d": {"results": [{"a"', "application/json", "not valid JSON"),
        ("id;name", "text/csv", "text/csv instead of JSON"),
        ('{"a": NaN}', "application/json", "not valid JSON"),
        ('{"a": 1e9999999999999999999}', "application/json", "not valid JSON"),
        (b'{"a": "\xff\xfe"}', "application/json; charset=utf-8", "not valid JSON"),
        ("{}", "application/json; charset=no-such", "not valid JSON"),
        ("[" * 100_000, "application/json", "not valid JSON"),
        ("", "application/json", "not valid JSON"),
    ],
)
def test_something_else_passes_for_data(
    session: HttpSession, script: Script, body: bytes | str, content_type: str, reason: str
) -> None:
    script.then(reply(200, body, content_type))
    with pytest.raises(MalformedAnswerError, match=reason):
        session.get("/x").json()


def test_amounts_lose_digits(session: HttpSession, script: Script) -> None:
    script.then(reply(200, '{"amount": 12345678901234567.89, "exact": "1.728E5"}'))
    assert session.get("/x").json() == {"amount": Decimal("12345678901234567.89"), "exact": "1.728E5"}


@pytest.mark.parametrize("charset", ["utf-8", "gbk", "utf-8-sig"])
def test_chinese_text_is_garbled(session: HttpSession, script: Script, charset: str) -> None:
    declared = "" if charset == "utf-8-sig" else f"; charset={charset}"
    script.then(reply(200, '{"text": "飘窗渗水"}'.encode(charset), f"application/json{declared}"))
    assert session.get("/x").json() == {"text": "飘窗渗水"}


def test_a_compressed_answer_cannot_be_read(session: HttpSession, script: Script) -> None:
    script.then(reply(200, gzip.compress(b'{"ok": ' + b" " * 200_000 + b"1}"), Content_Encoding="gzip"))
    assert session.get("/x").json() == {"ok": 1}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_tried_again_until_the_user_is_locked(script: Script, connection: Connection, status: int) -> None:
    script.then(reply(status))
    with pytest.raises(LoginError):
        HttpSession(script.url, QUICK, login=BasicLogin(connection)).get("/x")
    assert len(script.seen) == 1


def test_an_expired_session_fails_the_sync(script: Script, connection: Connection) -> None:
    session = HttpSession(script.url, QUICK, login=BasicLogin(connection))
    script.then(reply_json({}, Set_Cookie="SAP_SESSIONID_X=1; path=/"), reply(401), reply_json({"ok": 1}))
    session.get("/first")
    assert session.get("/second").json() == {"ok": 1}
    assert ["cookie" in seen.headers for seen in script.seen] == [False, True, False]


class TokenLogin:
    """A token that ends, as most APIs have it."""

    def __init__(self) -> None:
        self.tokens = 0

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.tokens}"
        return request

    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        if refusal.status_code == 401:
            self.tokens += 1
        return refusal.status_code == 401


def test_a_login_is_renewed_more_than_once_or_not_at_all(script: Script) -> None:
    script.then(reply(401), reply_json({}), reply(401))
    session = HttpSession(script.url, QUICK, login=TokenLogin())
    session.get("/x")
    with pytest.raises(LoginError):
        session.get("/y")
    assert [seen.headers["authorization"] for seen in script.seen] == ["Bearer 0", "Bearer 1", "Bearer 1", "Bearer 2"]


def test_a_chinese_password_cannot_log_in(script: Script, connection: Connection) -> None:
    script.then(reply_json({}))
    HttpSession(script.url, QUICK, login=BasicLogin(connection)).get("/x")
    sent = base64.b64decode(script.seen[0].headers["authorization"].removeprefix("Basic "))
    assert sent.decode() == f"服务用户:{PASSWORD}"


def test_credentials_of_another_program_are_sent(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password canary")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr("connectors.http._is_loopback", lambda _: False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    script.then(reply_json({}))
    HttpSession(script.url, QUICK).get("/x")
    assert "authorization" not in script.seen[0].headers


def test_a_call_to_this_machine_goes_through_the_company_proxy(
    session: HttpSession, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    script.then(reply_json({}))
    session.get("/x")
    assert script.seen[0].path == "/x"


@pytest.mark.parametrize(
    "target", ["http://elsewhere.example/x", "https://127.0.0.1/x", "//elsewhere.example/x", "file:///etc/passwd"]
)
def test_the_login_is_sent_to_another_host(session: HttpSession, target: str) -> None:
    with pytest.raises(ProtocolError, match="another host"):
        session.get(target)


def test_a_redirect_to_a_login_page_is_followed(session: HttpSession, script: Script) -> None:
    script.then(reply(302, Location="https://sso.example/login?token=canary"))
    with pytest.raises(MalformedAnswerError, match="leads elsewhere") as caught:
        session.get("/x")
    assert caught.value.message.endswith("to https://sso.example/login")
    assert len(script.seen) == 1


def test_a_secret_shows_in_an_error_or_a_log(script: Script, connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script.then(silence(0), reply(500, "canary-body"), reply(404, "canary-body"))
    session = HttpSession(
        script.url.replace("//", "//user:canary-user@"),
        QUICK,
        login=BasicLogin(connection),
        headers={"APIKey": "canary-header"},
    )
    with pytest.raises(ProtocolError) as caught:
        session.get("/x", {"access_token": "canary-token"})
    with pytest.raises(SystemUnreachableError) as refused:
        HttpSession("http://user:canary-user@127.0.0.1:9", QUICK).get("/x", {"access_token": "canary-token"})
    assert refused.value.__context__ is None
    assert "GET http://127.0.0.1" in str(caught.value)
    said = caplog.text + str(caught.value) + str(refused.value)
    assert "canary" not in said
    assert PASSWORD not in said
    assert "try 1 failed" in caplog.text


def test_calls_come_faster_than_agreed(script: Script) -> None:
    script.then(reply_json({}))
    session = HttpSession(script.url, HttpOptions(per_second=20))
    started = time.monotonic()
    for _ in range(25):
        session.get("/x")
    assert time.monotonic() - started >= 0.2


def test_a_wish_to_wait_does_not_hold_the_calls_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("connectors.pace.time", type("Time", (), {"monotonic": lambda: 0.0, "sleep": waits.append}))
    bucket = TokenBucket(2)
    bucket.hold(30)
    bucket.hold(1)
    bucket.take()
    assert waits == [30.5]


def test_the_rate_limit_slows_calls_that_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    clock = iter([0.0, 0.0, 0.0, 10.0, 10.0])
    monkeypatch.setattr("connectors.pace.time", type("Time", (), {"monotonic": lambda: next(clock), "sleep": waits.append}))
    bucket = TokenBucket(1)
    for _ in range(4):
        bucket.take()
    assert waits == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("host", "port", "schema", "expected"),
    [
        ("sap.example", None, "", "https://sap.example"),
        ("sap.example", 44300, "https", "https://sap.example:44300"),
        ("sap.example", 8000, "http", "http://sap.example:8000"),
        ("https://sap.example", 443, "", "https://sap.example:443"),
    ],
)
def test_a_connection_leads_to_another_address(host: str, port: int | None, schema: str, expected: str) -> None:
    assert base_url(Connection("sap", "http", host, port, schema)) == expected


@pytest.mark.parametrize(("host", "schema"), [("", ""), ("sap.example", "ftp"), ("file:///etc/passwd", "")])
def test_a_connection_without_a_web_address_fails_late(host: str, schema: str) -> None:
    with pytest.raises(ConfigError, match="no usable web address"):
        base_url(Connection("sap", "http", host, None, schema))


def test_an_address_is_shown_with_its_secrets() -> None:
    assert public_address("https://user:secret@host:8443/a/b?token=secret#secret") == "https://host:8443/a/b"
