"""SAP S/4HANA passes the suites, against the sandbox's SAP: each of its streams, and postings."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from connectors.erp.sap.journal import mark_of
from sandbox.misbehaviour import Misbehaviour
from sandbox.sap_s4 import SapServer
from sandbox.sap_sets import (
    COST_LINES,
    MAINTENANCE_ORDERS,
    NOTIFICATIONS,
    PURCHASE_ORDERS,
    SUPPLIER_INVOICES,
    SUPPLIERS,
    EntitySet,
)
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.records.effects import POST_JOURNAL, REFER_ORDER
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.sink_suite import SinkSuite, SinkSystem
from warranty_hub.testing.trial import ZONE, Example, HttpSystem

PASSWORD = "canary-密码"
SHORT = "SAP keeps 40 characters of this text, the check writes more; cost lines go the same way"


class SapForTests(HttpSystem):
    """An SAP with one entity for each example."""

    connector = "sap_s4"
    entity_set: ClassVar[EntitySet]

    def __init__(self, server: SapServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("sap", server, "HUB", PASSWORD)
        self.options = {
            "reads": [self.stream], "company_codes": ["1000"], "accounts": ["6601000000-6601999999"], "http": IMPATIENT,
        }  # fmt: skip

    @abstractmethod
    def entity(self, example: Example) -> dict[str, Any]:
        """The example in SAP's words."""

    def put(self, example: Example) -> None:
        """Make or change it."""
        self._server.put(self.entity(example), self.entity_set)

    def remove(self, number: int) -> None:
        """Documents are reversed, invoices cancelled, orders and notifications flagged; none is deleted."""
        raise NotImplementedError


class CostLinesForTests(SapForTests):
    """Example n is document n, one line."""

    stream, field_map, entity_set = "cost_lines", "sap_cost_lines", COST_LINES
    arrives_in: ClassVar = {"text": "text", "amount": "base_amount"}
    resolution = timedelta(days=1)

    def entity(self, example: Example) -> dict[str, Any]:
        """A line posted on the day of the change."""
        day = _day(example)
        return {
            "CompanyCode": "1000", "FiscalYear": "2025", "AccountingDocument": f"{example.number:010d}",
            "AccountingDocumentItem": "001", "FiscalPeriod": "001", "GLAccount": "6601050000", "PostingDate": day,
            "AccountingDocumentType": "KR", "AccountingDocumentCreationDate": day, "LastChangeDate": day,
            "DebitCreditCode": "S", "AmountInCompanyCodeCurrency": example.amount, "CompanyCodeCurrency": "CNY",
            "AmountInTransactionCurrency": example.amount, "TransactionCurrency": "CNY", "DocumentItemText": example.text,
        }  # fmt: skip

    def spoil(self, example: Example) -> None:
        """SAP has no period 00x beyond 16."""
        self._server.put({**self.entity(example), "FiscalPeriod": "0AB"})

    def source_id(self, number: int) -> str:
        """Company code, year, document, item."""
        return f"1000/2025/{number:010d}/001"


class InvoicesForTests(SapForTests):
    """Example n is invoice n, created on the day of the change, with one item on an account."""

    stream, field_map, entity_set = "supplier_invoices", "sap_supplier_invoices", SUPPLIER_INVOICES
    arrives_in: ClassVar = {"text": "text", "amount": "amount"}
    resolution = timedelta(days=1)

    def entity(self, example: Example) -> dict[str, Any]:
        """Posted."""
        item = {
            "SupplierInvoiceItem": "0001", "CompanyCode": "1000", "GLAccount": "6601050000", "DebitCreditCode": "S",
            "DocumentCurrency": "CNY", "SupplierInvoiceItemAmount": example.amount, "SupplierInvoiceItemText": example.text,
        }  # fmt: skip
        day = _day(example)
        return {
            "SupplierInvoice": f"{example.number:010d}", "FiscalYear": "2025", "CompanyCode": "1000", "DocumentDate": day,
            "PostingDate": day, "CreationDate": day, "DocumentCurrency": "CNY", "SupplierInvoiceStatus": "5",
            "to_SupplierInvoiceItemGLAcct": [item],
        }  # fmt: skip

    def spoil(self, example: Example) -> None:
        """A status that nobody knows is neither posted nor open."""
        self._server.put({**self.entity(example), "SupplierInvoiceStatus": "9"}, self.entity_set)

    def source_id(self, number: int) -> str:
        """Invoice, year, item."""
        return f"{number:010d}/2025/0001"


