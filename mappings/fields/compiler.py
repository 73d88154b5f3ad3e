"""Field maps: declarative YAML from a source's words to our records, checked when loaded and compiled once.

    table: ticket                      # the fact it makes (warranty_hub.records)
    key: [order_no]                    # source fields that make the source id
    fields:
      ticket_no: order_no              # a source path; dots go down into nested objects
      urgency: {path: level, map: {"1": NORMAL, "2": URGENT}}       # unknown values become UNMAPPED and are counted
      reported_at: {path: create_time, as: local_time}              # a named transform (mappings/fields/transforms.py)
      base_amount: {path: [Amount, DebitCreditCode], as: sap_signed_amount}
      currency: {constant: CNY}
    skip:                              # records that are none of ours, by named rule; they are counted
      vendor_line: {path: AccountType, in: [K]}

A page is read and validated column by column; only when something is wrong is it looked at record by record.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from inspect import signature
from itertools import chain, repeat
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_type_hints
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from mappings.fields.transforms import Transform, transforms
from warranty_hub.errors import ConfigError, RecordError
from warranty_hub.records.codes import UNMAPPED
from warranty_hub.records.facts import FACTS, SourceId
from warranty_hub.settings import parse_yaml, repeated_keys

FOLDER = Path(__file__).parent
Raw = Mapping[str, Any]
Row = tuple[Any, ...]
ReadColumn = Callable[[Sequence[Raw]], Iterable[Any]]
_SOURCE_ID: TypeAdapter[str] = TypeAdapter(SourceId)
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_UNUSABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What a record of an unexpected shape raises; pydantic's ValidationError is a ValueError."""


class FieldRule(BaseModel):
    """Where one of our fields comes from."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    path: str | list[str] | None = None
    constant: Any = None
    transform: str | None = Field(None, alias="as")
    map: dict[str, str] | None = None

    @property
    def paths(self) -> list[str]:
        """The source paths, however many."""
        return [self.path] if isinstance(self.path, str) else self.path or []


class SkipRule(BaseModel):
    """Records to leave out: those whose value at ``path`` is one of ``values``."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    path: str
    values: list[Any] = Field(alias="in")


class FieldMapFile(BaseModel):
    """The shape of a field map's YAML."""

    model_config = ConfigDict(extra="forbid")
    table: str
    key: list[str] = Field(min_length=1)
    fields: dict[str, FieldRule]
    skip: dict[str, SkipRule] = {}

    @field_validator("fields", mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: {"path": rule} if isinstance(rule, str) else rule for name, rule in value.items()}


@dataclass(frozen=True)
class Rejected:
    """One record that the map could not use."""

    source_id: str | None
    code: str
    reason: str
    record: Raw


@dataclass(frozen=True)
class Mapped:
    """A page in our words: rows of (source_id, *fields in the record's order), and what became of the rest."""

    rows: list[Row]
    rejected: list[Rejected]
    superseded: int
    skipped: Counter[str]
    unmapped: Counter[str]


class _Types(NamedTuple):
    """What the columns of a fact can hold: a row at once, each column of a page, a single field by its name."""

    row: TypeAdapter[Row]
    columns: Sequence[TypeAdapter[list[Any]]]
    fields: Mapping[str, TypeAdapter[Any]]


@cache
def _types_of(table: str) -> _Types:
    """Made once for each fact: to build them takes most of the time that a field map takes to load."""
    fact = FACTS[table]
    hints = get_type_hints(fact, include_extras=True)
    fields = {field: _plain_codes(hints[field]) for field in fact.model_fields}
    types = [SourceId, *fields.values()]
    return _Types(
        TypeAdapter(tuple[*types]),  # type: ignore[valid-type]
        [TypeAdapter(list[column]) for column in types],  # type: ignore[valid-type]
        {field: TypeAdapter(kind) for field, kind in fields.items()},
    )


