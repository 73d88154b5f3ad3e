"""An SAP S/4HANA on loopback, as far as cost lines go: OData V2, service API_OPLACCTGDOCITEMCUBE_SRV.

It does what SAP does and clients trip over: pages at its own size with ``__next`` and ``$skiptoken``, amounts as text, dates as
/Date(ms)/, a token against forgery that only holds with its cookie, errors in SAP's JSON. Every entity has every property that
is declared here, a selection of the real type's; what a line does not give is empty as in ABAP: text "", amount 0, date null.
"""

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from urllib.parse import urlencode

from sandbox.web import Answer, Request, WebServer

SERVICE = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV"
NAMESPACE = SERVICE.rpartition("/")[2]
ENTITY = "A_OperationalAcctgDocItemCube"
KEY = ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem")
COOKIE = "SAP_SESSIONID_WHB_100"
OPTIONS = {"$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount", "$select", "$format"}
Value = str | Decimal | date | bool | None
Line = Mapping[str, Value]

TEXTS = {
    "CompanyCode": 4, "FiscalYear": 4, "AccountingDocument": 10, "AccountingDocumentItem": 3, "AccountingDocumentType": 2,
    "AccountingDocumentItemType": 1, "AccountingDocumentHeaderText": 25, "AssignmentReference": 18, "DocumentItemText": 50,
    "DocumentReferenceID": 16, "InvoiceReference": 10, "FiscalPeriod": 3, "Ledger": 2, "DebitCreditCode": 1, "PostingKey": 2,
    "FinancialAccountType": 1, "SpecialGLCode": 1, "GLAccount": 10, "GLAccountName": 30, "OperationalGLAccount": 10,
    "CostCenter": 10, "ProfitCenter": 10, "Project": 24, "WBSElementInternalID": 8, "OrderID": 12, "ProjectNetwork": 12,
    "RealEstateObject": 40, "Supplier": 10, "SupplierName": 80, "Customer": 10, "PurchasingDocument": 10,
    "PurchasingDocumentItem": 5, "PaymentTerms": 4, "PaymentBlockingReason": 1, "ClearingAccountingDocument": 10, "TaxCode": 2,
    "ReverseDocument": 10, "CompanyCodeCurrency": 5, "TransactionCurrency": 5,
}  # fmt: skip
"""With their longest lengths, as the service's metadata gives them."""
DATES = (
    "PostingDate", "DocumentDate", "NetDueDate", "DueCalculationBaseDate", "ClearingDate", "AccountingDocumentCreationDate",
    "LastChangeDate",
)  # fmt: skip
AMOUNTS = ("AmountInCompanyCodeCurrency", "AmountInTransactionCurrency", "TaxAmount", "TaxBaseAmountInTransCrcy")
FLAGS = ("IsCleared", "ClearingIsReversed", "IsReversal", "IsReversed")
PROPERTIES: Mapping[str, type] = {
    **dict.fromkeys(TEXTS, str),
    **dict.fromkeys(DATES, date),
    **dict.fromkeys(AMOUNTS, Decimal),
    **dict.fromkeys(FLAGS, bool),
}
EMPTY: Mapping[type, Value] = {str: "", date: None, Decimal: Decimal(0), bool: False}


