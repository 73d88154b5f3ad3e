"""Pytest fixtures: one embedded PostgreSQL for the whole run; each test gets a migrated database of its own.

In a conftest.py: ``pytest_plugins = ["warranty_hub.testing.postgres"]``. Needs the extra ``warranty-hub[embedded]``;
without it, write fixtures of the same names over a server of your own.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres

TEMPLATE = "hub_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A throw-away server."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), throw_away=True) as started:
        yield started


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres) -> str:
    """A migrated database to copy from."""
    server.create_database(TEMPLATE)
    engine = open_database(server.url(TEMPLATE))
    migrate(engine)
    engine.dispose()
    return TEMPLATE


@pytest.fixture
def database_url(server: EmbeddedPostgres, template: str) -> Iterator[str]:
    """URL of a migrated, empty database."""
    with _copy(server, template) as url:
        yield url


@pytest.fixture
def warehouse(database_url: str) -> Iterator[Engine]:
    """An engine on a migrated, empty database."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_warehouse(server: EmbeddedPostgres, template: str) -> Iterator[Engine]:
    """One migrated database for tests that keep apart by the names of their sources."""
    with _copy(server, template) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


@contextmanager
def _copy(server: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    admin = open_database(server.url("postgres")).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        yield server.url(name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
