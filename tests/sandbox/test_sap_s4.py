"""The sandbox's SAP speaks OData as our connector, and SAP, understand it: paging, filters, days, money, login, CSRF."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.contract import Window
from connectors.erp.sap import SERVICE, SapOptions, SapSource
from mappings.fields.transforms import sap_day
from sandbox.sap_s4 import SapServer
from tests.sandbox.systems import http_connection
from warranty_hub.errors import LoginError

PASSWORD = "canary-password"


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


def documents(found: SapSource, window: Window) -> list[str]:
    return [record["AccountingDocument"] for page in found.pages("cost_lines", window) for record in page.records]


def test_every_line_of_ours_is_read_once_across_pages(sap: SapServer) -> None:
    window = Window(None, datetime(2026, 1, 1, tzinfo=UTC))
    assert documents(source(sap), window) == [f"{number:010d}" for number in range(1, 1101)]


def test_a_window_reads_the_days_it_touches(sap: SapServer) -> None:
    window = Window(datetime(2025, 3, 4, 17, tzinfo=UTC), datetime(2025, 3, 6, 2, tzinfo=UTC))  # 5 to 6 March in Shanghai
    found = documents(source(sap), window)
    assert found
    assert {int(number) % 28 + 1 for number in found} == {5, 6}


def test_money_and_days_arrive_as_sap_writes_them(sap: SapServer) -> None:
    page = next(source(sap).pages("cost_lines", Window(None, datetime(2026, 1, 1, tzinfo=UTC))))
    assert page.records[0]["AmountInCompanyCodeCurrency"] == "1234.500"
    assert sap_day(page.records[0]["PostingDate"]) == date(2025, 3, 1)


def test_a_wrong_password_is_told_as_such(sap: SapServer) -> None:
    with pytest.raises(LoginError) as caught:
        source(sap, "wrong").check()
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("query", ["GLAccount eq", "(GLAccount eq '1'", "GLAccount like '1'", "GLAccount eq 5", "A eq '1')"])
def test_a_filter_that_sap_would_not_take_is_refused_in_saps_words(sap: SapServer, query: str) -> None:
    answer = requests.get(
        f"{sap.address}{SERVICE}/A_OperationalAcctgDocItemCube",
        {"$filter": query},
        auth=("HUB", PASSWORD),
        timeout=10,
    )
    assert answer.status_code == 400
    assert "$filter" in answer.json()["error"]["message"]["value"]


def test_a_connector_that_asks_for_another_service_hears_404(sap: SapServer) -> None:
    answer = requests.get(f"{sap.address}{SERVICE}/A_Other", auth=("HUB", PASSWORD), timeout=10)
    assert answer.status_code == 404


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
