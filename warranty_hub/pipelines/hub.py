"""The opened hub: settings, database, connections and clock, handed to every step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import URL

from connectors.contract import Sink, Source
from connectors.registry import build_sink, build_source
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.clock import Clock, system_clock
from warranty_hub.errors import ConfigError
from warranty_hub.settings import ConnectionLookup, Settings, connection_from_environment, load_settings
from warranty_hub.warehouse.commit import OnStep, RejectLimit, StreamRun, Unit
from warranty_hub.warehouse.database import open_database
from warranty_hub.warehouse.pace import SharedPace
from warranty_hub.warehouse.tables import OUTCOMES, run


@dataclass(frozen=True)
class RunReport:
    """How a run ended, for people and for callers."""

    run_id: int
    step: str
    unit: str
    status: str
    read: int
    outcomes: dict[str, int]
    tombstones: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """One line for a terminal or a log."""
        counts = " ".join(f"{name}={count}" for name, count in self.outcomes.items() if count)
        facts = " ".join(f"{name}={value}" for name, value in self.details.items())
        tombstones = f"tombstones={self.tombstones}" if self.tombstones else ""
        return " ".join(part for part in (f"{self.step} {self.unit}", f"read={self.read}", counts, tombstones, facts) if part)


@dataclass(frozen=True)
class Hub:
    """Everything a step needs. ``shares_pace``: limits on calls hold across processes, by way of the warehouse."""

    settings: Settings
    engine: Engine
    connections: ConnectionLookup = connection_from_environment
    clock: Clock = system_clock
    bound_to: Connection | None = None
    shares_pace: bool = True

    @cached_property
    def code_version(self) -> str:
        """The version of this code, as written into every run."""
        try:
            return version("warranty-hub")
        except PackageNotFoundError:
            return "source"

    @cached_property
    def artefacts(self) -> ArtefactStore:
        """Where bulk files are kept. Raises ConfigError."""
        return ArtefactStore(self.settings.artefacts_url)

    @contextmanager
    def transactions(self) -> Iterator[Connection]:
        """Open a transaction; inside a dry run a savepoint of the one that will be rolled back."""
        if self.bound_to is None:
            with self.engine.begin() as connection:
                yield connection
        else:
            with self.bound_to.begin_nested():
                yield self.bound_to

    @contextmanager
    def recorded(
        self, unit: Unit, *, limit: RejectLimit | None = None, on_step: OnStep = lambda _: None
    ) -> Iterator[StreamRun]:
        """A run in the ledger around a piece of work: SUCCEEDED when the block ends, FAILED with its error when it raises."""
        work = StreamRun(self.transactions, unit, code_version=self.code_version, on_step=on_step)
        work.start()
        try:
            yield work
            work.finish(move_to=None, limit=limit)
        except BaseException as error:
            work.fail(error)
            raise

    def source(self, name: str) -> Source:
        """The connector of a source in hub.yaml. Raises ConfigError when there is none by that name."""
        settings = self.settings.sources.get(name)
        if settings is None:
            raise ConfigError(
                f"hub.yaml has no source {name!r}", remedy=f"It has: {', '.join(self.settings.sources) or 'none'}."
            )
        options = {"zone": settings.zone, **self._paced(name, settings.options)}
        return build_source(settings.system, self.connections(settings.connection), options)

    def only(self, source: str) -> "Hub":
        """The same hub with one source, for work that no other source may disturb."""
        sources = {source: self.settings.sources[source]}
        return replace(self, settings=self.settings.model_copy(update={"sources": sources}))

    def sink(self, name: str) -> Sink:
        """The connector of a sink in hub.yaml. Raises ConfigError when there is none by that name."""
        settings = self.settings.sinks.get(name)
        if settings is None:
            raise ConfigError(f"hub.yaml has no sink {name!r}", remedy=f"It has: {', '.join(self.settings.sinks) or 'none'}.")
        return build_sink(settings.system, self.connections(settings.connection), self._paced(name, settings.options))

    def _paced(self, system: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its options, with the pace that a source and a sink of this name share in all processes."""
        if not self.shares_pace or not isinstance(options.get("http"), Mapping):
            return options
        return {**options, "http": {**options["http"], "pace": partial(SharedPace, self.engine, system)}}

    @contextmanager
    def dry_run(self) -> Iterator["Hub"]:
        """The same hub on one transaction that is rolled back at the end; published files go where nobody sees them.

        Nothing is sent to other systems either (see `is_trial`). Boxes of models may be stored: they are rebuildable.
        """
        with TemporaryDirectory() as scratch, self.engine.connect() as connection, connection.begin() as outer:
            feed = self.settings.feed.model_copy(update={"to": scratch})
            settings = self.settings.model_copy(update={"publish_to": scratch, "feed": feed})
            try:
                yield replace(self, settings=settings, bound_to=connection)
            finally:
                outer.rollback()

    @property
    def is_trial(self) -> bool:
        """Whether this is a dry run: what cannot be rolled back must not be done."""
        return self.bound_to is not None

    def report(self, run_id: int) -> RunReport:
        """Read a run back from the ledger."""
        with self.transactions() as db:
            row = db.execute(select(run).where(run.c.run_id == run_id)).one()._mapping
        return RunReport(
            run_id=run_id,
            step=row["step"],
            unit=row["unit"],
            status=row["status"],
            read=row["read"],
            outcomes={outcome: row[outcome] for outcome in OUTCOMES},
            tombstones=row["tombstones"],
            details=row["details"],
        )


def open_hub(config: Path, connections: ConnectionLookup = connection_from_environment) -> Hub:
    """Open the hub that a hub.yaml describes. Raises ConfigError."""
    settings = load_settings(config)
    return Hub(settings, open_database(_database_url(settings, connections)), connections)


def _database_url(settings: Settings, connections: ConnectionLookup) -> str:
    if not settings.database.startswith("connection:"):
        return settings.database
    found = connections(settings.database.removeprefix("connection:"))
    return URL.create(
        "postgresql+psycopg",
        username=found.login or None,
        password=found.password.get_secret_value() or None,
        host=found.host or None,
        port=found.port,
        database=found.schema or None,
        query={key: str(value) for key, value in found.extra.items()},
    ).render_as_string(hide_password=False)
