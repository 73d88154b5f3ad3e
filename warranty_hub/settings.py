"""hub.yaml: what to read from where, and where the results go. Masters and secrets live elsewhere.

A mistake in the file is a `ConfigError` that names file, line, field and fix. Connections are looked up by id: inside Airflow
through its secrets backend, outside in ``AIRFLOW_CONN_<ID>`` variables of the same JSON format, without importing Airflow.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from warranty_hub.errors import ConfigError


@dataclass(frozen=True)
class Connection:
    """How to reach one system, in the shape of an Airflow connection."""

    id: str
    conn_type: str
    host: str = ""
    port: int | None = None
    schema: str = ""
    login: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


ConnectionLookup = Callable[[str], Connection]


def connection_from_environment(conn_id: str) -> Connection:
    """Read ``AIRFLOW_CONN_<ID>``, as JSON or as URI. Raises ConfigError when it is absent or malformed."""
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    text = os.environ.get(variable)
    if not text:
        raise ConfigError(
            f"Connection {conn_id!r} is not known",
            remedy=f"Add it in Airflow (Admin → Connections), or set {variable} to its JSON.",
        )
    return connection_from_text(conn_id, text)


def connection_from_text(conn_id: str, text: str) -> Connection:
    """Parse Airflow's two text forms of a connection. Raises ConfigError, never repeating the text: it holds the secret."""
    if not text.lstrip().startswith("{"):
        return _connection_from_uri(conn_id, text)
    try:
        data = json.loads(text)
        extra = data.get("extra") or {}
        return Connection(
            id=conn_id,
            conn_type=data.get("conn_type", ""),
            host=data.get("host") or "",
            port=int(data["port"]) if data.get("port") else None,
            schema=data.get("schema") or "",
            login=data.get("login") or "",
            password=SecretStr(data.get("password") or ""),
            extra=json.loads(extra) if isinstance(extra, str) else extra,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"Connection {conn_id!r} is not valid JSON ({type(error).__name__})",
            remedy='Write it as {"conn_type": "…", "host": "…", "login": "…", "password": "…"}.',
        ) from None


def _connection_from_uri(conn_id: str, text: str) -> Connection:
    try:
        parts = urlsplit(text)
        if not parts.scheme:
            raise ValueError("no scheme")
        extra = dict(parse_qsl(parts.query))
        return Connection(
            id=conn_id,
            conn_type=parts.scheme,
            host=unquote(parts.hostname or ""),
            port=parts.port,
            schema=unquote(parts.path.lstrip("/")),
            login=unquote(parts.username or ""),
            password=SecretStr(unquote(parts.password or "")),
            extra=json.loads(extra["__extra__"]) if "__extra__" in extra else extra,
        )
    except ValueError:
        raise ConfigError(
            f"Connection {conn_id!r} is neither JSON nor a URI",
            remedy="In a URI, write / @ : # ? of user and password as %2F %40 %3A %23 %3F; or use JSON.",
        ) from None


_zone_names = cache(available_timezones)  # it walks through the files of all zones each time


def _known_zone(name: str) -> str:
    if name not in _zone_names():
        raise ValueError(f"{name!r} is not a time zone; write it like Asia/Shanghai")
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Job = Literal["masters", "tickets", "approvals", "costs"]
"""The sync jobs, masters first."""


class StreamSettings(_Section):
    """One stream of a source: its field map and its limits."""

    map: str = Field(description="Name of the field map: mappings/fields/<map>.yaml, or a path relative to hub.yaml")
    job: Job = Field(description="Which sync job reads it")
    lookback: timedelta | None = Field(
        None, description="How far behind the cursor each window starts; default from the connector"
    )
    max_silence: timedelta = Field(timedelta(hours=26), description="Longest time without success before someone is told")
    max_rejected_share: float = Field(0.05, ge=0, le=1, description="Share of a window in quarantine above which the run fails")
    min_rejected: int = Field(20, ge=1, description="Quarantined records below which the share is not judged")
    max_deleted_share: float = Field(0.02, ge=0, le=1, description="Share a sweep may delete at once")
    keep_raw: timedelta | None = Field(
        None, gt=timedelta(), description="How long the pages as the source sent them are kept for `replay`; default not at all"
    )


