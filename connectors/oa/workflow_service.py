"""The operations of Weaver e-cology's SOAP WorkflowService that we use, and how its forms look on the wire.

Their set and the order of their parameters differ by version: the WSDL of the customer's own OA decides, see connectors.soap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from connectors.answers import Answer
from connectors.http import HttpOptions, HttpSession, base_url
from connectors.options import Options
from connectors.soap import SoapService, judge_soap_status
from warranty_hub.errors import LoginError, MalformedAnswerError, PageOrderError
from warranty_hub.settings import Connection

ListingName = Literal["All", "My", "ToDo", "Hendled", "Processed", "CC"]
Fields = Mapping[str, Any]
PLAIN_FIELDS = (
    "requestId",
    "requestName",
    "creatorId",
    "createTime",
    "lastOperateTime",
    "currentNodeId",
    "currentNodeName",
    "status",
)


class WeaverOptions(Options):
    """What a source and a sink of system ``weaver`` have in common."""

    user_id: int = Field(description="The OA's internal number of the person as whom we act")
    path: str = Field(default="/services/WorkflowService", description="Where the service is; its WSDL is at ?wsdl")
    page_size: int = Field(default=100, ge=1, description="Requests per page of a listing")
    http: HttpOptions = HttpOptions()


@dataclass(frozen=True)
class Listing:
    """The requests of a listing, as `plain` gives them; what came into it while it was read may be there or not.

    ``complete`` is False when some went out of it meanwhile: others took their places, and may have been missed.
    """

    requests: list[Fields]
    complete: bool


class WorkflowService:
    """The operations that both sides use."""

    def __init__(self, connection: Connection, options: WeaverOptions) -> None:
        self._options = options
        self.host = base_url(connection)
        self._soap = SoapService(HttpSession(self.host, options.http, judge=_judge), options.path)

    def count(self, name: ListingName) -> int:
        """How many requests a listing holds."""
        count = self._soap.call(f"get{name}WorkflowRequestCount", self._options.user_id, None)
        if not isinstance(count, int):
            raise MalformedAnswerError(f"Weaver at {self.host} does not say how many requests {name} holds")
        return count

    def listing(self, name: ListingName) -> Listing:
        """Read a listing to its end. Raises PageOrderError for a repeated page."""
        count, found, number = self.count(name), dict[str, Fields](), 0
        while len(found) < count:
            number += 1
            page = self._page(name, number, count)
            if not page:
                return Listing(list(found.values()), complete=False)
            if page.keys() <= found.keys():
                raise PageOrderError(f"Weaver at {self.host} repeats page {number} of {name}")
            found |= page
        return Listing(list(found.values()), complete=True)

    def _page(self, name: ListingName, number: int, count: int) -> dict[str, Fields]:
        options = self._options
        answer = self._soap.call(f"get{name}WorkflowRequestList", number, options.page_size, count, options.user_id, None)
        requests = [plain(request) for request in _items(answer)]
        if not all(str(request["requestId"]).isdigit() for request in requests):
            raise MalformedAnswerError(f"Weaver at {self.host} lists a request without a number in {name}")
        return {request["requestId"]: request for request in requests}

    def details(self, request_id: str) -> Fields:
        """One request with its form; empty when the OA does not show it to us."""
        answer: Fields = self._soap.call("getWorkflowRequest", int(request_id), self._options.user_id, 0) or {}
        if answer.get("requestId") not in (None, request_id):
            raise MalformedAnswerError(f"Weaver at {self.host} answered with another request than {request_id}")
        return answer

    def create(self, request: Fields) -> str:
        """Create a request, once. Returns what the OA answers: a number as text."""
        return str(self._soap.call("doCreateWorkflowRequest", request, self._options.user_id, idempotent=False) or "")


def _judge(answer: Answer) -> None:
    try:
        judge_soap_status(answer)
    except LoginError as error:
        error.remedy = "Add this machine's address to those that the OA lets call its services."
        raise


def main_table(fields: Fields) -> Fields:
    """A form's main table; what is not marked as editable and visible, the OA drops."""
    cells = [
        {"fieldName": name, "fieldValue": "" if value is None else str(value), "edit": True, "view": True}
        for name, value in fields.items()
    ]
    record = {"workflowRequestTableFields": {"WorkflowRequestTableField": cells}}
    return {"requestRecords": {"WorkflowRequestTableRecord": [record]}}


def form(request: Fields) -> dict[str, str | None]:
    """The main table by field name."""
    records = _items((request.get("workflowMainTableInfo") or {}).get("requestRecords"))
    cells = [cell for record in records for cell in _items(record.get("workflowRequestTableFields"))]
    return {cell["fieldName"]: cell.get("fieldValue") for cell in cells if cell.get("fieldName")}


def plain(request: Fields) -> dict[str, Any]:
    """`PLAIN_FIELDS` of a request and its ``workflowId``, all text."""
    workflow = request.get("workflowBaseInfo") or {}
    return {name: request.get(name) for name in PLAIN_FIELDS} | {"workflowId": workflow.get("workflowId")}


def _items(array: Any) -> list[Fields]:
    """What an ArrayOf… holds: zeep gives it as a dict with one list, or None."""
    if isinstance(array, Mapping):
        array = next(iter(array.values()), None)
    return [item for item in array or [] if item is not None]
