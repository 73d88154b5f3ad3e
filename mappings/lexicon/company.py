"""A company's own words, in a file of its own beside hub.yaml: further words for our codes, and traps.

A CSV or YAML file with the columns or keys ``set`` (component, defect_type, room or trap), ``code`` (empty for a trap),
``words`` (separated by semicolons), and two that may be empty: ``example``, a text that is read when the file is loaded and
must give the code (for a trap: nothing), and ``source``, where the words come from. What is wrong is told with file and line;
of a file with a mistake nothing is used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mappings.lexicon.company_file import csv_rows, yaml_rows
from mappings.lexicon.reading import Reading, read
from mappings.lexicon.terms import Lexicon, Term, lexicon
from mappings.lexicon.words import Words
from warranty_hub.errors import ConfigError

_SETS = {"component": "components", "defect_type": "defect_types", "room": "rooms"}
_TRAP = "trap"


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the file and where it stands, for errors."""

    place: str
    code_set: str
    code: str
    words: tuple[str, ...]
    example: str


def company_words(path: Path) -> Words:
    """Our words and a company's. Raises ConfigError that names file and line."""
    rows = tuple(_rows(path))
    words = Words(_with_words(rows))
    for row in rows:
        _try_example(row, words)
    return words


def _rows(path: Path) -> Iterator[_Row]:
    read_file = yaml_rows if path.suffix.lower() in (".yaml", ".yml") else csv_rows
    for line, values in read_file(path):
        yield _checked(f"{path}:{line}", values)


def _checked(place: str, row: Mapping[str, str]) -> _Row:
    code_set, code = row["set"], row["code"]
    if code_set not in (*_SETS, _TRAP):
        raise ConfigError(f"{place}: set {code_set!r} is not known", remedy=f"Write {', '.join(_SETS)} or {_TRAP}.")
    known = getattr(lexicon(), _SETS[code_set]) if code_set in _SETS else {"": None}
    if code not in known:
        raise ConfigError(f"{place}: {code!r} is no {code_set}", remedy="`warranty-hub words list` shows all codes.")
    words = tuple(word.strip().lower() for word in row["words"].split(";") if word.strip())
    if not words:
        raise ConfigError(f"{place}: there are no words", remedy="Write them under `words`, separated by semicolons.")
    return _Row(place, code_set, code, words, row.get("example", ""))


def _with_words(rows: tuple[_Row, ...]) -> Lexicon:
    terms = lexicon()
    traps = tuple(word for row in rows if row.code_set == _TRAP for word in row.words)
    added = {name: _extended(name, getattr(terms, plural), rows) for name, plural in _SETS.items()}
    return replace(
        terms,
        components=added["component"],
        defect_types=added["defect_type"],
        rooms=added["room"],
        traps=(*terms.traps, *traps),
    )


def _extended(code_set: str, terms: Mapping[str, Term], rows: tuple[_Row, ...]) -> Any:
    """The terms of one set with the words of its rows."""
    meaning = {word: term.code for term in terms.values() for word in term.words}
    extended = dict(terms)
    for row in rows:
        if row.code_set == code_set:
            _refuse_second_meaning(row, meaning)
            term = extended[row.code]
            extended[row.code] = replace(term, words=tuple(dict.fromkeys((*term.words, *row.words))))
    return MappingProxyType(extended)


def _refuse_second_meaning(row: _Row, meaning: dict[str, str]) -> None:
    """A word that means two components is a word that nobody can choose by; kinds of room may share one (卧室)."""
    for word in row.words:
        if meaning.setdefault(word, row.code) != row.code and row.code_set != "room":
            raise ConfigError(f"{row.place}: {word!r} already means {meaning[word]}", remedy="Write it in one row only.")


def _try_example(row: _Row, words: Words) -> None:
    if not row.example:
        return
    found = _codes(row.code_set, read(row.example, words))
    if row.code not in found:
        shown = ", ".join(found) or "nothing"
        remedy = "Correct the example or the words; `warranty-hub words explain` shows how a text is read."
        raise ConfigError(f"{row.place}: the example is read as {shown}, not as {row.code or 'nothing'}", remedy=remedy)


def _codes(code_set: str, reading: Reading) -> tuple[str, ...]:
    """What an example gives; one of a trap must give nothing at all, which stands as the empty code."""
    if code_set == _TRAP:
        return tuple(code for hit in reading.hits for code in hit.codes) or ("",)
    return {"component": reading.components, "defect_type": reading.defect_types, "room": reading.rooms}[code_set]
