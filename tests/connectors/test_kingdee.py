"""Kingdee's bills and vouchers, against the sandbox's data centre and against scripted answers: what people rely on."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select

from connectors.contract import OutboxItem, Page, Window
from connectors.erp.kingdee.bills import STREAMS
from connectors.erp.kingdee.journal import KingdeeSink, KingdeeSinkOptions
from connectors.erp.kingdee.login import KingdeeOptions, SignedCalls
from connectors.erp.kingdee.source import KingdeeSource, KingdeeSourceOptions
from connectors.http import HttpOptions
from mappings.fields.compiler import load_field_map
from sandbox.kingdee import Bill, KingdeeServer, KingdeeUser
from tests.connectors.misbehaving import Script, reply, reply_json
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    HubError,
    LoginError,
    LookupImpossibleError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RateLimitedError,
    RetryableError,
    SystemUnreachableError,
)
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.warehouse.tables import fact_tables

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 6, 1, 12, tzinfo=SHANGHAI)
EVERYTHING = Window(None, NOW)
USER = "hub"
PASSWORD = "canary-密码"
CENTRE = "63f5a1c2d3e4b5"
QUICK = HttpOptions(attempts=2, longest_wait=0.02, read_timeout=20)
Build = Callable[..., KingdeeSource]


def local(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A local time of May 2025, as Kingdee keeps it."""
    return datetime(2025, 5, day, hour, minute)  # noqa: DTZ001 - Kingdee's are local


@pytest.fixture
def kingdee() -> Iterator[KingdeeServer]:
    """A data centre with nothing in it."""
    user = KingdeeUser(USER, PASSWORD, CENTRE)
    with KingdeeServer(user, clock=lambda: local(31, 12)) as server:
        yield server


def voucher(server: KingdeeServer, number: int, amount: str = "100.10", **head: Any) -> Bill:
    """A repair paid to a supplier: one line on the cost account, one on payables."""
    money = Decimal(amount)
    line: dict[str, Any] = {"FEXPLANATION": "外墙渗水维修", "FCURRENCYID.FNumber": "PRE001", "FAMOUNTFOR": abs(money)}
    sides = ("FDEBIT", "FCREDIT") if money >= 0 else ("FCREDIT", "FDEBIT")
    return server.add(
        "GL_VOUCHER",
        {
            "FAccountBookID.FNumber": "101", "FBillNo": f"PZ{number:04d}", "FDate": date(2025, 5, 8), "FYEAR": 2025,
            "FPERIOD": 5, "FModifyDate": local(8, 9, number % 60), "FAuditDate": local(8, 9, number % 60), **head,
        },
        {**line, "FACCOUNTID.FNumber": "6601.05", sides[0]: abs(money), sides[1]: Decimal(0),
         "FDetailID.FFLEX4.FNumber": "S201", "FDetailID.FFLEX5.FNumber": "P01"},
        {**line, "FACCOUNTID.FNumber": "2202.01", sides[0]: Decimal(0), sides[1]: abs(money)},
    )  # fmt: skip


def source_of(server: KingdeeServer, password: str = PASSWORD, **options: Any) -> KingdeeSource:
    given = {"zone": "Asia/Shanghai", "data_centre": CENTRE, "login": "password", "http": QUICK, **options}
    connection = http_connection("kingdee", server, USER, password)
    return KingdeeSource(connection, KingdeeSourceOptions.model_validate(given))


def numbers(pages: Iterator[Page]) -> list[str]:
    return [record["FBillNo"] for page in pages for record in page.records]


# ---------------------------------------------------------------------------------------------------- into the warehouse
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
    connection = http_connection("kingdee", server, USER, PASSWORD)
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
    user = KingdeeUser(USER, PASSWORD, CENTRE)
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


# ---------------------------------------------------------------------------------------------------- login and check
@pytest.mark.parametrize(
    "options",
    [
        {"login": "password"},
        {"login": "app_secret", "app_id": KingdeeUser.app_id},
        {"login": "signed", "app_id": KingdeeUser.app_id},
    ],
)
def test_one_way_to_log_in_does_not_work(kingdee: KingdeeServer, options: dict[str, str]) -> None:
    password = PASSWORD if options["login"] == "password" else KingdeeUser.app_secret
    voucher(kingdee, 1)
    line = source_of(kingdee, password, **options).check()
    assert "vouchers, payables, expenses, orders, suppliers can be read" in line
    assert line.endswith("nothing yet in payables, expenses, orders, suppliers")


