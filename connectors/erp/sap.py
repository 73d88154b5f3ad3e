"""SAP S/4HANA: cost lines from OData V2, service API_OPLACCTGDOCITEMCUBE_SRV (line items of accounting documents).

The service tells a change to the day only, so the stream is not ordered, and a window reads whole days of the zone in which SAP
keeps its dates. A document that was never changed may have no LastChangeDate, so its date of creation is asked for as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import requests
from pydantic import Field, StringConstraints

from connectors.answers import Answer, judge_status
from connectors.contract import Page, Record, Stream, Window
from connectors.http import BasicLogin, HttpOptions, HttpSession, base_url
from connectors.options import Options, read_options
from warranty_hub.errors import ConfigError, LoginError, MalformedAnswerError, PageOrderError, ProtocolError
from warranty_hub.settings import Connection, ZoneName

SERVICE = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV"
LINES = "A_OperationalAcctgDocItemCube"
COST_LINES = "cost_lines"
KEY = ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem")
LATE_POSTINGS = timedelta(days=3)
MOST_DETAILS = 3
REMEDIES = {
    400: "Correct company_codes, accounts or changed_by in hub.yaml, or see what SAP says about the field.",
    403: "Give this user a role with the service API_OPLACCTGDOCITEMCUBE_SRV; transaction SU53 shows what is missing.",
    404: "Activate the service API_OPLACCTGDOCITEMCUBE_SRV in transaction /IWFND/MAINT_SERVICE.",
}

CompanyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4}$")]
Accounts = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}(-[A-Z0-9]{1,10})?$")]
ChangeDate = Literal["LastChangeDate", "AccountingDocumentCreationDate"]


class SapOptions(Options):
    """The options of a source of system ``sap_s4``."""

    zone: ZoneName
    company_codes: tuple[CompanyCode, ...] = Field(min_length=1, description="Company codes whose costs are ours")
    accounts: tuple[Accounts, ...] = Field(min_length=1, description="G/L accounts, one or a range: 6601000000-6601999999")
    client: str | None = Field(None, pattern=r"^\d{3}$", description="SAP client; default the system's own")
    changed_by: tuple[ChangeDate, ...] = Field(
        ("LastChangeDate", "AccountingDocumentCreationDate"),
        min_length=1,
        description="Dates that tell a new or changed line; not every release fills both",
    )
    http: HttpOptions = HttpOptions()


def build_source(connection: Connection, options: Mapping[str, Any]) -> "SapSource":
    """Raises ConfigError."""
    return SapSource(connection, read_options(SapOptions, "sap_s4", options))


class SapSource:
    """A Source (connectors.contract) with the one stream ``cost_lines``: OData entities, their dates and amounts as text."""

    def __init__(self, connection: Connection, options: SapOptions) -> None:
        self._options = options
        headers = {"sap-client": options.client} if options.client else {}
        self._http = HttpSession(
            base_url(connection) + SERVICE, options.http, login=SapLogin(connection), judge=judge_sap, headers=headers
        )

    def streams(self) -> Mapping[str, Stream]:
        """``cost_lines``; accounting documents are never deleted, only reversed, so there is nothing to sweep."""
        return {COST_LINES: Stream(COST_LINES, KEY, self._options.changed_by[0], lookback=LATE_POSTINGS, uniform=True)}

    def check(self) -> str:
        """Read one line."""
        query = {"$filter": _any_of(self._ours()), "$top": "1", "$format": "json"}
        records, _ = _read_page(self._http.get(LINES, query))
        found = "cost lines can be read" if records else "no line is on these accounts in these company codes yet"
        return f"SAP at {self._http.host}: {found}"

    def now(self) -> datetime | None:
        """SAP tells no clock here, and days need none."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """The lines created or changed on the days of the window."""
        target, query, number = LINES, self._query(window), 0
        followed: set[str] = set()
        contents: set[int] = set()
        while target:
            records, following = _read_page(self._http.get(target, query))
            number += 1
            content = hash(tuple(tuple(record.get(field) for field in KEY) for record in records))
            if following in followed or (records and content in contents):
                raise PageOrderError(f"SAP at {self._http.host} repeats page {number} of {stream}{_token(target)}")
            followed.add(following)
            contents.add(content)
            if records:
                yield Page(records, f"page {number}{_token(target)}")
            target, query = following, {}  # the link holds the whole query

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Not offered: `streams` says so."""
        raise ConfigError(f"{stream} cannot be swept: SAP reverses documents, it deletes none")

    def _query(self, window: Window) -> dict[str, str]:
        conditions = self._ours()
        if window.start is not None:
            first, last = (_day(moment, self._options.zone) for moment in (window.start, window.end))
            conditions.append([f"({date} ge {first} and {date} le {last})" for date in self._options.changed_by])
        return {"$filter": _any_of(conditions), "$orderby": ",".join(KEY), "$format": "json"}

    def _ours(self) -> list[list[str]]:
        companies = [f"CompanyCode eq '{code}'" for code in self._options.company_codes]
        return [companies, [_account(account) for account in self._options.accounts]]


