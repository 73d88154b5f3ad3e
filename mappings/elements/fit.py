"""Whether an element can be the component that a text names: the one place where components meet IFC.

The columns of lexicon/components.csv decide: the IFC4 class, else the coarser IFC2X3 class; the predefined type where it tells
components of one class apart; and the conditions:

- ``IsExternal=TRUE|FALSE``, ``LoadBearing=TRUE``  what the element's common property set must say
- ``or IfcSlab.ROOF``  a further class, with its predefined type
- ``host IfcWindow``   the element that carries the component where it is not modelled itself (the glass of a window)
- ``named``            the class says too little: name or object type must name the component
- ``unchecked: …``     true for this component, but not to be seen in the index

A name never outweighs a class. It settles what class and properties leave open: a flow terminal named Toilet is no socket.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache

from mappings.elements.index import Element
from mappings.lexicon import Component, Words, lexicon, read
from warranty_hub.errors import ConfigError


class Fit(IntEnum):
    """How well an element fits a component."""

    NO = 0
    POSSIBLE = 1
    SURE = 2


@dataclass(frozen=True, slots=True)
class ElementRule:
    """What an element must be for one component; ``classes``: class → predefined types, none meaning any."""

    code: str
    classes: Mapping[str, frozenset[str]]
    coarse_class: str
    hosts: frozenset[str] = field(default=frozenset())
    is_external: bool | None = None
    load_bearing: bool | None = None
    must_be_named: bool = False
    unchecked: bool = False

    @property
    def is_general(self) -> bool:
        """Whether the class alone makes the component: any door, any wall."""
        special = self.must_be_named or self.unchecked or self.is_external is not None or self.load_bearing is not None
        return not special and not any(self.classes.values())


_SAYS_NOTHING = frozenset({"", "NOTDEFINED", "USERDEFINED"})
_SPEECHLESS = frozenset({"IfcBuildingElementProxy"})
_VARIANTS = ("StandardCase", "ElementedCase")


def fit(component: str, element: Element, words: Words | None = None) -> Fit:
    """How well an element fits the component of this code; its name is read by these words, or by ours."""
    rule = rules()[component]
    ifc_class = plain_class(element.ifc_class)
    if ifc_class in rule.hosts:
        return Fit.POSSIBLE
    signs = (
        _class_fit(rule, ifc_class),
        _predefined_type_fit(rule, ifc_class, element.predefined_type),
        _flag_fit(rule.is_external, element.is_external),
        _flag_fit(rule.load_bearing, element.load_bearing),
    )
    weakest = min(signs)
    if weakest is Fit.SURE and not rule.must_be_named and not rule.unchecked:
        return Fit.POSSIBLE if _named_otherwise(rule, ifc_class, element, words) else Fit.SURE
    return _name_fit(rule, ifc_class, element, words) if weakest else Fit.NO


def _class_fit(rule: ElementRule, ifc_class: str) -> Fit:
    if ifc_class in rule.classes:
        return Fit.SURE
    return Fit.POSSIBLE if ifc_class == rule.coarse_class else Fit.NO


def _predefined_type_fit(rule: ElementRule, ifc_class: str, value: str | None) -> Fit:
    """Without a telling type a class is sure only if it is no other component's class too."""
    wanted = rule.classes.get(ifc_class, frozenset())
    if not wanted or value in wanted:
        return Fit.SURE
    others = _types_of_class(ifc_class) - {wanted}
    if any(value in types for types in others):
        return Fit.NO
    return Fit.POSSIBLE if others else Fit.SURE


def _flag_fit(wanted: bool | None, value: bool | None) -> Fit:
    if wanted is None or wanted == value:
        return Fit.SURE
    return Fit.POSSIBLE if value is None else Fit.NO


def _name_fit(rule: ElementRule, ifc_class: str, element: Element, words: Words | None) -> Fit:
    named = _named(element, words)
    if rule.code in named:
        return Fit.SURE
    something_else = any(not rules()[code].is_general or ifc_class not in rules()[code].classes for code in named)
    return Fit.NO if rule.must_be_named or something_else or ifc_class in _SPEECHLESS else Fit.POSSIBLE


def _named_otherwise(rule: ElementRule, ifc_class: str, element: Element, words: Words | None) -> bool:
    """Whether the name is that of a component which only a name tells from this one: a wooden floor is hardly a tiled one."""
    types = rule.classes.get(ifc_class, frozenset())
    named = _named(element, words)
    others = (rules()[code] for code in named)
    return rule.code not in named and any(
        other.unchecked and types & other.classes.get(ifc_class, frozenset()) for other in others
    )


def _named(element: Element, words: Words | None) -> tuple[str, ...]:
    """The components that an element's name and type tell of."""
    return read(f"{element.name or ''} {element.object_type or ''}", words).components


def plain_class(ifc_class: str) -> str:
    """IfcWall for IfcWallStandardCase: IFC2X3 and IFC4 write the common case as a class of its own."""
    return next((ifc_class.removesuffix(variant) for variant in _VARIANTS if ifc_class.endswith(variant)), ifc_class)


# ------------------------------------------------------------------------------------------------ rules, from the dictionary
@cache
def rules() -> Mapping[str, ElementRule]:
    """The rule of each component."""
    return {code: _rule(component) for code, component in lexicon().components.items()}


@cache
def _types_of_class(ifc_class: str) -> frozenset[frozenset[str]]:
    """The predefined types that tell the components of one class apart; the empty set stands for a component of any type."""
    return frozenset(rule.classes[ifc_class] for rule in rules().values() if ifc_class in rule.classes)


def _rule(component: Component) -> ElementRule:
    classes = {component.ifc4_class: frozenset(component.predefined_types) - _SAYS_NOTHING}
    hosts: set[str] = set()
    flags: dict[str, bool] = {}
    for condition in component.conditions:
        match condition.split(maxsplit=1):
            case ["or", further]:
                ifc_class, _, predefined_type = further.partition(".")
                classes[ifc_class] = frozenset({predefined_type} - _SAYS_NOTHING)
            case ["host", ifc_class]:
                hosts.add(ifc_class)
            case ["unchecked:", _]:
                flags["unchecked"] = True
            case _:
                flags |= [_flag(component.code, condition)]
    return ElementRule(component.code, classes, component.ifc2x3_class, frozenset(hosts), **flags)


_FLAGS = {
    "named": ("must_be_named", True),
    "IsExternal=TRUE": ("is_external", True),
    "IsExternal=FALSE": ("is_external", False),
    "LoadBearing=TRUE": ("load_bearing", True),
}


def _flag(code: str, condition: str) -> tuple[str, bool]:
    if condition not in _FLAGS:
        raise ConfigError(
            f"components.csv, {code}: condition '{condition}' is not known",
            remedy=f"Write one of {', '.join(_FLAGS)}, 'or IfcClass', 'host IfcClass' or 'unchecked: …'.",
        )
    return _FLAGS[condition]
