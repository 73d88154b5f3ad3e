"""Connections to the systems of the sandbox."""

from urllib.parse import urlsplit

from pydantic import SecretStr

from sandbox.web import WebServer
from warranty_hub.settings import Connection


def http_connection(name: str, server: WebServer, user: str = "", password: str = "") -> Connection:
    """A connection to a server of the sandbox."""
    parts = urlsplit(server.address)
    return Connection(name, "http", parts.hostname or "", parts.port, parts.scheme, user, SecretStr(password))