class FieldMap:
    """A compiled field map."""

    def __init__(self, file: FieldMapFile, zone: ZoneInfo, name: str) -> None:
        fact = FACTS[file.table]
        self.name = name
        self.table = file.table
        self._fields = ("source_id", *fact.model_fields)
        self._changed_at = self._fields.index("changed_at") if "changed_at" in self._fields else None
        self._sources = ("/".join(file.key), *(_source_of(file.fields[field]) for field in fact.model_fields))
        self._key = [_values_at(path) for path in file.key]
        self._skip = {rule: (_reader(skip.path), skip.values) for rule, skip in file.skip.items()}
        self._unmapped: Counter[str] = Counter()
        rules = [file.fields[field] for field in fact.model_fields]
        paths = [*file.key, *(path for rule in rules for path in rule.paths), *(skip.path for skip in file.skip.values())]
        self._reads = tuple(dict.fromkeys(path.partition(".")[0] for path in paths))
        known = transforms(zone)
        self._columns = [self._keys] + [
            self._column(field, rule, known) for field, rule in zip(fact.model_fields, rules, strict=True)
        ]
        self._types = _types_of(file.table)

    def missing_from(self, record: Raw) -> list[str]:
        """The source fields that this map reads and a record does not have, empty or not."""
        return [field for field in self._reads if field not in record]

    def key_of(self, record: Raw) -> str | None:
        """The source id of a record, whatever else is wrong with it; None when it has no usable one."""
        try:
            return _SOURCE_ID.validate_python(next(self._keys([record])))
        except _UNUSABLE:
            return None

    def apply(self, records: Sequence[Raw]) -> Mapped:
        """Map one page. Never raises for what a record holds."""
        self._unmapped.clear()
        kept, skipped = self._drop_skipped(records)
        try:
            columns = zip(self._types.columns, self._read(kept), strict=True)
            rows = list(zip(*(valid.validate_python(column) for valid, column in columns), strict=True))
            rejected: list[Rejected] = []
        except _UNUSABLE:
            self._unmapped.clear()
            rows, rejected = self._one_by_one(kept)
        latest = _latest_copies(rows, self._changed_at)
        return Mapped(latest, rejected, len(rows) - len(latest), skipped, Counter(self._unmapped))

    def _drop_skipped(self, records: Sequence[Raw]) -> tuple[Sequence[Raw], Counter[str]]:
        skipped: Counter[str] = Counter()
        if not self._skip:
            return records, skipped
        kept = []
        for record in records:
            rule = next((name for name, (read, values) in self._skip.items() if read(record) in values), None)
            if rule is None:
                kept.append(record)
            else:
                skipped[rule] += 1
        return kept, skipped

    def _one_by_one(self, records: Sequence[Raw]) -> tuple[list[Row], list[Rejected]]:
        rows: list[Row] = []
        rejected: list[Rejected] = []
        for record in records:
            try:
                rows.append(self._types.row.validate_python(tuple(value for [value] in self._read([record]))))
            except _UNUSABLE as error:
                rejected.append(Rejected(self.key_of(record), RecordError.code, self._explain(error), record))
        return rows, rejected

    def _read(self, records: Sequence[Raw]) -> Iterator[list[Any]]:
        """Column by column: each reader and each type is looked up once a page."""
        return (list(column(records)) for column in self._columns)

    def _keys(self, records: Sequence[Raw]) -> Iterator[str]:
        columns = [list(column(records)) for column in self._key]
        if any(None in column or "" in column for column in columns):
            raise _FieldError(self._fields[0], self._sources[0], "the key is missing")
        texts = [map(str, column) for column in columns]
        return map("/".join, zip(*texts, strict=True)) if len(texts) > 1 else iter(texts[0])

    def _column(self, field: str, rule: FieldRule, known: Mapping[str, Transform]) -> ReadColumn:
        columns = [_values_at(path) for path in rule.paths]
        if not columns:
            return lambda records: repeat(rule.constant, len(records))
        if rule.map is not None:
            return self._codes(field, columns[0], rule.map)
        if rule.transform is None:
            return columns[0]
        transform = known[rule.transform]
        source = _source_of(rule)

        def transformed(records: Sequence[Raw]) -> list[Any]:
            try:
                return list(map(transform, *(column(records) for column in columns)))
            except (ValueError, ArithmeticError) as error:
                raise _FieldError(field, source, str(error)) from None

        return transformed

    def _codes(self, field: str, column: ReadColumn, codes: Mapping[str, str]) -> ReadColumn:
        def code_of(value: Any) -> str | None:
            if value is None:
                return None
            code = codes.get(str(value))
            if code is None:
                self._unmapped[f"{field}={value}"] += 1
                return UNMAPPED
            return code

        return lambda records: map(code_of, column(records))

    def _explain(self, error: Exception) -> str:
        """Field and reason, never the value: it may be personal."""
        if isinstance(error, ValidationError):
            return "; ".join(
                f"{self._fields[problem['loc'][0]]} (source field {self._sources[problem['loc'][0]]}): {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False, include_context=False)
                if isinstance(problem["loc"][0], int)
            )
        return str(error) if isinstance(error, _FieldError) else f"the record has an unexpected shape ({type(error).__name__})"


class _FieldError(ValueError):
    def __init__(self, field: str, source: str, reason: str) -> None:
        super().__init__(f"{field} (source field {source}): {reason}")


