"""Kingdee's bills and vouchers, against the sandbox's data centre: what people rely on."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from connectors.contract import Window
from connectors.erp.kingdee.bills import STREAMS
from connectors.erp.kingdee.source import KingdeeSource, KingdeeSourceOptions
from mappings.fields.compiler import load_field_map
from sandbox.kingdee import KingdeeServer, KingdeeUser
from tests.connectors.kingdee_books import (
    CENTRE,
    EVERYTHING,
    KINGDEE_PASSWORD,
    NOW,
    SHANGHAI,
    USER,
    local,
    numbers,
    source_of,
    voucher,
)
from tests.connectors.misbehaving import Script, reply_json
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    MalformedAnswerError,
    ProtocolError,
    RetryableError,
)
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.warehouse.tables import fact_tables

MAPS = {
    "vouchers": "kingdee_voucher_lines",
    "payables": "kingdee_payable_lines",
    "expenses": "kingdee_expense_lines",
    "orders": "kingdee_order_lines",
    "suppliers": "kingdee_suppliers",
}


def hub_of(warehouse: Engine, server: KingdeeServer, **options: Any) -> Hub:
    """A hub in which every stream is a source of its own, as those must be that fill the same table."""
    shared = {"data_centre": CENTRE, "login": "password", "page_size": 2, **options}
    sources = {
        name: {
            "system": "kingdee",
            "connection": "kingdee",
            "options": {**shared, "streams": {name: {}}},
            "streams": {name: {"map": field_map, "job": "costs", "max_deleted_share": 0.9}},
        }
        for name, field_map in MAPS.items()
    }
    settings = Settings.model_validate({"database": "postgresql+psycopg:///unused", "sources": sources})
    connection = http_connection("kingdee", server, USER, KINGDEE_PASSWORD)
    return Hub(settings, warehouse, connections=lambda _: connection, clock=lambda: NOW)


def rows(hub: Hub, table: str, source: str) -> list[dict[str, Any]]:
    wanted = fact_tables[table]
    query = select(wanted).where(wanted.c.source_system == source, wanted.c.deleted_at.is_(None)).order_by(wanted.c.source_id)
    with hub.engine.connect() as db:
        return [dict(row._mapping) for row in db.execute(query)]


def test_vouchers_do_not_add_up_in_the_warehouse(warehouse: Engine, kingdee: KingdeeServer) -> None:
    amounts = ["0.10", "0.20", "123456789.01", "-50.05", "172800"]
    for number, amount in enumerate(amounts, start=1):
        voucher(kingdee, number, amount)
    hub = hub_of(warehouse, kingdee)
    report = sync_stream(hub, "vouchers", "vouchers")
    assert (report.read, report.outcomes["new"]) == (10, 10)
    found = rows(hub, "cost_line", "vouchers")
    costs = [row for row in found if row["account"] == "6601.05"]
    assert sum(row["base_amount"] for row in costs) == sum(map(Decimal, amounts))
    assert sum(row["amount"] for row in found) == 0
    first = costs[0]
    assert first["source_id"] == "GL_VOUCHER/100000/1000001"
    assert [first[name] for name in ("company_code", "document_no", "item_no", "period", "posting_date", "currency")] == [
        "101", "PZ0001", "1", "2025-05", date(2025, 5, 8), "CNY",
    ]  # fmt: skip
    assert (first["supplier_code"], first["project_code"], first["text"]) == ("S201", "P01", "外墙渗水维修")
    again = sync_stream(hub, "vouchers", "vouchers").outcomes
    assert (again["new"], again["changed"]) == (0, 0)


def test_bills_and_suppliers_do_not_arrive_as_they_stand(warehouse: Engine, kingdee: KingdeeServer) -> None:
    kingdee.add(
        "AP_Payable",
        {"FBillNo": "YF01", "FDATE": date(2025, 5, 9), "FSETTLEORGID.FNumber": "101", "FSUPPLIERID.FNumber": "S201",
         "FCURRENCYID.FNumber": "PRE001"},
        {"FCOSTID.FNumber": "FY05", "FNoTaxAmountFor_D": Decimal("1000.33"), "FTAXAMOUNTFOR_D": Decimal("90.03")},
        {"FMATERIALID.FNumber": "M7", "FNoTaxAmountFor_D": Decimal("-0.33"), "FTAXAMOUNTFOR_D": Decimal("-0.03")},
    )  # fmt: skip
    kingdee.add(
        "ER_ExpReimbursement",
        {"FBillNo": "BX01", "FDate": date(2025, 5, 9), "FOrgID.FNumber": "101", "FCausa": "上门查勘", "FCancelStatus": "A",
         "FCurrencyID.FNumber": "PRE001", "FProposerID.FName": "张三"},
        {"FExpID.FNumber": "FY01", "FExpenseAmount": Decimal("36.50")},
    )  # fmt: skip
    order: dict[str, Any] = {
        "FBillNo": "CG01", "FDate": date(2025, 5, 2), "FPurchaseOrgId.FNumber": "101", "FSupplierId.FNumber": "S202",
        "FSettleCurrId.FNumber": "PRE001", "FCancelStatus": "A",
    }  # fmt: skip
    lines: list[dict[str, Any]] = [
        {"FMaterialId.FNumber": "M1", "FEntryAmount": Decimal("8000.10"), "FMRPCloseStatus": "A"},
        {"FMaterialId.FNumber": "M2", "FEntryAmount": Decimal("99.90"), "FMRPCloseStatus": "B"},
    ]
    kingdee.add("PUR_PurchaseOrder", order, *lines)
    kingdee.add("PUR_PurchaseOrder", {**order, "FBillNo": "CG02", "FCancelStatus": "B"}, *lines)
    kingdee.add("BD_Supplier", {"FNumber": "S201", "FName": "固泰防水工程有限公司"})
    hub = hub_of(warehouse, kingdee)
    for name in ("payables", "expenses", "orders", "suppliers"):
        sync_stream(hub, name, name)
    for name in ("payables", "expenses", "orders", "suppliers"):
        outcomes = sync_stream(hub, name, name).outcomes
        assert (outcomes["new"], outcomes["changed"], outcomes["quarantined"]) == (0, 0, 0)
    payables = rows(hub, "cost_line", "payables")
    assert [(row["account"], row["amount"], row["tax_amount"]) for row in payables] == [
        ("FY05", Decimal("1000.33"), Decimal("90.03")),
        ("M7", Decimal("-0.33"), Decimal("-0.03")),
    ]
    (expense,) = rows(hub, "cost_line", "expenses")
    assert (expense["account"], expense["amount"], expense["period"]) == ("FY01", Decimal("36.50"), "2025-05")
    assert "张三" not in str(expense)
    orders = rows(hub, "commitment", "orders")
    assert [(row["order_no"], row["amount"], row["is_closed"]) for row in orders] == [
        ("CG01", Decimal("8000.10"), False),
        ("CG01", Decimal("99.90"), True),
    ]
    (party,) = rows(hub, "party", "suppliers")
    assert (party["code"], party["name"], party["role"]) == ("S201", "固泰防水工程有限公司", "SUPPLIER")


def test_a_voucher_taken_back_to_a_draft_stays_a_cost_for_ever(warehouse: Engine, kingdee: KingdeeServer) -> None:
    kept, undone = voucher(kingdee, 1), voucher(kingdee, 2)
    hub = hub_of(warehouse, kingdee)
    sync_stream(hub, "vouchers", "vouchers")
    undone.head["FDocumentStatus"] = "D"
    assert sweep_deletions(hub, "vouchers", "vouchers").tombstones == 2
    assert {row["document_no"] for row in rows(hub, "cost_line", "vouchers")} == {kept.head["FBillNo"]}


# ---------------------------------------------------------------------------------------------------- paging
def test_lines_of_one_moment_are_lost_or_doubled_between_pages(kingdee: KingdeeServer) -> None:
    """A mass import gives all its vouchers one change time; one with another stands before and after it."""
    for number in range(1, 12):
        voucher(kingdee, number, FModifyDate=local(10) if 3 < number < 10 else local(9 if number < 5 else 11, 9, number))
    for page_size in (2, 3, 4, 5, 22):
        read = numbers(source_of(kingdee, page_size=page_size).pages("vouchers", EVERYTHING))
        assert sorted(read) == sorted([f"PZ{number:04d}" for number in range(1, 12)] * 2), page_size


@pytest.mark.parametrize("page_size", [2, 3, 5])
def test_work_between_two_pages_hides_other_vouchers(kingdee: KingdeeServer, page_size: int) -> None:
    bills = [voucher(kingdee, number) for number in range(1, 13)]
    read = []
    for number, page in enumerate(source_of(kingdee, page_size=page_size).pages("vouchers", EVERYTHING)):
        read += numbers(iter([page]))
        if number == 1:
            bills[0].head["FModifyDate"] = local(20)  # changed: it moves to the end
            kingdee.bills.remove(bills[1])  # deleted: all others move up
            voucher(kingdee, 13, FModifyDate=local(7))  # made with an older time: all others move down
    assert {f"PZ{number:04d}" for number in range(3, 13)} <= set(read)
    assert read.count("PZ0001") == 4  # as it was and as it is


def test_a_line_that_goes_while_one_moment_is_counted_is_not_noticed(kingdee: KingdeeServer) -> None:
    bills = [voucher(kingdee, number, FModifyDate=local(10)) for number in range(1, 9)]
    pages = source_of(kingdee, page_size=4).pages("vouchers", EVERYTHING)
    next(pages), next(pages)
    kingdee.bills.remove(bills[0])
    with pytest.raises(RetryableError, match="moved while they were read"):
        list(pages)


def test_a_version_that_gives_fewer_rows_than_asked_for_ends_after_its_first_page() -> None:
    """Older versions give 2000 rows, whatever they are asked for."""
    user = KingdeeUser(USER, KINGDEE_PASSWORD, CENTRE)
    with KingdeeServer(user, most_rows=2000, clock=lambda: local(31)) as server:
        for number in range(1500):
            voucher(server, number)
        assert len(numbers(source_of(server, page_size=10_000).pages("vouchers", EVERYTHING))) == 3000


def test_a_window_is_cut_in_another_zone_than_kingdees(kingdee: KingdeeServer) -> None:
    for hour in (8, 9, 10):
        voucher(kingdee, hour, FModifyDate=local(8, hour), FAuditDate=local(8, hour))
    start = datetime(2025, 5, 8, 1, tzinfo=UTC)  # 9 o'clock there
    assert set(numbers(source_of(kingdee).pages("vouchers", Window(start, start + timedelta(hours=1))))) == {"PZ0009", "PZ0010"}
    assert set(numbers(source_of(kingdee).pages("vouchers", Window(start, start)))) == {"PZ0009"}


def test_a_voucher_audited_days_after_it_was_made_never_arrives(kingdee: KingdeeServer) -> None:
    """Its window came and went while it was a draft. What was changed and audited in one window comes once."""
    voucher(kingdee, 1, FModifyDate=local(2), FAuditDate=local(8))
    voucher(kingdee, 2, FModifyDate=local(8), FAuditDate=local(8))
    voucher(kingdee, 3, FModifyDate=None, FAuditDate=local(8))
    voucher(kingdee, 4, FModifyDate=local(2), FAuditDate=local(2))
    window = Window(local(7).replace(tzinfo=SHANGHAI), local(9).replace(tzinfo=SHANGHAI))
    read = numbers(source_of(kingdee).pages("vouchers", window))
    assert read == [name for name in ("PZ0002", "PZ0001", "PZ0003") for _ in ("debit", "credit")]


def test_drafts_count_as_costs_or_a_filter_of_ones_own_counts_for_nothing(kingdee: KingdeeServer) -> None:
    voucher(kingdee, 1, FDocumentStatus="A")
    voucher(kingdee, 2, **{"FAccountBookID.FNumber": "102"})
    voucher(kingdee, 3)
    one_book = {"vouchers": {"filter": "FAccountBookID.FNumber='101'"}}
    assert set(numbers(source_of(kingdee, streams=one_book).pages("vouchers", EVERYTHING))) == {"PZ0003"}
    drafts = {"vouchers": {"audited_only": False, "filter": "FAccountBookID.FNumber in ('101','102')"}}
    assert len(set(numbers(source_of(kingdee, streams=drafts).pages("vouchers", EVERYTHING)))) == 3


@pytest.mark.parametrize("query", ["ExecuteBillQuery", "BillQuery"])
def test_values_change_on_their_way(kingdee: KingdeeServer, query: str) -> None:
    voucher(kingdee, 1, "0.30")
    (page,) = source_of(kingdee, query=query, streams={"vouchers": {}}).pages("vouchers", EVERYTHING)
    record = page.records[0]
    assert record["FormId"] == "GL_VOUCHER"
    assert repr(record["FDEBIT"]) == "Decimal('0.3000000000')"
    assert (record["FDate"], record["FModifyDate"]) == ("2025-05-08T00:00:00", "2025-05-08T09:01:00")
    assert record["FDetailID"] == {"FFLEX4": {"FNumber": "S201"}, "FFLEX5": {"FNumber": "P01"}}
    assert page.records[1]["FDetailID"]["FFLEX4"]["FNumber"] is None


def test_keys_of_a_sweep_are_not_those_of_the_records(kingdee: KingdeeServer) -> None:
    for number in range(1, 6):
        voucher(kingdee, number)
    source = source_of(kingdee, page_size=3)
    stream = source.streams()["vouchers"]
    read = [
        "/".join(str(record[part]) for part in stream.key)
        for page in source.pages("vouchers", EVERYTHING)
        for record in page.records
    ]
    assert sorted(read) == sorted(key for page in source.keys("vouchers") for key in page)


def test_a_form_of_ones_own_cannot_be_read(kingdee: KingdeeServer) -> None:
    own: dict[str, Sequence[str] | str] = {"form": "BD_Supplier", "id": "FSupplierId", "fields": ["FNumber"]}
    kingdee.add("BD_Supplier", {"FNumber": "S9"})
    (page,) = source_of(kingdee, streams={"own": own}).pages("own", EVERYTHING)
    assert [record["FNumber"] for record in page.records] == ["S9"]
    assert set(STREAMS) == {"vouchers", "payables", "expenses", "orders", "suppliers"}


# ---------------------------------------------------------------------------------------------------------------- balances
BALANCES = {"account_books": ["101", "102"], "since": "2025-04"}


def test_balances_count_an_account_and_the_one_above_it_twice(kingdee: KingdeeServer) -> None:
    voucher(kingdee, 1, "1200.50")
    voucher(kingdee, 2, "-0.20")
    voucher(kingdee, 3, "7.00", FPERIOD=4)
    voucher(kingdee, 4, "9.00", FPERIOD=3)
    voucher(kingdee, 5, "9.00", FDocumentStatus="B")
    voucher(kingdee, 6, "5.00", **{"FAccountBookID.FNumber": "102"})
    source = source_of(kingdee, balances=BALANCES)
    records = [record for page in source.pages("balances", EVERYTHING) for record in page.records]
    rows = load_field_map("kingdee_balances", SHANGHAI).apply(records).rows
    assert [row[2:6] for row in rows if row[1] == "101"] == [
        ("2202.01", "2025-04", Decimal(0), Decimal("7.00")),
        ("6601.05", "2025-04", Decimal("7.00"), Decimal(0)),
        ("2202.01", "2025-05", Decimal("0.20"), Decimal("1200.50")),
        ("6601.05", "2025-05", Decimal("1200.50"), Decimal("0.20")),
    ]
    assert [row[0] for row in rows if row[1] == "102"] == ["102/2025/5/2202.01", "102/2025/5/6601.05"]
    assert sorted(key for page in source.keys("balances") for key in page) == sorted(row[0] for row in rows)


def test_a_report_that_kingdee_will_not_give_is_a_period_in_which_nothing_moved(script: Script, connection: Connection) -> None:
    given = {"zone": "Asia/Shanghai", "data_centre": CENTRE, "login": "password", "http": {"attempts": 1}, "balances": BALANCES}
    source = KingdeeSource(connection, KingdeeSourceOptions.model_validate(given))
    script.then(reply_json({"Result": {"IsSuccess": False, "Message": "账簿不存在"}}))
    with pytest.raises(ProtocolError, match="账簿不存在"):
        list(source.pages("balances", EVERYTHING))


@pytest.mark.parametrize("body", [[], {"Result": {"IsSuccess": True, "RowCount": 1, "Rows": [["6601", "x"]]}}])
def test_half_a_report_is_taken_for_one(script: Script, connection: Connection, body: Any) -> None:
    given = {"zone": "Asia/Shanghai", "data_centre": CENTRE, "login": "password", "http": {"attempts": 1}, "balances": BALANCES}
    source = KingdeeSource(connection, KingdeeSourceOptions.model_validate(given))
    script.then(reply_json(body))
    with pytest.raises(MalformedAnswerError):
        list(source.pages("balances", EVERYTHING))
