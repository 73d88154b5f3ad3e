"""What connector tests share: a server on a bad day, and a connection to it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from sandbox.kingdee import KingdeeServer, KingdeeUser
from tests.connectors.kingdee_books import CENTRE, KINGDEE_PASSWORD, USER, local
from tests.connectors.misbehaving import Script, misbehaving_server
from tests.connectors.tryton_books import Books
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


@pytest.fixture(params=["7.0.59", "8.2"])
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    """A company's books in Tryton, of either generation."""
    with Books(request.param) as server:
        yield server


@pytest.fixture
def modern() -> Iterator[Books]:
    """Those of 8.2, where the generation makes no difference."""
    with Books("8.2") as server:
        yield server
