"""`warranty-hub check` tells what is wrong with a connection, and what to do: the verdicts that docs/check.md shows."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from sandbox.kingdee import KingdeeServer, KingdeeUser
from sandbox.rest_tickets import HelpDesk
from sandbox.sap_s4 import SapServer
from sandbox.tryton import TrytonServer, UserError
from sandbox.weaver import WeaverServer
from sandbox.web import Answer, WebServer
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.pipelines.check import Verdict, check
from warranty_hub.settings import Connection
from warranty_hub.warehouse.embedded import EmbeddedPostgres

PAGE = Path(__file__).parents[2] / "docs" / "check.md"
USER, PASSWORD = "hub", "canary-password"
CENTRE = KingdeeUser(USER, PASSWORD, "63f5a1c2d3e4b5")
REST = {"tickets": {"path": "/api/plain/tickets", "key": ["id"]}}
HTTP = {"http": {**IMPATIENT, "attempts": 1}}
SYSTEMS: Mapping[str, tuple[Callable[[], WebServer], dict[str, Any]]] = {
    "sap_s4": (lambda: SapServer([], USER, PASSWORD), {"company_codes": ["1000"], "accounts": ["6601"]}),
    "kingdee": (lambda: KingdeeServer(CENTRE), {"data_centre": CENTRE.data_centre, "login": "password"}),
    "tryton": (lambda: TrytonServer(USER, PASSWORD), {"database": "hub", "accounts": ["6601*"]}),
    "rest_tickets": (lambda: HelpDesk(USER, PASSWORD), {"streams": REST, "login": {"kind": "basic"}}),
    "weaver": (lambda: WeaverServer([], 12), {"user_id": 7}),
}
WITH_PASSWORD = sorted(SYSTEMS.keys() - {"weaver"})
TABLES = {"streams": {"tickets": {"table": "ticket", "key": ["id"]}}}


def verdict(folder: Path, system: str, options: Mapping[str, Any], connection: Connection) -> Verdict:
    """What check says of the only source of a hub.yaml."""
    source = {"system": system, "connection": "other", "zone": "Asia/Shanghai", "options": dict(options), "streams": {}}
    settings = {"database": "postgresql+psycopg://hub@/hub?host=/nowhere", "sources": {"erp": source}}
    (folder / "hub.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (found,) = (one for one in check(folder / "hub.yaml", lambda _: connection) if one.subject.startswith("source erp"))
    return found


def http_verdict(folder: Path, system: str, connection: Connection, **http: Any) -> Verdict:
    return verdict(folder, system, {**SYSTEMS[system][1], "http": {**HTTP["http"], **http}}, connection)


def shown(found: Verdict, connection: Connection) -> str:
    """The verdict as docs/check.md has it, with a common address instead of the test's."""
    message = found.message.replace(f"{connection.schema}://{connection.host}:{connection.port}", "https://erp.example")
    message = re.sub(r"connection to server .*? failed", 'connection to server at "wms-db.example", port 5432 failed', message)
    return f"{message} → {found.remedy}"


def expect(found: Verdict, connection: Connection) -> None:
    """It fails, in the words that the page promises, and tells no password."""
    assert not found.ok
    assert PASSWORD not in shown(found, connection)
    assert f"{shown(found, connection)}\n" in PAGE.read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------- over HTTP
@contextmanager
def served(system: str) -> Iterator[tuple[WebServer, Connection]]:
    """A system of the sandbox, and its connection."""
    with SYSTEMS[system][0]() as server:
        yield server, http_connection("other", server, USER, PASSWORD)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_that_answers_fails(tmp_path: Path, system: str) -> None:
    with served(system) as (server, connection):
        if isinstance(server, TrytonServer):
            server.put("account.account", 1, code="660105")
        assert http_verdict(tmp_path, system, connection).ok


@pytest.mark.parametrize("system", WITH_PASSWORD)
def test_a_wrong_password_is_not_told(tmp_path: Path, system: str) -> None:
    with served(system) as (_, connection):
        expect(http_verdict(tmp_path, system, replace(connection, password=SecretStr("wrong"))), connection)


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_unreachable_host_is_not_told(tmp_path: Path, system: str) -> None:
    with served(system) as (_, connection):
        pass
    for absent in (connection, replace(connection, host="no.such.host.invalid")):
        expect(http_verdict(tmp_path, system, absent), absent)


def forbid(system: str, server: WebServer) -> None:
    """The user may log in, and read nothing."""
    if isinstance(server, KingdeeServer):
        server.refusals["ExecuteBillQuery"] = (2, "没有该单据的查看权限")
    elif isinstance(server, TrytonServer):
        server.tables = Closed()
    elif isinstance(server, SapServer):
        words = {"code": "/IWFND/CM_MGW/096", "message": {"lang": "en", "value": "No authorization to access Service"}}
        server.respond = lambda _: Answer(403, json.dumps({"error": words}).encode(), "application/json")
    else:
        server.respond = lambda _: Answer(403, b"", "text/plain")


