"""The dictionaries beside this file, loaded once: components, defect types, rooms, traps, labels.

A row's words are its ``zh`` and ``en`` labels, ``synonyms`` (mostly Chinese) and ``en_synonyms``. A word may stand in several
rows of one dictionary: then it means any of them, the general one first (卧室 is R03, or R02 in a flat with a master bedroom).
Its ``example``, where it has one, is a text that must be read as its code.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

from warranty_hub.errors import ConfigError

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Label:
    """What people see for a code."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Term:
    """One row of a dictionary, such as a kind of room: a code, its labels, and every word that means it."""

    code: str
    label: Label
    words: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Component(Term):
    """A part of a building, with the IFC classes that model it (conditions: see mappings/elements/fit.py)."""

    ifc4_class: str
    predefined_types: tuple[str, ...]
    ifc2x3_class: str
    conditions: tuple[str, ...]
    warranty_category: str


@dataclass(frozen=True, slots=True)
class DefectType(Term):
    """What can be wrong with a component."""

    warranty_category: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All dictionaries by code; ``traps`` are words that look like terms and mean nothing for us."""

    components: Mapping[str, Component]
    defect_types: Mapping[str, DefectType]
    rooms: Mapping[str, Term]
    traps: tuple[str, ...]
    labels: Mapping[tuple[str, str], Label]


@cache
def lexicon() -> Lexicon:
    """The lexicon of this installation."""
    components = _terms("components.csv", _component)
    defect_types = _terms("defect_types.csv", _defect_type)
    rooms = _terms("rooms.csv", _room)
    labels = {(row["set"], row["code"]): Label(row["zh"], row["en"]) for row in _rows("labels.csv")}
    for code_set, terms in (("component", components), ("defect_type", defect_types), ("room", rooms)):
        labels |= {(code_set, code): term.label for code, term in terms.items()}
    traps = tuple(row["text"] for row in _rows("traps.csv"))
    return Lexicon(components, defect_types, rooms, traps, MappingProxyType(labels))


@cache
def sounds() -> Mapping[str, str]:
    """By character: those that a pinyin keyboard gives for it by mistake, being of the same sound."""
    return MappingProxyType({row["meant"]: row["typed"] for row in _rows("mistyped.csv")})


def label(code_set: str, code: str | None) -> Label:
    """The labels of e.g. ``("component", "C25")`` or ``("ticket_state", "CLOSED")``.

    No code has empty ones; a code that nobody has named shows as itself.
    """
    if not code:
        return Label("", "")
    labels = lexicon().labels
    return labels.get((code_set, code)) or labels.get(("any", code)) or Label(code, code)


def _component(row: Row) -> Component:
    return Component(
        row["code"],
        _label(row),
        _words(row),
        row["example"],
        row["ifc4_class"],
        _split(row["ifc4_predefined_types"]),
        row["ifc2x3_class"],
        _split(row["condition"]),
        row["warranty_category"],
    )


def _defect_type(row: Row) -> DefectType:
    return DefectType(row["code"], _label(row), _words(row), row["example"], row["warranty_category"])


def _room(row: Row) -> Term:
    return Term(row["code"], _label(row), _words(row), row["example"])


def _label(row: Row) -> Label:
    return Label(row["zh"], row["en"])


def _words(row: Row) -> tuple[str, ...]:
    words = (row["zh"], *_split(row["synonyms"]), row["en"], *_split(row["en_synonyms"]))
    return tuple(dict.fromkeys(word.lower() for word in words))


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


T = TypeVar("T", bound=Term)


def _terms(file_name: str, term_of: Callable[[Row], T]) -> Mapping[str, T]:
    terms: dict[str, T] = {}
    for row in _rows(file_name):
        term = term_of(row)
        if term.code in terms:
            raise ConfigError(f"{file_name}: code {term.code} stands twice", remedy="Give every row its own code.")
        terms[term.code] = term
    return MappingProxyType(terms)


def _rows(file_name: str) -> list[Row]:
    text = files(__package__).joinpath(file_name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
