"""The HTTP session that all web connectors share: patient, paced, logged in.

One call is a loop of attempts (`HttpSession.repeat`); one attempt is an exchange (`HttpSession.exchange`), with one renewal of
the login inside. Nothing goes to another host than the connection's, redirects are not followed, cookies are kept.
"""

import ipaddress
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
import urllib3
from pydantic import Field
from requests.auth import HTTPBasicAuth

from connectors.answers import Answer, judge_status, public_address
from connectors.options import Options
from connectors.pace import Pace, TokenBucket
from warranty_hub.errors import (
    ConfigError,
    HubError,
    MalformedAnswerError,
    ProtocolError,
    RetryableError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection

logger = logging.getLogger(__name__)

LARGEST_ANSWER = 256 * 1024 * 1024  # bytes after decompression: more is a bomb, or a page size gone wrong
CHUNK = 64 * 1024
CALL_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError)
# How a certificate fails, by OpenSSL's number (X509_V_ERR_…), and what to do about it.
CERTIFICATES = {
    9: ("is not valid yet", "Look at the clocks of this machine and of that system."),
    10: ("has expired", "Have it renewed in that system; until then nothing is sent there."),
    62: ("is made out to another name", "Connect under a name that stands in the certificate."),
    64: ("is made out to another address", "Connect under a name that stands in the certificate."),
}
NOT_TRUSTED = ("is not trusted", "Have the file of its authority from who runs that system, and name it in `http.ca_bundle`.")
REASONS: Sequence[tuple[type[BaseException], tuple[str, str]]] = (
    (urllib3.exceptions.NameResolutionError, (": nobody here knows that name", "Correct the connection's host.")),
    (ConnectionRefusedError, (": nothing listens there", "Start that system, or correct the connection's host and port.")),
)
T = TypeVar("T")


class HttpOptions(Options):
    """How patient and how fast a session is. Times in seconds."""

    connect_timeout: float = Field(default=10, gt=0, description="Longest wait for a connection")
    read_timeout: float = Field(default=60, gt=0, description="Longest silence within an answer")
    attempts: int = Field(default=5, ge=1, description="Tries per call, the first one included")
    budget: float = Field(default=300, gt=0, description="No try starts, and no answer lasts, longer than this")
    longest_wait: float = Field(
        default=60, gt=0, description="Longest pause between tries, also where the system asks for more"
    )
    per_second: float | None = Field(default=None, gt=0, description="Most calls per second; default unlimited")
    pace: Callable[[float], Pace] = Field(
        default=TokenBucket, exclude=True, description="What holds `per_second`; passed in by the hub, no setting of hub.yaml"
    )
    ca_bundle: str | None = Field(
        default=None, description="File with the certificates to trust, for a system with its own authority"
    )


class Login(Protocol):
    """How a session proves who it is."""

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the proof to a request about to be sent."""

    def renew(self, refusal: Answer, session: "HttpSession") -> bool:
        """Get a new proof if this answer asks for one; True when the call is worth sending again."""


class NoLogin:
    """For systems that know their callers by address."""

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request

    def renew(self, refusal: Answer, session: "HttpSession") -> bool:
        """There is nothing to renew."""
        return False


class BasicLogin:
    """User and password with every request."""

    def __init__(self, connection: Connection) -> None:
        # As bytes: requests would encode text as Latin-1, which a Chinese password is not.
        self._basic = HTTPBasicAuth(connection.login.encode(), connection.password.get_secret_value().encode())

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the Authorization header."""
        signed: requests.PreparedRequest = self._basic(request)
        return signed

    def renew(self, refusal: Answer, session: "HttpSession") -> bool:
        """Forget an expired session. Without one it is the password, and trying that twice only locks the user sooner."""
        return refusal.status_code == 401 and session.forget_cookies()


