"""Weaver e-cology (泛微): approvals read from, and repair plans submitted to, its SOAP WorkflowService.

The OA asks for no password: it knows its callers by address, and acts as the person whose internal number is `user_id`. It
knows neither an "approved" mark, nor a change cursor, nor an idempotency key. So an approval is judged by the name of the node
where it stands, a window is the whole listing, and our key travels in the title, where `lookup` finds it again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from connectors.contract import OutboxItem, Page, Record, Reply, Stream, Window
from connectors.oa.workflow_service import (
    Fields,
    ListingName,
    WeaverOptions,
    WorkflowService,
    form,
    main_table,
    plain,
)
from connectors.options import read_options
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    LookupImpossibleError,
    ProtocolError,
    RetryableError,
)
from warranty_hub.records.effects import SUBMIT_PLAN, PlanToApprove
from warranty_hub.settings import Connection, ZoneName

APPROVALS = "approvals"
LOOKUP_READS = 3
REFUSALS = {
    -1: "the request could not be created",
    -2: "the person has no right to create this workflow",
    -3: "the basic information could not be saved",
    -4: "the main table could not be saved",
    -5: "the urgency could not be saved",
    -6: "the operators could not be saved",
    -7: "the request could not go on to its next node",
    -8: "an extra action of the node failed",
}
"""What doCreateWorkflowRequest's negative results mean."""
HALF_MADE = (-7, -8)
HALF_MADE_REMEDY = "The OA may have kept it at its first node: delete it there, correct the workflow, then retry the item."


class WeaverSourceOptions(WeaverOptions):
    """The options of a source of system ``weaver``."""

    zone: ZoneName
    listing: ListingName = Field("All", description="Listing to read, in the OA's spelling: My is what user_id made")
    workflow_ids: tuple[int, ...] = Field((), description="Workflows to read; default all that the listing shows")
    approved_nodes: tuple[str, ...] = Field(("归档", "结束"), description="Nodes where a request stands once it is approved")
    returned_nodes: tuple[str, ...] = Field(
        ("创建", "申请", "申请人", "发起人", "退回"), description="Nodes where a request stands once it was sent back"
    )
    skip_unchanged: bool = Field(True, description="Whether to believe a lastOperateTime before the window, and not open it")


class WeaverSinkOptions(WeaverOptions):
    """The options of a sink of system ``weaver``."""

    workflow_id: int = Field(description="The workflow in which repair plans are approved")
    title: str = Field("维修方案 {plan_no} V{version}", description="Title of a request, from the plan's fields")
    fields: dict[str, str] = Field(
        {name: name for name in PlanToApprove.model_fields}, description="Field of the form → field of the plan"
    )


def build_source(connection: Connection, options: Mapping[str, Any]) -> "WeaverSource":
    """Raises ConfigError."""
    return WeaverSource(connection, read_options(WeaverSourceOptions, "weaver", options))


def build_sink(connection: Connection, options: Mapping[str, Any]) -> "WeaverSink":
    """Raises ConfigError."""
    return WeaverSink(connection, read_options(WeaverSinkOptions, "weaver", options))