class RetentionsForTests(InvoicesForTests):
    """Example n is invoice n, with one item of an order, of which something is kept back."""

    stream, field_map = "retentions", "sap_retentions"

    def entity(self, example: Example) -> dict[str, Any]:
        """Posted."""
        item = {
            "SupplierInvoiceItem": "000001", "RetentionAmountInDocCurrency": example.amount, "DocumentCurrency": "CNY",
            "SupplierInvoiceItemText": example.text,
        }  # fmt: skip
        return {**super().entity(example), "to_SupplierInvoiceItemGLAcct": [], "to_SuplrInvcItemPurOrdRef": [item]}

    def spoil(self, example: Example) -> None:
        """Kept back in a currency that is none."""
        entity = self.entity(Example(example.number, example.changed, example.text, Decimal(1)))
        entity["to_SuplrInvcItemPurOrdRef"][0]["DocumentCurrency"] = "?"
        self._server.put(entity, self.entity_set)

    def source_id(self, number: int) -> str:
        """Invoice, year, item."""
        return f"{number:010d}/2025/000001"


class PurchasesForTests(SapForTests):
    """Example n is purchase order n, with one item."""

    stream, field_map, entity_set = "purchase_orders", "sap_purchase_orders", PURCHASE_ORDERS
    arrives_in: ClassVar = {"text": "text", "amount": "amount"}
    resolution = timedelta(seconds=1)

    def entity(self, example: Example) -> dict[str, Any]:
        """One piece of something."""
        item = {
            "PurchaseOrderItem": "10", "OrderQuantity": Decimal(1), "NetPriceAmount": example.amount, "DocumentCurrency": "CNY",
            "PurchaseOrderItemText": example.text,
            "to_AccountAssignment": [{"AccountAssignmentNumber": "01", "GLAccount": "6601050000", "WBSElement": "P03"}],
        }  # fmt: skip
        return {
            "PurchaseOrder": str(example.number), "CompanyCode": "1000", "to_PurchaseOrderItem": [item],
            "LastChangeDateTime": example.changed.astimezone(UTC),
        }  # fmt: skip

    def spoil(self, example: Example) -> None:
        """In a currency that is none."""
        entity = self.entity(example)
        entity["to_PurchaseOrderItem"][0]["DocumentCurrency"] = "?"
        self._server.put(entity, self.entity_set)

    def source_id(self, number: int) -> str:
        """Order, item."""
        return f"{number}/10"


class BalancesForTests(CostLinesForTests):
    """Example n is the balance of an account of its own, to which one line was posted."""

    stream, field_map = "balances", "sap_balances"
    arrives_in: ClassVar = {"amount": "debit"}

    def entity(self, example: Example) -> dict[str, Any]:
        """A line on that account."""
        return {**super().entity(example), "GLAccount": _account(example.number)}

    def spoil(self, example: Example) -> None:
        """In a currency that is none."""
        self._server.put({**self.entity(example), "CompanyCodeCurrency": "?"})

    def source_id(self, number: int) -> str:
        """Company code, account, year, period."""
        return f"1000/{_account(number)}/2025/001"


def _account(number: int) -> str:
    return f"6601{number:06d}"


class SuppliersForTests(SapForTests):
    """Example n is supplier n."""

    stream, field_map, entity_set = "suppliers", "sap_suppliers", SUPPLIERS
    arrives_in: ClassVar = {"text": "name"}

    def entity(self, example: Example) -> dict[str, Any]:
        """With a name."""
        return {"Supplier": _supplier(example.number), "SupplierName": example.text}

    def spoil(self, example: Example) -> None:
        """With a name that no database can hold: there is nothing else in it that the map could refuse."""
        self._server.put({**self.entity(example), "SupplierName": "\x00"}, self.entity_set)

    def source_id(self, number: int) -> str:
        """Its number."""
        return _supplier(number)


