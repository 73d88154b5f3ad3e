"""Plays Tryton's JSON-RPC, of the generation with 7.0 or the one with 8.2: login, searches, entries made and posted.

What it knows was seen on the wire of trytond 7.0.59 and 8.2.1; tests/foreign/test_tryton.py tries the connector against those.
"""

import base64
import gzip
import itertools
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sandbox.web import Answer, Request, WebServer

COMPRESSED_ABOVE = 1400  # bytes; also for clients that did not ask for it
RELATIONS = {
    "company": "company.company",
    "journal": "account.journal",
    "period": "account.period",
    "account": "account.account",
    "party": "party.party",
}
EQUALITIES: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "in": lambda value, among: value in among,
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "like": lambda value, pattern: _like(value, pattern),
}
"""None is neither more nor less than anything."""


class TrytonServer(WebServer):
    """One database. A record's relations stand in it as records: ``{"move": {"id": 1, "state": "posted", …}}``."""

    def __init__(self, user: str, password: str, *, version: str = "8.2", database: str = "hub") -> None:
        super().__init__()
        self.tables: dict[str, dict[int, dict[str, Any]]] = {"account.move": {}, "account.move.line": {}}
        self._user, self._password = user, password
        self._version, self._database = version, database
        self._root, self._other = ("/rpc/", "/") if version.startswith("8.") else ("/", "/rpc/")
        self._sessions: set[str] = set()
        self._numbers = itertools.count(1000)

    def put(self, model: str, id_: int, /, **values: Any) -> dict[str, Any]:
        """Make or change a record; its times of creation and writing are what is said, or 2025-01-01."""
        new = {"id": id_, "create_date": datetime(2025, 1, 1, tzinfo=UTC), "write_date": None}
        record = self.tables.setdefault(model, {}).setdefault(id_, new)
        record.update(values)
        return record

    def end_sessions(self) -> None:
        """As after a night without calls."""
        self._sessions.clear()

    def answer(self, request: Request) -> Answer:
        """JSON-RPC over POST; other paths are answered as Tryton's web framework does."""
        below = f"/{self._database}"
        if request.path in (self._other, below + self._other):
            return _page(405)
        if request.method != "POST" or request.path not in (self._root, below + self._root):
            return _page(404)
        call = json.loads(request.body, object_hook=_decoded)
        if set(call) != {"id", "method", "params"}:
            return _page(400)
        if request.path == self._root:
            return _reply(call, self._version) if call["method"] == "common.server.version" else _page(403)
        if call["method"] == "common.db.login":
            return self._login(call, *call["params"])
        if request.headers.get("authorization") not in self._sessions:
            return Answer(401, b"", "text/plain")
        return self._answer_call(call)

    def _answer_call(self, call: Mapping[str, Any]) -> Answer:
        try:
            return _reply(call, self._perform(call["method"], call["params"]))
        except KeyError as error:  # a model or a field it does not have
            return _reply(call, error=[str(error), ""])
        except UserError as error:
            return _reply(call, error=["UserError", [str(error), "", None]])

    def _login(self, call: Mapping[str, Any], user: str, parameters: Mapping[str, str], _language: str) -> Answer:
        if "password" not in parameters:
            return _reply(call, error=["LoginException", ["password", f"Password for {user}", "password"]])
        if (user, parameters["password"]) != (self._user, self._password):
            return _page(401)
        session = f"session{next(self._numbers)}"
        self._sessions.add("Session " + base64.b64encode(f"{user}:1:{session}".encode()).decode())
        return _reply(call, [1, session, None] if self._version.startswith("8.") else [1, session])

    def _perform(self, method: str, params: Sequence[Any]) -> Any:
        model, _, action = method.removeprefix("model.").rpartition(".")
        context = params[-1]
        all_of_it = context.get("active_test") is False
        table = {number: record for number, record in self.tables[model].items() if all_of_it or record.get("active", True)}
        if action == "search_count":
            return sum(_matches(record, params[0]) for record in table.values())
        if action == "search_read":
            domain, offset, limit, _order, fields = params[:5]
            found = [table[number] for number in sorted(table) if _matches(table[number], domain)]
            end = None if limit is None else offset + limit
            return [_read(self._summed(model, record, context), fields) for record in found[offset:end]]
        actions: dict[str, Callable[[Any], Any]] = {"create": self._create, "post": self._post, "delete": self._delete}
        return actions[action](params[0])

    def _summed(self, model: str, record: dict[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """An account knows what it moved in the periods of the context."""
        if model != "account.account":
            return record
        lines = [
            line
            for line in self.tables["account.move.line"].values()
            if line["account"]["id"] == record["id"] and line["move"]["period"]["id"] in context.get("periods", ())
            if line["move"]["state"] == "posted" or not context.get("posted")
        ]
        return {**record, **{side: sum((line[side] for line in lines), Decimal(0)) for side in ("debit", "credit")}}

    def _create(self, moves: Sequence[Mapping[str, Any]]) -> list[int]:
        return [self._create_move(dict(move)) for move in moves]

    def _create_move(self, values: dict[str, Any]) -> int:
        number, now = next(self._numbers), datetime.now(UTC)
        lines = [line for _create, made in values.pop("lines") for line in made]
        blank = {"state": "draft", "number": None, "post_number": None, "origin": None}
        move = self.put("account.move", number, **{**blank, **self._related(values), "create_date": now})
        for line in lines:
            if bool(line["party"]) != self.tables["account.account"][line["account"]]["party_required"]:
                del self.tables["account.move"][number]
                raise UserError("The party is required on this account, or must not stand on it.")
            unset = {"amount_second_currency": None, "second_currency": None, "origin": None, "state": "valid"}
            values = {**unset, **self._related(line), "move": move, "create_date": now}
            self.put("account.move.line", next(self._numbers), **values)
        return number

    def _related(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self.tables[RELATIONS[name]][value] if name in RELATIONS and value is not None else value
            for name, value in values.items()
        }

    def _post(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            move = self.tables["account.move"][number]
            if move["period"]["state"] != "open":
                raise UserError(f'You cannot post move "{number}" because its period is closed.')
            move.update(state="posted", write_date=datetime.now(UTC))
            move["post_number" if self._version.startswith("7.0") else "number"] = str(number)

    def _delete(self, numbers: Sequence[int]) -> None:
        lines = self.tables["account.move.line"]
        for number in numbers:
            if self.tables["account.move"].pop(number)["state"] == "posted":
                raise UserError("A posted move cannot be deleted.")
            for line in [line for line, values in lines.items() if values["move"]["id"] == number]:
                del lines[line]


class UserError(Exception):
    """What Tryton says to people."""


def _reply(call: Mapping[str, Any], result: Any = None, error: Any = None) -> Answer:
    content = {"error": error} if error else {"result": result}
    body = json.dumps({"id": call["id"], **content}, default=_encoded).encode()
    if len(body) <= COMPRESSED_ABOVE:
        return Answer(200, body, "application/json")
    return Answer(200, gzip.compress(body), "application/json", {"Content-Encoding": "gzip"})


def _page(status: int) -> Answer:
    return Answer(status, f"<!doctype html>\n<title>{status}</title>".encode(), "text/html; charset=utf-8")


def _matches(record: Mapping[str, Any], domain: Sequence[Any]) -> bool:
    """A domain: conditions ``[field, operator, value]`` that all hold, or behind "OR" one of them."""
    if domain and isinstance(domain[0], str) and domain[0] != "OR":
        field, sign, value = domain
        told = _at(record, field)
        return EQUALITIES[sign](told, value) if sign in EQUALITIES else told is not None and COMPARISONS[sign](told, value)
    if domain and domain[0] == "OR":
        return any(_matches(record, part) for part in domain[1:])
    return all(_matches(record, part) for part in domain)


def _at(record: Mapping[str, Any] | None, path: str) -> Any:
    """A relation by itself is its id."""
    first, _, rest = path.partition(".")
    value = record[first] if record is not None else None
    if rest:
        return _at(value, rest)
    return value["id"] if isinstance(value, Mapping) else value


def _read(record: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """``move.date`` is told as ``{"move.": {"id": …, "date": …}}``."""
    told = {"id": record["id"]}
    for relation in {field.partition(".")[0] for field in fields if "." in field}:
        inner = [field.partition(".")[2] for field in fields if field.startswith(f"{relation}.")]
        told[f"{relation}."] = None if record[relation] is None else _read(record[relation], inner)
    return {**told, **{field: _at(record, field) for field in fields if "." not in field}}


def _like(value: str, pattern: str) -> bool:
    """As in SQL: % is any text, _ any one character."""
    signs = {"%": ".*", "_": "."}
    return bool(re.fullmatch("".join(signs.get(sign, re.escape(sign)) for sign in pattern), value, re.DOTALL))


def _decoded(value: dict[str, Any]) -> Any:
    kind = value.pop("__class__", None)
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "datetime":
        return datetime(**value, tzinfo=UTC)
    return date(**value) if kind == "date" else value


def _encoded(value: Any) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    days = {"year": value.year, "month": value.month, "day": value.day}
    if not isinstance(value, datetime):
        return {"__class__": "date", **days}
    time = value.astimezone(UTC)
    parts = {part: getattr(time, part) for part in ("year", "month", "day", "hour", "minute", "second", "microsecond")}
    return {"__class__": "datetime", **parts}
