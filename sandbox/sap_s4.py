"""An SAP S/4HANA on loopback: the OData V2 services of `sap_sets`, and postings (`sap_journal`).

It does what SAP does and clients trip over: pages at its own size with ``__next`` and ``$skiptoken``, amounts as text, dates as
/Date(ms)/, a token against forgery that only holds with its cookie, errors in SAP's JSON. Every entity has every property that
is declared for it, a selection of the real type's; what it is not given is empty as in ABAP: text "", amount 0, date null.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sandbox.sap_journal import PATH as JOURNAL
from sandbox.sap_journal import Journal
from sandbox.sap_metadata import metadata
from sandbox.sap_query import (
    OPTIONS,
    BadQueryError,
    Entity,
    Expansion,
    Filter,
    parse_expand,
    parse_order,
    parse_select,
    ranked_by,
    summed,
    whole_number,
)
from sandbox.sap_sets import COST_LINES, JOURNAL_ITEMS, ROOT, SETS, EntitySet, Type
from sandbox.web import Answer, Request, WebServer

COOKIE = "SAP_SESSIONID_WHB_100"
EMPTY: Mapping[Type, Any] = {date: None, datetime: None, time: time(0), Decimal: Decimal(0), bool: False}


class SapServer(WebServer):
    """Serves ``lines``, cost lines by SAP's property names, and ``others`` by the names of their sets, to one user.

    Raises ValueError for an entity that SAP could not hold.
    """

    def __init__(
        self,
        lines: Iterable[Entity],
        user: str,
        password: str,
        page_size: int = 500,
        others: Mapping[str, Iterable[Entity]] | None = None,
    ) -> None:
        self._sets: dict[str, dict[str, EntitySet]] = {}
        self._entities: dict[str, dict[tuple[str, ...], Entity]] = {}
        for entity_set in SETS:
            self._declare(entity_set)
        for entity_set in SETS:
            for entity in lines if entity_set is COST_LINES else (others or {}).get(entity_set.name, ()):
                self._hold(entity_set, _complete(entity_set, entity))
        self.journal = Journal(self.put)
        self.locked_by = ""
        """Who has everything open just now, so that nothing can be changed."""
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._page_size = page_size
        self._tokens: dict[str, str] = {}
        super().__init__()

    def _declare(self, entity_set: EntitySet) -> None:
        self._sets.setdefault(entity_set.service, {})[entity_set.name] = entity_set
        self._entities[entity_set.name] = {}
        for part in entity_set.parts.values():
            self._declare(part)

    def put(self, entity: Entity, entity_set: EntitySet = COST_LINES) -> None:
        """Add an entity, or replace the one with the same key."""
        self._hold(entity_set, _complete(entity_set, entity))

    def entity(self, entity_set: EntitySet, *key: str) -> Entity:
        """One entity as it stands. KeyError when there is none."""
        return self._entities[entity_set.name][key]

    def _hold(self, entity_set: EntitySet, entity: Entity) -> None:
        """Keep a complete entity and the parts that it is made of."""
        self._entities[entity_set.name][_key(entity_set, entity)] = entity
        if entity_set is COST_LINES:
            self._hold(JOURNAL_ITEMS, _journal_item(entity))
        for navigation, part in entity_set.parts.items():
            for item in entity[navigation]:
                self._hold(part, item)

    def answer(self, request: Request) -> Answer:
        """Check who asks, then read an entity set, or refuse to write."""
        if request.headers.get("authorization") != self._login:
            return Answer(
                401, b"<html><body>Logon failed</body></html>", "text/html", {"WWW-Authenticate": 'Basic realm="SAP"'}
            )
        if request.path == JOURNAL:
            return self.journal.answer(request)
        if request.method in ("POST", "PATCH"):
            return self._write(request)
        token = self._fetch_token() if request.headers.get("x-csrf-token", "").lower() == "fetch" else {}
        return self._answer_from(request, token)

    def _answer_from(self, request: Request, token: Mapping[str, str]) -> Answer:
        """A service's own documents, or a page of one of its sets."""
        service, _, name = request.path.removeprefix(ROOT).rstrip("/").partition("/")
        if not request.path.startswith(ROOT) or service not in self._sets:
            return _error(404, "/IWFND/MED/170", f"No service found for namespace '', name '{service}', version '0001'")
        sets = self._sets[service]
        if not name:
            return _json(200, {"d": {"EntitySets": list(sets)}}, token)
        if name == "$metadata":
            return Answer(200, metadata(service, sets).encode(), "application/xml; charset=utf-8", token)
        if name not in sets:
            return _error(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{name}'")
        try:
            return _json(200, {"d": self._read(sets[name], request)}, token)
        except BadQueryError as error:
            return _error(400, "005056A509B11EE1B9A8FEC11C21578E", str(error))

    def _fetch_token(self) -> dict[str, str]:
        session, token = secrets.token_hex(8), secrets.token_urlsafe(12)
        self._tokens[session] = token
        return {"x-csrf-token": token, "Set-Cookie": f"{COOKIE}={session}; path=/; HttpOnly"}

    def _write(self, request: Request) -> Answer:
        """Whoever has a token may change what a set leaves open, of an entity as it stands; nothing else is writable."""
        session = re.search(rf"{COOKIE}=(\w+)", request.headers.get("cookie", ""))
        token = self._tokens.get(session[1]) if session else None
        if token is None or request.headers.get("x-csrf-token") != token:
            return Answer(403, b"CSRF token validation failed", "text/plain", {"x-csrf-token": "Required"})
        named = re.fullmatch(r"(\w+)/(\w+)\('(\w+)'\)", request.path.removeprefix(ROOT))
        entity_set = self._sets.get(named[1], {}).get(named[2]) if named and request.method == "PATCH" else None
        if named is None or entity_set is None or not entity_set.open:
            return _error(405, "/IWBEP/CM_MGW_RT/022", "This service is read-only")
        entity = self._entities[entity_set.name].get((named[3],))
        if entity is None:
            return _error(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{entity_set.name}'")
        return self._change(entity_set, entity, request)

    def _change(self, entity_set: EntitySet, entity: Entity, request: Request) -> Answer:
        condition, changes = request.headers.get("if-match"), json.loads(request.body)
        if condition not in ("*", _etag(entity)):
            return _error(428 if condition is None else 412, "/IWBEP/CM_MGW_RT/100", "Precondition failed")
        if self.locked_by:
            return _error(400, "ME/006", f"{entity_set.key[0]} {entity[entity_set.key[0]]} is locked by {self.locked_by}")
        if shut := changes.keys() - entity_set.open:
            return _error(400, "/IWBEP/CM_MGW_RT/037", f"Property {min(shut)} cannot be changed")
        try:
            self.put({**entity, **changes, "LastChangeDateTime": datetime.now(UTC).replace(microsecond=0)}, entity_set)
        except ValueError as error:
            return _error(400, "/IWBEP/CM_MGW_RT/038", str(error))
        return Answer(204, b"", "application/json")

    def _read(self, entity_set: EntitySet, request: Request) -> dict[str, Any]:
        query = request.query
        if unknown := {name for name in query if name.startswith("$")} - OPTIONS:
            raise BadQueryError(f"System query option '{min(unknown)}' is not supported")
        keep, names = Filter(entity_set, query.get("$filter", "")).parse(), parse_select(entity_set, query.get("$select", "*"))
        expansion = parse_expand(entity_set, query.get("$expand", ""))
        found = [entity for _, entity in sorted(self._entities[entity_set.name].items()) if keep(entity)]
        if entity_set.sums:
            found = summed(entity_set, found, names)
        for name, descending in reversed(parse_order(entity_set, query.get("$orderby", ""))):
            found.sort(key=ranked_by(entity_set, name), reverse=descending)
        skipped = found[whole_number(query, "$skip", 0) :]
        wanted = skipped[: whole_number(query, "$top", len(skipped))]
        first = whole_number(query, "$skiptoken", 0)
        page = wanted[first : first + self._page_size]
        service = f"http://{request.headers['host']}{entity_set.path}"
        body: dict[str, Any] = {"results": [_entity(service, entity_set, entity, names, expansion) for entity in page]}
        if query.get("$inlinecount") == "allpages":
            body["__count"] = str(len(found))
        if first + len(page) < len(wanted):
            following = urlencode({**query, "$skiptoken": str(first + len(page))})
            body["__next"] = f"{service}/{entity_set.name}?{following}"
        return body


def _key(entity_set: EntitySet, entity: Entity) -> tuple[str, ...]:
    return tuple(str(entity[part]) for part in entity_set.key)


def _complete(entity_set: EntitySet, entity: Entity) -> Entity:
    """All properties and parts; SAP's own database would not take a wrong type or a text too long."""
    given = {name: value for name, value in entity.items() if value is not None and name not in entity_set.parts}
    for name, value in given.items():
        kind = entity_set.properties.get(name)
        fits = isinstance(value, str) and len(value) <= kind if isinstance(kind, int) else type(value) is kind
        if not fits:
            raise ValueError(f"{entity_set.name} cannot hold {name} = {value!r}")
    empty = {name: EMPTY.get(kind, "") for name, kind in entity_set.properties.items()}
    parts = {
        name: [_complete(part, {**_shared(part, given), **item}) for item in entity.get(name, ())]
        for name, part in entity_set.parts.items()
    }
    return {**empty, **given, **parts}


def _journal_item(line: Entity) -> Entity:
    """A cost line as the general ledger sees it, in the leading ledger; debit is positive there."""
    amount = abs(line["AmountInCompanyCodeCurrency"])
    same = {name: line[name] for name in JOURNAL_ITEMS.properties if name in line}
    return {
        **same,
        "ID": "/".join(_key(COST_LINES, line)),
        "Ledger": line["Ledger"] or "0L",
        "LedgerFiscalYear": line["FiscalYear"],
        "AmountInCompanyCodeCurrency": amount if line["DebitCreditCode"] == "S" else -amount,
    }


def _shared(part: EntitySet, whole: Entity) -> Entity:
    """The key of what it is part of."""
    return {name: whole[name] for name in part.key if name in whole}


def _entity(service: str, entity_set: EntitySet, entity: Entity, names: Iterable[str], expansion: Expansion) -> dict[str, Any]:
    key = ",".join(f"{part}='{entity[part]}'" for part in entity_set.key)
    uri = f"{service}/{entity_set.name}({key})"
    meta = {"id": uri, "uri": uri, "type": f"{entity_set.service}.{entity_set.name}Type"}
    if entity_set.open:
        meta["etag"] = _etag(entity)
    parts: dict[str, Any] = {}
    for navigation, part in entity_set.parts.items():
        if navigation in expansion:
            inner = expansion[navigation]
            items = [_entity(service, part, item, part.properties, inner) for item in entity[navigation]]
            parts[navigation] = {"results": items}
        else:
            parts[navigation] = {"__deferred": {"uri": f"{uri}/{navigation}"}}
    return {"__metadata": meta, **{name: _wire(entity[name]) for name in names}, **parts}


def _etag(entity: Entity) -> str:
    """Another one with every change."""
    return f'W/"{hashlib.sha256(repr(sorted(entity.items())).encode()).hexdigest()[:16]}"'


def _wire(value: Any) -> str | bool | None:
    """OData V2's JSON: a decimal is text, a day is its midnight in UTC, in milliseconds."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"/Date({int(value.timestamp() * 1000)}+0000)/"
    if isinstance(value, date):
        return f"/Date({int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)})/"
    if isinstance(value, time):
        return f"{value:PT%HH%MM%SS}"
    return value  # type: ignore[no-any-return]  # text, flags and nothing are what they are


def _json(status: int, body: Any, headers: Mapping[str, str]) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8", headers)


def _error(status: int, code: str, text: str) -> Answer:
    details = [{"code": code, "message": text, "severity": "error"}]
    error = {"code": code, "message": {"lang": "en", "value": text}, "innererror": {"errordetails": details}}
    return _json(status, {"error": error}, {})
