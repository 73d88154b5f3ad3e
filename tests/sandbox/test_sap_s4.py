"""The sandbox's SAP speaks OData as our connector, and SAP, understand it: paging, filters, days, money, login, CSRF."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from lxml import etree

from connectors.contract import Window
from connectors.erp.sap.source import SapOptions, SapSource
from mappings.fields.transforms import sap_day
from sandbox.sap_journal import PATH as JOURNAL
from sandbox.sap_s4 import SapServer
from sandbox.sap_sets import COST_LINES, ROOT
from tests.sandbox.systems import http_connection
from warranty_hub.errors import LoginError

PASSWORD = "canary-password"
SERVICE, ENTITY = COST_LINES.path, COST_LINES.name

POSTING = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="http://sap.com/xi/SAPSCORE/SFIN"><e:Body>'
    b"<n:JournalEntryBulkCreateRequest><JournalEntryCreateRequest><JournalEntry><Item>"
    b'<AmountInTransactionCurrency currencyCode="CNY">0</AmountInTransactionCurrency></Item></JournalEntry>'
    b"</JournalEntryCreateRequest></n:JournalEntryBulkCreateRequest></e:Body></e:Envelope>"
)


def line(number: int, account: str = "6601050000", **changes: Any) -> Mapping[str, Any]:
    return {
        "CompanyCode": "1000", "FiscalYear": "2025", "AccountingDocument": f"{number:010d}", "AccountingDocumentItem": "001",
        "GLAccount": account, "PostingDate": date(2025, 3, 1), "AccountingDocumentCreationDate": date(2025, 3, number % 28 + 1),
        "LastChangeDate": date(2025, 3, number % 28 + 1), "AmountInCompanyCodeCurrency": Decimal("1234.50"), **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def sap() -> Iterator[SapServer]:
    lines = [line(number) for number in range(1, 1101)] + [line(5000, "2202010000"), line(5001, CompanyCode="9000")]
    with SapServer(lines, "HUB", PASSWORD, page_size=300) as server:
        yield server


def source(sap: SapServer, password: str = PASSWORD, **options: Any) -> SapSource:
    given = {"zone": "Asia/Shanghai", "company_codes": ["1000"], "accounts": ["6601000000-6601999999"], **options}
    return SapSource(http_connection("sap", sap, "HUB", password), SapOptions.model_validate(given))


def documents(reader: SapSource, window: Window) -> list[str]:
    return [record["AccountingDocument"] for page in reader.pages("cost_lines", window) for record in page.records]


def test_every_line_of_ours_is_read_once_across_pages(sap: SapServer) -> None:
    window = Window(None, datetime(2026, 1, 1, tzinfo=UTC))
    assert documents(source(sap), window) == [f"{number:010d}" for number in range(1, 1101)]


def test_a_window_reads_the_days_it_touches(sap: SapServer) -> None:
    window = Window(datetime(2025, 3, 4, 17, tzinfo=UTC), datetime(2025, 3, 6, 2, tzinfo=UTC))  # 5 to 6 March in Shanghai
    assert {int(number) % 28 + 1 for number in documents(source(sap), window)} == {5, 6}


def test_money_and_days_arrive_as_sap_writes_them(sap: SapServer) -> None:
    page = next(source(sap).pages("cost_lines", Window(None, datetime(2026, 1, 1, tzinfo=UTC))))
    assert page.records[0]["AmountInCompanyCodeCurrency"] == "1234.50"
    assert sap_day(page.records[0]["PostingDate"]) == date(2025, 3, 1)


def test_a_wrong_password_is_told_as_such(sap: SapServer) -> None:
    with pytest.raises(LoginError) as caught:
        source(sap, "wrong").check()
    assert "wrong" not in str(caught.value)


def ask(sap: SapServer, **query: str) -> requests.Response:
    """The entity set, with system query options by their names without the $."""
    options = {f"${name}": value for name, value in query.items()}
    return requests.get(f"{sap.address}{SERVICE}/{ENTITY}", options, auth=("HUB", PASSWORD), timeout=10)


def found(sap: SapServer, **query: str) -> list[int]:
    return [int(entity["AccountingDocument"]) for entity in ask(sap, **query).json()["d"]["results"]]


@pytest.mark.parametrize(
    "query",
    [
        "GLAccount eq",
        "(GLAccount eq '1'",
        "GLAccount like '1'",
        "GLAccount eq 5",
        "GLAccount eq '1')",
        "PostingDate ge '2025-03-01'",
        "PostingDate ge datetimeoffset'2025-03-01T00:00:00Z'",
        "PostingDate ge datetime'2025-02-30T00:00:00'",
    ],
)
def test_a_filter_that_sap_would_not_take_is_refused_in_saps_words(sap: SapServer, query: str) -> None:
    answer = ask(sap, filter=query)
    assert answer.status_code == 400
    assert "$filter" in answer.json()["error"]["message"]["value"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"filter": "WBSElement eq 'A'"}, "Property WBSElement not found"),
        ({"orderby": "No"}, "Property No not found"),
        ({"select": "GLAccount,No"}, "Property No not found"),
        ({"orderby": "GLAccount up"}, "$orderby"),
        ({"top": "many"}, "$top"),
        ({"skiptoken": "-1"}, "$skiptoken"),
        ({"expand": "to_Item"}, "$expand"),
    ],
)
def test_a_misspelt_query_passes_for_one_that_finds_nothing(sap: SapServer, query: dict[str, str], said: str) -> None:
    answer = ask(sap, **query)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]["value"]


def test_and_does_not_bind_closer_than_or(sap: SapServer) -> None:
    """Then a company's filter would leak into another's."""
    companies, account = "CompanyCode eq '9000' or CompanyCode eq '1000'", "GLAccount eq '2202010000'"
    assert found(sap, filter=f"{companies} and {account}") == [5000, 5001]
    assert found(sap, filter=f"({companies}) and {account}") == [5000]


def test_the_caller_gets_other_lines_than_he_asked_for(sap: SapServer) -> None:
    assert found(sap, orderby="AccountingDocument desc", top="2") == [5001, 5000]
    assert found(sap, skip="2", top="3") == [3, 4, 5]
    body = ask(sap, skip="1", top="301", inlinecount="allpages", filter="AmountInCompanyCodeCurrency gt 1000M").json()["d"]
    assert (len(body["results"]), body["__count"]) == (300, "1102")
    assert [entity["AccountingDocument"] for entity in follow(body["__next"])["results"]] == ["0000000302"]


def follow(link: str) -> Any:
    return requests.get(link, auth=("HUB", PASSWORD), timeout=10).json()["d"]


def test_a_chosen_property_comes_with_others_or_not_at_all(sap: SapServer) -> None:
    (entity,) = ask(sap, select="GLAccount,IsReversed", top="1").json()["d"]["results"]
    key = "CompanyCode='1000',FiscalYear='2025',AccountingDocument='0000000001',AccountingDocumentItem='001'"
    assert entity.pop("__metadata")["uri"] == f"{sap.address}{SERVICE}/{ENTITY}({key})"
    assert entity == {"GLAccount": "6601050000", "IsReversed": False}


def test_a_date_that_sap_left_empty_breaks_a_comparison() -> None:
    with SapServer([line(1, LastChangeDate=None), line(2)], "HUB", PASSWORD) as sap:
        assert found(sap, filter="LastChangeDate ge datetime'2025-03-01T00:00:00'") == [2]
        assert found(sap, orderby="LastChangeDate") == [1, 2]
        assert ask(sap, top="1").json()["d"]["results"][0]["LastChangeDate"] is None


@pytest.mark.parametrize(
    "change", [{"WBSElement": "P01"}, {"DocumentItemText": "长" * 51}, {"PostingDate": "2025-03-01"}, {"TaxAmount": 1.5}]
)
def test_a_line_that_no_sap_could_hold_is_served(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"cannot hold {next(iter(change))}"):
        SapServer([line(1, **change)], "HUB", PASSWORD)


def test_the_metadata_is_not_what_the_entities_are(sap: SapServer) -> None:
    answer = requests.get(f"{sap.address}{SERVICE}/$metadata", auth=("HUB", PASSWORD), timeout=10)
    properties = {node.get("Name"): node.get("Type") for node in etree.fromstring(answer.content).iterfind(".//{*}Property")}
    (entity,) = ask(sap, top="1").json()["d"]["results"]
    assert properties.keys() == entity.keys() - {"__metadata"}
    assert properties["PostingDate"] == "Edm.DateTime"


def test_an_answer_to_head_spoils_the_next_one_on_the_same_connection(sap: SapServer) -> None:
    with requests.Session() as session:
        session.auth = ("HUB", PASSWORD)
        assert session.head(sap.address + SERVICE, timeout=10).content == b""
        assert session.get(sap.address + SERVICE, timeout=10).json()["d"]["EntitySets"] == [ENTITY]


def test_a_connector_that_asks_for_another_service_hears_404(sap: SapServer) -> None:
    answer = requests.get(f"{sap.address}{SERVICE}/A_Other", auth=("HUB", PASSWORD), timeout=10)
    assert answer.status_code == 404


@pytest.fixture
def orders() -> Iterator[SapServer]:
    """One order with one operation of one component, last changed at 6:00; and one without a time or parts."""
    component = {"MaintenanceOrderComponent": "0010", "MaintOrderOpComponentPrice": Decimal("130.50")}
    operation = {"MaintenanceOrderOperation": "0010", "to_MaintOrderOpComponent": [component]}
    changed = {"LastChangeDateTime": datetime(2025, 5, 30, 6, tzinfo=UTC)}
    first: dict[str, Any] = {"MaintenanceOrder": "1", "to_MaintenanceOrderOperation": [operation], **changed}
    with SapServer([], "HUB", PASSWORD, others={"MaintenanceOrder": [first, {"MaintenanceOrder": "2"}]}) as server:
        yield server


def entities(sap: SapServer, path: str, **query: str) -> Any:
    options = {f"${name}": value for name, value in query.items()}
    answer = requests.get(f"{sap.address}{ROOT}{path}", options, auth=("HUB", PASSWORD), timeout=10).json()
    return answer["d"]["results"] if "d" in answer else answer["error"]["message"]["value"]


def test_parts_come_though_nobody_asked_or_not_though_somebody_did(orders: SapServer) -> None:
    path, expand = "API_MAINTENANCEORDER/MaintenanceOrder", "to_MaintenanceOrderOperation/to_MaintOrderOpComponent"
    assert list(entities(orders, path)[0]["to_MaintenanceOrderOperation"]) == ["__deferred"]
    first, second = entities(orders, path, expand=expand)
    (operation,) = first["to_MaintenanceOrderOperation"]["results"]
    (component,) = operation["to_MaintOrderOpComponent"]["results"]
    assert (component["MaintenanceOrder"], component["MaintOrderOpComponentPrice"]) == ("1", "130.50")
    assert second["to_MaintenanceOrderOperation"] == {"results": []}
    assert entities(orders, "API_MAINTENANCEORDER/MaintenanceOrderComponent") != []
    assert "$expand" in entities(orders, path, expand="to_Item")


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("LastChangeDateTime ge datetimeoffset'2025-05-30T06:00:00Z'", ["1"]),
        ("LastChangeDateTime gt datetimeoffset'2025-05-30T06:00:00Z'", []),
        ("LastChangeDateTime le datetimeoffset'2025-05-30T06:00:00Z'", ["1", "2"]),
    ],
)
def test_a_moment_is_compared_as_text_or_a_missing_one_breaks_it(orders: SapServer, condition: str, numbers: list[str]) -> None:
    found = entities(orders, "API_MAINTENANCEORDER/MaintenanceOrder", filter=condition)
    assert [entity["MaintenanceOrder"] for entity in found] == numbers


def test_a_day_s_literal_is_taken_for_a_moment_s(orders: SapServer) -> None:
    condition = "LastChangeDateTime ge datetime'2025-05-30T06:00:00'"
    assert "Invalid literal" in entities(orders, "API_MAINTENANCEORDER/MaintenanceOrder", filter=condition)


@pytest.mark.parametrize("body", [b"", b"<x/>", POSTING.replace(b"n:J", b"J"), POSTING, POSTING.replace(b"CNY", b"")])
def test_what_is_no_posting_is_posted(sap: SapServer, body: bytes) -> None:
    """Not XML, no envelope, a root without its namespace, an entry without dates, an amount of no currency."""
    answer = requests.post(sap.address + JOURNAL, body, auth=("HUB", PASSWORD), timeout=10)
    assert answer.status_code == 500
    assert b"faultcode" in answer.content
    assert sap.journal.posted == {}


def test_a_token_holds_only_with_the_cookie_it_came_with(sap: SapServer) -> None:
    with requests.Session() as session:
        session.auth = ("HUB", PASSWORD)
        fetched = session.get(sap.address + SERVICE, headers={"X-CSRF-Token": "Fetch"}, timeout=10)
        token = {"X-CSRF-Token": fetched.headers["x-csrf-token"]}
        assert session.post(sap.address + SERVICE, headers=token, timeout=10).status_code == 405
        session.cookies.clear()
        refused = session.post(sap.address + SERVICE, headers=token, timeout=10)
        assert (refused.status_code, refused.headers["x-csrf-token"]) == (403, "Required")


def test_options_that_no_line_answers_to_are_told_by_check(sap: SapServer) -> None:
    assert "no line is on these accounts" in source(sap, accounts=["0000000001"]).check()
