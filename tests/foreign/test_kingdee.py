"""Kingdee's own client for Python drives our sandbox, reads there what we wrote, and signs its calls as we do."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract import OutboxItem, Window
from connectors.erp.kingdee.journal import build_sink
from connectors.erp.kingdee.login import KingdeeOptions, SignedCalls
from connectors.erp.kingdee.source import build_source
from sandbox.kingdee import Fields, KingdeeServer, KingdeeUser
from tests.foreign.counterparts import printed, program
from tests.sandbox.systems import http_connection

pytestmark = pytest.mark.foreign

COUNTERPARTS = ("Kingdee's SDK for Python",)
USER = KingdeeUser("王工 hub", "canary-密码", "63f5a1c2d3e4b5", app_secret="canary-secret")
SIGNED = {"data_centre": USER.data_centre, "login": "signed", "app_id": USER.app_id}
ALL = Window(None, datetime(2027, 1, 1, tzinfo=UTC))
VOUCHER = "GL_VOUCHER"
CHANGED = datetime(2025, 5, 9, 8)  # noqa: DTZ001 - Kingdee's local time
CALL = """
import json, sys
from k3cloud_webapi_sdk.main import K3CloudApiSdk

given = json.loads(sys.argv[1])
sdk = K3CloudApiSdk(given["address"])
sdk.InitConfig(*given["user"], given["address"], given["language"], given["organisation"])
print(json.dumps([json.loads(getattr(sdk, name)(*arguments)) for name, *arguments in given["calls"]]))
"""
SIGN = """
import json, sys, time
from k3cloud_webapi_sdk.main import K3CloudApiSdk

given = json.loads(sys.argv[1])
time.time = lambda: given["moment"]
sdk = K3CloudApiSdk(given["address"])
sdk.InitConfig(*given["user"], given["address"], given["language"], given["organisation"])
print(json.dumps(sdk.BuildHeader(given["url"])))
"""


def sdk(script: str, address: str, user: KingdeeUser = USER, **given: Any) -> Any:
    """What the vendor's client makes of it."""
    who = [user.data_centre, user.name, user.app_id, user.app_secret]
    told = {"address": address, "user": who, "language": 2052, "organisation": 101, **given}
    return json.loads(printed(program("kingdee", "python"), "-c", script, json.dumps(told)))


def call(server: KingdeeServer, *calls: list[Any], user: KingdeeUser = USER) -> list[Any]:
    """The answers to one call after the other."""
    answers: list[Any] = sdk(CALL, f"{server.address}/K3Cloud/", user, calls=calls)
    return answers


@pytest.fixture
def centre() -> Iterator[KingdeeServer]:
    """Five vouchers of two lines, all changed at the same time."""
    with KingdeeServer(USER, clock=lambda: CHANGED) as server:
        for number in range(1, 6):
            amount, nothing = Decimal(f"{number}00.10"), Decimal(0)
            head: Fields = {"FAccountBookID.FNumber": "101", "FBillNo": f"PZ{number}", "FDate": date(2025, 5, number)}
            line: Fields = {"FACCOUNTID.FNumber": "6601.05", "FEXPLANATION": f"飘窗渗水 '{number}'", "FAMOUNTFOR": amount}
            sides: list[Fields] = [{"FDEBIT": amount, "FCREDIT": nothing}, {"FDEBIT": nothing, "FCREDIT": amount}]
            server.add(VOUCHER, head, *({**line, **side} for side in sides))
        yield server


def question(**asked: Any) -> dict[str, Any]:
    order = {"OrderString": "FBillNo ASC,FEntity_FEntryID"}
    return {"FormId": VOUCHER, "FieldKeys": "FBillNo,FDEBIT,FEXPLANATION", **order, **asked}


def test_the_vendors_client_finds_other_lines_in_our_sandbox_than_stand_there(centre: KingdeeServer) -> None:
    asked = [
        question(StartRow=2, Limit=3),
        question(FilterString="FEXPLANATION = '飘窗渗水 ''4''' and FDEBIT > 0", FieldKeys="FBillNo, FDate, FDEBIT"),
        question(FormId="NO_SUCH"),
    ]
    middle, fourth, refused = call(centre, *[["ExecuteBillQuery", each] for each in asked])
    (objects,) = call(centre, ["BillQuery", asked[0]])
    assert middle == [["PZ2", 200.1, "飘窗渗水 '2'"], ["PZ2", 0, "飘窗渗水 '2'"], ["PZ3", 300.1, "飘窗渗水 '3'"]]
    assert fourth == [["PZ4", "2025-05-04T00:00:00", 400.1]]
    assert [list(row.values()) for row in objects] == middle
    assert status(refused[0][0])["Errors"][0]["Message"] == "业务对象不存在"