def _supplier(number: int) -> str:
    return f"V{number:03d}"


class OrdersForTests(SapForTests):
    """Example n is order n, with one component."""

    stream, field_map, entity_set = "maintenance_orders", "sap_maintenance_orders", MAINTENANCE_ORDERS
    arrives_in: ClassVar = {"text": "text", "amount": "amount"}
    resolution = timedelta(seconds=1)

    def entity(self, example: Example) -> dict[str, Any]:
        """One piece of something."""
        component = {
            "MaintenanceOrderComponent": "0010", "MaintOrderComponentInternalID": f"OK{example.number}",
            "MaintOrderOpComponentPrice": example.amount, "MaintOrdOpCompRequiredQuantity": Decimal(1),
            "MaintOrdOpComponentCurrency": "CNY", "MaintOrdOperationComponentText": example.text,
        }  # fmt: skip
        operation = {"MaintenanceOrderOperation": "0010", "to_MaintOrderOpComponent": [component]}
        return {
            "MaintenanceOrder": str(example.number), "CompanyCode": "1000", "to_MaintenanceOrderOperation": [operation],
            "LastChangeDateTime": example.changed.astimezone(UTC),
        }  # fmt: skip

    def spoil(self, example: Example) -> None:
        """A price of nothing known."""
        entity = self.entity(example)
        entity["to_MaintenanceOrderOperation"][0]["to_MaintOrderOpComponent"][0]["MaintOrdOpComponentCurrency"] = "?"
        self._server.put(entity, self.entity_set)

    def source_id(self, number: int) -> str:
        """Order, component."""
        return f"{number}/OK{number}"


class NotificationsForTests(SapForTests):
    """Example n is notification n."""

    stream, field_map, entity_set = "notifications", "sap_notifications", NOTIFICATIONS
    arrives_in: ClassVar = {"text": "description"}
    resolution = timedelta(days=1)  # old ones are asked for by their day

    def entity(self, example: Example) -> dict[str, Any]:
        """Changed at a time, and on its day."""
        return {
            "MaintenanceNotification": str(example.number), "NotificationText": example.text, "NotifProcessingPhase": "1",
            "CompanyCode": "1000", "MaintenancePlant": "P03", "CreationDate": _day(example), "LastChangeDate": _day(example),
            "LastChangeDateTime": example.changed.astimezone(UTC),
        }  # fmt: skip

    def spoil(self, example: Example) -> None:
        """Of no project."""
        self._server.put({**self.entity(example), "MaintenancePlant": ""}, self.entity_set)

    def source_id(self, number: int) -> str:
        """Its number."""
        return str(number)


def _day(example: Example) -> date:
    return example.changed.astimezone(ZONE).date()


class Trials:
    """What the suites of all streams have in common."""

    bypass: ClassVar[Mapping[str, str]] = {
        "test_records_that_go_between_pages_hide_no_others": "SAP deletes none of these: it reverses, cancels and flags",
        "test_http_expired_session": "the login goes with every request: a 401 is about the password, and is told at once",
    }
    sap: ClassVar[type[SapForTests]]

    @pytest.fixture
    def system(self) -> Iterator[HttpSystem]:
        """An SAP with pages of three entities."""
        with SapServer([], "HUB", PASSWORD, page_size=3) as server:
            yield self.sap(server)


class TestCostLines(Trials, HttpSourceSuite):
    """Cost lines."""

    sap = CostLinesForTests


class TestInvoices(Trials, HttpSourceSuite):
    """Supplier invoices, with their items."""

    sap = InvoicesForTests


class TestRetentions(Trials, HttpSourceSuite):
    """What is kept back of supplier invoices."""

    sap = RetentionsForTests