class SourceSettings(_Section):
    """One other system we read."""

    system: str = Field(description="Connector: sql_tickets, sap_s4, weaver, masters_xlsx")
    connection: str
    zone: ZoneName = Field("Asia/Shanghai", description="Zone of the times this source writes without one")
    safety: timedelta = Field(timedelta(seconds=30), description="How far behind the source's clock a window ends")
    point_accuracy: float | None = Field(
        None,
        gt=0,
        description="How far off its tickets' points usually are, metres; 0.3 in a model or on a grid, 10 on the map (phones)",
    )
    options: dict[str, Any] = Field(default_factory=dict)
    streams: dict[str, StreamSettings]


class SinkSettings(_Section):
    """One other system we write to, through the outbox."""

    system: str
    connection: str
    kinds: tuple[str, ...] = Field(description="Kinds of outbox items it performs")
    grace: timedelta = Field(timedelta(minutes=2), description="How long an interrupted item may still be under way there")
    options: dict[str, Any] = Field(default_factory=dict)


class ModelSettings(_Section):
    """A BIM model file, or files, and the project (and building) they show."""

    project: str
    building: str | None = None
    file: str = Field(
        description="A file, or a pattern (models/*.ifc, s3://bucket/{building}-{discipline}.ifc): one model a file"
    )
    discipline: str = "ARC"
    connection: str | None = Field(None, description="Whose login and extra.storage open an object store or a server")


class GridSettings(_Section):
    """How a site's grid lies on the models of a project, for points that tickets carry (docs/locating.md)."""

    x: float = Field(default=0.0, description="Where the grid's origin is in the models' coordinates, metres")
    y: float = 0.0
    z: float = 0.0
    rotation: float = Field(default=0.0, description="Degrees counter-clockwise from the models' x axis to the grid's")
    unit: Literal["m", "mm", "ft"] = Field(default="m", description="In which the grid's coordinates are written")


class IssueSettings(_Section):
    """Issues as BCF files, for BIM tools."""

    inbox: str | None = Field(
        default=None,
        description="Where BCF files come back from other tools: a folder with one folder a project, or connection:<id>",
    )
    version: Literal["2.1", "3.0"] = Field(
        default="2.1", description="BCF version of published files; not every tool reads 3.0"
    )


class OrganisationSettings(_Section):
    """How the group counts."""

    name: str = "Group"
    zone: ZoneName = "Asia/Shanghai"
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")


class WarrantySettings(_Section):
    """By which law warranty is judged, and what a company adds to the hub's rules."""

    jurisdiction: str = Field(default="CN", description="Whose law applies: CN, FIDIC, UK, SG, AU or KR")
    projects: dict[str, str] = Field(default_factory=dict, description="Projects under another law: {P09: SG}")
    rules: str | None = Field(default=None, description="Own rules, a CSV like warranty_hub/rules/data/warranty_rules.csv")
    seasons: str | None = Field(
        default=None, description="Own heating and cooling seasons, a CSV like the seasons.csv beside it"
    )


class CostSettings(_Section):
    """How cost is reckoned where a voucher's line does not say it itself."""

    basis: dict[str, Literal["NET", "GROSS"]] = Field(
        default_factory=dict, description="By entity whose input tax is not deducted: {'2000': GROSS}; NET where it stands not"
    )


class FeedSettings(_Section):
    """Where the finance feed goes, and as which files."""

    to: str = Field(default="feed", description="A folder, or connection:<id> of one (SFTP, object store)")
    formats: list[Literal["csv", "jsonl", "parquet", "xlsx"]] = Field(default=["csv", "jsonl", "parquet", "xlsx"], min_length=1)
    tolerance: Decimal = Field(
        default=Decimal("0.01"), ge=0, description="Largest difference to a GL balance, by account and month"
    )
    ticket_tolerance: Decimal = Field(
        default=Decimal("0.01"), ge=0, description="Largest difference between a ticket's approved amount and its booked cost"
    )
    one_sided_share: Decimal = Field(
        default=Decimal("0.5"), ge=0, le=1, description="Largest share of a month's cost that only tickets or only the ERP know"
    )
    csv_encoding: Literal["utf-8-sig", "gb18030"] = Field(default="utf-8-sig", description="gb18030 for older Excel and ERPs")


