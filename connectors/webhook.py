"""Alerts into a chat group, through the webhook of its robot (DingTalk, WeCom, Feishu, Slack, Teams, Mattermost).

The address of a webhook is its secret, so all of it but the host is the connection's password, and no message names it.
"""

import json
from collections.abc import Callable, Mapping

from connectors.answers import Answer
from connectors.http import HttpOptions, HttpSession, base_url
from warranty_hub.errors import ConfigError, MalformedAnswerError, ProtocolError, SystemUnreachableError
from warranty_hub.settings import Connection

Notify = Callable[[str], None]
BODIES: Mapping[str, Callable[[str], object]] = {
    "dingtalk": lambda text: {"msgtype": "text", "text": {"content": text}},
    "wecom": lambda text: {"msgtype": "text", "text": {"content": text}},
    "feishu": lambda text: {"msg_type": "text", "content": {"text": text}},
    "slack": lambda text: {"text": text},  # Teams and Mattermost take the same
}
"""What each kind of robot wants to be sent."""


def build_notifier(connection: Connection) -> Notify:
    """A function that says one message in the group.

    The connection: host, ``https`` unless its schema says ``http``, the rest of the address (/robot/send?access_token=…) as
    password, and the extra ``{"robot": "dingtalk"}``. Raises ConfigError when it is not complete; the function raises HubError.
    """
    kind, path = str(connection.extra.get("robot", "")), connection.password.get_secret_value()
    if kind not in BODIES or not path.startswith("/"):
        raise ConfigError(
            f"Connection {connection.id!r} is no webhook",
            remedy=f"Its extra needs a robot, one of {', '.join(BODIES)}; its password is the address behind the host.",
        )
    http = HttpSession(base_url(connection), HttpOptions(attempts=3, budget=60), judge=_judge)

    def notify(text: str) -> None:
        body = json.dumps(BODIES[kind](text), ensure_ascii=False).encode()
        request = http.request("POST", path, headers={"Content-Type": "application/json"}, data=body)
        http.repeat(lambda: http.exchange(request))

    return notify


def _judge(answer: Answer) -> None:
    """Chinese robots say no with status 200 and a number in ``errcode`` or ``code``; Slack says a bare ``ok``."""
    if answer.status_code >= 500:
        raise SystemUnreachableError(f"The webhook answered with {answer.status_code}")
    if answer.status_code >= 300:
        raise ProtocolError(f"The webhook answered with {answer.status_code}", remedy="Its address may have been withdrawn.")
    try:
        body = answer.json()
    except MalformedAnswerError:
        return
    refusal = (body.get("errcode") or body.get("code")) if isinstance(body, dict) else None
    if refusal:
        raise ProtocolError(
            f"The webhook refused the message ({refusal})", remedy="Look at the robot's keywords and signature."
        )