def load_field_map(name: str, zone: ZoneInfo, folder: Path = FOLDER) -> FieldMap:
    """Load ``<name>.yaml`` from the project's own folder, else from mappings/fields, and compile it.

    Raises ConfigError naming the file and every mistake: unknown table, missing or unknown fields, rules that cannot work.
    """
    path = next((p for p in (folder / f"{name}.yaml", FOLDER / f"{name}.yaml") if p.exists()), None)
    if path is None:
        raise ConfigError(f"Field map {name!r} does not exist", remedy=f"Write {folder / f'{name}.yaml'}, or correct `map:`.")
    try:
        text = path.read_text(encoding="utf-8")
        root, content = parse_yaml(text)
        file = FieldMapFile.model_validate(content)
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name} is not UTF-8", remedy="Save it again with the encoding UTF-8.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name}: {error}", remedy="Correct the YAML.") from None
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_url=False))
        raise ConfigError(
            f"{path.name}: " + "; ".join(problems),
            remedy="Correct the field map; YAML reads no, yes, on, off as booleans: quote them.",
        ) from None
    mistakes = [f"line {line}: {place} stands here a second time" for place, line in repeated_keys(root)]
    mistakes += _mistakes(file, zone)
    if mistakes:
        raise ConfigError(
            f"{path.name}: " + "; ".join(mistakes), remedy="Correct the field map; the fields stand in records/facts.py."
        )
    return FieldMap(file, zone, name)


def _mistakes(file: FieldMapFile, zone: ZoneInfo) -> list[str]:
    if file.table not in FACTS:
        return [f"table {file.table!r} does not exist; it is one of {', '.join(sorted(FACTS))}"]
    known, ours = transforms(zone), FACTS[file.table].model_fields
    mistakes = [
        f"field {name!r} is missing (write it as {{constant: null}} if the source has none)"
        for name in ours
        if name not in file.fields
    ]
    mistakes += [f"field {name!r} does not exist in {file.table}" for name in file.fields if name not in ours]
    fields = _types_of(file.table).fields
    for name, rule in file.fields.items():
        found = chain(_rule_mistakes(rule, known), _value_mistakes(rule, fields.get(name, _ANYTHING)))
        mistakes += [f"{name}: {mistake}" for mistake in found]
    return mistakes


def _rule_mistakes(rule: FieldRule, known: Mapping[str, Transform]) -> Iterator[str]:
    """What would make this rule useless for every record, or leave a part of it without effect."""
    ways = rule.model_fields_set & {"constant", "transform", "map"}
    if not rule.paths and "constant" not in ways:
        yield "needs a path or a constant"
    if len(ways) > 1 or (rule.paths and "constant" in ways):
        yield "takes either a constant, or a path with at most one of `as` and `map`"
    if rule.transform is None:
        if len(rule.paths) > 1:
            yield "several paths need a transform"
    elif rule.transform not in known:
        yield f"transform {rule.transform!r} does not exist; known are {', '.join(sorted(known))}"
    elif len(rule.paths) not in (takes := _paths_taken(known[rule.transform])):
        many = f"{' or '.join(map(str, takes))} path{'s' if max(takes) > 1 else ''}"
        yield f"{rule.transform} takes {many}, not {len(rule.paths)}"


def _paths_taken(transform: Transform) -> range:
    """How many source paths a transform can do with: the last ones may have a default."""
    parameters = signature(transform).parameters.values()
    return range(sum(one.default is one.empty for one in parameters), len(parameters) + 1)


def _value_mistakes(rule: FieldRule, field: TypeAdapter[Any]) -> Iterator[str]:
    """What the map itself writes into the field, but the field cannot hold."""
    written = [rule.constant] if "constant" in rule.model_fields_set else list((rule.map or {}).values())
    for value in written:
        try:
            field.validate_python(value)
        except ValidationError as error:
            yield f"{value!r} cannot stand here: {error.errors()[0]['msg']}"


def _plain_codes(annotation: Any) -> Any:
    """An enumeration as its plain texts: a row is written to a table, where members would only cost time."""
    is_enumeration = isinstance(annotation, type) and issubclass(annotation, StrEnum)
    return Literal[tuple(member.value for member in annotation)] if is_enumeration else annotation


def _latest_copies(rows: list[Row], changed_at: int | None) -> list[Row]:
    """The newest row of each source id by its change time, the last one where it has none or the same, in their order."""
    if len({row[0] for row in rows}) == len(rows):
        return rows
    latest: dict[str, Row] = {}
    for row in rows:
        earlier = latest.get(row[0])
        if earlier is None or changed_at is None or earlier[changed_at] <= row[changed_at]:
            latest.pop(row[0], None)
            latest[row[0]] = row
    return list(latest.values())


def _source_of(rule: FieldRule) -> str:
    return "+".join(rule.paths) or "constant"


def _values_at(path: str) -> ReadColumn:
    read = _reader(path)
    if "." in path:
        return lambda records: map(read, records)
    present = itemgetter(path)

    def values(records: Sequence[Raw]) -> list[Any]:
        try:
            return list(map(present, records))
        except KeyError:  # rare: some records leave it out
            return list(map(read, records))

    return values


def _reader(path: str) -> Callable[[Raw], Any]:
    first, *rest = path.split(".")
    if not rest:
        return lambda record: record.get(path)

    def read(record: Raw) -> Any:
        value = record.get(first)
        for step in rest:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    return read
