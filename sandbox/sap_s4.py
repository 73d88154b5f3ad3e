"""An SAP S/4HANA on loopback, as far as cost lines go: OData V2, service API_OPLACCTGDOCITEMCUBE_SRV.

It does what SAP does and clients trip over: pages at its own size with ``__next`` and ``$skiptoken``, amounts as text, dates as
/Date(ms)/, a token against forgery that only holds with its cookie, errors in SAP's JSON.
"""

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sandbox.web import Answer, Request, WebServer

SERVICE = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV"
ENTITY = "A_OperationalAcctgDocItemCube"
KEY = ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem")
COOKIE = "SAP_SESSIONID_WHB_100"
Line = Mapping[str, str | Decimal | date | bool]


class SapServer(WebServer):
    """Serves ``lines``, entities by SAP's property names, to one user."""

    def __init__(self, lines: Iterable[Line], user: str, password: str, page_size: int = 500) -> None:
        super().__init__()
        self._lines = sorted(lines, key=lambda line: tuple(str(line[part]) for part in KEY))
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._page_size = page_size
        self._tokens: dict[str, str] = {}

    def answer(self, request: Request) -> Answer:
        """Check who asks, then read the entity set, or refuse to write."""
        if request.headers.get("authorization") != self._login:
            return Answer(
                401, b"<html><body>Logon failed</body></html>", "text/html", {"WWW-Authenticate": 'Basic realm="SAP"'}
            )
        token = self._fetch_token(request) if request.headers.get("x-csrf-token", "").lower() == "fetch" else {}
        if request.method == "POST":
            return self._refuse_to_write(request)
        if request.path.rstrip("/") == SERVICE:
            return _json(200, {"d": {"EntitySets": [ENTITY]}}, token)
        if request.path != f"{SERVICE}/{ENTITY}":
            return _error(404, "/IWFND/CM_BEC/026", f"Resource not found for segment '{request.path.rpartition('/')[2]}'")
        try:
            return _json(200, {"d": self._read(request)}, token)
        except _BadQueryError as error:
            return _error(400, "/IWBEP/CM_MGW_RT/021", str(error))

    def _fetch_token(self, request: Request) -> dict[str, str]:
        session, token = secrets.token_hex(8), secrets.token_urlsafe(12)
        self._tokens[session] = token
        return {"x-csrf-token": token, "Set-Cookie": f"{COOKIE}={session}; path=/; HttpOnly"}

    def _refuse_to_write(self, request: Request) -> Answer:
        session = re.search(rf"{COOKIE}=(\w+)", request.headers.get("cookie", ""))
        token = self._tokens.get(session[1]) if session else None
        if token is None or request.headers.get("x-csrf-token") != token:
            return Answer(403, b"CSRF token validation failed", "text/plain", {"x-csrf-token": "Required"})
        return _error(405, "/IWBEP/CM_MGW_RT/022", "This service is read-only")

    def _read(self, request: Request) -> dict[str, Any]:
        keep = _parse_filter(request.query.get("$filter", ""))
        found = [line for line in self._lines if keep(line)]
        order = [part.strip() for part in request.query.get("$orderby", "").split(",") if part.strip()]
        found.sort(key=lambda line: tuple(str(line.get(part, "")) for part in order))
        first = int(request.query.get("$skiptoken") or request.query.get("$skip") or 0)
        most = int(request.query.get("$top") or len(found))
        page = found[first : min(first + self._page_size, most)]
        body: dict[str, Any] = {"results": [self._entity(line) for line in page]}
        if request.query.get("$inlinecount") == "allpages":
            body["__count"] = str(len(found))
        if first + len(page) < min(len(found), most):
            following = {**request.query, "$skiptoken": str(first + len(page))}
            body["__next"] = f"http://{request.headers['host']}{SERVICE}/{ENTITY}?{urlencode(following)}"
        return body

    def _entity(self, line: Line) -> dict[str, Any]:
        key = ",".join(f"{part}='{line[part]}'" for part in KEY)
        uri = f"{self.address}{SERVICE}/{ENTITY}({key})"
        meta = {"id": uri, "uri": uri, "type": f"API_OPLACCTGDOCITEMCUBE_SRV.{ENTITY}Type"}
        return {"__metadata": meta, **{name: _wire(value) for name, value in line.items()}}


def _wire(value: str | Decimal | date | bool) -> str | bool:
    """OData V2's JSON: a decimal is text, a day is its midnight in UTC, in milliseconds."""
    if isinstance(value, Decimal):
        return f"{value:.3f}"
    if isinstance(value, date):
        return f"/Date({int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)})/"
    return value


def _json(status: int, body: Any, headers: Mapping[str, str]) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8", headers)


def _error(status: int, code: str, text: str) -> Answer:
    details = [{"code": code, "message": text, "severity": "error"}]
    error = {"code": code, "message": {"lang": "en", "value": text}, "innererror": {"errordetails": details}}
    return _json(status, {"error": error}, {})


# ---------------------------------------------------------------------------------------------------- $filter
class _BadQueryError(Exception):
    pass


Keep = Callable[[Line], bool]
_TOKEN = re.compile(r"\s*(datetime'[^']*'|'(?:[^']|'')*'|[()]|[A-Za-z_]\w*|\S)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "ge": lambda left, right: left >= right,
    "gt": lambda left, right: left > right,
    "le": lambda left, right: left <= right,
    "lt": lambda left, right: left < right,
}


def _parse_filter(text: str) -> Keep:
    """The part of OData's grammar that clients use here: comparisons, and, or, parentheses."""
    tokens = _TOKEN.findall(text)
    if not tokens:
        return lambda _: True
    keep, rest = _either(tokens)
    if rest:
        raise _BadQueryError(f"Invalid token '{rest[0]}' in $filter")
    return keep


def _either(tokens: Sequence[str]) -> tuple[Keep, Sequence[str]]:
    keep, rest = _both(tokens)
    while rest and rest[0] == "or":
        other, rest = _both(rest[1:])
        keep = _or(keep, other)
    return keep, rest


def _both(tokens: Sequence[str]) -> tuple[Keep, Sequence[str]]:
    keep, rest = _one(tokens)
    while rest and rest[0] == "and":
        other, rest = _one(rest[1:])
        keep = _and(keep, other)
    return keep, rest


def _one(tokens: Sequence[str]) -> tuple[Keep, Sequence[str]]:
    if tokens and tokens[0] == "(":
        keep, rest = _either(tokens[1:])
        if not rest or rest[0] != ")":
            raise _BadQueryError("A parenthesis in $filter is not closed")
        return keep, rest[1:]
    if len(tokens) < 3 or tokens[1] not in _COMPARE:
        raise _BadQueryError(f"Invalid expression '{' '.join(tokens[:3])}' in $filter")
    name, compare, wanted = tokens[0], _COMPARE[tokens[1]], _literal(tokens[2])
    return lambda line: name in line and compare(line[name], wanted), tokens[3:]


def _or(first: Keep, second: Keep) -> Keep:
    return lambda line: first(line) or second(line)


def _and(first: Keep, second: Keep) -> Keep:
    return lambda line: first(line) and second(line)


def _literal(token: str) -> str | date:
    if token.startswith("datetime'"):
        try:
            return datetime.fromisoformat(token[9:-1]).date()
        except ValueError:
            raise _BadQueryError(f"Invalid literal {token} in $filter") from None
    if not token.startswith("'"):
        raise _BadQueryError(f"Invalid literal {token} in $filter")
    return token[1:-1].replace("''", "'")
