"""Property sets and materials of an ifcopenshell model as plain values.

Each property set entity is read once and stored by the hash of its content: Revit writes the same set for hundreds of
elements. Attributes are taken by position where every property or element of a model passes through: by name is three times
slower, and the positions are the same in IFC2X3, IFC4 and IFC4X3.
"""

import json
import math
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from connectors.bim.shapes import PropertySet

NAME = 0
MATERIAL_PARTS = {  # class → the attribute that leads on towards IfcMaterial
    "IfcMaterialLayerSetUsage": "ForLayerSet",
    "IfcMaterialLayerSet": "MaterialLayers",
    "IfcMaterialLayer": "Material",
    "IfcMaterialLayerWithOffsets": "Material",
    "IfcMaterialProfileSetUsage": "ForProfileSet",
    "IfcMaterialProfileSetUsageTapering": "ForProfileSet",
    "IfcMaterialProfileSet": "MaterialProfiles",
    "IfcMaterialProfile": "Material",
    "IfcMaterialProfileWithOffsets": "Material",
    "IfcMaterialConstituentSet": "MaterialConstituents",
    "IfcMaterialConstituent": "Material",
    "IfcMaterialList": "Materials",
}


def clean_text(value: object) -> str | None:
    """NFC, without surrounding space; None for an empty text and for anything else that a damaged file has in its place."""
    if not isinstance(value, str):
        return None
    return (value if value.isascii() else normalize("NFC", value)).strip() or None


def entities(value: Any) -> list[Any]:
    """The entities of an attribute that holds one, several or none; damaged files have anything there."""
    if isinstance(value, tuple):
        return [item for item in value if _is_instance(item) and item.id()]
    if not _is_instance(value):
        return []
    return [value] if value.id() else entities(value.get_argument(0))  # no id: a named list, IfcPropertySetDefinitionSet


def steps(value: Any) -> list[int]:
    """The STEP ids of `entities`, where nothing else is asked of them."""
    if isinstance(value, tuple):
        return [step for item in value if _is_instance(item) and (step := item.id())]
    if not _is_instance(value):
        return []
    step = value.id()
    return [step] if step else steps(value.get_argument(0))


def _is_instance(value: object) -> bool:
    return hasattr(value, "is_a")


class PropertySets:
    """The distinct property sets met so far, by the SHA-256 of their content."""

    def __init__(self) -> None:
        self.by_hash: dict[str, PropertySet] = {}
        self._hashes: dict[int, str | None] = {}
        self._flags: dict[tuple[str, tuple[str, ...]], bool | None] = {}

    def hashes(self, definitions: object) -> list[str]:
        """The contents' hashes, without what is no property set (door lining, …) or has nothing in it."""
        return [found for definition in entities(definitions) if (found := self._hash(definition))]

    def flag(self, hashes: tuple[str, ...], name: str) -> bool | None:
        """A yes/no property of the first common property set (Pset_WallCommon, Pset_DoorCommon, …) that states it."""
        if not hashes:
            return None
        asked = name, hashes
        if asked not in self._flags:
            self._flags[asked] = self._stated(hashes, name)
        return self._flags[asked]

    def _stated(self, hashes: tuple[str, ...], name: str) -> bool | None:
        for content in map(self.by_hash.__getitem__, hashes):
            if content.name.startswith("Pset_") and content.name.endswith("Common"):
                value = content.properties.get(name)
                if isinstance(value, bool):
                    return value
        return None

    def _hash(self, definition: Any) -> str | None:
        step = definition.id()
        if step not in self._hashes:
            self._hashes[step] = self._store(definition)
        return self._hashes[step]

    def _store(self, definition: Any) -> str | None:
        if definition.is_a("IfcPropertySet"):
            properties = _by_name(definition.HasProperties)
        elif definition.is_a("IfcElementQuantity"):
            properties = _by_name(definition.Quantities)
        else:
            return None
        if not properties:
            return None
        content = PropertySet(clean_text(definition.Name) or "", properties)
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        found = sha256(canonical.encode()).hexdigest()
        self.by_hash.setdefault(found, content)
        return found


def _by_name(properties: object) -> dict[str, Any]:
    named = ((clean_text(item.get_argument(NAME)), item) for item in entities(properties))
    return {name: _value(item) for name, item in named if name}


def _value(item: Any) -> Any:
    """The JSON value of an IfcProperty or IfcPhysicalQuantity."""
    kind = item.is_a()
    if kind in READERS:
        return READERS[kind](item)
    return _plain(item.get_argument(3)) if item.is_a("IfcPhysicalSimpleQuantity") else None


READERS: dict[str, Callable[[Any], Any]] = {
    "IfcPropertySingleValue": lambda item: _plain(item.get_argument(2)),
    "IfcPropertyEnumeratedValue": lambda item: _plain(item.get_argument(2)),
    "IfcPropertyListValue": lambda item: _plain(item.get_argument(2)),
    "IfcPropertyBoundedValue": lambda item: {"upper": _plain(item.get_argument(2)), "lower": _plain(item.get_argument(3))},
    "IfcPropertyTableValue": lambda item: {"defining": _plain(item.get_argument(2)), "defined": _plain(item.get_argument(3))},
    "IfcComplexProperty": lambda item: _by_name(item.HasProperties),
    "IfcPhysicalComplexQuantity": lambda item: _by_name(item.HasQuantities),
}


def _plain(value: Any) -> Any:
    """A measure (IfcLabel, IfcReal, …) or a list of them as JSON; what JSON cannot say (infinity) as None."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if _is_instance(value):
        return None if value.id() else _plain(value.get_argument(0))
    if isinstance(value, str):
        return normalize("NFC", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def material_names(material: Any) -> str | None:
    """The names of the materials of an IfcMaterialSelect, in order, each once, joined with "; "."""
    return "; ".join(dict.fromkeys(_material_names(material))) or None


def _material_names(material: Any) -> Iterable[str]:
    kind = material.is_a()
    if kind == "IfcMaterial":
        name = clean_text(material.Name)
        if name:
            yield name
    elif kind in MATERIAL_PARTS:
        for part in entities(getattr(material, MATERIAL_PARTS[kind])):
            yield from _material_names(part)
