"""From a defect's words to the building element it is about."""

from mappings.elements.fit import Fit, fit
from mappings.elements.index import Element, ElementIndex
from mappings.elements.locate import locate
from mappings.elements.location import RULE_VERSION, Candidate, DefectText, LocateMethod, Location

__all__ = [
    "RULE_VERSION",
    "Candidate",
    "DefectText",
    "Element",
    "ElementIndex",
    "Fit",
    "LocateMethod",
    "Location",
    "fit",
    "locate",
]
