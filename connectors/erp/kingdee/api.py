"""The Web API of Kingdee 云星空 (K/3 Cloud): how to log in, how to call a service, what an answer means.

A service is a POST of JSON to ``<path>/<full name>.common.kdsvc``. Nearly every answer has status 200: whether it went well
stands in ``Result.ResponseStatus``, which an answer to a query hides in its first cell. Sources: the vendor's client for Python
(kingdee.cdp.webapi.sdk 8.2.0) for names, headers and signatures; public clients for what errors look like.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import requests
from pydantic import Field, model_validator

from connectors.answers import Answer, judge_status
from connectors.http import HttpOptions, HttpSession, Login, base_url
from connectors.options import Options
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    LoginError,
    MalformedAnswerError,
    ProtocolError,
    RateLimitedError,
    RetryableError,
)
from warranty_hub.settings import Connection

SERVICES = "Kingdee.BOS.WebApi.ServicesStub."
FORMS = "DynamicFormService."
LOGINS = {"password": "AuthService.ValidateUser", "app_secret": "AuthService.LoginByAppSecret"}
LOGGED_IN = 1
REFUSED_LOGINS = {
    0: "user or password is wrong",
    -1: "the login failed",
    -2: "the password breaks the rules for passwords",
    -3: "the password has to be changed",
    -4: "the login came with a warning",
    -5: "a person has to answer a question first",
    -6: "a person has to answer a question first",
    -7: "the user has to be activated",
}
APP_ID_MASK = b"0054f397c6234378b09ca7d3"  # of the vendor's clients, the same for everyone
SESSION_LOST, NO_RIGHT, EXCEPTION, DATABASE, BUSY, TOO_MANY_CALLS, ADMINISTRATOR = 1, 2, 4, 6, 13, 14, 15
MOST_WORDS = 3


class KingdeeOptions(Options):
    """What a source and a sink of system ``kingdee`` have in common."""

    data_centre: str = Field(min_length=1, description="Id of the data centre (账套), not its name")
    login: Literal["app_secret", "password", "signed"] = Field(
        "app_secret", description="Session by app secret, session by password, or every call signed"
    )
    app_id: str | None = Field(None, description="Id of the third-party login (第三方系统登录授权); its secret is the password")
    language: int = Field(2052, description="2052 simplified Chinese, 1033 English, 3076 traditional Chinese")
    organisation: str = Field("0", description="Number of the organisation that signed calls act in; 0 is the user's own")
    path: str = Field("/K3Cloud", description="Where the site is")
    http: HttpOptions = HttpOptions()

    @model_validator(mode="after")
    def _complete(self) -> "KingdeeOptions":
        if self.login != "password" and not self.app_id:
            raise ValueError(f"login {self.login} needs an app_id")
        if self.login == "signed" and "_" not in (self.app_id or ""):
            raise ValueError("app_id of signed calls has two parts, joined by _")
        return self


class KingdeeApi:
    """Calls to the forms of one data centre. Errors: RetryableError, LoginError, ProtocolError, BusinessError."""

    def __init__(self, connection: Connection, options: KingdeeOptions) -> None:
        login: Login = SignedCalls(connection, options) if options.login == "signed" else SessionLogin(connection, options)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        site = base_url(connection) + options.path
        self._http = HttpSession(site, options.http, login=login, judge=judge_kingdee, headers=headers)
        self.host = self._http.host

    def query(self, service: str, question: Mapping[str, Any]) -> Answer:
        """Ask ExecuteBillQuery or BillQuery, as often as it takes."""
        return self._call(service, {"data": question}, idempotent=True)

    def change(self, service: str, form: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a service that writes, once; returns its ``Result``. Raises BusinessError when it was refused."""
        answer = self._call(service, {"formid": form, "data": data}, idempotent=False)
        body = answer.json()
        if _status(body) is None:
            answer.malformed("does not say whether it was done")
        result: Mapping[str, Any] = body["Result"]
        return result

    def _call(self, service: str, body: Mapping[str, Any], *, idempotent: bool) -> Answer:
        request = self._http.request("POST", _target(FORMS + service), data=_json(body))
        return self._http.repeat(lambda: self._http.exchange(request), idempotent=idempotent)


