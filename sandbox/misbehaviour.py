"""A bad day for any system of the sandbox: faults that stand before its answers and are used up in order, one a request.

with SapServer(...) as sap:
    day = Misbehaviour(sap)
    day.faults[:] = [None, Fault.CUT]    # the second request from now on gets half an answer, the others are well
"""

import gzip
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate

from sandbox.web import Answer, Request, WebServer
from warranty_hub.testing.faults import SILENCE, Fault


class Misbehaviour:
    """Stands between a server and its clients. ``faults``: what the next requests meet, None is a good answer."""

    def __init__(self, server: WebServer) -> None:
        self.faults: list[Fault | None] = []
        self._respond, server.respond = server.respond, self.respond
        self._previous: Answer | None = None

    def respond(self, request: Request) -> Answer:
        """The next fault, or the server's own answer."""
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.SILENT:
            time.sleep(SILENCE)
        if fault in INSTEAD:
            return INSTEAD[fault]()
        if fault is Fault.REPEATED and self._previous is not None:
            return self._previous
        answer = self._respond(request)
        self._previous = answer
        return AFTER[fault](answer) if fault in AFTER else answer


def _too_many(retry_after: str) -> Answer:
    return Answer(429, b"", "text/plain", {"Retry-After": retry_after})


def _cut(answer: Answer) -> Answer:
    """More is announced than comes, then the line is down."""
    headers = {**answer.headers, "Content-Length": str(len(answer.body) + 1), "Connection": "close"}
    return replace(answer, body=answer.body[: len(answer.body) // 2], headers=headers)


def _compress(answer: Answer) -> Answer:
    if "Content-Encoding" in answer.headers:  # this server does so by itself
        return answer
    return replace(answer, body=gzip.compress(answer.body), headers={**answer.headers, "Content-Encoding": "gzip"})


INSTEAD: Mapping[Fault | None, Callable[[], Answer]] = {
    Fault.TOO_MANY_SECONDS: lambda: _too_many("0"),
    Fault.TOO_MANY_DATE: lambda: _too_many(formatdate(usegmt=True)),
    Fault.TOO_MANY_ABSURD: lambda: _too_many("86400"),
    Fault.SERVER_ERROR: lambda: Answer(500, "<html><body>系统异常</body></html>".encode(), "text/html; charset=utf-8"),
    Fault.UNAVAILABLE: lambda: Answer(503, b"", "text/plain"),
    Fault.SILENT: lambda: Answer(504, b"", "text/plain"),  # nobody reads it any more
    Fault.EXPIRED: lambda: Answer(401, b"", "text/plain"),
    Fault.LOGIN_PAGE: lambda: Answer(200, "<html><body>请登录</body></html>".encode(), "text/html; charset=utf-8"),
    Fault.EMPTY: lambda: Answer(200, b"", "application/json"),
}
AFTER: Mapping[Fault | None, Callable[[Answer], Answer]] = {
    Fault.CUT: _cut,
    Fault.TRUNCATED: lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
    Fault.COMPRESSED: _compress,
}