class HttpSession:
    """Calls to one system."""

    def __init__(
        self,
        base_url: str,
        options: HttpOptions,
        *,
        login: Login | None = None,
        judge: Callable[[Answer], None] = judge_status,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = public_address(self.base_url)
        self._options = options
        self._login = login or NoLogin()
        self._judge = judge
        self._pace = options.pace(options.per_second) if options.per_second else None
        self._session = requests.Session()
        self._session.headers.update(headers or {})
        self._session.auth = self._login.sign  # always set: without it requests would look into ~/.netrc
        self._session.trust_env = not _is_loopback(base_url)

    def get(self, target: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET a path below the base URL, or an address on the same host, as often as it takes."""
        request = self.request("GET", target, params=params, headers=headers)
        return self.repeat(lambda: self.exchange(request))

    def repeat(self, attempt: Callable[[], T], *, idempotent: bool = True) -> T:
        """Make attempts until one succeeds, while more of them may help. What is not idempotent is attempted once.

        Raises the last attempt's error: RetryableError, LoginError, ProtocolError, ConfigError, or what the judge says.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_attempt(self._options.attempts if idempotent else 1)
            | tenacity.stop_before_delay(self._options.budget),
            wait=self._pause,
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except CALL_FAILURES as error:
            failure = self._explain(error)
        raise failure  # outside of the handler: the library's error, which holds the whole address, must not trail along

    def request(
        self,
        method: str,
        target: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> requests.Request:
        """A request to a target on this host; ProtocolError for any other, where our login has no business."""
        address = urljoin(self.base_url + "/", target)
        if _origin(address) != _origin(self.base_url):
            raise ProtocolError(
                f"{self.host} points to {public_address(address)}, which is another host",
                remedy="Connect under the name by which that system calls itself.",
            )
        return requests.Request(method, address, params=dict(params or {}), headers=dict(headers or {}), data=data)

    def exchange(self, request: requests.Request) -> Answer:
        """One attempt: send, renew the login once if that helps, and judge the answer. To be called inside `repeat`."""
        answer = self.send(request)
        if self._login.renew(answer, self):
            answer = self.send(request)
        self._judge(answer)
        return answer

    def send(self, request: requests.Request) -> Answer:
        """Send a request once and read its answer to the end, whatever it says."""
        if self._pace:
            self._pace.take()
        environment = self._session.merge_environment_settings(request.url, {}, True, self._options.ca_bundle or True, None)
        timeout = (self._options.connect_timeout, self._options.read_timeout)
        deadline = time.monotonic() + self._options.budget
        prepared = self._session.prepare_request(request)
        with self._session.send(prepared, timeout=timeout, allow_redirects=False, **environment) as response:
            content = self._read(response, deadline)
            return Answer(f"{request.method} {public_address(request.url)}", response.status_code, response.headers, content)

    def forget_cookies(self) -> bool:
        """Drop the server's session; True when there was one."""
        had_some = bool(self._session.cookies)
        self._session.cookies.clear()
        return had_some

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """The body, read as it trickles in, so that the deadline holds for an answer that is never silent and never ends."""
        content = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise ProtocolError(f"{self.host} sent more than {LARGEST_ANSWER:,} bytes", remedy="Ask for less at once.")
            if time.monotonic() > deadline:
                raise SystemUnreachableError(f"{self.host} did not finish its answer in {self._options.budget:g} s")
        return bytes(content)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """As long as the system asked for, and for all who share the pace; else longer each time with a random part.

        Never longer than our own limit.
        """
        error = _error_of(state)
        asked = error.retry_after if isinstance(error, RetryableError) else None
        if asked is None:
            return min(tenacity.wait_random_exponential(multiplier=0.5)(state), self._options.longest_wait)
        pause = min(asked, self._options.longest_wait)
        if self._pace:
            self._pace.hold(pause)
        return pause

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = _error_of(state)
        reason = error.message if isinstance(error, HubError) else type(error).__name__
        logger.warning("%s: try %d failed, another follows (%s)", self.host, state.attempt_number, reason)

    def _explain(self, error: Exception) -> HubError:
        host, options = self.host, self._options
        if certificate := _certificate_error(error):
            problem, remedy = CERTIFICATES.get(certificate.verify_code, NOT_TRUSTED)
            return ConfigError(f"The certificate of {host} {problem}", remedy=remedy)
        if isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.DecodeError):
            return MalformedAnswerError(f"{host} broke off its answer")
        if isinstance(error, requests.ConnectTimeout):
            return SystemUnreachableError(f"{host} took no connection within {options.connect_timeout:g} s")
        if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            return SystemUnreachableError(f"{host} was silent for {options.read_timeout:g} s")
        if _may_pass(error):
            known = (told for cause in _causes(error) for kind, told in REASONS if isinstance(cause, kind))
            reason, remedy = next(known, ("", SystemUnreachableError.remedy))
            return SystemUnreachableError(f"{host} cannot be reached{reason}", remedy=remedy)
        return ConfigError(f"{host} cannot be called ({type(error).__name__})", remedy="Correct the connection's host.")


def base_url(connection: Connection) -> str:
    """``https://host:port`` of a connection, whose schema is ``https`` unless it says ``http``. Raises ConfigError."""
    host = connection.host if "://" in connection.host else f"{connection.schema or 'https'}://{connection.host}"
    url = f"{host}:{connection.port}" if connection.port else host
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ConfigError(
            f"Connection {connection.id!r} has no usable web address",
            remedy='Give it a host, a port if needed, and "http" or "https" as schema.',
        )
    return url


def _may_pass(error: BaseException) -> bool:
    passing = (RetryableError, requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
    return isinstance(error, passing) and _certificate_error(error) is None


def _certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    return next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it wraps: requests and urllib3 keep that in different places."""
    while error is not None:
        yield error
        inside = (getattr(error, "reason", None), *error.args, error.__cause__)
        error = next((one for one in inside if isinstance(one, BaseException)), None)


def _error_of(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _QueryMask(logging.Filter):
    """Takes queries out of what urllib3 logs for debugging: some systems carry tokens there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
        return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_QueryMask())
