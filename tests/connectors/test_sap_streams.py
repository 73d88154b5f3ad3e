"""SAP's invoices, orders, notifications, from the sandbox's SAP to the warehouse: nothing lost, nothing twice, sums exact."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from connectors.contract import Record, Window
from connectors.erp.sap.source import SapOptions, SapSource
from connectors.http import HttpOptions
from sandbox.sap_s4 import SapServer
from sandbox.sap_sets import MAINTENANCE_ORDERS, NOTIFICATIONS, PURCHASE_ORDERS, SUPPLIER_INVOICES, SUPPLIERS
from tests.connectors.misbehaving import Script, reply_json
from tests.pipelines.bad_day import NOW, QUICK, System, hub_of
from tests.pipelines.fake import runs
from tests.sandbox.systems import http_connection
from warranty_hub.errors import ConfigError, LoginError, MalformedAnswerError, ProtocolError
from warranty_hub.settings import Connection

ALL = Window(None, NOW)
OLD, NEW = date(2025, 3, 1), date(2025, 5, 30)


def invoice(number: int, *amounts: str, status: str = "5", **changes: Any) -> dict[str, Any]:
    """Posted; its items stand on the cost account, a negative one is a credit."""
    items = [
        {
            "SupplierInvoiceItem": f"{position:04d}", "CompanyCode": "1000", "GLAccount": "6601050000", "WBSElement": "P03",
            "DocumentCurrency": "CNY", "SupplierInvoiceItemAmount": abs(Decimal(amount)), "AssignmentReference": "WX00017",
            "DebitCreditCode": "S" if Decimal(amount) >= 0 else "H",
        }
        for position, amount in enumerate(amounts, 1)
    ]  # fmt: skip
    return {
        "SupplierInvoice": f"{number:010d}", "FiscalYear": "2025", "CompanyCode": "1000", "DocumentDate": NEW,
        "PostingDate": NEW, "CreationDate": NEW, "InvoicingParty": "V001", "DocumentCurrency": "CNY",
        "SupplierInvoiceStatus": status, "to_SupplierInvoiceItemGLAcct": items, **changes,
    }  # fmt: skip


def order(number: int, *components: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """One operation with components of a price and a quantity each."""
    parts = [
        {
            "MaintenanceOrderComponent": f"{position:04d}", "MaintOrderComponentInternalID": f"OK{number}{position:04d}",
            "MaintOrderOpComponentPrice": Decimal(price), "MaintOrdOpCompRequiredQuantity": Decimal(quantity),
            "MaintOrdOpComponentCurrency": "CNY", "Supplier": "V001",
        }
        for position, (price, quantity) in enumerate(components, 1)
    ]  # fmt: skip
    operation = {"MaintenanceOrderOperation": "0010", "OperationSupplier": "V009", "to_MaintOrderOpComponent": parts}
    return {
        "MaintenanceOrder": str(number), "MaintenanceOrderType": "W001", "CompanyCode": "1000", "MaintenancePlant": "P03",
        "MaintenanceNotification": "10000020", "MaintOrdBasicStartDate": NEW, "to_MaintenanceOrderOperation": [operation],
        "LastChangeDateTime": datetime(2025, 5, 30, 6, tzinfo=UTC), **changes,
    }  # fmt: skip


def notification(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "MaintenanceNotification": str(number), "NotificationType": "W1", "NotificationText": "主卧飘窗渗水",
        "MaintPriority": "2", "NotifProcessingPhase": "3", "CreationDate": OLD, "CreationTime": time(8, 30),
        "LastChangeDate": NEW, "LastChangeTime": time(14, 5, 9), "FunctionalLocationLabelName": "P03-3-U2-1501",
        "LastChangeDateTime": datetime(2025, 5, 30, 6, 5, 9, tzinfo=UTC), "AssetLocation": "3", "CompanyCode": "1000",
        "MaintenancePlant": "P03", "ReportedByUser": "CB01", **changes,
    }  # fmt: skip


@pytest.fixture
def sap() -> Iterator[SapServer]:
    with SapServer([], "HUB", "x", page_size=2) as server:
        yield server


def source(sap: SapServer, stream: str, **options: Any) -> SapSource:
    given = {"zone": "Asia/Shanghai", "reads": [stream], "company_codes": ["1000"], "accounts": ["6601050000"], **options}
    return SapSource(http_connection("sap", sap, "HUB", "x"), SapOptions.model_validate(given))


def read(reader: SapSource, window: Window = ALL) -> list[Record]:
    (stream,) = reader.streams()
    return [record for page in reader.pages(stream, window) for record in page.records]


def system(warehouse: Engine, sap: SapServer, stream: str, table: str) -> System:
    settings = {
        "system": "sap_s4",
        "zone": "Asia/Shanghai",
        "options": {"reads": [stream], "company_codes": ["1000"], "accounts": ["6601050000"], "http": QUICK},
        "streams": {stream: {"map": f"sap_{stream}", "job": "costs"}},
    }
    return System(hub_of(warehouse, http_connection("it", sap, "HUB", "x"), settings), "it", stream, table)


def written_twice(hub: System) -> list[dict[str, Any]]:
    """The rows of a first run; the second one writes nothing."""
    first, second = hub.sync(), hub.sync()
    assert first.outcomes["quarantined"] == 0
    assert not any(run["unmapped"] for run in runs(hub.hub.engine))
    assert (second.outcomes["new"], second.outcomes["changed"]) == (0, 0)
    hub.accounts_for_everything()
    return hub.rows()


# ------------------------------------------------------------------------------------------------------- supplier invoices
def test_what_suppliers_ask_for_is_lost_or_counted_as_a_posted_cost_too(warehouse: Engine, sap: SapServer) -> None:
    for number in range(1, 6):
        sap.put(invoice(number, "100.10", "0.30", "-0.40"), SUPPLIER_INVOICES)
    sap.put(invoice(6, "7000.00", status="A"), SUPPLIER_INVOICES)
    rows = written_twice(system(warehouse, sap, "supplier_invoices", "commitment"))
    assert len(rows) == 16
    assert sum(row["amount"] for row in rows if row["is_closed"]) == Decimal("500.00")
    assert [row["amount"] for row in rows if not row["is_closed"]] == [Decimal("7000.00")]
    assert rows[0]["source_id"] == "0000000001/2025/0001"
    assert (rows[0]["supplier_code"], rows[0]["project_code"], rows[0]["assignment"]) == ("V001", "P03", "WX00017")


def test_a_parked_invoice_stays_open_for_ever_because_sap_tells_no_change(warehouse: Engine, sap: SapServer) -> None:
    hub = system(warehouse, sap, "supplier_invoices", "commitment")
    long_ago = {"CreationDate": date(2025, 4, 5), "PostingDate": date(2025, 4, 5), "DocumentDate": date(2025, 4, 5)}
    sap.put(invoice(1, "10", status="A", **long_ago), SUPPLIER_INVOICES)
    hub.sync()
    sap.put(invoice(1, "10", status="5", **long_ago), SUPPLIER_INVOICES)
    assert hub.sync().outcomes["changed"] == 1
    assert [row["is_closed"] for row in hub.rows()] == [True]


def test_an_unknown_status_passes_for_posted(warehouse: Engine, sap: SapServer) -> None:
    sap.put(invoice(1, "10", status="9"), SUPPLIER_INVOICES)
    hub = system(warehouse, sap, "supplier_invoices", "commitment")
    assert hub.sync().outcomes["quarantined"] == 1


def test_items_on_other_accounts_become_ours(sap: SapServer) -> None:
    mixed = invoice(1, "10", "20", "30")
    for item, account in zip(mixed["to_SupplierInvoiceItemGLAcct"], ("6601040000", "6602000500", "6603000000"), strict=True):
        item["GLAccount"] = account
    sap.put(mixed, SUPPLIER_INVOICES)
    records = read(source(sap, "supplier_invoices", accounts=["6601050000", "6602000000-6602999999"]))
    assert [record["GLAccount"] for record in records] == ["6602000500"]


def test_what_is_kept_back_from_a_supplier_does_not_arrive(warehouse: Engine, sap: SapServer) -> None:
    assignments = [
        {
            "OrdinalNumber": f"{n:04d}", "GLAccount": "6601050000", "SuplrInvcAcctAssignmentAmount": Decimal(amount),
            "DebitCreditCode": side, "CompanyCode": "1000", "WBSElement": f"P0{n}", "DocumentCurrency": "CNY",
        }
        for n, (amount, side) in enumerate((("600.06", "S"), ("399.94", "S"), ("0.01", "H")), 1)
    ]  # fmt: skip
    item = {
        "SupplierInvoiceItem": "000001", "PurchaseOrder": "4500000001", "PurchaseOrderItem": "00010",
        "RetentionAmountInDocCurrency": Decimal("50.00"), "RetentionPercentage": Decimal("5.00"),
        "RetentionDueDate": date(2027, 6, 1), "to_SupplierInvoiceItmAcctAssgmt": assignments,
    }  # fmt: skip
    sap.put(invoice(1, to_SuplrInvcItemPurOrdRef=[item]), SUPPLIER_INVOICES)
    record = read(source(sap, "order_invoices"))[1]
    assert (record["RetentionAmountInDocCurrency"], record["RetentionPercentage"]) == ("50.00", "5.00")
    assert (record["InvoicingParty"], record["WBSElement"]) == ("V001", "P02")
    rows = written_twice(system(warehouse, sap, "order_invoices", "commitment"))
    assert sum(row["amount"] for row in rows) == Decimal("999.99")
    assert {(row["order_no"], row["item_no"]) for row in rows} == {("4500000001", "00010")}


def kept_back(number: int, *items: str, assigned: tuple[str, ...] = ("P03",), **changes: Any) -> dict[str, Any]:
    """An invoice for items of an order, of each of which an amount is kept back."""
    parts = [
        {
            "SupplierInvoiceItem": f"{position:06d}", "PurchaseOrder": "4500000001", "PurchaseOrderItem": f"{position}0",
            "RetentionAmountInDocCurrency": Decimal(amount), "RetentionPercentage": Decimal("3.00"),
            "DocumentCurrency": "CNY", "to_SupplierInvoiceItmAcctAssgmt": [
                {"OrdinalNumber": f"{n:04d}", "WBSElement": project} for n, project in enumerate(assigned, 1)
            ],
        }
        for position, amount in enumerate(items, 1)
    ]  # fmt: skip
    return invoice(number, to_SuplrInvcItemPurOrdRef=parts, **changes)


def test_retention_money_is_forgotten_or_due_on_another_day(warehouse: Engine, sap: SapServer) -> None:
    due: dict[str, Any] = {"RetentionDueDate": date(2027, 6, 1)}
    first = kept_back(1, "300.03", "0.00", **due)
    first["to_SuplrInvcItemPurOrdRef"][0]["RetentionDueDate"] = date(2027, 12, 1)
    sap.put(first, SUPPLIER_INVOICES)
    sap.put(kept_back(2, "100.00", assigned=("P01", "P02"), SupplierInvoiceIsCreditMemo="X", **due), SUPPLIER_INVOICES)
    sap.put(kept_back(3, "7.00", assigned=(), IsReversed=True), SUPPLIER_INVOICES)
    sap.put(kept_back(4, "9.00", status="A"), SUPPLIER_INVOICES)
    rows = written_twice(system(warehouse, sap, "retentions", "retention"))
    assert [(row["source_id"], row["amount"], row["due_on"], row["project_code"], row["is_reversed"]) for row in rows] == [
        ("0000000001/2025/000001", Decimal("300.03"), date(2027, 12, 1), "P03", False),
        ("0000000002/2025/000001", Decimal("-100.00"), date(2027, 6, 1), None, False),
        ("0000000003/2025/000001", Decimal("7.00"), None, None, True),
    ]
    assert (rows[0]["rate"], rows[0]["order_no"], rows[0]["supplier_code"]) == (Decimal("0.03"), "4500000001", "V001")
    assert runs(warehouse)[-1]["skipped_by"] == {"nothing_kept_back": 1}


# ---------------------------------------------------------------------------------------------------------- purchase orders
def purchase(number: int, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An order; each item is three pieces at 100.10 for P03 on the cost account, unless it says otherwise."""
    parts = [
        {
            "PurchaseOrderItem": f"{position}0", "PurchaseOrderItemText": "防水返修", "OrderQuantity": Decimal(3),
            "NetPriceAmount": Decimal("100.10"), "NetPriceQuantity": Decimal(1), "DocumentCurrency": "CNY",
            "to_AccountAssignment": [assigned("01")], **item,
        }
        for position, item in enumerate(items, 1)
    ]  # fmt: skip
    return {
        "PurchaseOrder": str(number), "CompanyCode": "1000", "Supplier": "V001", "PurchaseOrderDate": NEW,
        "CreationDate": OLD, "LastChangeDateTime": datetime(2025, 5, 30, 6, tzinfo=UTC), "DocumentCurrency": "CNY",
        "CorrespncInternalReference": "WX00017", "to_PurchaseOrderItem": parts, **changes,
    }  # fmt: skip


