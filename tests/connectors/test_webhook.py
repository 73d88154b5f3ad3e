"""Alerts reach the group in its robot's own form; a refusal is noticed; the webhook's address is in no message."""

import json
from dataclasses import replace

import pytest
from pydantic import SecretStr

from connectors.webhook import BODIES, build_notifier
from tests.connectors.misbehaving import Script, reply
from warranty_hub.errors import ConfigError, HubError
from warranty_hub.settings import Connection

SECRET = "/robot/send?access_token=canary-token"


def robot(connection: Connection, kind: str = "dingtalk") -> Connection:
    return replace(connection, password=SecretStr(SECRET), extra={"robot": kind})


@pytest.mark.parametrize("kind", BODIES)
def test_the_message_does_not_arrive_in_the_robots_form(kind: str, script: Script, connection: Connection) -> None:
    script.then(reply(body=b'{"errcode": 0}'))
    build_notifier(robot(connection, kind))("wms.tickets 迟到")
    assert script.seen[0].path == SECRET
    assert "wms.tickets 迟到" in json.dumps(json.loads(script.seen[0].body), ensure_ascii=False)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b'{"errcode": 310000}'), (200, b'{"code": 19001}'), (404, b"no such hook"), (302, b"")]
)
def test_a_refusal_is_taken_for_success_or_tells_the_address(
    status: int, body: bytes, script: Script, connection: Connection
) -> None:
    script.then(reply(status, body))
    with pytest.raises(HubError) as caught:
        build_notifier(robot(connection))("late")
    assert "canary" not in str(caught.value)


def test_an_incomplete_connection_is_found_before_the_first_alert(connection: Connection) -> None:
    with pytest.raises(ConfigError, match="is no webhook"):
        build_notifier(connection)
