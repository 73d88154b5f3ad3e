"""From a defect's words to the building element it is about."""

from mappings.elements.decided import Decided, decided
from mappings.elements.fit import Fit, fit
from mappings.elements.index import Element, ElementIndex
from mappings.elements.locate import locate
from mappings.elements.location import RULE_VERSION, Candidate, DefectText, LocateMethod, Location, Role, Sign
from mappings.elements.moved import AskedElement, Ground, Moved, marks_of
from mappings.elements.score import Calibration, Judged, calibrate, shipped
from mappings.elements.surroundings import Surroundings

__all__ = [
    "RULE_VERSION",
    "AskedElement",
    "Calibration",
    "Candidate",
    "Decided",
    "DefectText",
    "Element",
    "ElementIndex",
    "Fit",
    "Ground",
    "Judged",
    "LocateMethod",
    "Location",
    "Moved",
    "Role",
    "Sign",
    "Surroundings",
    "calibrate",
    "decided",
    "fit",
    "locate",
    "marks_of",
    "shipped",
]
