"""A Weaver e-cology (泛微) on loopback, as far as its SOAP WorkflowService goes: listings, forms, creations, decisions.

Written from the operations that its clients use: document/literal wrapped, parameters in0, in1, … of the service's namespace,
results in ``out``. It asks nobody who he is. A new request stands at its first node for a moment; then somebody decides.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from sandbox.weaver_wsdl import LISTINGS, OPERATIONS, SERVICE_NS, TYPES_NS, wsdl
from sandbox.web import Answer, Request, WebServer
from warranty_hub.errors import ConfigError

PATH = "/services/WorkflowService"
ENVELOPE_NS = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ZONE = ZoneInfo("Asia/Shanghai")
FIRST_NEW = 900_001
WAITING, APPROVED, SENT_BACK = "项目经理审批", "归档", "退回"
LIMIT = Decimal(50_000)
"""What the project manager may approve, in 元; dearer plans come back."""
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


@dataclass(frozen=True)
class WeaverRequest:
    """A request: times are local, ``fields`` is its form's main table."""

    request_id: int
    workflow_id: int
    name: str
    creator_id: int
    created: datetime
    operated: datetime
    node: str
    fields: Mapping[str, str]


class WeaverServer(WebServer):
    """Serves ``requests`` and those created since, which stand in ``state`` (JSON lines) from one start to the next."""

    def __init__(
        self, requests: Iterable[WeaverRequest], workflow_id: int, decide_after: float = 2.0, state: Path | None = None
    ) -> None:
        self._workflow_id = workflow_id
        self._decide_after = timedelta(seconds=decide_after)
        self._state = state
        self._lock = threading.Lock()
        self._requests = {request.request_id: request for request in (*requests, *_stored(state))}
        self._operations: Mapping[str, Callable[[list[etree._Element]], Any]] = {
            "doCreateWorkflowRequest": self._create,
            "getWorkflowRequest": self._get,
            **{f"get{name}WorkflowRequestCount": self._counter(name) for name in LISTINGS},
            **{f"get{name}WorkflowRequestList": self._lister(name) for name in LISTINGS},
        }
        super().__init__()

    def put(self, request: WeaverRequest) -> None:
        """Somebody makes a request, or works on the one with this number."""
        with self._lock:
            self._requests[request.request_id] = request

    def remove(self, request_id: int) -> None:
        """An administrator deletes a request."""
        with self._lock:
            del self._requests[request_id]

    def titles(self) -> list[str]:
        """What the requests are called."""
        with self._lock:
            return [request.name for request in self._requests.values()]

    def answer(self, request: Request) -> Answer:
        """The WSDL, or the answer to one operation."""
        if request.path != PATH:
            return Answer(404, b"<html><body>404</body></html>", "text/html")
        if request.method == "GET":
            return Answer(200, wsdl(f"http://{request.headers['host']}{PATH}").encode(), "text/xml; charset=utf-8")
        try:
            call = next(etree.fromstring(request.body, PARSER).iterfind("{*}Body/*"), None)
        except etree.XMLSyntaxError:
            call = None
        operation = etree.QName(call).localname if call is not None else ""
        if call is None or operation not in self._operations:
            return _fault(f"Could not find operation {operation}")
        try:
            with self._lock:
                self._decide()
                out = self._operations[operation](_arguments(call, operation))
        except _CallError as error:
            return _fault(str(error))
        return _soap(200, _node(f"{operation}Response", _out(out), namespace=SERVICE_NS))

    # ------------------------------------------------------------------------------------------------ operations
    def _counter(self, name: str) -> Callable[[list[etree._Element]], Any]:
        def counting(arguments: list[etree._Element]) -> int:
            _no_conditions(arguments[1])
            return len(self._listed(name, _number(arguments[0])))

        return counting

    def _lister(self, name: str) -> Callable[[list[etree._Element]], Any]:
        def listing(arguments: list[etree._Element]) -> list[etree._Element]:
            page, size, _, user = (_number(argument) for argument in arguments[:4])
            _no_conditions(arguments[4])
            shown = self._listed(name, user)[(page - 1) * size : page * size]
            return [_info(request, with_form=False) for request in shown]

        return listing

    def _listed(self, name: str, user: int) -> list[WeaverRequest]:
        newest_first = sorted(self._requests.values(), key=lambda request: (request.created, request.request_id), reverse=True)
        if name == "All":
            return newest_first
        if name == "My":
            return [request for request in newest_first if request.creator_id == user]
        node = WAITING if name == "ToDo" else APPROVED
        return [request for request in newest_first if request.node == node]

    def _get(self, arguments: list[etree._Element]) -> Any:
        found = self._requests.get(_number(arguments[0]))
        return list(_info(found, with_form=True)) if found else None

    def _create(self, arguments: list[etree._Element]) -> int:
        """What it answers: the new number, or a negative one that says what went wrong."""
        info = arguments[0]
        title, workflow = info.findtext("{*}requestName"), info.findtext("{*}workflowBaseInfo/{*}workflowId")
        if not title:
            return -3
        if workflow != str(self._workflow_id):
            return -2
        now = datetime.now(ZONE).replace(tzinfo=None)
        number = max(FIRST_NEW - 1, *self._requests) + 1 if self._requests else FIRST_NEW
        user = _number(arguments[1])
        request = WeaverRequest(number, self._workflow_id, title, user, now, now, WAITING, _form(info))
        self._requests[number] = request
        if self._state:
            with self._state.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(request), default=str, ensure_ascii=False) + "\n")
        return number

    def _decide(self) -> None:
        """People have looked at what waits long enough; the amount decides. Seeded requests wait for ever."""
        now = datetime.now(ZONE).replace(tzinfo=None)
        for request in list(self._requests.values()):
            if request.node == WAITING and request.request_id >= FIRST_NEW and now - request.created >= self._decide_after:
                node = APPROVED if _is_affordable(request) else SENT_BACK
                decided = request.created + self._decide_after
                self._requests[request.request_id] = replace(request, node=node, operated=decided)


