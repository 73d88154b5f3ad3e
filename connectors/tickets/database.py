"""Connections to a foreign database: read only, one at a time, their errors in our words.

Texts of the driver are repeated only from the attempt to connect, and where a right is missing: others may quote data.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import NullPool

from warranty_hub.errors import ConfigError, HubError, LoginError, ProtocolError, SystemUnreachableError
from warranty_hub.settings import Connection

DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
}
CONNECT_TIMEOUT = {"postgresql+psycopg": "10", "mysql+pymysql": "10", "mariadb+pymysql": "10"}  # these two know the word
READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = on",
}
# PostgreSQL's, MySQL's, SQL Server's and Oracle's words for a refused login, in English; a code would be better, but
# not every driver tells one when it cannot connect.
REFUSED = re.compile(
    r"authentication failed|no password supplied|role .* does not exist|pg_hba|(access|command|permission) denied"
    r"|login failed|ORA-01017|ORA-01031",
    re.IGNORECASE,
)
CERTIFICATE = re.compile(r"certificate|does not support SSL", re.IGNORECASE)
NO_RIGHT = (1142, 1143)  # MySQL's and MariaDB's codes: no right to a table, to a column
NO_DATABASE = re.compile(r"database .* does not exist|unknown database|cannot open database|ORA-12514", re.IGNORECASE)


def open_database(connection: Connection) -> Engine:
    """An engine for a connection; its type is a database's name or a SQLAlchemy driver name (``mssql+pyodbc``).

    Nothing is connected yet. Raises ConfigError when the driver does not exist or is not installed.
    """
    driver = DRIVERS.get(connection.conn_type, connection.conn_type)
    password = connection.password.get_secret_value()
    # As bytes: PyMySQL would encode text as Latin-1, which a Chinese password is not.
    arguments = {"password": password.encode()} if driver.endswith("+pymysql") else {}
    query = {"connect_timeout": CONNECT_TIMEOUT[driver]} if driver in CONNECT_TIMEOUT else {}
    url = URL.create(
        driver,
        username=connection.login or None,
        password=password or None,
        host=connection.host or None,
        port=connection.port,
        database=connection.schema or None,
        query=query | {name: str(value) for name, value in connection.extra.items()},
    )
    try:
        engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=arguments
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(
            f"Connection {connection.id!r} needs the database driver {driver}, which is not here ({error})",
            remedy=f"Install it beside the hub, or correct the connection's type; known are {', '.join(DRIVERS)}.",
        ) from None
    event.listen(engine, "connect", lambda raw, _: _check_character_set(raw, driver, connection.id), insert=True)
    event.listen(engine, "connect", lambda raw, _: _make_read_only(raw, engine.dialect.name))
    return engine


def _check_character_set(raw: Any, driver: str, name: str) -> None:
    """SQL_ASCII is PostgreSQL's word for bytes of which nobody said what they mean: the driver leaves them as they are."""
    if driver == "postgresql+psycopg" and raw.info.parameter_status("client_encoding") == "SQL_ASCII":
        raise ConfigError(
            f"Database {name!r} does not tell the character set of its texts (SQL_ASCII)",
            remedy='Name it in the connection\'s extra: {"client_encoding": "GBK"}, or UTF8.',
        )


def _make_read_only(raw: Any, dialect: str) -> None:
    """A second fence behind the rights of the user, where the database offers one."""
    if dialect in READ_ONLY:
        cursor = raw.cursor()
        cursor.execute(READ_ONLY[dialect])
        cursor.close()
        raw.commit()


@contextmanager
def reading(engine: Engine, name: str) -> Iterator[Database]:
    """A connection for queries; each sees the latest commit, and none holds a transaction open between pages.

    Raises SystemUnreachableError, LoginError, ConfigError or ProtocolError, naming the connection.
    """
    try:
        db = engine.connect()
    except DBAPIError as error:
        failure = _cannot_connect(error, name)
    else:
        try:
            with db:
                yield db
            return
        except DBAPIError as error:
            failure = _cannot_read(error, name)
    raise failure from None  # the driver's error may quote data


def _cannot_connect(error: DBAPIError, name: str) -> HubError:
    text = " ".join(str(error.orig).split())
    if REFUSED.search(text):
        return LoginError(f"Database {name!r} refused the login: {text}")
    if NO_DATABASE.search(text):
        return ConfigError(f"Database {name!r}: {text}", remedy="Correct the connection's schema (the database's name).")
    if CERTIFICATE.search(text):
        return ConfigError(
            f"Database {name!r} does not show a certificate that can be trusted: {text}",
            remedy="Have it renewed there, or name its authority in the connection's extra (`sslrootcert`, `ssl_ca`).",
        )
    return SystemUnreachableError(f"Database {name!r} cannot be reached: {text}")


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).splitlines()[0]


def _code(error: DBAPIError) -> object:
    return error.orig.args[0] if error.orig and error.orig.args else None


def _cannot_read(error: DBAPIError, name: str) -> HubError:
    kind = type(error.orig).__name__
    if kind == "InsufficientPrivilege" or REFUSED.search(str(error.orig)):
        told = _first_line(error) if kind == "InsufficientPrivilege" or _code(error) in NO_RIGHT else kind
        remedy = "Grant SELECT on the tables and views that hub.yaml names."
        return LoginError(f"Database {name!r} does not let its user read ({told})", remedy=remedy)
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return SystemUnreachableError(f"Database {name!r} broke off a query ({kind})")
    return ProtocolError(f"Database {name!r} does not answer a query as it should ({kind})")
