"""Vouchers posted to Kingdee, once each."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract import OutboxItem
from connectors.erp.kingdee.journal import KingdeeSink, KingdeeSinkOptions
from sandbox.kingdee import KingdeeServer
from tests.connectors.kingdee_books import CENTRE, KINGDEE_PASSWORD, QUICK, USER
from tests.connectors.misbehaving import Script, reply_json
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    HubError,
    LookupImpossibleError,
    MalformedAnswerError,
    ProtocolError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection

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
    return KingdeeSink(http_connection("kingdee", server, USER, KINGDEE_PASSWORD), KingdeeSinkOptions.model_validate(given))


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