def test_a_session_that_ends_in_the_middle_ends_the_run(kingdee: KingdeeServer) -> None:
    for number in range(1, 7):
        voucher(kingdee, number)
    pages = source_of(kingdee, page_size=5).pages("vouchers", EVERYTHING)
    read = numbers(iter([next(pages)]))
    kingdee.end_sessions()
    assert len(read + numbers(pages)) == 12


@pytest.mark.parametrize("login", ["password", "app_secret", "signed"])
def test_a_wrong_password_is_tried_until_the_user_is_locked(kingdee: KingdeeServer, login: str) -> None:
    with pytest.raises(LoginError) as caught:
        source_of(kingdee, "canary-wrong", login=login, app_id=KingdeeUser.app_id).check()
    assert "canary-wrong" not in str(caught.value)
    assert kingdee.wrong_logins <= 1


def test_a_wrong_data_centre_reads_like_a_lost_session(kingdee: KingdeeServer) -> None:
    with pytest.raises(LoginError) as caught:
        source_of(kingdee, data_centre="another").check()
    assert "data_centre" in caught.value.remedy


def test_a_field_that_this_data_centre_has_not_is_looked_for_in_vain(kingdee: KingdeeServer) -> None:
    streams = {"vouchers": {}, "orders": {"fields": ["FBillNo", "F_PAEZ_Project.FNumber"]}}
    with pytest.raises(ConfigError, match=r"PUR_PurchaseOrder cannot be read: .*F_PAEZ_Project\.FNumber") as caught:
        source_of(kingdee, streams=streams).check()
    assert "options.streams.orders" in caught.value.remedy


def test_the_vendors_client_signs_otherwise() -> None:
    """Golden values: what kingdee.cdp.webapi.sdk 8.2.0 sends with these names at this moment."""
    given = {"data_centre": "dcid-1", "login": "signed", "app_id": "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"}
    options = KingdeeOptions.model_validate({**given, "organisation": "100"})
    connection = Connection("k", "http", "erp.example", None, "https", "user-1", SecretStr("test-app-secret-value"))
    path = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc"
    headers = SignedCalls(connection, options).headers(path, "1700000000", "1700000000")
    assert headers["X-Api-ClientID"] == "123456"
    assert headers["X-Api-Signature"] == (
        "MjNhMzg5MmZiMWE1MTQ1ZGE5NWFkYmZiZWYxYzhlY2NjNzcwM2ZjNDJlZTczMzBhNzkxOTk1ODhjNDZkMTEzYw=="
    )
    assert headers["X-Kd-Appdata"] == "ZGNpZC0xLHVzZXItMSwyMDUyLDEwMA=="
    assert headers["X-Kd-Signature"] == (
        "NjI5MzRiZGVhNGJhOWY2N2Y2YzQ2MzQ5ODA3N2JiZTRiMDRmOTUwNjI3YWIzODU1ODBkZDdhNzgwMzdmMDgxMg=="
    )


# ---------------------------------------------------------------------------------------------------- what an answer means
def refusal(code: int, words: str = "某种原因") -> dict[str, Any]:
    status = {"IsSuccess": False, "ErrorCode": 500, "MsgCode": code, "Errors": [{"FieldName": "FDate", "Message": words}]}
    return {"Result": {"ResponseStatus": status}}


