"""How one logs in to Kingdee: a session by password or by app secret, or calls that are signed one by one.

Names, headers and signatures are those of the vendor's client for Python, kingdee.cdp.webapi.sdk 8.2.0.
"""

import base64
import hashlib
import hmac
import secrets
import time
from typing import Literal
from urllib.parse import quote, urlsplit

import requests
from pydantic import Field, model_validator

from connectors.answers import Answer, judge_status
from connectors.erp.kingdee.wire import SESSION_LOST, judge_kingdee, status_of, target, to_json
from connectors.http import HttpOptions, HttpSession
from connectors.options import Options
from warranty_hub.errors import ConfigError, LoginError
from warranty_hub.settings import Connection

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
        if (status_of(refusal) or {}).get("MsgCode") != SESSION_LOST:
            return False
        session.forget_cookies()
        answer = session.send(session.request("POST", target(self._service), data=to_json(self._body)))
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


def _signature(text: str, key: str) -> str:
    """Base64 of the digest's hexadecimal text, as the vendor has it."""
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().encode()).decode()


def _unmask(masked: str) -> str:
    """The key inside an app id; ValueError when there is none."""
    raw = base64.b64decode(masked, validate=True)
    return base64.b64encode(bytes(one ^ other for one, other in zip(raw, APP_ID_MASK, strict=True))).decode()
