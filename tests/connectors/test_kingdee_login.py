"""Kingdee's logins, its options, and what its answers mean, against the sandbox's data centre and scripted answers."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.erp.kingdee.login import KingdeeOptions, SignedCalls
from connectors.erp.kingdee.source import KingdeeSource, KingdeeSourceOptions
from sandbox.kingdee import KingdeeServer, KingdeeUser
from tests.connectors.kingdee_books import (
    CENTRE,
    EVERYTHING,
    KINGDEE_PASSWORD,
    QUICK,
    numbers,
    source_of,
    voucher,
)
from tests.connectors.misbehaving import Script, reply, reply_json
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    HubError,
    LoginError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RateLimitedError,
    RetryableError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection


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
    password = KINGDEE_PASSWORD if options["login"] == "password" else KingdeeUser.app_secret
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