class SessionLogin:
    """A session in cookies, opened when Kingdee says that there is none. A wrong password is tried once: five lock the user."""

    def __init__(self, connection: Connection, options: KingdeeOptions) -> None:
        secret = connection.password.get_secret_value()
        self._service = LOGINS[options.login]
        self._body = {"acctID": options.data_centre, "username": connection.login, "lcid": options.language}
        self._body |= {"password": secret} if options.login == "password" else {"appid": options.app_id, "appsecret": secret}

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The cookies prove it."""
        return request

    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        """Open a session when there is none or it was lost. Raises LoginError when Kingdee opens none."""
        if (_status_of(refusal) or {}).get("MsgCode") != SESSION_LOST:
            return False
        session.forget_cookies()
        answer = session.send(session.request("POST", _target(self._service), data=_json(self._body)))
        judge_status(answer)
        body = answer.json()
        outcome = body.get("LoginResultType") if isinstance(body, dict) else None
        if outcome is None:
            judge_kingdee(answer)
            answer.malformed("does not say whether the login went well")
        if outcome != LOGGED_IN:
            said = REFUSED_LOGINS.get(outcome, "the login was refused")
            raise LoginError(
                f"Kingdee at {session.host}: {said} (LoginResultType {outcome}: {body.get('Message')})",
                remedy="Correct user, password, `app_id` and `data_centre`; in Kingdee the user needs 允许调用WebAPI接口.",
            )
        return True


class SignedCalls:
    """No session: every call carries two signatures, made with the app secret and with the second part of the app id."""

    def __init__(self, connection: Connection, options: KingdeeOptions) -> None:
        app_id = str(options.app_id)
        self._client, _, masked = app_id.partition("_")
        try:
            self._gateway_key = _unmask(masked)
        except ValueError:
            raise ConfigError("options.app_id: its second part is no key", remedy="Copy the whole app id again.") from None
        user = ",".join((options.data_centre, connection.login, str(options.language), options.organisation))
        self._user_headers = {
            "X-Kd-Appkey": app_id,
            "X-Kd-Appdata": base64.b64encode(user.encode()).decode(),
            "X-Kd-Signature": _signature(app_id + user, connection.password.get_secret_value()),
        }

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add both signatures."""
        request.headers.update(self.headers(urlsplit(str(request.url)).path, str(int(time.time())), secrets.token_hex(8)))
        return request

    def headers(self, path: str, moment: str, nonce: str) -> dict[str, str]:
        """The headers of a POST to ``path`` at ``moment`` (seconds since 1970)."""
        signed = f"POST\n{quote(path, safe='')}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{moment}\n"
        return {
            "X-Api-ClientID": self._client,
            "X-Api-Auth-Version": "2.0",
            "x-api-timestamp": moment,
            "x-api-nonce": nonce,
            "x-api-signheaders": "x-api-timestamp,x-api-nonce",
            "X-Api-Signature": _signature(signed, self._gateway_key),
            **self._user_headers,
        }

    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        """There is nothing to renew."""
        return False


def bill_query(
    form: str, fields: Sequence[str], condition: str, order: Sequence[str], start: int, limit: int
) -> dict[str, Any]:
    """A question for ExecuteBillQuery and BillQuery: ``limit`` rows from row ``start`` on, counted from 0."""
    return {
        "FormId": form,
        "FieldKeys": ",".join(fields),
        "FilterString": condition,
        "OrderString": ",".join(order),
        "TopRowCount": 0,
        "StartRow": start,
        "Limit": limit,
        "SubSystemId": "",
    }


def read_rows(answer: Answer, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Rows by field name, from arrays (ExecuteBillQuery) or objects (BillQuery)."""
    body = answer.json()
    if not isinstance(body, list):
        answer.malformed("holds no rows")
    rows = []
    for row in body:
        if isinstance(row, list) and len(row) == len(fields):
            rows.append(dict(zip(fields, row, strict=True)))
        elif isinstance(row, dict) and row.keys() >= set(fields):
            rows.append({name: row[name] for name in fields})
        else:
            answer.malformed(f"holds a row that has not the {len(fields)} fields asked for")
    return rows


def judge_kingdee(answer: Answer) -> None:
    """Raise what a status beyond 2xx means, and what a 200 hides."""
    judge_status(answer)
    if answer.content.startswith(b"response_error:"):
        raise ProtocolError(f"{answer.call} was answered with {answer.content[:300].decode(errors='replace')}")
    status = _status_of(answer)
    if status is None or status.get("IsSuccess") is True:
        return
    code = status.get("MsgCode")
    message = f"{answer.call} was refused: {_words(status)} (MsgCode {code})"
    if code == SESSION_LOST:
        raise LoginError(message, remedy="Check `data_centre`, and that the app is authorised: Kingdee says the same for both.")
    if code in (NO_RIGHT, ADMINISTRATOR):
        raise LoginError(message, remedy="Give this user the right to the form, in the organisations concerned.")
    if code == TOO_MANY_CALLS:
        raise RateLimitedError(message)
    if code == BUSY:
        raise RetryableError(message)
    if code in (EXCEPTION, DATABASE):
        raise ProtocolError(message, remedy="Read Kingdee's own words: often a field that this data centre does not have.")
    raise BusinessError(message, reply_code=str(code))


def _status_of(answer: Answer) -> Mapping[str, Any] | None:
    """The ``ResponseStatus`` of an answer, if it has one; large answers without one are not read for it."""
    if b'"ResponseStatus"' not in answer.content:
        return None
    try:
        return _status(answer.json())
    except MalformedAnswerError:
        return None


def _status(body: Any) -> Mapping[str, Any] | None:
    """Found in ``{"Result": …}``, ``[{"Result": …}]`` and ``[[{"Result": …}]]``."""
    while isinstance(body, list) and body:
        body = body[0]
    result = body.get("Result") if isinstance(body, dict) else None
    status = result.get("ResponseStatus") if isinstance(result, dict) else None
    return status if isinstance(status, dict) else None


def _words(status: Mapping[str, Any]) -> str:
    errors = [error for error in status.get("Errors") or [] if isinstance(error, dict)]
    return (
        "; ".join(
            ": ".join(str(error[part]) for part in ("FieldName", "Message") if error.get(part)) for error in errors[:MOST_WORDS]
        )
        or "it gives no reason"
    )


def _target(service: str) -> str:
    return f"{SERVICES}{service}.common.kdsvc"


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _signature(text: str, key: str) -> str:
    """Base64 of the digest's hexadecimal text, as the vendor has it."""
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().encode()).decode()


def _unmask(masked: str) -> str:
    """The key inside an app id; ValueError when there is none."""
    raw = base64.b64decode(masked, validate=True)
    return base64.b64encode(bytes(one ^ other for one, other in zip(raw, APP_ID_MASK, strict=True))).decode()