def _stored(state: Path | None) -> Iterable[WeaverRequest]:
    if state is None or not state.exists():
        return
    for number, line in enumerate(state.read_text(encoding="utf-8").splitlines(), 1):
        try:
            item = json.loads(line)
            times = {name: datetime.fromisoformat(item[name]) for name in ("created", "operated")}
            yield WeaverRequest(**{**item, **times})
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f"{state}, line {number} holds no request", remedy="Delete this line, or the file to begin without requests."
            ) from None


def _is_affordable(request: WeaverRequest) -> bool:
    """A plan whose amount nobody can read is sent back too."""
    try:
        amount = Decimal(request.fields.get("amount", ""))
    except InvalidOperation:
        return False
    return amount.is_finite() and amount <= LIMIT


# ---------------------------------------------------------------------------------------------------- the wire
class _CallError(Exception):
    """The call is at fault, not the service."""


def _arguments(call: etree._Element, operation: str) -> list[etree._Element]:
    """in0, in1, … as the operation declares them."""
    arguments = [call.find(f"{{{SERVICE_NS}}}in{number}") for number, _ in enumerate(OPERATIONS[operation][0])]
    given = [argument for argument in arguments if argument is not None]
    if len(given) < len(arguments):
        raise _CallError(f"{operation} wants {len(arguments)} arguments in {SERVICE_NS}, not {len(given)}")
    return given


def _number(element: etree._Element) -> int:
    try:
        return int(element.text or "")
    except ValueError:
        raise _CallError(f"{etree.QName(element).localname} is no number: {element.text}") from None


def _no_conditions(element: etree._Element) -> None:
    """The real one takes pieces of SQL here; to ignore them would be to answer another question."""
    if len(element):
        raise _CallError("This service takes no conditions")


def _form(info: etree._Element) -> dict[str, str]:
    """Fields that are not marked as editable and visible are dropped, as the real one does."""
    cells = info.iterfind(".//{*}workflowMainTableInfo//{*}WorkflowRequestTableField")
    return {
        cell.findtext("{*}fieldName") or "": cell.findtext("{*}fieldValue") or ""
        for cell in cells
        if cell.findtext("{*}edit") == "true" and cell.findtext("{*}view") == "true"
    }


def _info(request: WeaverRequest, *, with_form: bool) -> etree._Element:
    texts = {
        "createTime": f"{request.created:%Y-%m-%d %H:%M:%S}",
        "creatorId": str(request.creator_id),
        "currentNodeName": request.node,
        "lastOperateTime": f"{request.operated:%Y-%m-%d %H:%M:%S}",
        "requestId": str(request.request_id),
        "requestName": request.name,
        "status": request.node,
    }
    base = _node("workflowBaseInfo", *_texts({"workflowId": str(request.workflow_id), "workflowName": "维修方案审批"}))
    form = [_main_table(request)] if with_form else []
    return _node("WorkflowRequestInfo", *_texts(texts), base, *form)


def _main_table(request: WeaverRequest) -> etree._Element:
    cells = [
        _node("WorkflowRequestTableField", *_texts({"fieldName": name, "fieldValue": value}))
        for name, value in request.fields.items()
    ]
    record = _node("WorkflowRequestTableRecord", *_texts({"recordOrder": "0"}), _node("workflowRequestTableFields", *cells))
    name = _texts({"tableDBName": f"formtable_main_{request.workflow_id}"})
    return _node("workflowMainTableInfo", _node("requestRecords", record), *name)


def _texts(values: Mapping[str, str]) -> list[etree._Element]:
    return [_node(name, text=text) for name, text in values.items()]


def _out(value: Any) -> etree._Element:
    if isinstance(value, list):
        return _node("out", *value, namespace=SERVICE_NS)
    out = _node("out", text=None if value is None else str(value), namespace=SERVICE_NS)
    if value is None:
        out.set(f"{{{XSI}}}nil", "true")
    return out


def _node(name: str, *children: etree._Element, text: str | None = None, namespace: str = TYPES_NS) -> etree._Element:
    node = etree.Element(f"{{{namespace}}}{name}")
    node.text = text
    node.extend(children)
    return node


def _soap(status: int, content: etree._Element) -> Answer:
    envelope = _node("Envelope", _node("Body", content, namespace=ENVELOPE_NS), namespace=ENVELOPE_NS)
    return Answer(status, etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"), "text/xml; charset=utf-8")


def _fault(text: str) -> Answer:
    fault = _node("Fault", namespace=ENVELOPE_NS)
    etree.SubElement(fault, "faultcode").text = "Client"
    etree.SubElement(fault, "faultstring").text = text
    return _soap(500, fault)