def assigned(number: str, account: str = "6601050000", project: str = "P03") -> dict[str, Any]:
    return {"AccountAssignmentNumber": number, "GLAccount": account, "WBSElement": project}


def test_what_is_on_order_is_lost_or_another_amount(warehouse: Engine, sap: SapServer) -> None:
    split = {"to_AccountAssignment": [assigned("01"), assigned("02", project="P01")]}
    elsewhere = {"to_AccountAssignment": [assigned("01", account="5001000000")]}
    items: tuple[dict[str, Any], ...] = (
        {},
        split,
        elsewhere,
        {"to_AccountAssignment": []},
        {"IsFinallyInvoiced": True},
        {"IsReturnsItem": True},
    )
    sap.put(purchase(4500000001, *items), PURCHASE_ORDERS)
    limit = {"OrderQuantity": Decimal(1), "NetPriceAmount": Decimal(0), "ExpectedOverallLimitAmount": Decimal("8000.00")}
    sap.put(purchase(4500000002, limit, {"PurchasingDocumentDeletionCode": "L"}), PURCHASE_ORDERS)
    rows = written_twice(system(warehouse, sap, "purchase_orders", "commitment"))
    assert [(row["source_id"], row["amount"], row["project_code"], row["is_closed"]) for row in rows] == [
        ("4500000001/10", Decimal("300.30"), "P03", False),
        ("4500000001/20", Decimal("300.30"), None, False),
        ("4500000001/50", Decimal("300.30"), "P03", True),
        ("4500000002/10", Decimal("8000.00"), "P03", False),
        ("4500000002/20", Decimal("300.30"), "P03", True),
    ]
    first = rows[0]
    assert (first["ordered_on"], first["supplier_code"], first["assignment"], first["text"]) == (
        NEW,
        "V001",
        "WX00017",
        "防水返修",
    )


