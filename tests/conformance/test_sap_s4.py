"""SAP S/4HANA's cost lines pass the suite, against the sandbox's SAP."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest

from sandbox.misbehaviour import Misbehaviour
from sandbox.sap_s4 import SapServer
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.trial import ZONE, Example, HttpSystem


class SapForTests(HttpSystem):
    """Example n is document n, one line."""

    connector, stream, field_map = "sap_s4", "cost_lines", "sap_cost_lines"
    arrives_in: ClassVar = {"text": "text", "amount": "base_amount"}
    resolution = timedelta(days=1)

    def __init__(self, server: SapServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("sap", server, "HUB", "canary-密码")
        self.options = {"company_codes": ["1000"], "accounts": ["6601000000-6601999999"], "http": IMPATIENT}

    def put(self, example: Example) -> None:
        """A cost line posted on the day of the change."""
        self._put(example, "001")

    def spoil(self, example: Example) -> None:
        """SAP has no period 00x beyond 16."""
        self._put(example, "0AB")

    def _put(self, example: Example, period: str) -> None:
        day = example.changed.astimezone(ZONE).date()
        self._server.put(
            {
                "CompanyCode": "1000", "FiscalYear": "2025", "AccountingDocument": f"{example.number:010d}",
                "AccountingDocumentItem": "001", "FiscalPeriod": period, "GLAccount": "6601050000", "PostingDate": day,
                "AccountingDocumentType": "KR", "AccountingDocumentCreationDate": day, "LastChangeDate": day,
                "DebitCreditCode": "S", "AmountInCompanyCodeCurrency": example.amount, "CompanyCodeCurrency": "CNY",
                "AmountInTransactionCurrency": example.amount, "TransactionCurrency": "CNY", "DocumentItemText": example.text,
                "IsReversed": False,
            }
        )  # fmt: skip

    def remove(self, number: int) -> None:
        """Documents are reversed, none is deleted."""
        raise NotImplementedError

    def source_id(self, number: int) -> str:
        """Company code, year, document, item."""
        return f"1000/2025/{number:010d}/001"


class TestSap(HttpSourceSuite):
    """Cost lines over OData V2."""

    bypass: ClassVar = {
        "test_records_that_go_between_pages_hide_no_others": "accounting documents are never deleted, only reversed",
        "test_http_expired_session": "the login goes with every request: a 401 is about the password, and is told at once",
    }

    @pytest.fixture
    def system(self) -> Iterator[HttpSystem]:
        """An SAP with pages of three lines."""
        with SapServer([], "HUB", "canary-密码", page_size=3) as server:
            yield SapForTests(server)
