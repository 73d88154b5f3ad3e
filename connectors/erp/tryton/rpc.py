"""Tryton's JSON-RPC: the login, one call, and what its answers mean.

Seen on trytond 7.0.59 and 8.2.1. A body is exactly ``{id, method, params}``. Up to 7.8 a database listens at ``/<db>/``, from
8.0 at ``/<db>/rpc/``; the version is asked for at the same two places, above the database. A login gives a session, which goes
as ``Authorization: Session base64(user:uid:session)``. What a server refuses for its data comes with status 200 and an
``error``; what it refuses at the door comes as a status: 401 no session or an expired one, 404 no such database, 429 too many
wrong logins.
"""

import base64
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import requests
from pydantic import Field

from connectors.answers import Answer, judge_status
from connectors.http import HttpOptions, HttpSession, base_url
from connectors.options import Options
from warranty_hub.errors import BusinessError, ConfigError, LoginError, ProtocolError, RetryableError
from warranty_hub.settings import Connection

JSON = {"Content-Type": "application/json"}
LANGUAGE = "en"  # of error messages; no record that we read is translated
ALSO_INACTIVE = {"active_test": False}  # otherwise what was switched off could not be told from what was deleted
OLD_MOVES = ("6.", "7.0")  # series in which an entry's number after posting is `post_number`; later ones have `number` only
ROOTS = ("/rpc/", "/")
REMEDIES = {
    403: "This version of Tryton does not offer the method, or not over the network; report the version.",
    404: "Correct the connection's host and port: this is no Tryton.",
}
_numbers = itertools.count(1)


class TrytonOptions(Options):
    """What sources and sinks of system ``tryton`` share."""

    database: str = Field(pattern=r"^[\w.-]+$", description="Name of Tryton's database, as at its login")
    http: HttpOptions = HttpOptions()


@dataclass(frozen=True)
class Call:
    """One call: what is sent, and how its answer is read."""

    number: int
    method: str
    request: requests.Request

    def result(self, answer: Answer) -> Any:
        """What it returns. Raises what a status or an ``error`` of ``[type, [message, …]]`` means."""
        judge_tryton(answer)
        body = answer.json()
        if not isinstance(body, dict) or ("error" not in body and "result" not in body):
            answer.malformed("is no answer of JSON-RPC")
        if body.get("id") != self.number:
            answer.malformed("belongs to another call")
        if "error" in body:
            raise _meaning(body["error"], f"{answer.call} {self.method}")
        try:
            return _plain(body["result"])
        except (ValueError, TypeError, LookupError, ArithmeticError):
            answer.malformed("holds a decimal or a date that is none")


def prepare(session: HttpSession, path: str, method: str, params: Sequence[Any]) -> Call:
    """A call as Tryton takes it; dates and decimals among the parameters in its typed form."""
    number = next(_numbers)
    body = json.dumps({"id": number, "method": method, "params": params}, default=_typed)
    return Call(number, method, session.request("POST", path, headers=JSON, data=body.encode()))