class Closed(dict[str, dict[int, dict[str, Any]]]):
    """Tables that nobody may see."""

    def __getitem__(self, model: str) -> dict[int, dict[str, Any]]:
        raise UserError('You are not allowed to access "Account".')


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_missing_right_is_not_told(tmp_path: Path, system: str) -> None:
    with served(system) as (server, connection):
        forbid(system, server)
        expect(http_verdict(tmp_path, system, connection), connection)


# ---------------------------------------------------------------------------------------------------- certificates
@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """A file with the authority's certificate."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return str(tmp_path / "authority.pem")


def context(authority: trustme.CA, name: str = "127.0.0.1", age: timedelta = timedelta()) -> ssl.SSLContext:
    """A server's side of TLS; its certificate ends in a day, less its ``age``."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.now(UTC) + timedelta(days=1) - age
    authority.issue_cert(name, not_before=until - timedelta(days=365), not_after=until).configure_cert(made)
    return made


def self_signed(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    """Whose certificate only itself vouches for."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(folder / "own.pem")
    authority.private_key_pem.write_to_path(folder / "own.key")
    made.load_cert_chain(folder / "own.pem", folder / "own.key")
    return made


def over_tls(server: WebServer, certificate: ssl.SSLContext) -> Connection:
    """From here on the server speaks TLS."""
    server._server.socket = certificate.wrap_socket(server._server.socket, server_side=True)
    server.address = server.address.replace("http:", "https:")
    return http_connection("other", server, USER, PASSWORD)


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_expired_certificate_is_not_told(tmp_path: Path, system: str, authority: trustme.CA, bundle: str) -> None:
    with SYSTEMS[system][0]() as server:
        connection = over_tls(server, context(authority, age=timedelta(days=30)))
        expect(http_verdict(tmp_path, system, connection, ca_bundle=bundle), connection)


@pytest.mark.parametrize("system", ["sap_s4", "rest_tickets", "weaver"])
def test_a_certificate_that_nobody_vouches_for_is_not_told(
    tmp_path: Path, system: str, authority: trustme.CA, bundle: str
) -> None:
    for certificate in (self_signed(authority, tmp_path), context(authority)):
        with SYSTEMS[system][0]() as server:
            connection = over_tls(server, certificate)
            expect(http_verdict(tmp_path, system, connection), connection)
    with SYSTEMS[system][0]() as server:
        connection = over_tls(server, context(authority, name="192.0.2.1"))
        expect(http_verdict(tmp_path, system, connection, ca_bundle=bundle), connection)


def test_a_certificate_of_an_authority_of_ones_own_is_refused(tmp_path: Path, authority: trustme.CA, bundle: str) -> None:
    with HelpDesk(USER, PASSWORD) as server:
        connection = over_tls(server, context(authority))
        assert http_verdict(tmp_path, "rest_tickets", connection, ca_bundle=bundle).ok


# ---------------------------------------------------------------------------------------------------- SQL
@pytest.fixture
def store(server: EmbeddedPostgres) -> Connection:
    """A ticket store whose reader may not read."""
    name = "check_store"
    if name not in _databases(server):
        server.create_database(name)
        with create_engine(server.url(name)).begin() as db:
            db.execute(text("CREATE TABLE ticket (id int PRIMARY KEY)"))
            db.execute(text("CREATE ROLE check_reader LOGIN"))
    query = make_url(server.url(name)).query
    return Connection("wms", "postgres", str(query["host"]), int(str(query["port"])), name, "check_reader")


def _databases(server: EmbeddedPostgres) -> set[str]:
    with create_engine(server.url("postgres")).connect() as db:
        return set(db.execute(text("SELECT datname FROM pg_database")).scalars())


def test_what_is_wrong_with_a_database_is_not_told(tmp_path: Path, store: Connection) -> None:
    elsewhere = replace(store, host="127.0.0.1", port=9)
    for wrong in (store, replace(store, login="nobody"), replace(store, schema="no_such"), elsewhere):
        expect(verdict(tmp_path, "sql_tickets", TABLES, wrong), wrong)


def test_an_expired_certificate_of_a_database_is_not_told(tmp_path: Path, authority: trustme.CA, bundle: str) -> None:
    with postgres_with(context(authority, age=timedelta(days=30))) as port:
        extra = {"sslmode": "verify-full", "sslrootcert": bundle}
        connection = Connection("wms", "postgres", "127.0.0.1", port, "wms", USER, SecretStr(PASSWORD), extra)
        expect(verdict(tmp_path, "sql_tickets", TABLES, connection), connection)


@contextmanager
def postgres_with(certificate: ssl.SSLContext) -> Iterator[int]:
    """As much of a PostgreSQL as comes before the login: it agrees to speak TLS (protocol 55.2.11), and does."""

    def greet() -> None:
        client, _ = listener.accept()
        client.recv(8)
        client.sendall(b"S")
        try:
            certificate.wrap_socket(client, server_side=True)
        except OSError:
            client.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=greet, daemon=True).start()
        yield listener.getsockname()[1]
