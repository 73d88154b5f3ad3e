"""Weaver's approvals and plans against an OA in memory: listings that move, and every answer to a creation."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract import OutboxItem, Window
from connectors.oa.weaver import WeaverSink, WeaverSinkOptions, WeaverSource, WeaverSourceOptions
from connectors.soap import SoapService
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    HubError,
    LookupImpossibleError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RetryableError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection

CONNECTION = Connection("oa", "http", "oa.example", None, "http")
ALL = Window(None, datetime(2025, 6, 1, tzinfo=UTC))
PLAN = {
    "plan_no": "P1",
    "ticket_no": "WX1",
    "version": 2,
    "project_code": "P01",
    "text": "重做防水",
    "amount": "1200.00",
    "currency": "CNY",
    "content_hash": "abc",
}
ITEM = OutboxItem("wms:P1:2", "submit_plan", PLAN)


def request(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "requestId": str(number),
        "requestName": f"维修方案 {number}",
        "creatorId": "7",
        "createTime": "2025-03-01 08:00:00",
        "lastOperateTime": "2025-03-02 08:00:00",
        "currentNodeId": "5",
        "currentNodeName": "部门经理",
        "status": "",
        "creatorName": "张三",
        "workflowBaseInfo": {"workflowId": "12", "workflowName": "维修方案审批"},
        "workflowMainTableInfo": None,
        **changes,
    }


class Oa:
    """A WorkflowService without a wire, which can move between calls."""

    def __init__(self, count: int = 0) -> None:
        self.requests = [request(number) for number in range(1, count + 1)]
        self.calls: list[str] = []
        self.created: list[dict[str, Any]] = []
        self.answer: Any = "4711"
        self.before: Callable[[str], None] = lambda _: None

    def call(self, operation: str, *arguments: Any, idempotent: bool = True) -> Any:
        self.before(operation)
        self.calls.append(operation)
        if operation.endswith("Count"):
            return len(self.requests)
        if operation.endswith("List"):
            number, size = arguments[:2]
            page = [{**one, "workflowMainTableInfo": None} for one in self.requests[(number - 1) * size : number * size]]
            return {"WorkflowRequestInfo": page} if page else None
        if operation == "getWorkflowRequest":
            return next((one for one in self.requests if one["requestId"] == str(arguments[0])), None)
        assert not idempotent
        self.created.append(arguments[0])
        return self.answer


@pytest.fixture
def oa(monkeypatch: pytest.MonkeyPatch) -> Oa:
    made = Oa(10)
    monkeypatch.setattr(SoapService, "call", lambda _, *arguments, **options: made.call(*arguments, **options))
    return made


def source(**options: Any) -> WeaverSource:
    given = {"zone": "Asia/Shanghai", "user_id": 7, "page_size": 3, **options}
    return WeaverSource(CONNECTION, WeaverSourceOptions.model_validate(given))


def sink(**options: Any) -> WeaverSink:
    return WeaverSink(
        CONNECTION, WeaverSinkOptions.model_validate({"user_id": 7, "workflow_id": 12, "page_size": 3, **options})
    )


def read(window: Window = ALL, **options: Any) -> list[str]:
    return [record["requestId"] for page in source(**options).pages("approvals", window) for record in page.records]


@pytest.mark.parametrize("page_size", [1, 3, 10, 100])
def test_a_page_boundary_loses_or_doubles_approvals(oa: Oa, page_size: int) -> None:
    assert read(page_size=page_size) == [str(number) for number in range(1, 11)]


def test_the_form_is_lost(oa: Oa) -> None:
    cells = [{"fieldName": "plan_no", "fieldValue": "P1"}, {"fieldName": "note", "fieldValue": None}, {"fieldName": None}]
    record = {"recordOrder": 0, "workflowRequestTableFields": {"WorkflowRequestTableField": cells}}
    table = {"requestRecords": {"WorkflowRequestTableRecord": [record]}, "tableDBName": "formtable_main_1"}
    oa.requests = [request(1, currentNodeName=" 归档 ", workflowMainTableInfo=table)]
    (page,) = source().pages("approvals", ALL)
    assert page.records == [
        {
            "requestId": "1",
            "requestName": "维修方案 1",
            "creatorId": "7",
            "createTime": "2025-03-01 08:00:00",
            "lastOperateTime": "2025-03-02 08:00:00",
            "currentNodeId": "5",
            "currentNodeName": " 归档 ",
            "status": "",
            "workflowId": "12",
            "fields": {"plan_no": "P1", "note": None},
            "decision": "APPROVED",
        }
    ]


def test_a_request_that_may_not_be_opened_vanishes(oa: Oa) -> None:
    oa.before = lambda operation: oa.requests.clear() if operation == "getWorkflowRequest" else None
    (page,) = source(page_size=100).pages("approvals", ALL)
    assert len(page.records) == 10
    assert (page.records[0]["requestName"], page.records[0]["fields"]) == ("维修方案 1", {})


@pytest.mark.parametrize(
    ("node", "decision"), [("归档", "APPROVED"), ("申请人", "RETURNED"), ("部门经理", "RUNNING"), (None, "RUNNING")]
)
def test_a_decision_is_guessed_wrong(oa: Oa, node: str | None, decision: str) -> None:
    oa.requests = [request(1, currentNodeName=node)]
    (page,) = source().pages("approvals", ALL)
    assert page.records[0]["decision"] == decision


def test_the_names_of_nodes_are_fixed(oa: Oa) -> None:
    oa.requests = [request(1, currentNodeName="完结"), request(2, currentNodeName="草稿")]
    (page,) = source(approved_nodes=["完结"], returned_nodes=["草稿"]).pages("approvals", ALL)
    assert [record["decision"] for record in page.records] == ["APPROVED", "RETURNED"]


def test_what_did_not_change_is_opened_again_or_what_changed_is_not(oa: Oa) -> None:
    oa.requests = [
        request(1, lastOperateTime="2025-03-01 15:59:59"),
        request(2, lastOperateTime="2025-03-01 16:00:00"),
        request(3, lastOperateTime=None),
        request(4, lastOperateTime="soon"),
    ]
    window = Window(datetime(2025, 3, 1, 8, tzinfo=UTC), ALL.end)
    assert read(window) == ["2", "3", "4"]
    assert oa.calls.count("getWorkflowRequest") == 3
    assert read(window, skip_unchanged=False) == ["1", "2", "3", "4"]


def test_requests_of_other_workflows_are_opened(oa: Oa) -> None:
    oa.requests = [request(1), request(2, workflowBaseInfo={"workflowId": "99"}), request(3, workflowBaseInfo=None)]
    assert read(workflow_ids=[12, 13]) == ["1"]
    assert oa.calls.count("getWorkflowRequest") == 1


def test_a_request_that_comes_meanwhile_hides_another(oa: Oa) -> None:
    def come(operation: str) -> None:
        if oa.calls.count("getAllWorkflowRequestList") == 2 and len(oa.requests) == 10:
            oa.requests.insert(0, request(11))

    oa.before = come
    assert set(read()) >= {str(number) for number in range(1, 11)}


def test_a_request_that_goes_meanwhile_hides_another(oa: Oa) -> None:
    def go(operation: str) -> None:
        if oa.calls.count("getAllWorkflowRequestList") == 2 and len(oa.requests) == 10:
            oa.requests.pop(0)

    oa.before = go
    with pytest.raises(RetryableError, match="shrank"):
        read()


def test_a_listing_that_goes_round_in_circles_is_read_for_ever(oa: Oa, monkeypatch: pytest.MonkeyPatch) -> None:
    real = oa.call
    monkeypatch.setattr(
        oa, "call", lambda name, *rest, **kw: real(name, *((1, *rest[1:]) if name.endswith("List") else rest), **kw)
    )
    with pytest.raises(PageOrderError, match="repeats page 2"):
        read()


@pytest.mark.parametrize("number", [None, "", "x"])
def test_a_request_without_a_number_has_no_clear_error(oa: Oa, number: str | None) -> None:
    oa.requests[4]["requestId"] = number
    with pytest.raises(MalformedAnswerError, match="without a number"):
        read()


def test_a_listing_without_a_count_passes_for_an_empty_one(oa: Oa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oa, "call", lambda *_, **__: None)
    with pytest.raises(MalformedAnswerError, match="how many"):
        read()


def test_a_plan_is_submitted_without_its_key_or_its_fields(oa: Oa) -> None:
    reply = sink().perform(ITEM)
    assert (reply.reference, reply.details) == ("4711", {"title": "维修方案 P1 V2 [wms:P1:2]"})
    (created,) = oa.created
    assert created["requestName"] == "维修方案 P1 V2 [wms:P1:2]"
    assert (created["creatorId"], created["workflowBaseInfo"]) == ("7", {"workflowId": "12"})
    (record,) = created["workflowMainTableInfo"]["requestRecords"]["WorkflowRequestTableRecord"]
    cells = record["workflowRequestTableFields"]["WorkflowRequestTableField"]
    assert {cell["fieldName"]: cell["fieldValue"] for cell in cells} == {**PLAN, "version": "2"}
    assert all(cell["edit"] is True and cell["view"] is True for cell in cells)


def test_the_names_of_the_form_are_fixed(oa: Oa) -> None:
    sink(fields={"fangan": "text", "beizhu": "note"}, title="方案").perform(
        OutboxItem("k", "submit_plan", {**PLAN, "note": None})
    )
    (record,) = oa.created[0]["workflowMainTableInfo"]["requestRecords"]["WorkflowRequestTableRecord"]
    cells = record["workflowRequestTableFields"]["WorkflowRequestTableField"]
    assert [(cell["fieldName"], cell["fieldValue"]) for cell in cells] == [("fangan", "重做防水"), ("beizhu", "")]
    assert oa.created[0]["requestName"] == "方案 [k]"


@pytest.mark.parametrize("options", [{"fields": {"x": "no_such"}}, {"title": "{no_such}"}])
def test_a_wrong_form_is_sent(oa: Oa, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="no field 'no_such'"):
        sink(**options).perform(ITEM)
    with pytest.raises(ConfigError, match="cannot perform 'post_journal'"):
        sink().perform(OutboxItem("k", "post_journal", PLAN))
    assert oa.created == []


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ("-1", BusinessError, "could not be created"),
        ("-2", BusinessError, "no right"),
        ("-7", BusinessError, "delete it there"),
        ("-8", BusinessError, "delete it there"),
        ("-99", BusinessError, "no reason"),
        ("0", BusinessError, "no reason"),
        ("", ProtocolError, "no number"),
        (None, ProtocolError, "no number"),
        ("<error/>", ProtocolError, "no number"),
    ],
)
def test_a_refusal_passes_for_a_creation(oa: Oa, answer: str | None, error: type[HubError], said: str) -> None:
    oa.answer = answer
    with pytest.raises(HubError, match=said) as caught:
        sink().perform(ITEM)
    assert type(caught.value) is error
    assert not isinstance(caught.value, BusinessError) or caught.value.reply_code == answer


def test_an_interrupted_plan_is_not_found_or_another_one_is(oa: Oa) -> None:
    assert sink().lookup(ITEM) is None
    oa.requests.append(request(11, requestName="维修方案 P1 V21 [wms:P1:21]"))
    oa.requests.append(request(12, requestName=None))
    assert sink().lookup(ITEM) is None
    oa.requests.append(request(13, requestName="<font>维修方案 P1 V2 [wms:P1:2]</font>"))
    found = sink().lookup(ITEM)
    assert found is not None
    assert found.reference == "13"


@pytest.mark.parametrize("moves", [1, 2])
def test_a_listing_that_moved_once_leaves_the_plan_in_doubt(oa: Oa, moves: int) -> None:
    def go(operation: str) -> None:
        if operation.endswith("List") and len(oa.requests) > 10 - moves:
            oa.requests.pop(0)

    oa.before = go
    assert sink().lookup(ITEM) is None


@pytest.mark.parametrize("come", [True, False])
def test_a_plan_that_may_have_been_missed_is_sent_twice(oa: Oa, come: bool) -> None:
    def move(operation: str) -> None:
        if operation.endswith("List"):
            oa.requests = [request(len(oa.calls) + 100), *oa.requests] if come else oa.requests[1:]

    oa.requests = [request(number) for number in range(1, 41)]
    oa.before = move
    with pytest.raises(LookupImpossibleError, match="no complete listing in 3 reads"):
        sink().lookup(ITEM)


def test_an_oa_that_is_down_during_a_lookup_leaves_the_plan_in_doubt(oa: Oa) -> None:
    def down(operation: str) -> None:
        raise SystemUnreachableError("down")

    oa.before = down
    with pytest.raises(SystemUnreachableError):
        sink().lookup(ITEM)


def test_check_reads_nothing(oa: Oa) -> None:
    assert source().check() == "Weaver at http://oa.example: 10 requests in All"
    assert source().now() is None
