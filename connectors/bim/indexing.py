"""From an ifcopenshell model to the rows of a `ModelIndex`."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from connectors.bim.findings import find
from connectors.bim.georeference import read_georeference
from connectors.bim.links import Links, TypeFacts, predefined_type, read_links, related
from connectors.bim.properties import clean_text
from connectors.bim.shapes import Building, Element, ModelIndex, Site, Space, SpaceRelation, Storey, System
from warranty_hub.errors import RefusedModelError

REFERENCED = ("IfcRelReferencedInSpatialStructure", "RelatingStructure", "RelatedElements")
UNTYPED = TypeFacts(0, None, None, (), ())
GUID, NAME, OBJECT_TYPE, BODY, TAG = 0, 2, 4, 6, 7  # positions of an element's attributes: see `connectors.bim.properties`


def index_model(model: Any, log: str, raw_encoding: str) -> ModelIndex:
    """Everything but geometry. ``log``: what the parser complained of; ``raw_encoding``: see `StepFile`.

    Raises RefusedModelError for a damaged length unit; whatever else is damaged is left out.
    """
    features = {item.id() for item in model.by_type("IfcFeatureElement")}
    products = [item for item in model.by_type("IfcElement") if item.id() not in features]
    links = read_links(model, {item.id() for item in products})
    index = _rows(model, products, links)
    assemblies = set(links.parents.values())  # a stair of flights, a curtain wall: the geometry is that of the parts
    bodiless = sum(item.get_argument(BODY) is None and item.id() not in assemblies for item in products)
    return replace(index, findings=find(index, bodiless, log, raw_encoding))


def _rows(model: Any, products: list[Any], links: Links) -> ModelIndex:
    unit_scale = _unit_scale(model)
    project = next(iter(model.by_type("IfcProject")), None)
    sites = tuple(Site(item.id(), _guid(item), clean_text(item.Name)) for item in model.by_type("IfcSite"))
    buildings = tuple(_buildings(model, {row.step_id for row in sites}, links))
    building_steps = {row.step_id for row in buildings}
    storeys = tuple(_storeys(model, unit_scale, building_steps, links))
    storey_steps = {row.step_id for row in storeys}
    spaces = tuple(_spaces(model, storey_steps, building_steps, links))
    space_steps = {row.step_id for row in spaces}
    element_steps = {item.id() for item in products}
    elements = tuple(_element(item, links, element_steps, storey_steps, space_steps) for item in products)
    systems = tuple(_systems(model, element_steps, links))
    return ModelIndex(
        schema=model.schema_identifier,
        authoring_app=_authoring_app(model),
        header_time=clean_text(model.header.file_name.time_stamp),
        ifc_project_guid=project and _guid(project),
        project_name=project and clean_text(project.Name),
        unit_scale=unit_scale,
        georeference=read_georeference(model, unit_scale),
        sites=sites,
        buildings=buildings,
        storeys=storeys,
        spaces=spaces,
        elements=elements,
        # not by way of a set: in the file's order they are nearly sorted
        relations=tuple(sorted(dict.fromkeys(_relations(model, elements, space_steps, systems)))),
        property_sets=links.property_sets.by_hash,
        systems=systems,
        space_boundaries=len(model.by_type("IfcRelSpaceBoundary")),
        findings=(),
    )


def _guid(item: Any) -> str | None:
    return clean_text(item.get_argument(GUID))


def _unit_scale(model: Any) -> float:
    from ifcopenshell.util.unit import calculate_unit_scale

    try:
        return float(calculate_unit_scale(model))
    except (AttributeError, TypeError) as error:
        raise RefusedModelError(
            f"the model's length unit (IfcUnitAssignment) is damaged: {error}",
            remedy="Export the model again: without its unit no position in it means anything.",
        ) from error


def _authoring_app(model: Any) -> str | None:
    """The application of the project's owner history, else what the header says: converters change the header."""
    for application in model.by_type("IfcApplication"):
        name, version = clean_text(application.ApplicationFullName), clean_text(application.Version)
        if name:
            return name if not version or version in name else f"{name} {version}"
    return clean_text(model.header.file_name.originating_system)


def _buildings(model: Any, sites: Container[int], links: Links) -> Iterator[Building]:
    kind = "IfcFacility" if model.schema == "IFC4X3" else "IfcBuilding"
    items = model.by_type(kind)
    steps = {item.id() for item in items}
    for item in items:
        step = item.id()
        yield Building(step, _guid(item), clean_text(item.Name), links.nearest(step, steps), links.nearest(step, sites))


def _storeys(model: Any, unit_scale: float, buildings: Container[int], links: Links) -> Iterator[Storey]:
    for item in model.by_type("IfcBuildingStorey"):
        stated = item.Elevation
        elevation = stated * unit_scale if isinstance(stated, float) else None
        yield Storey(item.id(), _guid(item), clean_text(item.Name), elevation, links.nearest(item.id(), buildings))


