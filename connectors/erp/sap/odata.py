"""How SAP Gateway speaks OData V2: its pages, its errors, its logins. What is asked for stands in `source` and `journal`.

The server decides how long a page is. Its link to the next one (``__next``) is followed as it stands, on our host only; a link
or a page that comes a second time ends the run, since some services go round in circles.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from connectors.answers import Answer, judge_status
from connectors.contract import Page, Record
from connectors.http import BasicLogin, HttpOptions, HttpSession, base_url
from warranty_hub.errors import BusinessError, LoginError, MalformedAnswerError, PageOrderError, ProtocolError
from warranty_hub.settings import Connection

ROOT = "/sap/opu/odata/sap/"
MOST_DETAILS = 3
REMEDIES = {
    400: "Correct company_codes, accounts or changed_by in hub.yaml, or see what SAP says about the field.",
    403: "Give this user a role with the service {service}; transaction SU53 shows what is missing.",
    404: "Activate the service {service} in transaction /IWFND/MAINT_SERVICE.",
}


class ODataService:
    """One service of one SAP system."""

    def __init__(self, connection: Connection, service: str, options: HttpOptions, client: str | None) -> None:
        self._http = HttpSession(
            base_url(connection) + ROOT + service,
            options,
            login=SapLogin(connection),
            judge=judge_sap,
            headers={"sap-client": client} if client else {},
        )
        self.host = self._http.host

    def first_page(self, entity_set: str, query: Mapping[str, str]) -> list[Record]:
        """The entities of the first page."""
        return _read_page(self._http.get(entity_set, {**query, "$format": "json"}))[0]

    def find(self, entity_set: str, key: str, value: str) -> tuple[Record, str] | None:
        """One entity by its key, with its ETag; asked for as a list, since some releases know no entity by its key alone."""
        data = _data(self._http.get(entity_set, {"$filter": f"{key} eq '{value}'", "$format": "json"}))
        return next(((_plain(entity), str(entity.get("__metadata", {}).get("etag", ""))) for entity in data["results"]), None)

    def change(self, entity_set: str, value: str, etag: str, fields: Mapping[str, str]) -> None:
        """Change fields of the entity as it was read; one that changed meanwhile (412) stays as it is, for the caller to see.

        Raises BusinessError when SAP will not have it.
        """
        headers = {"If-Match": etag or "*", "Content-Type": "application/json"}
        request = self._http.request("PATCH", f"{entity_set}('{value}')", headers=headers, data=json.dumps(fields).encode())
        self._http.repeat(lambda: self._http.exchange(request))

    def pages(self, entity_set: str, query: Mapping[str, str], key: Sequence[str]) -> Iterator[Page]:
        """All entities, in the order of their key. Raises PageOrderError when pages repeat."""
        target, query, number = entity_set, {**query, "$orderby": ",".join(key), "$format": "json"}, 0
        followed: set[str] = set()
        contents: set[int] = set()
        while target:
            records, following = _read_page(self._http.get(target, query))
            number += 1
            content = hash(tuple(tuple(record.get(field) for field in key) for record in records))
            if following in followed or (records and content in contents):
                raise PageOrderError(f"SAP at {self.host} repeats page {number} of {entity_set}{_token(target)}")
            followed.add(following)
            contents.add(content)
            if records:
                yield Page(records, f"page {number}{_token(target)}")
            target, query = following, {}  # the link holds the whole query


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
    """Statuses mean what they say; SAP's own words are added where its error body holds them.

    A change that SAP will not make is refused for good (400); one that came too late is none (412).
    """
    words = _words(answer) if answer.status_code >= 400 and answer.media_type.endswith("/json") else ""
    if answer.call.startswith("PATCH ") and answer.status_code in (400, 412):
        if answer.status_code == 412:
            return
        raise BusinessError(f"SAP refused it: {words or 'no reason given'}", reply_code="400")
    try:
        judge_status(answer, words)
    except (LoginError, ProtocolError) as error:
        service = answer.call.partition(ROOT)[2].partition("/")[0]
        error.remedy = REMEDIES.get(answer.status_code, error.remedy).format(service=service)
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
    data = _data(answer)
    return [_plain(entity) for entity in data["results"]], str(data.get("__next") or "")


def _data(answer: Answer) -> Mapping[str, Any]:
    body = answer.json()
    data = body.get("d") if isinstance(body, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("results"), list):
        answer.malformed("holds no OData V2 results")
    if not all(isinstance(entity, dict) for entity in data["results"]):
        answer.malformed("holds results that are no entities")
    return data


def _plain(entity: Mapping[str, Any]) -> Record:
    """Without metadata and links; what was expanded is a list of entities, plain themselves."""
    return {
        name: [_plain(part) for part in value["results"]] if _is_expanded(value) else value
        for name, value in entity.items()
        if name != "__metadata" and not (isinstance(value, dict) and "__deferred" in value)
    }


def _is_expanded(value: Any) -> bool:
    if isinstance(value, dict) and "__next" in value:
        raise MalformedAnswerError("SAP pages the parts of one entity, which none of its services should")
    return isinstance(value, dict) and isinstance(value.get("results"), list)


def one_of_each(conditions: Sequence[Sequence[str]]) -> str:
    """A $filter: one condition of each group."""
    return " and ".join(f"({' or '.join(group)})" for group in conditions)


def _token(target: str) -> str:
    """The server's mark of a page, for people."""
    token = parse_qs(urlsplit(target).query).get("$skiptoken")
    return f", skiptoken {token[0]}" if token else ""
