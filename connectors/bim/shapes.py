"""What we read from a building model: plain rows, as they go into bulk tables.

A row's identity inside its file is the STEP id (``step_id``, ``*_step``): GlobalIds are kept as written and may be missing or
occur twice. Lengths are metres. Texts are decoded and NFC-normalised; empty texts are None.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

GLOBAL_ID = re.compile(r"[0-3][0-9A-Za-z_$]{21}")
"""A GUID in buildingSMART's base 64 (IfcGloballyUniqueId): 22 characters for 128 bits, so the first is at most 3."""


class Box(NamedTuple):
    """An axis-aligned box in the model's world coordinates, metres (a map conversion is not applied)."""

    x_min: float
    y_min: float
    z_min: float
    x_max: float
    y_max: float
    z_max: float


class Building(NamedTuple):
    """An IfcBuilding (or another IfcFacility: a bridge has storey-less parts)."""

    step_id: int
    guid: str | None
    name: str | None


class Storey(NamedTuple):
    """An IfcBuildingStorey; ``elevation`` as the file states it, None where it does not."""

    step_id: int
    guid: str | None
    name: str | None
    elevation: float | None
    building_step: int | None


class Space(NamedTuple):
    """An IfcSpace, and the names of the IfcZones that group it (a dwelling is usually a zone)."""

    step_id: int
    guid: str | None
    name: str | None
    long_name: str | None
    storey_step: int | None
    zones: tuple[str, ...]


class Element(NamedTuple):
    """An IfcElement that is no opening or other feature.

    ``predefined_type`` and ``material`` are the type's where the element has none of its own.
    ``storey_step`` and ``space_step`` come from the chain of containers: part of a stair, in a space, on a storey.
    ``external`` and ``load_bearing`` come from the class's common property set (Pset_WallCommon, …), else from the type's.
    ``pset_hashes`` lead into `ModelIndex.property_sets`: the element's own sets, then its type's.
    ``part_of_step``: the assembly that it is a part of, as a flight is of its stair.
    """

    step_id: int
    guid: str | None
    ifc_class: str
    predefined_type: str | None
    name: str | None
    object_type: str | None
    tag: str | None
    type_name: str | None
    material: str | None
    storey_step: int | None
    space_step: int | None
    external: bool | None
    load_bearing: bool | None
    pset_hashes: tuple[str, ...]
    part_of_step: int | None


class SpaceRelation(NamedTuple):
    """How an element belongs to a space: ``contained`` in it, a ``boundary`` of it, ``covers`` its faces, or ``serves`` it.

    Each is stated by the file: the container chain, IfcRelSpaceBoundary, IfcRelCoversSpaces, IfcRelServicesBuildings.
    """

    space_step: int
    element_step: int
    relation: str


class PropertySet(NamedTuple):
    """An IfcPropertySet or IfcElementQuantity: names to JSON values, measures in the file's own units."""

    name: str
    properties: Mapping[str, Any]


class System(NamedTuple):
    """An IfcSystem and the elements assigned to it."""

    step_id: int
    guid: str | None
    ifc_class: str
    name: str | None
    element_steps: tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """Something that makes the model less useful for locating defects, for the people who export it."""

    code: str
    message_en: str
    message_zh: str
    count: int


@dataclass(frozen=True)
class ModelIndex:
    """Everything the hub knows about one model file, geometry apart.

    ``unit_scale`` is metres per length unit of the file. ``header_time`` is the file header's text. ``property_sets`` holds
    each distinct content once, by its SHA-256. ``space_boundaries`` counts the file's IfcRelSpaceBoundary.
    """

    schema: str
    authoring_app: str | None
    header_time: str | None
    ifc_project_guid: str | None
    project_name: str | None
    unit_scale: float
    buildings: tuple[Building, ...]
    storeys: tuple[Storey, ...]
    spaces: tuple[Space, ...]
    elements: tuple[Element, ...]
    relations: tuple[SpaceRelation, ...]
    property_sets: Mapping[str, PropertySet]
    systems: tuple[System, ...]
    space_boundaries: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class BoxResult:
    """Boxes of elements and spaces by STEP id.

    ``missing``: elements that have a geometry but no box, because no kernel could build it or the time was up.
    ``reason``: what ended early (a crash, the time or memory limit), None when nothing did.
    """

    boxes: Mapping[int, Box]
    missing: frozenset[int]
    reason: str | None
