"""Check: try everything the hub needs, one verdict and one remedy per line, leaving nothing changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connectors.webhook import build_notifier
from mappings.lexicon import our_words
from warranty_hub.errors import ConfigError, HubError
from warranty_hub.pipelines.hub import Hub, open_hub
from warranty_hub.pipelines.model_files import files_of, is_pattern, model_file
from warranty_hub.pipelines.sync import subject_of
from warranty_hub.pipelines.words import words_of
from warranty_hub.settings import ConnectionLookup, connection_from_environment
from warranty_hub.warehouse.database import EMBEDDED_CLUSTER, OLDEST_SERVER, current_revision, newest_revision, reason_of


@dataclass(frozen=True)
class Verdict:
    """What was tried, and how it went."""

    subject: str
    ok: bool
    message: str
    remedy: str = ""


def check(config: Path, connections: ConnectionLookup = connection_from_environment) -> Iterator[Verdict]:
    """Yield one verdict after the other; a broken hub.yaml ends the list, everything else is tried to the end."""
    try:
        hub = replace(open_hub(config, connections), shares_pace=False)  # the warehouse may be what is broken
    except HubError as error:
        yield Verdict(str(config), False, error.message, error.remedy)
        return
    yield Verdict(str(config), True, f"{len(hub.settings.sources)} sources, {len(hub.settings.models)} models")
    yield _try("database", _database, hub)
    yield _try("artefacts", lambda: hub.artefacts.check())
    if hub.settings.lexicon:
        yield _try(f"lexicon {hub.settings.lexicon}", _lexicon, hub)
    for name, source in hub.settings.sources.items():
        for stream in source.streams:
            yield _try(f"field map {name}.{stream}", _field_map, hub, name, stream)
        yield _try(f"source {name} ({source.system})", _source, hub, name)
    for name in hub.settings.sinks:
        yield _try(f"sink {name}", _sink, hub, name)
    if hub.settings.notify:
        yield _try(f"webhook {hub.settings.notify}", _webhook, hub, hub.settings.notify)
    for name in hub.settings.models:
        yield _try(f"model {name}", _model, hub, name)


def _try(subject: str, attempt: Callable[..., str], *about: object) -> Verdict:
    try:
        return Verdict(subject, True, attempt(*about))
    except HubError as error:
        return Verdict(subject, False, error.message, error.remedy)
    except DBAPIError as error:
        remedy = "Check `database` in hub.yaml, the rights of its user, and that the server is up."
        return Verdict(subject, False, reason_of(error), remedy)


def _database(hub: Hub) -> str:
    with hub.engine.connect() as db:
        server = int(db.execute(text("SHOW server_version_num")).scalar_one())
        cluster = db.execute(text("SHOW cluster_name")).scalar_one()
        at, needed = current_revision(db), newest_revision()
    if server < OLDEST_SERVER:
        raise ConfigError(f"PostgreSQL {server // 10_000} is too old", remedy="Use PostgreSQL 16 or newer.")
    if hub.settings.mode == "production" and cluster == EMBEDDED_CLUSTER:
        raise ConfigError("The embedded server is for the demo and the tests", remedy="Name a PostgreSQL server of your own.")
    if at != needed:
        raise ConfigError(
            f"The schema is at {at or 'nothing'}, this version needs {needed}", remedy="Run `warranty-hub migrate`."
        )
    return f"PostgreSQL {server // 10_000}, schema {at}"


def _lexicon(hub: Hub) -> str:
    own, all_words = len(our_words().senses), len(words_of(hub.settings).senses)
    return f"{all_words - own} words beside our {own}"


def _field_map(hub: Hub, source: str, stream: str) -> str:
    return f"fills {subject_of(hub, source, stream).table.fullname}"


def _source(hub: Hub, name: str) -> str:
    return hub.source(name).check()


def _sink(hub: Hub, name: str) -> str:
    hub.sink(name)
    return f"performs {', '.join(hub.settings.sinks[name].kinds)}"


def _webhook(hub: Hub, connection: str) -> str:
    build_notifier(hub.connections(connection))
    return "can be told when a stream is late"


def _model(hub: Hub, name: str) -> str:
    found = list(files_of(hub, name))
    if not found and not is_pattern(hub.settings.models[name].file):
        model_file(hub, name)
    return f"{len(found)} files, {sum(file.stored.size for file in found) / 1e6:.1f} MB"