def voucher(debit: float, credit: float) -> dict[str, Any]:
    """A provision, as the manual's examples write it."""
    line = {"FCURRENCYID": {"FNumber": "PRE001"}, "FEXCHANGERATE": 1, "FAMOUNTFOR": debit, "FEXPLANATION": "计提维修费"}
    project = {"FDETAILID__FFLEX5": {"FNumber": "P03"}}
    lines = [
        {**line, "FACCOUNTID": {"FNumber": "6601.09"}, "FDEBIT": debit, "FDetailID": project},
        {**line, "FACCOUNTID": {"FNumber": "2241.03"}, "FCREDIT": credit},
    ]
    book, group = {"FAccountBookID": {"FNumber": "101"}}, {"FVOUCHERGROUPID": {"FNumber": "PRE001"}}
    return {"IsDeleteEntry": "false", "Model": {"FVOUCHERID": 0, **book, "FDate": "2025-05-31", **group, "FEntity": lines}}


def status(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer["Result"]["ResponseStatus"]
    return found


def test_a_voucher_of_the_vendors_client_is_lost_changed_or_refused_in_vain(centre: KingdeeServer) -> None:
    unbalanced, saved = call(centre, *[["Save", VOUCHER, voucher(1234.56, credit)] for credit in (1234.55, 1234.56)])
    assert (status(unbalanced)["IsSuccess"], status(unbalanced)["MsgCode"]) == (False, 11)
    assert status(unbalanced)["Errors"][0]["Message"] == "凭证借贷不平衡"
    made, number = {"Ids": str(saved["Result"]["Id"])}, saved["Result"]["Number"]
    steps = [("Audit", made), ("Submit", {"Numbers": [number]}), ("Audit", made), ("Audit", made)]
    taken = call(centre, *[[step, VOUCHER, which] for step, which in steps])
    assert [status(answer)["IsSuccess"] for answer in taken] == [False, True, True, False]
    source = build_source(http_connection("kingdee", centre, USER.name, USER.app_secret), {**SIGNED, "zone": "Asia/Shanghai"})
    lines = [line for page in source.pages("vouchers", ALL) for line in page.records if line["FBillNo"] == number]
    assert [(line["FACCOUNTID"]["FNumber"], line["FDEBIT"], line["FCREDIT"]) for line in lines] == [
        ("6601.09", Decimal("1234.56"), None),
        ("2241.03", None, Decimal("1234.56")),
    ]


def test_the_vendors_client_does_not_see_what_we_posted(centre: KingdeeServer) -> None:
    sink = build_sink(http_connection("kingdee", centre, USER.name, USER.app_secret), {**SIGNED, "key_field": "F_HUB_Key"})
    lines = [{"account": "6601.09", "amount": "0.10", "text": "计提"}, {"account": "2241.03", "amount": "-0.10"}]
    days = {"posting_date": "2025-05-31", "document_date": "2025-05-31"}
    head = {"company_code": "101", **days, "currency": "CNY", "reference": "PROV-5", "text": "保修准备金"}
    sink.perform(OutboxItem("prov:2025-05", "post_journal", {**head, "lines": lines}))
    fields = "FACCOUNTID.FNumber,FDEBIT,FCREDIT,FDocumentStatus,FEXPLANATION"
    (found,) = call(centre, ["ExecuteBillQuery", question(FieldKeys=fields, FilterString="F_HUB_Key='prov:2025-05'")])
    assert found == [["6601.09", 0.1, 0, "C", "计提 (PROV-5)"], ["2241.03", 0, 0.1, "C", "保修准备金 (PROV-5)"]]


def test_a_wrong_secret_opens_our_sandbox(centre: KingdeeServer) -> None:
    for wrong in (replace(USER, app_secret="wrong"), replace(USER, data_centre="other"), replace(USER, name="other")):
        ((row,),) = call(centre, ["ExecuteBillQuery", question()], user=wrong)
        assert row[0]["Result"]["ResponseStatus"]["MsgCode"] == 1


def test_we_sign_calls_otherwise_than_the_vendor() -> None:
    path, moment = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save.common.kdsvc", 1_764_000_000
    theirs = sdk(SIGN, "https://erp.example/K3Cloud/", url="https://erp.example" + path, moment=moment)
    options = KingdeeOptions.model_validate({**SIGNED, "organisation": "101"})
    with KingdeeServer(USER) as server:
        connection = http_connection("kingdee", server, USER.name, USER.app_secret)
    ours = SignedCalls(connection, options).headers(path, str(moment), str(moment))
    signed = {name.lower(): value for name, value in theirs.items() if name.lower().startswith("x-")}
    assert {name.lower(): value for name, value in ours.items()} == signed
