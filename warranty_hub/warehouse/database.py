"""The warehouse database: open it, bring its schema up to date, say what is wrong with it."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from warranty_hub.errors import ConfigError
from warranty_hub.warehouse.mart import drop_views, make_views
from warranty_hub.warehouse.tables import metadata

MIGRATION_LOCK = 7_402_113
SCHEMAS = ("hub", "ops", "mart")
OLDEST_SERVER = 160_000
EMBEDDED_CLUSTER = "warranty-hub-embedded"


def open_database(url: str) -> Engine:
    """An engine for the warehouse. Raises ConfigError when the URL is not one of PostgreSQL with psycopg 3."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "The database URL cannot be read", remedy="Write it as postgresql+psycopg://user@host:5432/name."
        ) from None
    if parsed.drivername != "postgresql+psycopg":
        raise ConfigError(
            f"The warehouse needs PostgreSQL through psycopg 3, not {parsed.drivername}",
            remedy="Begin the database URL with postgresql+psycopg://",
        )
    return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)


def reason_of(error: DBAPIError) -> str:
    """Why the database refused, in its own words: their first line, without the statement and its values."""
    return str(error.orig).partition("\n")[0]


def migrate(engine: Engine) -> str:
    """Bring the schema up to date, one process at a time. Returns the revision it is at now."""
    config = _alembic_config()
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        for schema in SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        config.attributes["connection"] = connection
        drop_views(connection)
        upgrade(config, "head")
        make_views(connection)
        return current_revision(connection)


def current_revision(connection: Connection) -> str:
    """The migration the database is at, "" when it has none."""
    return _migration_context(connection).get_current_revision() or ""


def newest_revision() -> str:
    """The migration this code needs."""
    return ScriptDirectory.from_config(_alembic_config()).get_current_head() or ""


def schema_drift(connection: Connection) -> list[object]:
    """Differences between the database and tables/, empty when there are none."""
    context = _migration_context(connection)
    context.opts.update(include_schemas=True, include_name=lambda name, kind, _: kind != "schema" or name in SCHEMAS)
    return [change for change in compare_metadata(context, metadata) if "migration" not in str(change)]


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _migration_context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(
        connection, opts={"version_table": "migration", "version_table_schema": "ops", "target_metadata": metadata}
    )
