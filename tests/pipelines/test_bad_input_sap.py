"""SAP on a bad day: what fails is told, nothing half is kept, and the next run ends as an undisturbed one."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from sandbox.sap_s4 import SapServer
from sandbox.web import Answer, Request
from tests.pipelines.bad_day import NOW, QUICK, Disturbed, Spoil, System, cut_short, hub_of, hung_up, instead, unspoilt
from tests.pipelines.fake import runs
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    HubError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RejectedShareError,
    SchemaChangedError,
    SystemUnreachableError,
)
from warranty_hub.pipelines.quarantine import retry

ENTITY = "A_OperationalAcctgDocItemCube"
LINE_COUNT, PAGE_SIZE, LAST_PAGE = 23, 5, 5


class DisturbedSap(Disturbed, SapServer):
    """SAP behind a proxy that spoils what it passes on."""


def line(number: int) -> dict[str, Any]:
    return {
        "CompanyCode": "1000", "FiscalYear": "2025", "AccountingDocument": f"{number:010d}", "AccountingDocumentItem": "001",
        "AccountingDocumentType": "KR", "GLAccount": "6601050000", "FiscalPeriod": "003", "DebitCreditCode": "S",
        "PostingDate": date(2025, 3, 1), "AccountingDocumentCreationDate": date(2025, 5, 31),
        "LastChangeDate": date(2025, 5, 31), "AmountInCompanyCodeCurrency": Decimal("1234.50"), "CompanyCodeCurrency": "CNY",
        "AmountInTransactionCurrency": Decimal("1234.50"), "TransactionCurrency": "CNY", "OrderID": f"WX{number:05d}",
    }  # fmt: skip


@pytest.fixture
def sap(warehouse: Engine) -> Iterator[tuple[System, DisturbedSap]]:
    with DisturbedSap(map(line, range(1, LINE_COUNT + 1)), "HUB", "x", PAGE_SIZE) as server:
        source = {
            "system": "sap_s4",
            "options": {"company_codes": ["1000"], "accounts": ["6601050000"], "http": QUICK},
            "streams": {"cost_lines": {"map": "sap_cost_lines", "job": "costs"}},
        }
        hub = hub_of(warehouse, http_connection("it", server, "HUB", "x"), source)
        yield System(hub, "it", "cost_lines", "cost_line"), server


def from_page(number: int, spoil: Callable[[Answer], Answer]) -> Spoil:
    """Spoil the answers to the requests for SAP's page ``number`` (from 1) and later ones."""

    def spoiling(request: Request, answer: Answer) -> Answer:
        is_due = request.path.endswith(ENTITY) and int(request.query.get("$skiptoken", "0")) >= (number - 1) * PAGE_SIZE
        return spoil(answer) if is_due else answer

    return spoiling


def in_gbk(answer: Answer) -> Answer:
    return Answer(200, answer.body.decode().replace("WX", "工单").encode("gbk"), "application/json")


def edited(edit: Callable[[Any], None]) -> Callable[[Answer], Answer]:
    """Change the data of an OData page."""

    def spoil(answer: Answer) -> Answer:
        body = json.loads(answer.body)
        edit(body["d"])
        return Answer(200, json.dumps(body).encode(), answer.media_type)

    return spoil


def without(name: str) -> Callable[[Answer], Answer]:
    def edit(data: Any) -> None:
        for entity in data["results"]:
            del entity[name]

    return edited(edit)


def first_line_again(data: Any) -> None:
    """Give every page the lines of the first."""
    first = data["results"][0] | {"AccountingDocumentItem": "001"}
    data["results"] = [first | {"AccountingDocument": f"{number:010d}"} for number in range(1, PAGE_SIZE + 1)]


