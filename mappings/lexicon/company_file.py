"""The rows of a file of words, CSV or YAML: the same columns or keys, all values as text, each row with its line for errors."""

import csv
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import yaml

from warranty_hub.errors import ConfigError

COLUMNS = ("set", "code", "words", "example", "source")
_NEEDED = COLUMNS[:3]

Numbered = tuple[int, Mapping[str, str]]


def csv_rows(path: Path) -> Iterator[Numbered]:
    """The rows of a CSV file with a header."""
    reader = csv.DictReader(_text(path).splitlines())
    _refuse_missing(f"{path}:1", "column", reader.fieldnames or ())
    for row in reader:
        yield reader.line_num, {name: (value or "").strip() for name, value in row.items() if name}


def yaml_rows(path: Path) -> Iterator[Numbered]:
    """The rows of a YAML file: a list of mappings; words may be a list of their own."""
    try:
        root = yaml.compose(_text(path), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line} is no YAML: {error.problem}", remedy="Correct the line.") from None
    if not isinstance(root, yaml.SequenceNode):
        raise ConfigError(f"{path}:1 is no list", remedy=f"Write a list of mappings with the keys {', '.join(COLUMNS)}.")
    for node in root.value:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}:{line} is no mapping", remedy=f"Its keys are {', '.join(COLUMNS)}.")
        row = {_scalar(key): _scalar(value) for key, value in node.value}
        _refuse_missing(f"{path}:{line}", "key", row.keys() | ({"code"} if row.get("set") == "trap" else set()))
        yield line, {"code": "", **row}


def _scalar(node: yaml.Node) -> str:
    """A value as text; of a list, its values separated by semicolons."""
    if isinstance(node, yaml.SequenceNode):
        return ";".join(map(_scalar, node.value))
    return node.value.strip() if isinstance(node, yaml.ScalarNode) else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", remedy="Correct `lexicon` in hub.yaml.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8", remedy="Save it again with the encoding UTF-8.") from None


def _refuse_missing(place: str, what: str, known: Container[str]) -> None:
    if missing := [name for name in _NEEDED if name not in known]:
        raise ConfigError(f"{place} has no {what} {missing[0]!r}", remedy=f"There are {', '.join(COLUMNS)}.")
