"""The sandbox's Kingdee answers as Kingdee does, to our connector and to others: what a client would be misled by."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.kingdee import SERVICES, SITE, KingdeeServer, KingdeeUser

USER = KingdeeUser("hub", "canary", "63f5a1c2d3e4b5")
CHANGED = datetime(2025, 5, 8, 9, 30)  # noqa: DTZ001 - Kingdee's are local


@pytest.fixture(scope="module")
def kingdee() -> Iterator[KingdeeServer]:
    with KingdeeServer(USER, most_rows=5) as server:
        for number in range(8):
            order: dict[str, Any] = {"FBillNo": f"CG{number}", "FDate": date(2025, 5, 1 + number), "FModifyDate": CHANGED}
            amounts: list[dict[str, Any]] = [{"FEntryAmount": Decimal(number) / 8}, {"FEntryAmount": None}]
            server.add("PUR_PurchaseOrder", {**order, "FSupplierId.FName": "O'Neill" if number == 3 else "某公司"}, *amounts)
        yield server


@pytest.fixture(scope="module")
def session(kingdee: KingdeeServer) -> Iterator[requests.Session]:
    with requests.Session() as logged_in:
        answer = call(kingdee, logged_in, "AuthService.ValidateUser", {"parameters": ["63f5a1c2d3e4b5", "hub", "canary", 2052]})
        assert answer.json()["LoginResultType"] == 1
        yield logged_in


def call(server: KingdeeServer, client: requests.Session, service: str, body: Any) -> requests.Response:
    return client.post(f"{server.address}{SITE}{SERVICES}{service}.common.kdsvc", json=body, timeout=10)


def query(server: KingdeeServer, client: requests.Session, **question: Any) -> Any:
    data = {"FormId": "PUR_PurchaseOrder", "FieldKeys": "FBillNo", "OrderString": "FBillNo", "Limit": 100, **question}
    return call(server, client, "DynamicFormService.ExecuteBillQuery", {"data": data}).json()


def test_a_query_gives_other_rows_than_kingdee(kingdee: KingdeeServer, session: requests.Session) -> None:
    assert query(kingdee, session, StartRow=2, Limit=2) == [["CG2"], ["CG3"]]
    assert len(query(kingdee, session)) == 5  # the version's limit
    lines = query(kingdee, session, FieldKeys="fbillno,FPOOrderEntry_FEntryID", FilterString="FBillNo='CG1'")
    assert [row[0] for row in lines] == ["CG1", "CG1"]
    assert lines[0][1] != lines[1][1]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("FSupplierId.FName='O''Neill'", "3"),
        ("FModifyDate>='2025-05-08 09:30:00' and FDate<='2025-05-02'", "01"),
        ("FModifyDate<'2025-05-08 09:30:00'", ""),
        ("FBillNo='CG0' or FBillNo='CG1' and FBillNo='CG2'", "0"),
        ("(FBillNo='CG0' or FBillNo='CG1') and FBillNo<>'CG0'", "1"),
        ("FBillNo in ('CG5','CG6')", "56"),
        ("FSupplierId.FNumber<>'S1'", ""),  # null is not unequal to anything
    ],
)
def test_a_filter_keeps_other_rows_than_sql(
    kingdee: KingdeeServer, session: requests.Session, condition: str, found: str
) -> None:
    assert [row[0][2:] for row in query(kingdee, session, FilterString=condition)] == list(found)


@pytest.mark.parametrize(
    "question",
    [
        {"FieldKeys": "FBillNo,FNone"},
        {"OrderString": "FNone"},
        {"FilterString": "FNone=1"},
        {"FilterString": "FBillNo='CG1' and"},
        {"FilterString": "FBillNo like 'CG%'"},
        {"FilterString": "(FBillNo='CG1'"},
        {"FilterString": "FBillNo='CG1')"},
        {"FilterString": "FBillNo in ('CG1'"},
        {"FilterString": "FModifyDate>='yesterday'"},
        {"FormId": "PUR_Other"},
    ],
)
def test_a_wrong_question_passes_for_one_that_finds_nothing(
    kingdee: KingdeeServer, session: requests.Session, question: dict[str, str]
) -> None:
    status = query(kingdee, session, **question)[0][0]["Result"]["ResponseStatus"]
    assert (status["IsSuccess"], status["ErrorCode"], status["MsgCode"]) == (False, 500, 4)


def test_rows_of_the_same_rank_always_come_in_the_same_order(kingdee: KingdeeServer, session: requests.Session) -> None:
    """Paging by such an order loses rows, in Kingdee as here."""
    orders = {json.dumps(query(kingdee, session, OrderString="FModifyDate")) for _ in range(10)}
    assert len(orders) > 1


def test_numbers_and_times_are_written_otherwise_than_by_kingdee(kingdee: KingdeeServer, session: requests.Session) -> None:
    data = {"FormId": "PUR_PurchaseOrder", "FieldKeys": "FModifyDate,FDate,FEntryAmount", "FilterString": "FBillNo='CG1'"}
    as_text = json.dumps({**data, "OrderString": "FEntryAmount desc"})
    answer = call(kingdee, session, "DynamicFormService.ExecuteBillQuery", {"parameters": [as_text]})
    assert answer.text == (
        '[["2025-05-08T09:30:00","2025-05-02T00:00:00",0.1250000000],["2025-05-08T09:30:00","2025-05-02T00:00:00",null]]'
    )
    objects = call(kingdee, session, "DynamicFormService.BillQuery", {"data": as_text}).json()
    assert objects[0]["FEntryAmount"] == 0.125


def test_without_a_session_something_is_told(kingdee: KingdeeServer) -> None:
    with requests.Session() as stranger:
        assert "会话信息已丢失" in json.dumps(query(kingdee, stranger), ensure_ascii=False)
        assert query(kingdee, stranger)[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 1
        wrong = call(kingdee, stranger, "AuthService.ValidateUser", {"acctID": USER.data_centre, "username": "hub"}).json()
        assert wrong["LoginResultType"] == 0
        assert query(kingdee, stranger)[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 1


def test_five_wrong_passwords_do_not_lock_the_user() -> None:
    user = KingdeeUser("hub", "canary", "c")
    with KingdeeServer(user) as server, requests.Session() as client:
        for password, outcome in [("wrong", 0)] * 5 + [("canary", 0)]:
            body = {"acctID": "c", "username": "hub", "password": password, "lcid": 2052}
            assert call(server, client, "AuthService.ValidateUser", body).json()["LoginResultType"] == outcome


def voucher(*lines: dict[str, Any], **head: Any) -> dict[str, Any]:
    model = {"FVOUCHERID": 0, "FAccountBookID": {"FNumber": "101"}, "FDate": "2025-05-31", "FEntity": list(lines), **head}
    return {"formid": "GL_VOUCHER", "data": {"Model": model}}


def side(name: str, amount: Any) -> dict[str, Any]:
    return {"FACCOUNTID": {"FNumber": "6601"}, "FAMOUNTFOR": amount, name: amount}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (voucher(side("FDEBIT", 100), side("FCREDIT", "99.99")), 11),
        (voucher(side("FDEBIT", 100)), 11),
        (voucher(side("FDEBIT", 1), side("FCREDIT", 1), FAccountBookID={}), 11),
        (voucher(side("FDEBIT", 1), side("FCREDIT", 1), F_HUB_Key="k" * 201), 11),
        (voucher(side("FDEBIT", "x"), side("FCREDIT", 1)), 4),
        (voucher(side("FDEBIT", 1), side("FCREDIT", 1), FVOUCHERID=7), 12),
    ],
)
def test_a_voucher_that_no_ledger_takes_is_saved(
    kingdee: KingdeeServer, session: requests.Session, body: dict[str, Any], code: int
) -> None:
    before = len(kingdee.bills)
    status = call(kingdee, session, "DynamicFormService.Save", body).json()["Result"]["ResponseStatus"]
    assert (status["IsSuccess"], status["MsgCode"], len(kingdee.bills)) == (False, code, before)


def test_a_voucher_skips_a_step_on_its_way(kingdee: KingdeeServer, session: requests.Session) -> None:
    body = voucher(side("FDEBIT", 0.1), side("FCREDIT", "0.10"), F_UNKNOWN="left out without a word")
    made = call(kingdee, session, "DynamicFormService.Save", body).json()["Result"]
    assert made["ResponseStatus"]["SuccessEntitys"] == [{"Id": made["Id"], "Number": made["Number"], "DIndex": 0}]
    answers = []
    for step in ("Audit", "Submit", "Submit", "Audit", "UnAudit"):
        body = {"parameters": ["GL_VOUCHER", {"Ids": str(made["Id"])}]}
        status = call(kingdee, session, f"DynamicFormService.{step}", body).json()["Result"]["ResponseStatus"]
        answers.append(status["IsSuccess"])
    assert answers == [False, True, False, True, True]
    missing = call(kingdee, session, "DynamicFormService.Submit", {"formid": "GL_VOUCHER", "data": {"Ids": "1"}}).json()
    assert missing["Result"]["ResponseStatus"]["MsgCode"] == 10
    assert kingdee.bills.pop().head["FDocumentStatus"] == "D"


def test_what_is_no_call_gets_an_answer_that_looks_like_one(kingdee: KingdeeServer, session: requests.Session) -> None:
    garbage = session.post(f"{kingdee.address}{SITE}{SERVICES}DynamicFormService.Save.common.kdsvc", data="{", timeout=10)
    assert (garbage.status_code, garbage.text[:15]) == (200, "response_error:")
    assert session.get(kingdee.address + SITE, timeout=10).status_code == 404
    unknown = call(kingdee, session, "DynamicFormService.Explode", {}).json()
    assert unknown["Result"]["ResponseStatus"]["IsSuccess"] is False


@pytest.mark.parametrize("head", [{"FNone": "1"}, {"FBillNo": 7}, {"FModifyDate": "2025-05-08"}])
def test_a_bill_that_no_form_could_hold_is_served(kingdee: KingdeeServer, head: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"cannot hold {next(iter(head))}"):
        kingdee.add("PUR_PurchaseOrder", head)