class TestPurchases(Trials, HttpSourceSuite):
    """Purchase orders, with their items."""

    sap = PurchasesForTests
    bypass: ClassVar = {**Trials.bypass, "test_texts_arrive_as_they_were_written": SHORT}


class TestBalances(Trials, HttpSourceSuite):
    """Balances, summed by SAP."""

    sap = BalancesForTests
    bypass: ClassVar = {**Trials.bypass, "test_texts_arrive_as_they_were_written": "a balance has no text"}


class TestSuppliers(Trials, HttpSourceSuite):
    """Suppliers."""

    sap = SuppliersForTests
    bypass: ClassVar = {
        **Trials.bypass,
        "test_amounts_arrive_to_the_cent": "a supplier has no amount",
        "test_a_bad_record_waits_in_quarantine_until_it_is_corrected": "only a NUL in a name is refused, and not kept",
    }


class TestOrders(Trials, HttpSourceSuite):
    """Maintenance orders, with their operations and components."""

    sap = OrdersForTests
    bypass: ClassVar = {**Trials.bypass, "test_texts_arrive_as_they_were_written": SHORT}


class TestNotifications(Trials, HttpSourceSuite):
    """Maintenance notifications."""

    sap = NotificationsForTests
    bypass: ClassVar = {
        **Trials.bypass,
        "test_texts_arrive_as_they_were_written": SHORT,
        "test_amounts_arrive_to_the_cent": "a ticket has no amount",
    }


class PostingsForTests(SinkSystem):
    """SAP as it is posted to."""

    connector, kind = "sap_s4", POST_JOURNAL

    def __init__(self, server: SapServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("sap", server, "HUB", PASSWORD)
        self.options = {"http": IMPATIENT}

    def payload(self, number: int) -> Mapping[str, Any]:
        """A provision."""
        lines = [{"account": "6601050000", "amount": "1200.10"}, {"account": "2241000000", "amount": "-1200.10"}]
        return {
            "company_code": "1000", "posting_date": "2025-06-30", "document_date": "2025-06-30", "currency": "CNY",
            "reference": f"PROV-{number}", "text": "保修<准备金>&计提", "lines": lines,
        }  # fmt: skip

    def made(self, idempotency_key: str) -> int:
        """Documents with the key's mark."""
        return list(self._server.journal.posted.values()).count(mark_of(idempotency_key))

    def refuse(self) -> None:
        """No period is open any more."""
        self._server.journal.open_since = date.max


class TestPostings(SinkSuite):
    """Journal entries over SOAP."""

    @pytest.fixture
    def sink_system(self) -> Iterator[SinkSystem]:
        """An SAP without documents."""
        with SapServer([], "HUB", PASSWORD) as server:
            yield PostingsForTests(server)


class ReferencesForTests(SinkSystem):
    """SAP with purchase orders that bear no reference yet."""

    connector, kind = "sap_s4", REFER_ORDER

    def __init__(self, server: SapServer) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("sap", server, "HUB", PASSWORD)
        self.options = {"http": IMPATIENT}
        for number in range(100):
            server.put({"PurchaseOrder": _order(str(number)), "CompanyCode": "1000"}, PURCHASE_ORDERS)

    def payload(self, number: int) -> Mapping[str, Any]:
        """Ticket n on order n."""
        return {"kind": "PURCHASE_ORDER", "order_no": _order(str(number)), "reference": f"WX{number}"}

    def made(self, idempotency_key: str) -> int:
        """One or none: a field is filled once."""
        number = idempotency_key.rpartition(":")[2]
        order = self._server.entity(PURCHASE_ORDERS, _order(number))
        return int(order["CorrespncInternalReference"] == f"WX{number}")

    def refuse(self) -> None:
        """Somebody has them open."""
        self._server.locked_by = "MEIER"


def _order(number: str) -> str:
    return f"45{number:>08}"


class TestReferences(SinkSuite):
    """Our numbers on purchase orders."""

    @pytest.fixture
    def sink_system(self) -> Iterator[SinkSystem]:
        """An SAP with orders."""
        with SapServer([], "HUB", PASSWORD) as server:
            yield ReferencesForTests(server)