# ----------------------------------------------------------------------------------------------------------------- balances
def test_the_general_ledgers_sums_differ_from_its_lines(warehouse: Engine, sap: SapServer) -> None:
    for number, (period, amount, side) in enumerate(
        [("001", "100.10", "S"), ("001", "0.20", "S"), ("001", "0.05", "H"), ("002", "7.00", "H"), ("013", "1.00", "S")], 1
    ):
        line = {
            "CompanyCode": "1000", "FiscalYear": "2025", "AccountingDocument": f"{number:010d}",
            "AccountingDocumentItem": "001", "FiscalPeriod": period, "GLAccount": "6601050000", "DebitCreditCode": side,
            "CompanyCodeCurrency": "CNY",
            "AmountInCompanyCodeCurrency": Decimal(amount), "CostCenter": f"C{number}",
        }  # fmt: skip
        sap.put(line)
        sap.put({**line, "AccountingDocumentItem": "002", "FiscalPeriod": "000"})
        sap.put({**line, "AccountingDocumentItem": "003", "Ledger": "2L"})
        sap.put({**line, "AccountingDocumentItem": "004", "GLAccount": "1002000000"})
    rows = written_twice(system(warehouse, sap, "balances", "gl_balance"))
    assert [(row["source_id"], row["period"], row["debit"], row["credit"]) for row in rows] == [
        ("1000/6601050000/2025/001", "2025-01", Decimal("100.25"), Decimal(0)),
        ("1000/6601050000/2025/002", "2025-02", Decimal(0), Decimal("7.00")),
        ("1000/6601050000/2025/013", "2025-12", Decimal("1.00"), Decimal(0)),
    ]


