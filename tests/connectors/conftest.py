"""What connector tests share: a server on a bad day, and a connection to it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from sandbox.kingdee import KingdeeServer, KingdeeUser
from tests.connectors.kingdee_books import CENTRE, KINGDEE_PASSWORD, USER, local
from tests.connectors.misbehaving import Script, misbehaving_server
from warranty_hub.settings import Connection

PASSWORD = "pä55-密码"


@pytest.fixture
def script() -> Iterator[Script]:
    """A server that does what the test tells it."""
    with misbehaving_server() as started:
        yield started


@pytest.fixture
def connection(script: Script) -> Connection:
    """A connection to it."""
    port = urlsplit(script.url).port
    return Connection("other", "http", "127.0.0.1", port, "http", "服务用户", SecretStr(PASSWORD))


@pytest.fixture
def kingdee() -> Iterator[KingdeeServer]:
    """A data centre with nothing in it."""
    with KingdeeServer(KingdeeUser(USER, KINGDEE_PASSWORD, CENTRE), clock=lambda: local(31, 12)) as server:
        yield server
