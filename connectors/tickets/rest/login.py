"""How a declared API is logged into, and how it says inside an answer with status 200 that it did not answer."""

from base64 import b64encode
from urllib.parse import urlencode

import requests

from connectors.answers import Answer, judge_status
from connectors.http import BasicLogin, HttpSession, Login, NoLogin
from connectors.tickets.rest.options import ErrorRule, LoginOptions, at
from warranty_hub.errors import LoginError, MalformedAnswerError, ProtocolError, RateLimitedError
from warranty_hub.settings import Connection


def build_login(options: LoginOptions, rule: ErrorRule | None, connection: Connection) -> Login:
    """The declared login with the connection's user and password."""
    secret = connection.password.get_secret_value()
    if options.kind == "basic":
        return BasicLogin(connection)
    if options.kind == "bearer":
        return HeaderLogin("Authorization", f"Bearer {secret}")
    if options.kind == "api_key":
        return HeaderLogin(options.header, secret)
    return ClientCredentials(options, rule, connection) if options.kind == "oauth2" else NoLogin()


class HeaderLogin:
    """A secret that goes in a header with every request."""

    def __init__(self, header: str, value: str) -> None:
        self._header, self._value = header, value.encode().decode("latin-1")  # as which it is sent: then it is UTF-8 again

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers[self._header] = self._value
        return request

    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        """There is nothing to renew."""
        return False


class ClientCredentials:
    """OAuth 2.0 with client credentials (RFC 6749, 4.4): the connection's user is the client, its password the secret."""

    def __init__(self, options: LoginOptions, rule: ErrorRule | None, connection: Connection) -> None:
        self._options = options
        self._rule = rule
        self._client = (connection.login, connection.password.get_secret_value())
        self._token = ""

    def prepare(self, session: HttpSession) -> None:
        """Get a token before the first call."""
        if not self._token:
            self._fetch(session)

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        """Get a new token when one has expired: status 401, or a code of `error_when.login`."""
        expired = refusal.status_code == 401 or (self._rule is not None and is_expired(self._rule, refusal))
        if expired:
            self._fetch(session)
        return expired

    def _fetch(self, session: HttpSession) -> None:
        self._token = ""
        client, secret = self._client
        form = {"grant_type": "client_credentials", **({"scope": self._options.scope} if self._options.scope else {})}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._options.client_in == "body":
            form |= {"client_id": client, "client_secret": secret}
        else:
            headers["Authorization"] = f"Basic {b64encode(f'{client}:{secret}'.encode()).decode()}"
        answer = session.send(
            session.request("POST", self._options.token_path.lstrip("/"), headers=headers, data=urlencode(form).encode())
        )
        if answer.status_code in (400, 401, 403):
            raise LoginError(f"{answer.call} gave no token: {answer.status_code} {_error_word(answer)}".rstrip())
        judge_status(answer)
        token = at(answer.json(), self._options.token)
        if not isinstance(token, str) or not token:
            raise LoginError(f"{answer.call} gave no token at {self._options.token}")
        self._token = token


def judge_body(rule: ErrorRule, answer: Answer) -> None:
    """Raises LoginError, RateLimitedError or ProtocolError with the system's code and words."""
    body = answer.json()
    code = at(body, rule.path)
    if code in rule.good:
        return
    words = at(body, rule.message) if rule.message else None
    message = f"{answer.call} was answered with code {code}" + (f": {words}" if words else "")
    if code in rule.login:
        raise LoginError(message)
    if code in rule.busy:
        raise RateLimitedError(message)
    raise ProtocolError(message, remedy="Read the system's own message; `error_when` in hub.yaml says which codes are good.")


def is_expired(rule: ErrorRule, answer: Answer) -> bool:
    """Whether an answer with status 200 asks for a new login."""
    return bool(rule.login) and answer.status_code == 200 and at(answer.json(), rule.path) in rule.login


def _error_word(answer: Answer) -> str:
    """The ``error`` of RFC 6749, 5.2, such as invalid_client."""
    try:
        return str(at(answer.json(), "error") or "")
    except MalformedAnswerError:
        return ""