JSON = "application/json"
SAP_FAILURES: list[tuple[str, Callable[[Answer], Answer], type[HubError], str]] = [
    ("hung up", hung_up, MalformedAnswerError, "broke off its answer"),
    ("truncated", cut_short, MalformedAnswerError, "is not valid JSON"),
    ("html", instead(b"<html>maintenance</html>", "text/html"), MalformedAnswerError, "is an HTML page"),
    ("html as json", instead(b"<html>maintenance</html>", JSON), MalformedAnswerError, "is not valid JSON"),
    ("gbk", in_gbk, MalformedAnswerError, "UnicodeDecodeError"),
    ("no results", instead(b'{"d": {}}', JSON), MalformedAnswerError, "no OData V2 results"),
    ("repeated page", edited(first_line_again), PageOrderError, "repeats page 3"),
    ("down", lambda _: Answer(503, b"", "text/plain"), SystemUnreachableError, "503"),
    ("key gone", without("AccountingDocument"), SchemaChangedError, "AccountingDocument"),
    ("needed property gone", without("PostingDate"), SchemaChangedError, "PostingDate"),
    ("optional property gone", without("OrderID"), SchemaChangedError, "OrderID"),
]


@pytest.mark.parametrize(
    ("spoil", "error", "said"), [case[1:] for case in SAP_FAILURES], ids=[case[0] for case in SAP_FAILURES]
)
def test_a_page_of_sap_that_cannot_be_used_leaves_the_costs_half_or_doubled(
    sap: tuple[System, DisturbedSap], spoil: Callable[[Answer], Answer], error: type[HubError], said: str
) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(3, spoil)
    with pytest.raises(error, match=said):
        system.sync()
    assert system.rows() == expected[: 2 * PAGE_SIZE]
    assert system.cursor() is None
    assert system.quarantine() == []
    assert (runs(system.hub.engine)[-1]["status"], runs(system.hub.engine)[-1]["error_code"]) == ("FAILED", error.code)
    server.spoil = unspoilt
    report = system.sync()
    assert report.read == LINE_COUNT
    assert (report.outcomes["unchanged"], report.outcomes["new"]) == (2 * PAGE_SIZE, LINE_COUNT - 2 * PAGE_SIZE)
    assert system.rows() == expected
    assert system.cursor() == NOW - timedelta(seconds=30)
    system.accounts_for_everything()


def one_line(**values: Any) -> Callable[[Answer], Answer]:
    """Change values of the first line of a page."""
    return edited(lambda data: data["results"][0].update(values))


SAP_RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"AmountInTransactionCurrency": "1,2x"}, "amount (source field AmountInTransactionCurrency+DebitCreditCode)"),
    ({"AmountInTransactionCurrency": 0.30000000000000004}, "no more than 6 decimal places"),
    ({"DebitCreditCode": ""}, "neither S nor H"),
    ({"PostingDate": "2025-03-01"}, "posting_date (source field PostingDate)"),
    ({"FiscalPeriod": "017"}, "fiscal period is not 1 to 16"),
    ({"DocumentItemText": "漏水\ud83d"}, "text (source field DocumentItemText)"),  # half an emoji, at the end of 50 characters
    ({"DocumentItemText": "漏水\x00"}, "text (source field DocumentItemText)"),
    ({"OrderID": {"Value": "WX00011"}}, "order_no (source field PurchasingDocument+OrderID): a list or an object"),
]


@pytest.mark.parametrize(("values", "reason"), SAP_RECORDS, ids=[" ".join(values) for values, _ in SAP_RECORDS])
def test_one_bad_line_of_sap_takes_others_with_it_or_stays_in_quarantine_for_ever(
    sap: tuple[System, DisturbedSap], values: dict[str, Any], reason: str
) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(LAST_PAGE, one_line(**values))
    report = system.sync()
    assert (report.outcomes["new"], report.outcomes["quarantined"]) == (LINE_COUNT - 1, 1)
    ((key, why),) = system.quarantine()
    assert key == "1000/2025/0000000021/001"
    assert reason in why
    assert [row["source_id"] for row in expected if row not in system.rows()] == [key]
    server.spoil = unspoilt
    assert system.sync().outcomes["new"] == 1
    assert system.rows() == expected
    assert (system.quarantine(), len(system.quarantine("RESOLVED"))) == ([], 1)
    system.accounts_for_everything()


