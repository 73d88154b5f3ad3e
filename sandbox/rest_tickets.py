"""A help desk on loopback with the same tickets behind each way of paging that REST APIs have, and each way of logging in.

It does what such APIs do and clients trip over: pages no larger than it likes, numbered pages that shift when tickets come or
go, tokens that expire (as 401, or as a code inside an answer with status 200), errors with status 200, JSON numbers for money,
times without a zone.

    /api/numbers/tickets?page=1&page_size=100     {"code": 0, "msg": "ok", "data": {"items": [...], "total": 250}}
    /api/offsets/tickets?offset=0&limit=100       {"code": "0", "rows": [...], "count": 250}
    /api/tokens/tickets?limit=100&after=TOKEN     {"tickets": [...], "meta": {"next": "TOKEN"}}
    /api/links/tickets?per_page=100               [...] and a Link header with rel="next"
    /api/plain/tickets                            [...], all at once
    /oauth/token                                  client credentials, RFC 6749

All take ``updated_from`` and ``updated_to`` (``2025-03-03 09:30:00`` in China, both included) and list by (updated_at, id).
"""

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from sandbox.web import Answer, Request, WebServer

ZONE = ZoneInfo("Asia/Shanghai")
FORM = "%Y-%m-%d %H:%M:%S"
EXPIRED, BUSY = 40014, 42900
Ticket = Mapping[str, Any]


class HelpDesk(WebServer):
    """Serves what was `put`, to one user, whose password is the client's secret and the API's key as well.

    ``largest_page``: it gives no more at once, whatever is asked for. ``calls_per_token``: how long a token lasts.
    ``expiry_as_code``: expired tokens get status 200 with code 40014.
    """

    def __init__(
        self, user: str, password: str, *, largest_page: int = 100, calls_per_token: int = 1000, expiry_as_code: bool = False
    ) -> None:
        self._user, self._password = user, password
        self._largest_page = largest_page
        self._calls_per_token = calls_per_token
        self._expiry_as_code = expiry_as_code
        self._tickets: dict[int, Ticket] = {}
        self._calls_left: dict[str, int] = {}
        self.tokens_given = 0
        self.calls: list[Request] = []
        self.after_call: Callable[[int], None] = lambda _: None
        super().__init__()

    def put(self, number: int, updated_at: datetime, **changes: Any) -> None:
        """Make or change a ticket; ``cost`` is a Decimal."""
        self._tickets[number] = {
            "id": number, "number": f"WX{number:04d}", "project": {"code": "P01"}, "building": "3", "address": "3号楼2单元1501",
            "content": f"主卧飘窗渗水 {number}", "level": 1, "status": "open", "created_at": "2025-01-02 08:00:00",
            "cost": Decimal("100.10"), **changes, "updated_at": updated_at.astimezone(ZONE).strftime(FORM),
        }  # fmt: skip

    def remove(self, number: int) -> None:
        """Delete a ticket."""
        del self._tickets[number]

    def answer(self, request: Request) -> Answer:
        """Give a token, or check who asks and list tickets."""
        self.calls.append(request)
        if request.path == "/oauth/token":
            return self._give_token(request)
        if not self._knows(request):
            return self._refuse(request)
        ways: dict[str, Callable[[Request, Sequence[Ticket]], Answer]] = {
            "/api/numbers/tickets": self._numbers,
            "/api/offsets/tickets": self._offsets,
            "/api/tokens/tickets": self._tokens,
            "/api/links/tickets": self._links,
            "/api/plain/tickets": lambda _, found: _json(found),
        }
        if request.path not in ways:
            return _json({"code": 404, "msg": "no such list"}, 404)
        try:
            answer = ways[request.path](request, self._find(request.query))
        except ValueError:
            return _json({"code": 1001, "msg": "参数错误"})
        self.after_call(len(self.calls))
        return answer

    # ------------------------------------------------------------------------------------------------ who asks
    def _give_token(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode()))
        client = (form.get("client_id", ""), form.get("client_secret", ""))
        right = client == (self._user, self._password) or request.headers.get("authorization") == self._basic()
        if request.method != "POST" or form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, 400)
        if not right:
            return _json({"error": "invalid_client"}, 401)
        token = secrets.token_urlsafe(12)
        self._calls_left[token] = self._calls_per_token
        self.tokens_given += 1
        return _json({"access_token": token, "token_type": "Bearer", "expires_in": 7200})

    def _knows(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "")
        if shown in (self._basic(), f"Bearer {self._password}") or request.headers.get("x-api-key") == self._password:
            return True
        token = shown.removeprefix("Bearer ")
        self._calls_left[token] = self._calls_left.get(token, 0) - 1
        return self._calls_left[token] >= 0

    def _refuse(self, request: Request) -> Answer:
        if self._expiry_as_code and request.headers.get("authorization", "").startswith("Bearer "):
            return _json({"code": EXPIRED, "msg": "token expired"})
        return _json({"code": 401, "msg": "unauthorized"}, 401)

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode()

    # ------------------------------------------------------------------------------------------------ lists
    def _find(self, query: Mapping[str, str]) -> list[Ticket]:
        earliest, latest = query.get("updated_from", ""), query.get("updated_to", "9999")
        for moment in {earliest, latest} - {"", "9999"}:
            datetime.strptime(moment, FORM)  # noqa: DTZ007 - only to refuse what is none
        found = [ticket for ticket in self._tickets.values() if earliest <= ticket["updated_at"] <= latest]
        return sorted(found, key=_place)

    def _size(self, request: Request, parameter: str) -> int:
        return min(int(request.query.get(parameter, self._largest_page)), self._largest_page)

    def _numbers(self, request: Request, found: Sequence[Ticket]) -> Answer:
        size = self._size(request, "page_size")
        start = (int(request.query.get("page", 1)) - 1) * size
        return _json({"code": 0, "msg": "ok", "data": {"items": found[start : start + size], "total": len(found)}})

    def _offsets(self, request: Request, found: Sequence[Ticket]) -> Answer:
        start = int(request.query.get("offset", 0))
        return _json({"code": "0", "rows": found[start : start + self._size(request, "limit")], "count": len(found)})

    def _tokens(self, request: Request, found: Sequence[Ticket]) -> Answer:
        page, token = self._behind(request, found, "limit")
        return _json({"tickets": page, "meta": {"next": token}})

    def _links(self, request: Request, found: Sequence[Ticket]) -> Answer:
        page, token = self._behind(request, found, "per_page")
        query = urlencode({**request.query, "after": token})
        link = f'<http://{request.headers["host"]}{request.path}?{query}>; rel="next"'
        return _json(page, headers={"Link": link} if token else {})

    def _behind(self, request: Request, found: Sequence[Ticket], parameter: str) -> tuple[list[Ticket], str]:
        """The page behind the place that the token names, which no coming and going shifts."""
        after = request.query.get("after", "")
        rest = [ticket for ticket in found if not after or _place(ticket) > _read_token(after)]
        page = list(rest[: self._size(request, parameter)])
        return page, _token(page[-1]) if len(page) < len(rest) else ""


def _place(ticket: Ticket) -> tuple[str, int]:
    return ticket["updated_at"], ticket["id"]


def _token(ticket: Ticket) -> str:
    return base64.urlsafe_b64encode(json.dumps(_place(ticket)).encode()).decode()


def _read_token(token: str) -> tuple[str, int]:
    moment, number = json.loads(base64.urlsafe_b64decode(token))
    return moment, number


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, _text(body).encode(), "application/json; charset=utf-8", headers or {})


def _text(value: Any) -> str:
    """JSON in which a Decimal is a number with all its digits."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)}: {_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
