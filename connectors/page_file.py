"""A page of records as a file: JSON lines under zstd, in which every value comes back as what it was.

The first line says which fields hold one kind of value that JSON has no word for, such as times; a value of that kind that
stands among others says so itself, ``{"@decimal": "1.50"}``. So the usual page is written in C throughout.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec

from connectors.contract import Record
from warranty_hub.errors import ConfigError

SUFFIX = ".jsonl.zst"
LEVEL = 1  # of zstd: on pages of tickets a higher one takes longer and saves nothing
ODD_OFFSETS_UNTIL = 1973  # offsets with seconds, of local mean time, are rounded by msgspec
PLAIN = frozenset({str, int, bool, type(None)})
KINDS: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {  # name: (type, to JSON, back)
    "decimal": (Decimal, str, Decimal),
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
    "time": (time, time.isoformat, time.fromisoformat),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "float": (float, repr, float),
    "uuid": (UUID, str, UUID),
    "timedelta": (timedelta, lambda value: [value.days, value.seconds, value.microseconds], lambda parts: timedelta(*parts)),
}
WHOLE_FIELD = {Decimal: "decimal", datetime: "datetime", date: "date"}  # what msgspec writes as `KINDS` does
_encoder = msgspec.json.Encoder()


def write_page(records: Sequence[Record]) -> bytes:
    """The file of a page. Raises ConfigError for a value that could not come back, naming its field."""
    import pyarrow as pa

    names = dict.fromkeys(chain.from_iterable(records))
    whole, tagged = _odd_fields(records, names)
    plain = not tagged and not any(name.startswith("@") for name in names)
    try:
        rows = records if plain else [_with_tags(record, tagged) for record in records]
        lines = _encoder.encode_lines([{"fields": whole}, *rows])
    except UnicodeEncodeError:  # half a character, which JSON can escape
        rows = [_with_tags(record, record) for record in records]
        lines = "".join(json.dumps(row) + "\n" for row in ({"fields": {}}, *rows)).encode()
    content: bytes = pa.Codec("zstd", LEVEL).compress(lines, asbytes=True)
    return content


def read_page(content: bytes) -> list[dict[str, Any]]:
    """The records of a page's file."""
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        text = stream.read()
    head, *lines = text.splitlines()
    hook = _untagged if b'{"@' in text else None
    records = [json.loads(line, object_hook=hook) for line in lines]
    for name, kind in json.loads(head)["fields"].items():
        back = KINDS[kind][2]
        for record in records:
            if record.get(name) is not None:
                record[name] = back(record[name])
    return records


def _odd_fields(records: Sequence[Record], names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Fields that hold nothing but one kind of value, with its name, and fields whose values must say it one by one."""
    whole: dict[str, str] = {}
    tagged: list[str] = []
    for name in names:
        values = [record.get(name) for record in records]
        kinds = set(map(type, values))
        if kinds <= PLAIN:
            continue
        kind = WHOLE_FIELD.get(next(iter(kinds - {type(None)}))) if len(kinds - {type(None)}) == 1 else None
        if kind and not (kind == "datetime" and _some_are_old(values)):
            whole[name] = kind
        else:
            tagged.append(name)
    return whole, tagged


def _some_are_old(moments: Iterable[datetime | None]) -> bool:
    return any(moment is not None and moment.year < ODD_OFFSETS_UNTIL for moment in moments)


def _with_tags(record: Record, names: Collection[str]) -> Record:
    if names:
        record = {**record, **{name: _tagged(name, record[name]) for name in names if name in record}}
    return _escaped(record) if len(record) == 1 else record


def _tagged(field: str, value: Any) -> Any:
    if type(value) in PLAIN:
        return value
    if isinstance(value, Mapping):
        return _escaped({str(name): _tagged(field, item) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return [_tagged(field, item) for item in value]
    for name, (kind, written, _) in KINDS.items():
        if isinstance(value, kind):
            return {f"@{name}": written(value)}
    if isinstance(value, str):
        return str(value)
    raise ConfigError(
        f"Field {field} holds a {type(value).__name__}, which cannot be kept as a raw page",
        remedy="Leave that column out in the options of its stream, or take `keep_raw` out of hub.yaml.",
    )


def _escaped(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the source itself wrote like a tag gets another @ in front."""
    name = next(iter(value), "")
    return {f"@{name}": value[name]} if len(value) == 1 and name[:1] == "@" else value


def _untagged(value: dict[str, Any]) -> Any:
    name = next(iter(value), "")
    if len(value) != 1 or name[:1] != "@":
        return value
    return {name[1:]: value[name]} if name[1:2] == "@" else KINDS[name[1:]][2](value[name])