@pytest.mark.parametrize("document", ["", None, "21\x00", "21\ud83d", "9" * 501])
def test_a_line_whose_key_cannot_be_stored_stops_all_others(sap: tuple[System, DisturbedSap], document: str | None) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(LAST_PAGE, one_line(AccountingDocument=document))
    for _ in range(2):
        assert system.sync().outcomes["quarantined"] == 1
    ((key, why),) = system.quarantine()
    assert key.startswith("sha256:")
    assert retry(system.hub, "it.cost_lines").outcomes["quarantined"] == 1
    assert "source_id (source field CompanyCode/FiscalYear/AccountingDocument/AccountingDocumentItem)" in why
    server.spoil = unspoilt
    system.sync()
    assert system.rows() == expected
    system.accounts_for_everything()


def test_a_code_that_cannot_be_stored_stops_the_run_instead_of_being_counted(sap: tuple[System, DisturbedSap]) -> None:
    system, server = sap
    server.spoil = from_page(LAST_PAGE, one_line(AccountingDocumentType="K\x00\ud83d"))
    system.sync()
    assert [row["stage"] for row in system.rows()].count("UNMAPPED") == 1
    assert runs(system.hub.engine)[-1]["unmapped"] == {"stage=K\ufffd\ufffd": 1}
    system.accounts_for_everything()


def without_side(data: Any) -> None:
    for entity in data["results"]:
        entity["DebitCreditCode"] = ""


def test_too_many_bad_lines_pass_for_a_success(sap: tuple[System, DisturbedSap]) -> None:
    system, server = sap
    expected = system.undisturbed()
    server.spoil = from_page(1, edited(without_side))
    with pytest.raises(RejectedShareError, match=f"{LINE_COUNT} of {LINE_COUNT}"):
        system.sync()
    assert (system.rows(), system.cursor(), len(system.quarantine())) == ([], None, LINE_COUNT)
    server.spoil = unspoilt
    system.sync()
    assert system.rows() == expected
    assert (system.quarantine(), len(system.quarantine("RESOLVED"))) == ([], LINE_COUNT)
    system.accounts_for_everything()


def test_lines_that_stand_on_two_pages_or_on_another_one_are_doubled_or_lost(sap: tuple[System, DisturbedSap]) -> None:
    """SAP pages by number: what is posted meanwhile moves lines to the next page. The first page's come again here."""
    system, server = sap
    expected = system.undisturbed()
    entities: list[Any] = []

    def move(data: Any) -> None:
        data["results"] = [*entities[-1:], *reversed(data["results"])]
        entities.extend(data["results"])

    server.spoil = from_page(1, edited(move))
    report = system.sync()
    assert (report.outcomes["new"], report.outcomes["unchanged"]) == (LINE_COUNT, LAST_PAGE - 1)
    assert system.rows() == expected
    system.accounts_for_everything()


def test_an_error_of_saps_that_cannot_be_stored_hides_itself(sap: tuple[System, DisturbedSap]) -> None:
    system, server = sap
    words = json.dumps({"error": {"code": "X/1", "message": {"value": "坏\x00\ud83d"}}}).encode()
    server.spoil = from_page(2, instead(words, JSON, 400))
    with pytest.raises(ProtocolError, match="X/1 坏"):
        system.sync()
    assert runs(system.hub.engine)[-1]["error"].endswith("400: X/1 坏\ufffd\ufffd")


def test_amounts_that_sap_writes_as_numbers_lose_digits(sap: tuple[System, DisturbedSap]) -> None:
    system, server = sap
    expected = system.undisturbed()

    def as_numbers(answer: Answer) -> Answer:
        return Answer(200, answer.body.replace(b'"1234.50"', b"1234.50"), answer.media_type)

    server.spoil = from_page(2, as_numbers)
    system.sync()
    assert system.rows() == expected
