"""From a defect's words to the building element it is about."""

from mappings.elements.decided import Decided, decided
from mappings.elements.fit import Fit, fit
from mappings.elements.index import Element, ElementIndex
from mappings.elements.locate import locate
from mappings.elements.location import RULE_VERSION, Candidate, DefectText, LocateMethod, Location
from mappings.elements.moved import AskedElement, Ground, Moved, marks_of

__all__ = [
    "RULE_VERSION",
    "AskedElement",
    "Candidate",
    "Decided",
    "DefectText",
    "Element",
    "ElementIndex",
    "Fit",
    "Ground",
    "LocateMethod",
    "Location",
    "Moved",
    "decided",
    "fit",
    "locate",
    "marks_of",
]