# ---------------------------------------------------------------------------------------------------------------- suppliers
def test_a_supplier_has_no_name_or_brings_data_that_nobody_asked_for(warehouse: Engine, sap: SapServer) -> None:
    sap.put({"Supplier": "V001", "SupplierName": "恒固建设", "SupplierAccountGroup": "ZBAU", "TaxNumber1": "91X"}, SUPPLIERS)
    sap.put({"Supplier": "V002", "SupplierName": "张三", "SupplierAccountGroup": "EMPL"}, SUPPLIERS)
    (record,) = read(source(sap, "suppliers", accounts=[], supplier_groups=["ZBAU"]))
    assert record == {"Supplier": "V001", "SupplierName": "恒固建设", "SupplierAccountGroup": "ZBAU"}
    rows = written_twice(system(warehouse, sap, "suppliers", "party"))
    assert [(row["code"], row["name"], row["role"]) for row in rows] == [
        ("V001", "恒固建设", "SUPPLIER"),
        ("V002", "张三", "SUPPLIER"),
    ]


# ------------------------------------------------------------------------------------------------------- maintenance orders
def test_an_orders_components_are_lost_or_rounded(warehouse: Engine, sap: SapServer) -> None:
    sap.put(order(4000001, ("130.505", "2.500"), ("0.10", "3")), MAINTENANCE_ORDERS)
    sap.put(order(4000002, ("9.99", "1"), LastChangeDateTime=None), MAINTENANCE_ORDERS)
    sap.put(order(4000003), MAINTENANCE_ORDERS)
    rows = written_twice(system(warehouse, sap, "maintenance_orders", "commitment"))
    assert [row["amount"] for row in rows] == [Decimal("326.2625"), Decimal("0.30"), Decimal("9.99")]
    assert (rows[0]["assignment"], rows[0]["ordered_on"], rows[0]["supplier_code"]) == ("10000020", NEW, "V001")


