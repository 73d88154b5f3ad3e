"""How a file's coordinates lie on the map.

IFC4 has IfcMapConversion and IfcProjectedCRS; for IFC2X3 buildingSMART agreed on property sets of the same attributes at the
project or the site, ePSet_MapConversion and ePSet_ProjectedCRS ("User Guide for Geo-referencing in IFC", 2020).
"""

import math
from typing import Any

from connectors.bim.properties import PropertySets, clean_text
from connectors.bim.shapes import Georeference

CONVERSION = "epset_mapconversion"
PROJECTION = "epset_projectedcrs"


def read_georeference(model: Any, unit_scale: float) -> Georeference | None:
    """The map conversion in metres; None without one, or where its numbers are none. ``unit_scale``: metres per length unit."""
    stated = _from_property_sets(model) if model.schema == "IFC2X3" else _from_conversion(model)
    try:
        return _georeference(unit_scale, **stated) if stated else None
    except (TypeError, ValueError):  # damaged: the model itself is readable without
        return None


def _georeference(unit_scale: float, Name: object = None, MapUnitScale: float | None = None, **stated: Any) -> Georeference:
    metres = unit_scale if MapUnitScale is None else MapUnitScale
    east, north, height = (float(stated.get(name) or 0) * metres for name in ("Eastings", "Northings", "OrthogonalHeight"))
    x_axis = float(stated.get("XAxisAbscissa") or 0), float(stated.get("XAxisOrdinate") or 0)
    rotation = math.degrees(math.atan2(x_axis[1], x_axis[0])) if any(x_axis) else 0.0
    return Georeference(clean_text(Name), east, north, height, rotation, float(stated.get("Scale") or 1))


def _from_conversion(model: Any) -> dict[str, Any]:
    conversion = next(iter(model.by_type("IfcMapConversion")), None)
    if conversion is None:
        return {}
    crs = conversion.TargetCRS
    unit = crs and crs.is_a("IfcProjectedCRS") and crs.MapUnit
    return {**conversion.get_info(), "Name": crs and crs.Name, "MapUnitScale": _metres(unit) if unit else None}


def _metres(unit: Any) -> float:
    from ifcopenshell.util.unit import get_prefix_multiplier

    if unit.is_a("IfcConversionBasedUnit"):
        factor = unit.ConversionFactor
        return float(factor.ValueComponent.wrappedValue) * _metres(factor.UnitComponent)
    return float(get_prefix_multiplier(unit.Prefix))


def _from_property_sets(model: Any) -> dict[str, Any]:
    sets = PropertySets()
    found: dict[str, Any] = {}
    for definition in model.by_type("IfcPropertySet"):
        if (clean_text(definition.Name) or "").lower() in (CONVERSION, PROJECTION):
            for key in sets.hashes(definition):
                found |= sets.by_hash[key].properties
    return found if "Eastings" in found else {}