@pytest.fixture
def scripted(connection: Connection) -> KingdeeSource:
    options = {"zone": "Asia/Shanghai", "data_centre": CENTRE, "login": "password", "http": QUICK, "streams": {"suppliers": {}}}
    return KingdeeSource(connection, KingdeeSourceOptions.model_validate(options))


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (reply_json([[refusal(2)]]), LoginError, "FDate: 某种原因 (MsgCode 2)"),
        (reply_json([refusal(15)]), LoginError, "MsgCode 15"),
        (reply_json(refusal(14)), RateLimitedError, "MsgCode 14"),
        (reply_json([[refusal(13)]]), RetryableError, "MsgCode 13"),
        (reply_json([[refusal(4)]]), ProtocolError, "某种原因"),
        (reply_json([[refusal(9)]]), BusinessError, "某种原因"),
        (reply_json([[{"Result": {"ResponseStatus": {"IsSuccess": False}}}]]), BusinessError, "no reason"),
        (reply(200, "response_error: 未授权", "text/plain"), ProtocolError, "未授权"),
        (reply(200, b"response_error: \xff"), ProtocolError, "response_error"),
        (reply(500, "系统异常", "text/html"), SystemUnreachableError, "500"),
        (reply(200, "<html>登录</html>", "text/html"), MalformedAnswerError, "HTML"),
        (reply(200, ""), MalformedAnswerError, "valid JSON"),
        (reply_json({"rows": []}), MalformedAnswerError, "no rows"),
        (reply_json([["2025-05-08T09:00:00", 1, "S1"]]), MalformedAnswerError, "5 fields"),
        (reply_json([{"FNumber": "S1"}]), MalformedAnswerError, "5 fields"),
        (reply_json(["S1"]), MalformedAnswerError, "5 fields"),
    ],
)
def test_an_error_inside_a_good_answer_passes_for_rows(
    script: Script, scripted: KingdeeSource, answer: Any, error: type[HubError], said: str
) -> None:
    script.then(answer)
    with pytest.raises(HubError) as caught:
        list(scripted.pages("suppliers", EVERYTHING))
    assert isinstance(caught.value, error)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("login", "said"),
    [
        (reply_json({"LoginResultType": -3, "Message": "请修改密码"}), "请修改密码"),
        (reply_json(refusal(1, "会话信息已丢失，请重新登录")), "会话信息已丢失"),
    ],
)
def test_a_login_that_needs_a_person_is_tried_again_and_again(
    script: Script, scripted: KingdeeSource, login: Any, said: str
) -> None:
    script.then(reply_json([[refusal(1)]]), login)
    with pytest.raises(LoginError, match=said):
        scripted.check()
    assert [seen.path.rpartition(".")[0].rpartition("Stub.")[2] for seen in script.seen] == [
        "DynamicFormService.ExecuteBillQuery.common",
        "AuthService.ValidateUser.common",
    ]
    assert json.loads(script.seen[1].body)["acctID"] == CENTRE


def test_a_session_that_is_never_there_is_opened_for_ever(script: Script, scripted: KingdeeSource) -> None:
    script.then(reply_json([[refusal(1)]]), reply_json({"LoginResultType": 1}), reply_json([[refusal(1)]]))
    with pytest.raises(LoginError, match="MsgCode 1"):
        scripted.check()
    assert len(script.seen) == 3


def supplier_rows(*moments: str | None) -> Any:
    return reply_json([[moment, None, number, f"S{number}", "某公司"] for number, moment in enumerate(moments)])


def test_rows_in_another_order_than_asked_for_pass_for_the_whole(script: Script, scripted: KingdeeSource) -> None:
    script.then(supplier_rows("2025-05-09T00:00:00", "2025-05-08T00:00:00"))
    with pytest.raises(PageOrderError, match="FModifyDate"):
        list(scripted.pages("suppliers", EVERYTHING))


def test_a_page_that_comes_for_ever_is_read_for_ever(script: Script, connection: Connection) -> None:
    options = {"zone": "Asia/Shanghai", "data_centre": CENTRE, "login": "password", "http": QUICK, "page_size": 2}
    source = KingdeeSource(connection, KingdeeSourceOptions.model_validate({**options, "streams": {"suppliers": {}}}))
    for moments in (("2025-05-08T00:00:00", "2025-05-09T00:00:00"), ("2025-05-09T00:00:00",) * 2, (None, None)):
        script.steps[:] = [supplier_rows(*moments)]
        with pytest.raises((PageOrderError, RetryableError)):
            list(source.pages("suppliers", EVERYTHING))