class WeaverSource:
    """A Source (connectors.contract) with the one stream ``approvals``.

    A record: requestId and the other `PLAIN_FIELDS`, workflowId, ``decision`` (APPROVED, RETURNED, RUNNING) and ``fields``,
    the form's main table by field name; all of it text.
    """

    def __init__(self, connection: Connection, options: WeaverSourceOptions) -> None:
        self._options = options
        self._zone = ZoneInfo(options.zone)
        self._service = WorkflowService(connection, options)

    def streams(self) -> Mapping[str, Stream]:
        """``approvals``, in no order; an OA archives, so there is nothing to sweep."""
        return {APPROVALS: Stream(APPROVALS, ("requestId",))}

    def check(self) -> str:
        """Load the WSDL and count."""
        count = self._service.count(self._options.listing)
        doubt = "" if count else f"; is user_id {self._options.user_id} the person who may see them?"
        return f"Weaver at {self._service.host}: {count} requests in {self._options.listing}{doubt}"

    def now(self) -> datetime | None:
        """The OA does not tell."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """Every request of the listing, opened one by one; those that surely did not change since the window began are left."""
        listing = self._service.listing(self._options.listing)
        if not listing.complete:
            raise RetryableError(f"Weaver at {self._service.host}: {self._options.listing} shrank while it was read")
        wanted = [request for request in listing.requests if self._is_ours(request) and self._may_have_changed(request, window)]
        for start in range(0, len(wanted), self._options.page_size):
            chunk = wanted[start : start + self._options.page_size]
            records = [self._record(request) for request in chunk]
            yield Page(records, f"{start + len(chunk)} of {len(wanted)} requests opened")

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Not offered: `streams` says so."""
        raise ConfigError(f"{stream} cannot be swept: a listing shows what one person may see, not what exists")

    def _is_ours(self, request: Fields) -> bool:
        ours = self._options.workflow_ids
        return not ours or request["workflowId"] in {str(number) for number in ours}

    def _may_have_changed(self, request: Fields, window: Window) -> bool:
        if window.start is None or not self._options.skip_unchanged:
            return True
        try:
            changed = datetime.fromisoformat(request["lastOperateTime"] or "").replace(tzinfo=self._zone)
        except ValueError:
            return True
        return changed >= window.start

    def _record(self, listed: Fields) -> Record:
        details = self._service.details(listed["requestId"])
        opened = {name: value for name, value in plain(details).items() if value is not None}
        record = {**listed, **opened, "fields": form(details)}
        return {**record, "decision": self._decision(str(record["currentNodeName"] or "").strip())}

    def _decision(self, node: str) -> str:
        if node in self._options.approved_nodes:
            return "APPROVED"
        return "RETURNED" if node in self._options.returned_nodes else "RUNNING"


class WeaverSink:
    """A Sink (connectors.contract) for ``submit_plan``: one request of the plan's workflow per item."""

    def __init__(self, connection: Connection, options: WeaverSinkOptions) -> None:
        self._options = options
        self._service = WorkflowService(connection, options)

    def perform(self, item: OutboxItem) -> Reply:
        """Create the request and send it on its way."""
        request = self._request(item)
        answer = self._service.create(request)
        try:
            number = int(answer)
        except ValueError:
            raise ProtocolError(f"Weaver at {self._service.host} answered a creation with no number") from None
        if number <= 0:
            raise self._refused(number, request["requestName"])
        return Reply(str(number), {"title": request["requestName"]})

    def lookup(self, item: OutboxItem) -> Reply | None:
        """Look for the item's key among the titles of all requests that `user_id` made; None only if surely all were seen."""
        for _ in range(LOOKUP_READS):
            listing = self._service.listing("My")
            for request in listing.requests:
                if _mark(item) in (request["requestName"] or ""):
                    return Reply(request["requestId"], {"title": request["requestName"]})
            if listing.complete and self._service.count("My") == len(listing.requests):
                return None
        raise LookupImpossibleError(f"Weaver at {self._service.host} gave no complete listing in {LOOKUP_READS} reads")

    def _request(self, item: OutboxItem) -> Fields:
        if item.kind != SUBMIT_PLAN:
            raise ConfigError(f"Weaver cannot perform {item.kind!r}", remedy=f"Give this sink the kind {SUBMIT_PLAN} only.")
        try:
            title = self._options.title.format_map(item.payload)
            fields = {name: item.payload[source] for name, source in self._options.fields.items()}
        except KeyError as error:
            raise ConfigError(
                f"A repair plan has no field {error}", remedy="Correct `title` or `fields` of this sink in hub.yaml."
            ) from None
        return {
            "requestName": f"{title} {_mark(item)}",
            "creatorId": str(self._options.user_id),
            "requestLevel": "0",
            "workflowBaseInfo": {"workflowId": str(self._options.workflow_id)},
            "workflowMainTableInfo": main_table(fields),
        }

    def _refused(self, number: int, title: str) -> BusinessError:
        meaning = REFUSALS.get(number, "it gives no reason")
        remedy = HALF_MADE_REMEDY if number in HALF_MADE else None
        return BusinessError(f"Weaver refused {title!r}: {meaning} ({number})", reply_code=str(number), remedy=remedy)


def _mark(item: OutboxItem) -> str:
    """The key in brackets, so that plan 1 is not found in plan 11."""
    return f"[{item.idempotency_key}]"