class SapServer(WebServer):
    """Serves ``lines``, entities by SAP's property names, to one user. Raises ValueError for a line that SAP could not hold."""

    def __init__(self, lines: Iterable[Line], user: str, password: str, page_size: int = 500) -> None:
        self._lines = sorted(map(_complete, lines), key=_key)
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._page_size = page_size
        self._tokens: dict[str, str] = {}
        super().__init__()

    def put(self, line: Line) -> None:
        """Post a line, or change the one that has its key."""
        others = [other for other in self._lines if _key(other) != _key(line)]
        self._lines = sorted([*others, _complete(line)], key=_key)

    def answer(self, request: Request) -> Answer:
        """Check who asks, then read the entity set, or refuse to write."""
        if request.headers.get("authorization") != self._login:
            return Answer(
                401, b"<html><body>Logon failed</body></html>", "text/html", {"WWW-Authenticate": 'Basic realm="SAP"'}
            )
        if request.method == "POST":
            return self._refuse_to_write(request)
        token = self._fetch_token() if request.headers.get("x-csrf-token", "").lower() == "fetch" else {}
        if request.path.rstrip("/") == SERVICE:
            return _json(200, {"d": {"EntitySets": [ENTITY]}}, token)
        if request.path == f"{SERVICE}/$metadata":
            return Answer(200, _metadata().encode(), "application/xml; charset=utf-8", token)
        if request.path != f"{SERVICE}/{ENTITY}":
            return _error(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{request.path.rpartition('/')[2]}'")
        try:
            return _json(200, {"d": self._read(request)}, token)
        except _BadQueryError as error:
            return _error(400, "005056A509B11EE1B9A8FEC11C21578E", str(error))

    def _fetch_token(self) -> dict[str, str]:
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
        query = request.query
        if unknown := {name for name in query if name.startswith("$")} - OPTIONS:
            raise _BadQueryError(f"System query option '{min(unknown)}' is not supported")
        keep, names = _parse_filter(query.get("$filter", "")), _select(query.get("$select", "*"))
        found = [line for line in self._lines if keep(line)]
        for name, descending in reversed(_parse_order(query.get("$orderby", ""))):
            found.sort(key=_ranked_by(name), reverse=descending)
        skipped = found[_whole(query, "$skip", 0) :]
        wanted = skipped[: _whole(query, "$top", len(skipped))]
        first = _whole(query, "$skiptoken", 0)
        page = wanted[first : first + self._page_size]
        address = f"http://{request.headers['host']}{SERVICE}/{ENTITY}"
        body: dict[str, Any] = {"results": [_entity(address, line, names) for line in page]}
        if query.get("$inlinecount") == "allpages":
            body["__count"] = str(len(found))
        if first + len(page) < len(wanted):
            body["__next"] = f"{address}?{urlencode({**query, '$skiptoken': str(first + len(page))})}"
        return body


def _key(line: Line) -> list[str]:
    return [str(line[part]) for part in KEY]


def _complete(line: Line) -> Line:
    """All properties; SAP's own database would not take a wrong type or a text too long."""
    given = {name: value for name, value in line.items() if value is not None}
    for name, value in given.items():
        if type(value) is not PROPERTIES.get(name) or (isinstance(value, str) and len(value) > TEXTS[name]):
            raise ValueError(f"{ENTITY} cannot hold {name} = {value!r}")
    return {**{name: EMPTY[kind] for name, kind in PROPERTIES.items()}, **given}


def _entity(address: str, line: Line, names: Iterable[str]) -> dict[str, Any]:
    key = ",".join(f"{part}='{line[part]}'" for part in KEY)
    uri = f"{address}({key})"
    meta = {"id": uri, "uri": uri, "type": f"{NAMESPACE}.{ENTITY}Type"}
    return {"__metadata": meta, **{name: _wire(line[name]) for name in names}}


def _wire(value: Value) -> str | bool | None:
    """OData V2's JSON: a decimal is text, a day is its midnight in UTC, in milliseconds."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return f"/Date({int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)})/"
    return value


def _json(status: int, body: Any, headers: Mapping[str, str]) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8", headers)


def _error(status: int, code: str, text: str) -> Answer:
    details = [{"code": code, "message": text, "severity": "error"}]
    error = {"code": code, "message": {"lang": "en", "value": text}, "innererror": {"errordetails": details}}
    return _json(status, {"error": error}, {})


def _metadata() -> str:
    """The service's document, version 2.0 of EDMX, with what is declared above."""
    edm = "http://schemas.microsoft.com/ado/2008/09/edm"
    key = "".join(f'<PropertyRef Name="{name}"/>' for name in KEY)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
    xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
<edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="{NAMESPACE}" xmlns="{edm}">
<EntityType Name="{ENTITY}Type"><Key>{key}</Key>{"".join(map(_property, PROPERTIES))}</EntityType>
<EntityContainer Name="{NAMESPACE}_Entities" m:IsDefaultEntityContainer="true">
<EntitySet Name="{ENTITY}" EntityType="{NAMESPACE}.{ENTITY}Type"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def _property(name: str) -> str:
    edm = {
        str: f'"Edm.String" MaxLength="{TEXTS.get(name)}"',
        date: '"Edm.DateTime" Precision="0"',
        Decimal: '"Edm.Decimal" Precision="24" Scale="3"',
        bool: '"Edm.Boolean"',
    }
    return f'<Property Name="{name}" Type={edm[PROPERTIES[name]]} Nullable="{"false" if name in KEY else "true"}"/>'


# ---------------------------------------------------------------------------------------------------- the query
class _BadQueryError(Exception):
    pass


def _whole(query: Mapping[str, str], option: str, default: int) -> int:
    text = query.get(option, str(default))
    if not re.fullmatch(r"[0-9]+", text):
        raise _BadQueryError(f"Invalid value '{text}' for system query option {option}")
    return int(text)


def _select(text: str) -> list[str]:
    """Names in the type's order, as SAP gives them whatever order was asked for."""
    wanted = {_known(name.strip()) for name in text.split(",")} if text != "*" else set(PROPERTIES)
    return [name for name in PROPERTIES if name in wanted]


def _parse_order(text: str) -> list[tuple[str, bool]]:
    """Properties, and whether each is descending."""
    terms = [re.fullmatch(r"\s*(\w+)(?:\s+(asc|desc))?\s*", term) for term in text.split(",")] if text else []
    if not all(terms):
        raise _BadQueryError(f"Invalid $orderby '{text}'")
    return [(_known(term[1]), term[2] == "desc") for term in terms if term]


def _known(name: str) -> str:
    if name not in PROPERTIES:
        raise _BadQueryError(f"Property {name} not found in type '{NAMESPACE}.{ENTITY}Type'")
    return name


def _ranked_by(name: str) -> Callable[[Line], Any]:
    """A property to compare by: an empty date is 00000000 in ABAP, before all others."""
    return lambda line: date.min if line[name] is None else line[name]


Keep = Callable[[Line], bool]
_TOKEN = re.compile(r"\s*(datetime'[^']*'|'(?:[^']|'')*'|[()]|[A-Za-z_]\w*|-?[0-9.]+[mM]?|\S)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "ge": ge, "gt": gt, "le": le, "lt": lt}
_LITERALS: Mapping[type, tuple[str, Callable[[str], Any]]] = {
    str: (r"'(.*)'", lambda text: text.replace("''", "'")),
    date: (r"datetime'([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9:.]+'", date.fromisoformat),
    Decimal: (r"(-?[0-9]+(?:\.[0-9]+)?)[mM]?", Decimal),
    bool: (r"(true|false)", "true".__eq__),
}
"""What a literal of each type looks like, and how to read what stands inside."""


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
    value, compare, wanted = _ranked_by(_known(tokens[0])), _COMPARE[tokens[1]], _literal(tokens[2], PROPERTIES[tokens[0]])
    return lambda line: compare(value(line), wanted), tokens[3:]


def _or(first: Keep, second: Keep) -> Keep:
    return lambda line: first(line) or second(line)


def _and(first: Keep, second: Keep) -> Keep:
    return lambda line: first(line) and second(line)


def _literal(token: str, kind: type) -> Any:
    """A literal of another type than the property's is an error, as in SAP."""
    form, read = _LITERALS[kind]
    inside = re.fullmatch(form, token, re.DOTALL)
    try:
        if inside:
            return read(inside[1])
    except ValueError:  # a day that the calendar does not have
        pass
    raise _BadQueryError(f"Invalid literal {token} in $filter")