# ---------------------------------------------------------------------------------------------------- vouchers posted
ENTRY = {
    "company_code": "1000",
    "posting_date": "2025-05-31",
    "document_date": "2025-05-30",
    "currency": "CNY",
    "reference": "PROV-2025-05",
    "text": "计提质保金",
    "lines": [
        {"account": "6601.09", "amount": "1234567.89", "project_code": "P01"},
        {"account": "2241.03", "amount": "-1234567.89", "supplier_code": "S201", "text": "预提维修费"},
    ],
}
ITEM = OutboxItem("provision:2025-05:o'neill", "post_journal", ENTRY)


def sink_of(server: KingdeeServer, **options: Any) -> KingdeeSink:
    given = {
        "data_centre": CENTRE, "login": "password", "key_field": "F_HUB_Key", "account_books": {"1000": "101"}, "http": QUICK,
        "project_dimension": "FFLEX5", "supplier_dimension": "FFLEX4", **options,
    }  # fmt: skip
    return KingdeeSink(http_connection("kingdee", server, USER, PASSWORD), KingdeeSinkOptions.model_validate(given))


def statuses(server: KingdeeServer) -> list[Any]:
    return [bill.head["FDocumentStatus"] for bill in server.bills]


def test_a_posted_voucher_is_not_what_was_asked_for(kingdee: KingdeeServer) -> None:
    reply = sink_of(kingdee).perform(ITEM)
    (made,) = kingdee.bills
    assert (reply.reference, reply.details["FBillNo"], reply.details["FDocumentStatus"]) == (str(made.id), "PZ000001", "C")
    head = ("FAccountBookID.FNumber", "FDate", "FBUSDATE", "FVOUCHERGROUPID.FNumber", "F_HUB_Key")
    assert [made.head[name] for name in head] == ["101", date(2025, 5, 31), date(2025, 5, 30), "PRE001", ITEM.idempotency_key]
    debit, credit = made.lines
    amount = Decimal("1234567.89")
    assert (debit["FDEBIT"], debit["FCREDIT"], debit["FAMOUNTFOR"]) == (amount, 0, amount)
    assert (credit["FDEBIT"], credit["FCREDIT"], credit["FAMOUNTFOR"]) == (0, amount, amount)
    assert (debit["FDetailID.FFLEX5.FNumber"], credit["FDetailID.FFLEX4.FNumber"]) == ("P01", "S201")
    assert (debit["FEXPLANATION"], credit["FEXPLANATION"]) == ("计提质保金 (PROV-2025-05)", "预提维修费 (PROV-2025-05)")


@pytest.mark.parametrize(("until", "status"), [("saved", "A"), ("submitted", "B"), ("audited", "C")])
def test_a_voucher_goes_further_than_people_want(kingdee: KingdeeServer, until: str, status: str) -> None:
    sink_of(kingdee, until=until).perform(ITEM)
    assert statuses(kingdee) == [status]


def test_a_second_attempt_posts_a_second_voucher(kingdee: KingdeeServer) -> None:
    sink = sink_of(kingdee)
    assert sink.lookup(ITEM) is None
    first = sink.perform(ITEM)
    assert sink.perform(ITEM) == first == sink.lookup(ITEM)
    assert statuses(kingdee) == ["C"]


@pytest.mark.parametrize(("step", "left"), [("Submit", "A"), ("Audit", "B")])
def test_a_voucher_left_halfway_is_saved_again_or_forgotten(kingdee: KingdeeServer, step: str, left: str) -> None:
    sink = sink_of(kingdee)
    kingdee.refusals[step] = (11, "会计期间已关闭")
    with pytest.raises(BusinessError, match="会计期间已关闭") as caught:
        sink.perform(ITEM)
    assert "PZ000001" in caught.value.remedy
    assert statuses(kingdee) == [left]
    assert sink.lookup(ITEM) is None  # so that it is performed again, which goes on
    kingdee.refusals.clear()
    assert sink.perform(ITEM).details["FDocumentStatus"] == "C"
    assert statuses(kingdee) == ["C"]