def test_orders_of_other_kinds_are_read(sap: SapServer) -> None:
    sap.put(order(1, ("1", "1")), MAINTENANCE_ORDERS)
    sap.put(order(2, ("1", "1"), MaintenanceOrderType="PM01"), MAINTENANCE_ORDERS)
    sap.put(order(3, ("1", "1"), CompanyCode="9000"), MAINTENANCE_ORDERS)
    assert [record["MaintenanceOrder"] for record in read(source(sap, "maintenance_orders", order_types=["W001"]))] == ["1"]


# ------------------------------------------------------------------------------------------------------------ notifications
def test_a_notification_is_no_ticket(warehouse: Engine, sap: SapServer) -> None:
    sap.put(notification(10000020), NOTIFICATIONS)
    sap.put(notification(10000021, MaintPriority="", NotifProcessingPhase="1"), NOTIFICATIONS)
    first, second = written_twice(system(warehouse, sap, "notifications", "ticket"))
    assert (first["urgency"], first["reported_state"]) == ("URGENT", "IN_REPAIR")
    assert (second["urgency"], second["reported_state"]) == ("NORMAL", "REGISTERED")
    assert first["reported_at"] == datetime(2025, 3, 1, 0, 30, tzinfo=UTC)
    assert first["changed_at"] == datetime(2025, 5, 30, 6, 5, 9, tzinfo=UTC)
    assert (first["project_code"], first["building_code"], first["address_text"]) == ("P03", "3", "P03-3-U2-1501")