class SapLogin(BasicLogin):
    """User and password, and for writes SAP's token against forgery, which only holds with the cookies it came with."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._token = ""

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token to what writes."""
        if self._token and request.method not in ("GET", "HEAD"):
            request.headers["X-CSRF-Token"] = self._token
        return super().sign(request)

    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        """Fetch a token when one is required (403 and the header ``x-csrf-token: Required``)."""
        if refusal.status_code != 403 or refusal.headers.get("x-csrf-token", "").lower() != "required":
            return super().renew(refusal, session)
        answer = session.send(session.request("GET", "", headers={"X-CSRF-Token": "Fetch"}))
        self._token = answer.headers.get("x-csrf-token", "")  # an error may carry it as well
        return bool(self._token)


def judge_sap(answer: Answer) -> None:
    """Statuses mean what they say; SAP's own words are added where its error body holds them."""
    words = _words(answer) if answer.status_code >= 400 and answer.media_type.endswith("/json") else ""
    try:
        judge_status(answer, words)
    except (LoginError, ProtocolError) as error:
        error.remedy = REMEDIES.get(answer.status_code, error.remedy)
        raise


def _words(answer: Answer) -> str:
    """``code text (details)`` from ``{"error": {"code", "message": {"value"}, "innererror": {"errordetails": [...]}}}``."""
    try:
        body = answer.json()
    except MalformedAnswerError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ""
    message, inner = error.get("message") or {}, error.get("innererror") or {}
    text = str(message.get("value", "") if isinstance(message, dict) else message)
    details = [str(item.get("message", "")) for item in (inner.get("errordetails") or [])[:MOST_DETAILS]]
    others = "; ".join(detail for detail in details if detail and detail != text)
    return " ".join(part for part in (str(error.get("code", "")), text, f"({others})" if others else "") if part)


def _read_page(answer: Answer) -> tuple[list[Record], str]:
    """The entities of ``{"d": {"results": [...], "__next": ...}}`` without OData's own parts, and the link to the next page."""
    body = answer.json()
    data = body.get("d") if isinstance(body, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("results"), list):
        answer.malformed("holds no OData V2 results")
    if not all(isinstance(entity, dict) for entity in data["results"]):
        answer.malformed("holds results that are no entities")
    return [_plain(entity) for entity in data["results"]], str(data.get("__next") or "")


def _plain(entity: Mapping[str, Any]) -> Record:
    return {
        name: value
        for name, value in entity.items()
        if name != "__metadata" and not (isinstance(value, dict) and "__deferred" in value)
    }


def _any_of(conditions: Sequence[Sequence[str]]) -> str:
    """OData for: one of each group."""
    return " and ".join(f"({' or '.join(group)})" for group in conditions)


def _account(account: str) -> str:
    first, _, last = account.partition("-")
    return f"(GLAccount ge '{first}' and GLAccount le '{last}')" if last else f"GLAccount eq '{first}'"


def _day(moment: datetime, zone: str) -> str:
    return f"datetime'{moment.astimezone(ZoneInfo(zone)).date()}T00:00:00'"


def _token(target: str) -> str:
    """The server's mark of a page, for people."""
    token = parse_qs(urlsplit(target).query).get("$skiptoken")
    return f", skiptoken {token[0]}" if token else ""