def test_an_answer_that_never_came_leads_to_a_second_voucher(kingdee: KingdeeServer) -> None:
    answer = kingdee.respond

    def lose_answers_of_writes(request: Any) -> Any:
        given = answer(request)
        if "Query" in request.path or "Auth" in request.path or b'MsgCode":1' in given.body:
            return given
        return type(given)(503, b"", "text/plain")

    kingdee.respond = lose_answers_of_writes
    sink = sink_of(kingdee)
    for left in ("A", "B", "C"):
        with pytest.raises(SystemUnreachableError):
            sink.perform(ITEM)
        assert statuses(kingdee) == [left]
    reply = sink.lookup(ITEM)
    assert reply is not None
    assert reply.details["FDocumentStatus"] == "C"


def test_an_answer_that_says_nothing_passes_for_a_saved_voucher(script: Script, connection: Connection) -> None:
    given = {"data_centre": CENTRE, "login": "password", "key_field": "F_HUB_Key", "http": QUICK}
    script.then(reply_json([]), reply_json({"Result": {"Id": 7}}))
    with pytest.raises(MalformedAnswerError, match="whether it was done"):
        KingdeeSink(connection, KingdeeSinkOptions.model_validate(given)).perform(ITEM)
    assert len(script.seen) == 2


def test_a_copied_voucher_is_taken_for_ours(kingdee: KingdeeServer) -> None:
    sink = sink_of(kingdee)
    sink.perform(ITEM)
    copy = kingdee.bills[0]
    kingdee.add("GL_VOUCHER", copy.head, *copy.lines)
    with pytest.raises(LookupImpossibleError, match="2 vouchers"):
        sink.lookup(ITEM)


def test_a_key_that_is_not_kept_is_noticed_with_the_second_voucher(kingdee: KingdeeServer) -> None:
    """FBillNo, say, which Kingdee numbers by itself."""
    with pytest.raises(ProtocolError, match="FBillNo does not hold its key"):
        sink_of(kingdee, key_field="FBillNo").perform(ITEM)
    with pytest.raises(ProtocolError, match="F_NONE"):
        sink_of(kingdee, key_field="F_NONE").perform(ITEM)
    assert len(kingdee.bills) == 1


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"currency": "USD"}, BusinessError, "knows no rate"),
        ({"lines": ENTRY["lines"][:1]}, BusinessError, "cannot be performed"),
        ({"company_code": ""}, BusinessError, "company_code"),
    ],
)
def test_an_entry_that_cannot_be_posted_blocks_all_others(
    kingdee: KingdeeServer, change: dict[str, Any], error: type[HubError], said: str
) -> None:
    with pytest.raises(error, match=said):
        sink_of(kingdee).perform(OutboxItem("k", "post_journal", {**ENTRY, **change}))
    assert kingdee.bills == []


def test_a_refused_voucher_does_not_tell_why(kingdee: KingdeeServer) -> None:
    kingdee.refusals["Save"] = (11, "科目6601.09不存在")
    with pytest.raises(BusinessError, match=r"科目6601\.09不存在") as caught:
        sink_of(kingdee).perform(ITEM)
    assert caught.value.reply_code == "11"
    with pytest.raises(ConfigError, match="submit_plan"):
        sink_of(kingdee).perform(OutboxItem("k", "submit_plan", {}))


# ---------------------------------------------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"login": "app_secret"}, "needs an app_id"),
        ({"login": "signed", "app_id": "100"}, "two parts"),
        ({"streams": {"vouchers": {"fields": ["FACCOUNTID", "FACCOUNTID.FNumber"]}}}, "FACCOUNTID is asked for"),
        ({"streams": {"own": {"form": "F_Own"}}}, "fields"),
    ],
)
def test_options_that_cannot_work_are_noticed_in_the_night(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KingdeeSourceOptions.model_validate({"zone": "Asia/Shanghai", "data_centre": CENTRE, "login": "password", **options})


def test_half_an_app_id_is_noticed_with_the_first_call(kingdee: KingdeeServer) -> None:
    for app_id in ("100_too-short", "100_" + "!" * 32):
        with pytest.raises(ConfigError, match="no key"):
            source_of(kingdee, login="signed", app_id=app_id)


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
