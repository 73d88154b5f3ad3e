"""The part of OData's query language that the sandbox's SAP understands; what it does not, it refuses in SAP's words."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sandbox.sap_sets import EntitySet, Type

OPTIONS = {"$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount", "$select", "$expand", "$format"}
Entity = Mapping[str, Any]
"""Values by SAP's property names; parts are lists of entities, by their navigation."""
Keep = Callable[[Entity], bool]
Expansion = dict[str, Any]
"""What is expanded: expansions by navigation, down to the leaves."""


class BadQueryError(Exception):
    """The client asked for something that is not OData, or not in this entity set."""


def whole_number(query: Mapping[str, str], option: str, default: int) -> int:
    """A number of entities."""
    text = query.get(option, str(default))
    if not re.fullmatch(r"[0-9]+", text):
        raise BadQueryError(f"Invalid value '{text}' for system query option {option}")
    return int(text)


def parse_select(entity_set: EntitySet, text: str) -> list[str]:
    """Names in the type's order, as SAP gives them whatever order was asked for."""
    properties = entity_set.properties
    wanted = {_known(entity_set, name.strip()) for name in text.split(",")} if text != "*" else set(properties)
    return [name for name in properties if name in wanted]


def parse_expand(entity_set: EntitySet, text: str) -> Expansion:
    """``a/b,c`` as {a: {b: {}}, c: {}}."""
    expansion: Expansion = {}
    for path in text.split(",") if text else []:
        here, level = entity_set, expansion
        for navigation in path.strip().split("/"):
            if navigation not in here.parts:
                raise BadQueryError(f"Invalid $expand: {here.name} has no navigation {navigation}")
            here, level = here.parts[navigation], level.setdefault(navigation, {})
    return expansion


def parse_order(entity_set: EntitySet, text: str) -> list[tuple[str, bool]]:
    """Properties, and whether each is descending."""
    terms = [re.fullmatch(r"\s*(\w+)(?:\s+(asc|desc))?\s*", term) for term in text.split(",")] if text else []
    if not all(terms):
        raise BadQueryError(f"Invalid $orderby '{text}'")
    if entity_set.sums and any(term and term[1] in entity_set.key for term in terms):
        raise BadQueryError(f"Property {entity_set.key[0]} cannot be sorted by")
    return [(_known(entity_set, term[1]), term[2] == "desc") for term in terms if term]


def summed(entity_set: EntitySet, entities: Iterable[Entity], names: Sequence[str]) -> list[Entity]:
    """As an analytical set answers: its measures summed over the other properties that were selected, which make its ID."""
    (key,), (measure,) = entity_set.key, entity_set.sums
    over = [name for name in names if name not in (key, measure)]
    sums: dict[tuple[str, ...], Decimal] = {}
    for entity in entities:
        place = tuple(entity[name] for name in over)
        sums[place] = sums.get(place, Decimal(0)) + entity[measure]
    return [{**dict(zip(over, place, strict=True)), measure: total, key: "~".join(place)} for place, total in sums.items()]


def _known(entity_set: EntitySet, name: str) -> str:
    if name not in entity_set.properties:
        raise BadQueryError(f"Property {name} not found in type '{entity_set.service}.{entity_set.name}Type'")
    return name


def ranked_by(entity_set: EntitySet, name: str) -> Callable[[Entity], Any]:
    """A property to compare by: an empty date is 00000000 in ABAP, before all others."""
    empty: Mapping[Type, Any] = {date: date.min, datetime: datetime.min.replace(tzinfo=UTC)}
    nothing = empty.get(entity_set.properties[name])
    return lambda entity: nothing if entity[name] is None else entity[name]


_TOKEN = re.compile(r"\s*(datetime(?:offset)?'[^']*'|'(?:[^']|'')*'|[()]|[A-Za-z_]\w*|-?[0-9.]+[mM]?|\S)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "ge": ge, "gt": gt, "le": le, "lt": lt}
_LITERALS: Mapping[type, tuple[str, Callable[[str], Any]]] = {
    str: (r"'(.*)'", lambda text: text.replace("''", "'")),
    date: (r"datetime'([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9:.]+'", date.fromisoformat),
    datetime: (r"datetimeoffset'([0-9-]{10}T[0-9:.]+Z)'", datetime.fromisoformat),
    Decimal: (r"(-?[0-9]+(?:\.[0-9]+)?)[mM]?", Decimal),
    bool: (r"(true|false)", "true".__eq__),
}
"""What a literal of each type looks like, and how to read what stands inside."""


class Filter:
    """One $filter, read from left to right: comparisons, and, or, parentheses."""

    def __init__(self, entity_set: EntitySet, text: str) -> None:
        self._set = entity_set
        self._rest: Sequence[str] = _TOKEN.findall(text)

    def parse(self) -> Keep:
        """Which entities it keeps."""
        if not self._rest:
            return lambda _: True
        keep = self._either()
        if self._rest:
            raise BadQueryError(f"Invalid token '{self._rest[0]}' in $filter")
        return keep

    def _takes(self, token: str) -> bool:
        if self._rest[:1] != [token]:
            return False
        self._rest = self._rest[1:]
        return True

    def _either(self) -> Keep:
        keep = self._both()
        while self._takes("or"):
            keep = _or(keep, self._both())
        return keep

    def _both(self) -> Keep:
        keep = self._one()
        while self._takes("and"):
            keep = _and(keep, self._one())
        return keep

    def _one(self) -> Keep:
        if self._takes("("):
            keep = self._either()
            if not self._takes(")"):
                raise BadQueryError("A parenthesis in $filter is not closed")
            return keep
        name, sign, literal = (*self._rest[:3], "", "", "")[:3]
        if sign not in _COMPARE or not literal:
            raise BadQueryError(f"Invalid expression '{' '.join(self._rest[:3])}' in $filter")
        value, compare = ranked_by(self._set, _known(self._set, name)), _COMPARE[sign]
        wanted = _literal(literal, self._set.properties[name])
        self._rest = self._rest[3:]
        return lambda entity: compare(value(entity), wanted)


def _or(first: Keep, second: Keep) -> Keep:
    return lambda entity: first(entity) or second(entity)


def _and(first: Keep, second: Keep) -> Keep:
    return lambda entity: first(entity) and second(entity)


def _literal(token: str, kind: Type) -> Any:
    """A literal of another type than the property's is an error, as in SAP."""
    form, read = _LITERALS[str if isinstance(kind, int) else kind]
    inside = re.fullmatch(form, token, re.DOTALL)
    try:
        if inside:
            return read(inside[1])
    except ValueError:  # a day that the calendar does not have
        pass
    raise BadQueryError(f"Invalid literal {token} in $filter")