class Settings(_Section):
    """The whole hub.yaml. Relative paths are relative to the file."""

    database: str = Field(description="SQLAlchemy URL of the warehouse, or connection:<id>")
    mode: Literal["production", "demo"] = "production"
    organisation: OrganisationSettings = Field(default_factory=OrganisationSettings)
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    sinks: dict[str, SinkSettings] = Field(default_factory=dict)
    warranty: WarrantySettings = WarrantySettings()
    costs: CostSettings = CostSettings()
    feed: FeedSettings = FeedSettings()
    models: dict[str, ModelSettings] = Field(default_factory=dict)
    grids: dict[str, GridSettings] = Field(default_factory=dict, description="Site grids, by project")
    issues: IssueSettings = Field(default_factory=IssueSettings)
    lexicon: str | None = Field(
        None, description="The company's own words: a CSV or YAML file, relative to hub.yaml (docs/locating.md)"
    )
    publish_to: str = Field("published", description="Folder for published files")
    artefacts: str = Field("artefacts", description="Folder or fsspec URL (s3://…) for bulk files: meshes, boxes, raw pages")
    notify: str | None = Field(
        None, description="Connection of a chat robot's webhook for alerts (docs/alerts.md); the log has them always"
    )
    folder: Path = Field(Path(), description="Where hub.yaml lies; never written in it")

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's zone, in which periods and KPI days are cut."""
        return ZoneInfo(self.organisation.zone)

    def streams_by_source(self, job: Job) -> dict[str, list[str]]:
        """The streams of a sync job as ``source.stream``, by source; a source that takes no part is left out."""
        return {
            source_name: streams
            for source_name, source in self.sources.items()
            if (streams := [f"{source_name}.{name}" for name, stream in source.streams.items() if stream.job == job])
        }

    @property
    def artefacts_url(self) -> str:
        """Where bulk files are kept, as fsspec reads it."""
        return self.artefacts if "://" in self.artefacts else str(self.path(self.artefacts))

    def path(self, text: str) -> Path:
        """A path of hub.yaml, made absolute."""
        return (self.folder / text).resolve()


def load_settings(path: Path) -> Settings:
    """Read and check hub.yaml. Raises ConfigError naming file, line and field."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", remedy="Copy hub.example.yaml to hub.yaml, or name it with --config."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8", remedy="Save it again with the encoding UTF-8.") from None
    try:
        root, data = parse_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line} is not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds no settings", remedy="Copy hub.example.yaml and adapt it.")
    if repeated := [f"{path}:{line} {place}: stands here a second time" for place, line in repeated_keys(root)]:
        raise ConfigError("\n".join(repeated), remedy="Merge the two, or remove one.")
    if "folder" in data:
        where = f"{path}:{_line_of(root, ('folder',))}"
        raise ConfigError(f"{where} folder: this setting does not exist", remedy="Remove it: paths are relative to the file.")
    try:
        return Settings.model_validate({**data, "folder": path.resolve().parent})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(path, root, problem) for problem in error.errors(include_input=False))) from None


def parse_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes of a document, which know their lines, and what it says. Raises yaml.YAMLError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C; absent where PyYAML was built without libyaml
    return yaml.compose(text, Loader=loader), yaml.load(text, Loader=loader)  # noqa: S506 - both are safe


def repeated_keys(node: yaml.Node | None, place: str = "") -> Iterator[tuple[str, int]]:
    """Keys that stand twice in one section, with their lines: YAML would silently drop the first."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = f"{place}{key.value}"
        if name in seen:
            yield name, key.start_mark.line + 1
        seen.add(name)
        yield from repeated_keys(value, f"{name}.")


def _explain(path: Path, root: yaml.Node | None, problem: Any) -> str:
    location = tuple(problem["loc"])
    line = _line_of(root, location)
    place = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        return f"{path}:{line} {place}: this setting does not exist"
    return f"{path}:{line} {place}: {problem['msg'].removeprefix('Value error, ')}"


def _line_of(node: yaml.Node | None, location: tuple[Any, ...]) -> int:
    line = 1
    for part in location:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line
