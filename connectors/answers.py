"""What came back over HTTP: a complete answer, and what its status means.

Messages name the method, the host and the path of a call, never its query, its headers or its body.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.message import Message
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec
import urllib3

from warranty_hub.errors import LoginError, MalformedAnswerError, ProtocolError, RateLimitedError, SystemUnreachableError

NO_RIGHT = "The login went well: have this user given the right to what the address names."
_QUICK = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer to ``call`` (``GET https://host/path``). The attributes are named as zeep reads them."""

    call: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        """``application/json``, without parameters."""
        return self._content_type.get_content_type()

    @property
    def encoding(self) -> str | None:
        """The declared character set, if any."""
        return self._content_type.get_content_charset()

    @property
    def _content_type(self) -> Message:
        header = Message()
        header["Content-Type"] = self.headers.get("Content-Type") or "application/octet-stream"
        return header

    def expect(self, kind: str) -> None:
        """Raise MalformedAnswerError unless the answer is of this kind: ``json`` or ``xml``."""
        if self.media_type == "text/html":
            self.malformed(f"is an HTML page of {len(self.content)} bytes instead of {kind.upper()}")
        if not self.media_type.endswith(("/" + kind, "+" + kind)):
            self.malformed(f"is {self.media_type} instead of {kind.upper()}")

    def json(self) -> Any:
        """The JSON it holds, numbers with a point as Decimal. Raises MalformedAnswerError."""
        self.expect("json")
        try:
            return read_json(self.content.decode(self.encoding) if self.encoding else self.content)
        except (ValueError, LookupError, ArithmeticError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        return self.malformed(f"is not valid JSON ({reason}; {len(self.content)} bytes)")

    def malformed(self, reason: str) -> NoReturn:
        """Raise MalformedAnswerError about this answer."""
        raise MalformedAnswerError(f"The answer to {self.call} {reason}")


def read_json(text: str | bytes) -> Any:
    """JSON, numbers with a point as Decimal. Raises ValueError, RecursionError, ArithmeticError (an exponent without end)."""
    try:
        return _QUICK.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):  # Python's own takes halves of a character, or says what is wrong
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def judge_status(answer: Answer, words: str = "") -> None:
    """Raise what a status beyond 2xx means; ``words`` are the system's own, read from its body by who knows its shape."""
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status < 400:
        answer.malformed(f"({status}) leads elsewhere, to {public_address(answer.headers.get('Location', 'nowhere'))}")
    message = f"{answer.call} was answered with {status}" + (f": {words}" if words else "")
    if status in (401, 403):
        raise LoginError(message, remedy=NO_RIGHT if status == 403 else None)
    if status == 429:
        raise RateLimitedError(message, retry_after=_retry_after(answer))
    if status >= 500:
        raise SystemUnreachableError(message, retry_after=_retry_after(answer))
    raise ProtocolError(message)


def _retry_after(answer: Answer) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or an HTTP date (RFC 9110, 10.2.3)."""
    try:
        return float(urllib3.Retry().parse_retry_after(answer.headers["Retry-After"]))
    except (KeyError, urllib3.exceptions.InvalidHeader):
        return None


def public_address(url: str) -> str:
    """An address fit for a message: without user, password, query and fragment."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
