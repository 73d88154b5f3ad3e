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


class Site(NamedTuple):
    """An IfcSite."""

    step_id: int
    guid: str | None
    name: str | None


class Building(NamedTuple):
    """An IfcBuilding (or another IfcFacility: a bridge has storey-less parts).

    ``whole_step``: the building that this one is a part of; a 单元, one stairwell with its dwellings, is a building of
    composition PARTIAL in a whole one. ``site_step``: the site it stands on.
    """

    step_id: int
    guid: str | None
    name: str | None
    whole_step: int | None
    site_step: int | None


class Storey(NamedTuple):
    """An IfcBuildingStorey; ``elevation`` as the file states it, None where it does not."""

    step_id: int
    guid: str | None
    name: str | None
    elevation: float | None
    building_step: int | None


class Space(NamedTuple):
    """An IfcSpace.

    ``zones``: the names of the IfcZones that group it, and of the space of composition COMPLEX it is part of: a dwelling is
    usually the one or the other. ``building_step``: the building, or part of one, that it is in.
    """

    step_id: int
    guid: str | None
    name: str | None
    long_name: str | None
    storey_step: int | None
    building_step: int | None
    zones: tuple[str, ...]


class Element(NamedTuple):
    """An IfcElement that is no opening or other feature.

    ``predefined_type`` and ``material`` are the type's where the element has none of its own.
    ``storey_step`` and ``space_step`` come from the chain of containers: part of a stair, in a space, on a storey.
    ``external`` and ``load_bearing`` come from the class's common property set (Pset_WallCommon, …), else from the type's.
    ``pset_hashes`` lead into `ModelIndex.property_sets`: the element's own sets, then its type's.
    ``part_of_step``: the assembly that it is a part of, as a flight is of its stair.
    ``classifications`` are codes with the system they belong to, ``Uniclass 2015:Ss_25_10``: its own, then its type's.
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
    classifications: tuple[str, ...]


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
    """An IfcSystem and the elements assigned to it, themselves or by one of their ports."""

    step_id: int
    guid: str | None
    ifc_class: str
    predefined_type: str | None
    name: str | None
    element_steps: tuple[int, ...]


class Georeference(NamedTuple):
    """How the file's coordinates lie on the map: IfcMapConversion, or in IFC2X3 its stand-in ePSet_MapConversion.

    ``eastings``, ``northings`` and ``height`` are metres; ``rotation`` is degrees counter-clockwise from the map's east to the
    model's x axis; ``scale`` as stated; ``crs`` is the name of the projected system, such as EPSG:4549.
    """

    crs: str | None
    eastings: float
    northings: float
    height: float
    rotation: float
    scale: float


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
    georeference: Georeference | None
    sites: tuple[Site, ...]
    buildings: tuple[Building, ...]
    storeys: tuple[Storey, ...]
    spaces: tuple[Space, ...]
    elements: tuple[Element, ...]
    relations: tuple[SpaceRelation, ...]
    property_sets: Mapping[str, PropertySet]
    systems: tuple[System, ...]
    space_boundaries: int
    findings: tuple[Finding, ...]