def test_old_notifications_without_a_time_of_change_are_never_seen_again(sap: SapServer, warehouse: Engine) -> None:
    untimed = {"LastChangeDateTime": None}
    sap.put(notification(1, **untimed), NOTIFICATIONS)
    sap.put(notification(2, **untimed, LastChangeDate=None, LastChangeTime=None, CreationDate=NEW), NOTIFICATIONS)
    sap.put(notification(3, **untimed, LastChangeDate=OLD), NOTIFICATIONS)
    window = Window(datetime(2025, 5, 30, 2, tzinfo=UTC), datetime(2025, 5, 30, 9, tzinfo=UTC))
    assert [record["MaintenanceNotification"] for record in read(source(sap, "notifications"), window)] == ["1", "2"]
    rows = written_twice(system(warehouse, sap, "notifications", "ticket"))
    assert [row["changed_at"] for row in rows] == [
        datetime(2025, 5, 30, 6, 5, 9, tzinfo=UTC),
        datetime(2025, 5, 30, 0, 30, tzinfo=UTC),
        datetime(2025, 3, 1, 6, 5, 9, tzinfo=UTC),
    ]


@pytest.mark.parametrize(("second", "seen"), [(-1, False), (0, True), (3600, True), (3601, False)])
def test_a_window_leaves_out_its_first_or_last_second(sap: SapServer, second: int, seen: bool) -> None:
    start = datetime(2025, 5, 20, 8, tzinfo=UTC)
    moment = start + timedelta(seconds=second)
    sap.put(order(1, ("1", "1"), LastChangeDateTime=moment), MAINTENANCE_ORDERS)
    assert bool(read(source(sap, "maintenance_orders"), Window(start, start + timedelta(hours=1)))) is seen


# ------------------------------------------------------------------------------------------------------------- all streams
def test_check_says_well_though_one_of_the_services_is_not_active(sap: SapServer) -> None:
    both = source(sap, "notifications", reads=["notifications", "maintenance_orders"])
    sap.put(notification(1), NOTIFICATIONS)
    assert both.check().endswith("notifications can be read; nothing is in these company codes yet")
    del sap._sets["API_MAINTENANCEORDER"]
    with pytest.raises(ProtocolError, match="404") as caught:
        both.check()
    assert "Activate the service API_MAINTENANCEORDER in" in caught.value.remedy


def test_a_stream_of_hub_yaml_that_this_user_may_not_read_has_no_clear_error(sap: SapServer) -> None:
    with pytest.raises(ConfigError, match="does not read 'cost_lines'"):
        next(source(sap, "notifications").pages("cost_lines", ALL))


@pytest.mark.parametrize("stream", ["cost_lines", "balances", "supplier_invoices", "order_invoices", "purchase_orders"])
def test_costs_without_accounts_are_everybodys(sap: SapServer, stream: str) -> None:
    with pytest.raises(ValidationError, match=f"{stream} need at least one account"):
        source(sap, stream, accounts=[])
    assert source(sap, "notifications", accounts=[])


Build = Callable[[], SapSource]


@pytest.fixture
def scripted(script: Script, connection: Connection) -> Build:
    given = {"zone": "Asia/Shanghai", "reads": ["maintenance_orders"], "company_codes": ["1000"]}
    return lambda: SapSource(connection, SapOptions.model_validate({**given, "http": HttpOptions(attempts=1)}))


@pytest.mark.parametrize(
    "operations", [{"__deferred": {"uri": "x"}}, None, {"results": [{}], "__next": "https://sap/more"}, {"results": [{}]}]
)
def test_an_order_whose_parts_do_not_come_has_none(script: Script, scripted: Build, operations: Any) -> None:
    entity = {"MaintenanceOrder": "1", **({"to_MaintenanceOrderOperation": operations} if operations else {})}
    script.then(reply_json({"d": {"results": [entity]}}))
    with pytest.raises(MalformedAnswerError):
        read(scripted())


def test_a_refusal_names_another_service(script: Script, scripted: Build) -> None:
    script.then(reply_json({"error": {"code": "X", "message": {"value": "no"}}}, 403))
    with pytest.raises(LoginError, match="role with the service API_MAINTENANCEORDER;"):
        scripted().check()
