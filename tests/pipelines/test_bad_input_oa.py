"""An OA on a bad day: what fails is told, nothing half is kept, and the next run ends as an undisturbed one."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from sandbox.weaver import APPROVED, WeaverRequest, WeaverServer
from sandbox.web import Answer, Request
from tests.pipelines.bad_day import NOW, QUICK, Disturbed, Spoil, System, cut_short, hub_of, hung_up, instead, unspoilt
from tests.pipelines.fake import runs
from tests.sandbox.systems import http_connection
from warranty_hub.errors import HubError, MalformedAnswerError, PageOrderError, RetryableError

REQUEST_COUNT, PAGE_SIZE = 10, 4
MARCH = datetime(2025, 3, 1, 8)  # noqa: DTZ001 - the OA writes local times
OPENED, LISTED = b"getWorkflowRequest", b"getAllWorkflowRequestList"


class DisturbedOa(Disturbed, WeaverServer):
    """An OA behind a proxy that spoils what it passes on."""


def request(number: int) -> WeaverRequest:
    form = {"plan_no": f"FA{number}", "ticket_no": f"WX{number}", "version": "1", "amount": "1200.50", "content_hash": "abc"}
    return WeaverRequest(number, 12, f"维修方案 FA{number}", 1, MARCH, MARCH + timedelta(days=1), APPROVED, form)


@pytest.fixture
def oa(warehouse: Engine) -> Iterator[tuple[System, DisturbedOa]]:
    with DisturbedOa(map(request, range(101, 101 + REQUEST_COUNT)), workflow_id=12) as server:
        source = {
            "system": "weaver",
            "options": {"user_id": 7, "page_size": PAGE_SIZE, "http": QUICK},
            "streams": {"approvals": {"map": "weaver_approvals", "job": "approvals", "lookback": timedelta(days=365)}},
        }
        yield System(hub_of(warehouse, http_connection("it", server), source), "it", "approvals", "approval"), server


def from_answer(number: int, operation: bytes, spoil: Callable[[Answer], Answer]) -> Spoil:
    """Spoil the answers to an operation, from its ``number``-th call on (from 1)."""
    calls = 0

    def spoiling(call: Request, answer: Answer) -> Answer:
        nonlocal calls
        calls += operation + b">" in call.body
        return spoil(answer) if calls >= number and operation + b">" in call.body else answer

    return spoiling


def not_escaped(answer: Answer) -> Answer:
    return Answer(200, answer.body.replace("维修".encode(), b"<&"), answer.media_type)


def in_gbk(answer: Answer) -> Answer:
    return Answer(200, answer.body.decode().encode("gbk"), answer.media_type)


def in_gbk_and_says_so(answer: Answer) -> Answer:
    body = answer.body.decode().replace("encoding='UTF-8'", "encoding='GBK'")
    return Answer(200, body.encode("gbk"), "text/xml; charset=GBK")


def with_a_wrong_amount(answer: Answer) -> Answer:
    return Answer(200, answer.body.replace(b"1200.50", "一千".encode()), answer.media_type)


XML = "text/xml; charset=utf-8"
FAULT = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
    b"<faultcode>e:Server</faultcode><faultstring>ORA-00060</faultstring></e:Fault></e:Body></e:Envelope>"
)
FAILURES: list[tuple[str, Callable[[Answer], Answer], type[HubError], str]] = [
    ("hung up", hung_up, MalformedAnswerError, "broke off its answer"),
    ("truncated", cut_short, MalformedAnswerError, "cannot be read"),
    ("not escaped", not_escaped, MalformedAnswerError, "cannot be read"),
    ("gbk", in_gbk, MalformedAnswerError, "cannot be read"),
    ("html", instead(b"<html>login</html>", "text/html"), MalformedAnswerError, "is an HTML page"),
    ("html as xml", instead(b"<html>login</html>", XML), MalformedAnswerError, "cannot be read|not an answer to it"),
    ("empty", instead(b"", XML), MalformedAnswerError, "cannot be read"),
    ("fault", instead(FAULT, XML, 500), RetryableError, "ORA-00060"),
]


@pytest.mark.parametrize(("spoil", "error", "said"), [case[1:] for case in FAILURES], ids=[case[0] for case in FAILURES])
def test_a_request_that_cannot_be_read_leaves_the_approvals_half_or_doubled(
    oa: tuple[System, DisturbedOa], spoil: Callable[[Answer], Answer], error: type[HubError], said: str
) -> None:
    system, server = oa
    expected = system.undisturbed()
    server.spoil = from_answer(PAGE_SIZE + 2, OPENED, spoil)
    with pytest.raises(error, match=said):
        system.sync()
    assert system.rows() == expected[-PAGE_SIZE:]  # the listing has the newest first
    assert (system.cursor(), system.quarantine()) == (None, [])
    assert (runs(system.hub.engine)[-1]["status"], runs(system.hub.engine)[-1]["error_code"]) == ("FAILED", error.code)
    server.spoil = unspoilt
    report = system.sync()
    assert (report.read, report.outcomes["unchanged"]) == (REQUEST_COUNT, PAGE_SIZE)
    assert system.rows() == expected
    assert system.cursor() == NOW - timedelta(seconds=30)
    system.accounts_for_everything()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (cut_short, MalformedAnswerError),
        (instead(b"<html>login</html>", "text/html"), MalformedAnswerError),
        (lambda answer: answer, PageOrderError),
    ],
    ids=["truncated", "html", "repeated"],
)
def test_a_bad_page_of_a_listing_loses_the_requests_on_it(
    oa: tuple[System, DisturbedOa], spoil: Callable[[Answer], Answer], error: type[HubError]
) -> None:
    system, server = oa
    expected = system.undisturbed()
    pages: list[Answer] = []

    def first_page_again(answer: Answer) -> Answer:
        pages.append(answer)
        return spoil(pages[0]) if len(pages) > 1 else answer

    server.spoil = from_answer(1, LISTED, first_page_again)
    with pytest.raises(error):
        system.sync()
    assert (system.rows(), system.cursor(), system.quarantine()) == ([], None, [])
    server.spoil = unspoilt
    system.sync()
    assert system.rows() == expected
    system.accounts_for_everything()


@pytest.mark.parametrize("spoil", [cut_short, instead(b"<html>login</html>", "text/html")], ids=["truncated", "html"])
def test_a_broken_wsdl_spoils_later_runs(oa: tuple[System, DisturbedOa], spoil: Callable[[Answer], Answer]) -> None:
    system, server = oa
    expected = system.undisturbed()
    server.spoil = lambda call, answer: spoil(answer) if call.method == "GET" else answer
    with pytest.raises(MalformedAnswerError):
        system.sync()
    assert (system.rows(), system.cursor()) == ([], None)
    server.spoil = unspoilt
    system.sync()
    assert system.rows() == expected


def test_an_oa_that_answers_in_gbk_and_says_so_is_garbled(oa: tuple[System, DisturbedOa]) -> None:
    system, server = oa
    expected = system.undisturbed()
    server.spoil = from_answer(1, OPENED, in_gbk_and_says_so)
    system.sync()
    assert system.rows() == expected


def test_a_form_with_a_wrong_amount_takes_other_approvals_with_it(oa: tuple[System, DisturbedOa]) -> None:
    system, server = oa
    expected = system.undisturbed()
    server.spoil = from_answer(REQUEST_COUNT, OPENED, with_a_wrong_amount)
    report = system.sync()
    assert (report.read, report.outcomes["new"], report.outcomes["quarantined"]) == (REQUEST_COUNT, REQUEST_COUNT - 1, 1)
    ((key, why),) = system.quarantine()
    assert (key, why) == ("101", "amount (source field fields.amount): not an amount")
    server.spoil = unspoilt
    system.sync()
    assert system.rows() == expected
    system.accounts_for_everything()