class TrytonLogin:
    """A session in a database, begun before the first call and renewed when it has expired."""

    def __init__(self, connection: Connection, database: str) -> None:
        self._user = connection.login
        self._password = connection.password
        self._database = database
        self._proof = ""
        self.root = ""
        """Where this generation takes calls, below the database and above it; known after the first login."""

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the session, if there is one."""
        if self._proof:
            request.headers["Authorization"] = f"Session {self._proof}"
        return request

    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        """Log in again after a 401, which is the end of a session."""
        if refusal.status_code != 401:
            return False
        self._proof = ""
        self.begin(session)
        return True

    def begin(self, session: HttpSession) -> None:
        """Log in, unless that was done. A wrong password is sent once only: Tryton slows down who guesses."""
        if self._proof:
            return
        for root in [self.root] if self.root else ROOTS:
            parameters = [self._user, {"password": self._password.get_secret_value()}, LANGUAGE]
            call = prepare(session, f"/{self._database}{root}", "common.db.login", parameters)
            answer = session.send(call.request)
            if answer.status_code in (404, 405):  # another generation, or no such database
                continue
            found = call.result(answer)
            if not isinstance(found, list) or len(found) < 2:  # 8.x adds the address of its bus
                answer.malformed("is no session")
            self._proof = base64.b64encode(f"{self._user}:{found[0]}:{found[1]}".encode()).decode()
            self.root = root
            return
        raise ConfigError(
            f"{session.host} has no Tryton database {self._database!r}",
            remedy="Correct options.database in hub.yaml, or host and port of the connection.",
        )

    def path(self) -> str:
        """Where the database takes calls."""
        return f"/{self._database}{self.root}"


class Tryton:
    """Calls to one database of a Tryton server."""

    def __init__(self, connection: Connection, options: TrytonOptions) -> None:
        self._login = TrytonLogin(connection, options.database)
        self._http = HttpSession(base_url(connection), options.http, login=self._login, judge=judge_tryton)
        self.host = self._http.host

    @cached_property
    def version(self) -> str:
        """``7.0.59`` or ``8.2``."""
        return str(self._call(lambda: self._login.root, "common.server.version", []))

    @property
    def move_number(self) -> str:
        """The field of account.move that people know a posted entry by."""
        return "post_number" if self.version.startswith(OLD_MOVES) else "number"

    def call(self, model: str, method: str, *params: Any, idempotent: bool = True, **context: Any) -> Any:
        """One method of a model; its last parameter, the context, is always sent.

        Raises BusinessError for what Tryton refuses with a message for people, ProtocolError for what it cannot do.
        """
        everything = [*params, {**ALSO_INACTIVE, **context}]
        return self._call(self._login.path, f"model.{model}.{method}", everything, idempotent=idempotent)

    def search_read(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], *, limit: int | None = None, **context: Any
    ) -> list[dict[str, Any]]:
        """Records in the order of their ids; ``move.date`` among the fields makes ``{"move": {"id": …, "date": …}}``."""
        found = self.call(model, "search_read", domain, 0, limit, [["id", "ASC"]], sorted({"id", *fields}), **context)
        if not isinstance(found, list) or not all(isinstance(record, dict) and "id" in record for record in found):
            raise ProtocolError(f"Tryton at {self.host} answered a search of {model} with no records")
        return found

    def _call(self, path: Callable[[], str], method: str, params: Sequence[Any], *, idempotent: bool = True) -> Any:
        """``path`` is asked for once the login has found it out."""

        def attempt() -> Any:
            self._login.begin(self._http)
            call = prepare(self._http, path(), method, params)
            return call.result(self._http.exchange(call.request))

        return self._http.repeat(attempt, idempotent=idempotent)


def judge_tryton(answer: Answer) -> None:
    """Statuses mean what they say; their pages hold no words worth keeping."""
    try:
        judge_status(answer)
    except (LoginError, ProtocolError) as error:
        error.remedy = REMEDIES.get(answer.status_code, error.remedy)
        raise


def _meaning(error: Any, call: str) -> Exception:
    kind, details = (*error, "", "")[:2] if isinstance(error, list) else (str(error), "")
    words = [str(word) for word in details if isinstance(word, str) and word] if isinstance(details, list) else [str(details)]
    if kind == "UserError":
        return BusinessError(f"{call} was refused: {' '.join(words[:2])}", reply_code=kind)
    if kind == "UserWarning":  # name, message, description: a question to a person at the client
        return BusinessError(f"{call} asks before it goes on: {' '.join(words[1:3])}", reply_code=kind)
    if kind == "ConcurrencyException":
        return RetryableError(f"{call}: a record was changed by someone else at the same time")
    if kind == "LoginException":
        return LoginError(f"{call} asks for more than user and password", remedy="Use a user with a password alone.")
    return ProtocolError(
        f"{call} was answered with the error {kind}",
        remedy="A name in quotes is a model or field it does not have: activate the module, or correct extra_fields.",
    )


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(utc, part) for part in parts}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _plain(value: Any) -> Any:
    """Tryton's typed values as ours: Decimal, date, time in UTC; ``{"move.": {…}}`` as ``{"move": {…}}``."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    parts = {name: part for name, part in value.items() if name != "__class__"}
    if kind == "datetime":
        return datetime(**parts, tzinfo=UTC)
    if kind == "date":
        return date(**parts)
    # the plain id of a relation comes before its fields, which then take its place
    return {name.rstrip("."): _plain(value[name]) for name in sorted(value)}