def _spaces(model: Any, storeys: Container[int], buildings: Container[int], links: Links) -> Iterator[Space]:
    items = model.by_type("IfcSpace")
    zones = _zones(model, items, links)
    for item in items:
        step = item.id()
        yield Space(
            step, _guid(item), clean_text(item.Name), clean_text(item.LongName), links.nearest(step, storeys),
            links.nearest(step, buildings), tuple(sorted(zones.get(step, ()))),
        )  # fmt: skip


def _zones(model: Any, spaces: list[Any], links: Links) -> dict[int, set[str]]:
    """The names of what groups each space: its zones, and the space of several rooms that it is part of."""
    zones: dict[int, set[str]] = {}
    for zone in model.by_type("IfcZone"):
        name = clean_text(zone.Name)
        for member in links.groups.get(zone.id(), ()) if name else ():
            zones.setdefault(member, set()).add(str(name))
    wholes = {item.id(): clean_text(item.Name) for item in spaces if item.CompositionType == "COMPLEX"}
    for item in spaces if wholes else ():
        name = wholes.get(links.nearest(item.id(), wholes) or 0)
        if name:
            zones.setdefault(item.id(), set()).add(name)
    return zones


def _element(item: Any, links: Links, elements: Container[int], storeys: Container[int], spaces: Container[int]) -> Element:
    step = item.id()
    parent = links.parents.get(step)
    kind = links.types.get(step, UNTYPED)
    hashes = _each_once(links.psets.get(step, ()), kind.pset_hashes)
    return Element(
        step_id=step,
        guid=_guid(item),
        ifc_class=item.is_a(),
        predefined_type=predefined_type(item) or kind.predefined_type,
        name=clean_text(item.get_argument(NAME)),
        object_type=clean_text(item.get_argument(OBJECT_TYPE)),
        tag=clean_text(item.get_argument(TAG)),
        type_name=kind.name,
        material=links.materials.get(step) or links.materials.get(kind.step_id),
        storey_step=links.nearest(step, storeys),
        space_step=links.nearest(step, spaces),
        external=links.property_sets.flag(hashes, "IsExternal"),
        load_bearing=links.property_sets.flag(hashes, "LoadBearing"),
        pset_hashes=hashes,
        part_of_step=parent if parent in elements else None,
        classifications=_each_once(links.classifications.get(step, ()), kind.classifications),
    )


def _each_once(own: Sequence[str], inherited: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*own, *inherited])) if own or inherited else ()


def _systems(model: Any, elements: Container[int], links: Links) -> Iterator[System]:
    """A port stands for the element that it is a port of: some exporters assign pipes to a system, some their ports."""
    for item in model.by_type("IfcSystem"):
        if not item.is_a("IfcZone"):  # a kind of system from IFC4 on
            assigned = (links.ports.get(step, step) for step in links.groups.get(item.id(), ()))
            members = dict.fromkeys(step for step in assigned if step in elements)
            kind = predefined_type(item)
            yield System(item.id(), _guid(item), item.is_a(), kind, clean_text(item.Name), tuple(members))


def _relations(
    model: Any, elements: tuple[Element, ...], spaces: Container[int], systems: tuple[System, ...]
) -> Iterator[SpaceRelation]:
    """What the file states; rows may repeat (a wall bounds a room with several faces)."""
    covered = "RelatedSpace" if model.schema == "IFC2X3" else "RelatingSpace"
    stated = (
        ("contained", ((row.space_step, row.step_id) for row in elements if row.space_step is not None)),
        ("boundary", _pairs(model, "IfcRelSpaceBoundary", "RelatingSpace", "RelatedBuildingElement")),
        ("covers", _pairs(model, "IfcRelCoversSpaces", covered, "RelatedCoverings")),
        ("serves", _served(model, systems)),
    )
    known = {row.step_id for row in elements}
    for name, pairs in stated:
        yield from (SpaceRelation(space, element, name) for space, element in pairs if space in spaces and element in known)


def _pairs(model: Any, relation: str, one: str, many: str) -> Iterator[tuple[int, int]]:
    for first, others in related(model, relation, one, many):
        step = first.id()
        yield from ((step, other) for other in others)


def _served(model: Any, systems: tuple[System, ...]) -> Iterator[tuple[int, int]]:
    """From IFC4X3 on a system serves what it is referenced in, which IfcRelServicesBuildings said before."""
    members = {row.step_id: row.element_steps for row in systems}
    served = chain(
        _pairs(model, "IfcRelServicesBuildings", "RelatingSystem", "RelatedBuildings"),
        ((system, place) for place, system in _pairs(model, *REFERENCED)),
    )
    for system, place in served:
        yield from ((place, element) for element in members.get(system, ()))
