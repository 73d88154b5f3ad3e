"""Writes a tower as an IFC4 file (ISO 16739-1:2018), the same bytes for the same tower; estate.py writes many into one.

Entities are made one by one: ifcopenshell.api would take minutes for thousands of elements. What is equal is written once: the
shape of boxes of one size (IFC4 lets products share an IfcProductDefinitionShape) and property sets of one content.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ifcopenshell

from connectors.bim.shapes import Box
from sandbox.building.parts import Component, Room, guid_of
from sandbox.building.tower import Tower

TIME_STAMP = "2024-06-01T08:00:00"
SOFTWARE = "Warranty Hub sample building"
UNITS = {"LENGTHUNIT": "METRE", "AREAUNIT": "SQUARE_METRE", "VOLUMEUNIT": "CUBIC_METRE", "PLANEANGLEUNIT": "RADIAN"}

Origin = tuple[float, float, float]
Properties = tuple[tuple[str, bool | str], ...]

MAKERS: dict[str, Properties] = {  # made up
    "IfcWindow": (("Manufacturer", "样例门窗有限公司"), ("ModelLabel", "断桥铝合金 70 系列")),
    "IfcSanitaryTerminal": (("Manufacturer", "样例卫浴有限公司"), ("ModelLabel", "住宅 A 型")),
}


def write_tower(tower: Tower, path: Path) -> None:
    """Write a tower's model. Raises OSError where the file cannot be written."""
    TowerModel(tower, f"{tower.project} {tower.name}.ifc").model.write(str(path))


class TowerModel:
    """The model as it grows; rooms, elements and storeys are found again by their names.

    ``site_wide`` are the ids of what all towers of a site have in common. They are the same in every tower's model, but for the
    relation of project and site, which nothing refers to.
    """

    def __init__(self, tower: Tower, title: str) -> None:
        self.tower = tower
        self.title = title
        self.model: Any = ifcopenshell.file(schema="IFC4")
        self.shapes: dict[Origin, Any] = {}
        self.property_sets: dict[tuple[str, Properties], list[Any]] = defaultdict(list)
        self.areas: dict[float, list[Any]] = defaultdict(list)
        self.elevations = {level.name: level.elevation for level in tower.levels()}
        rooms, components = list(tower.rooms()), list(tower.components())
        self._header()
        self._structure()
        self.spaces = {room.name: self._space(room) for room in rooms}
        self.elements = {item.tag: self._element(item) for item in components}
        self._place(rooms, components)
        self._zones(rooms)
        self._boundaries(components)
        self._properties()

    def _header(self) -> None:
        name = self.model.header.file_name
        name.name = self.title
        name.time_stamp = TIME_STAMP
        name.author = name.organization = ("Warranty Hub",)
        name.preprocessor_version = name.originating_system = SOFTWARE
        name.authorization = "none"
        self.model.header.file_description.description = ("Sample building",)

    def _structure(self) -> None:
        """Project, site, building and storeys, one within the other."""
        make, tower = self.model.create_entity, self.tower
        self.upwards = make("IfcDirection", (0.0, 0.0, 1.0))
        self.context = make(
            "IfcGeometricRepresentationContext",
            ContextType="Model", CoordinateSpaceDimension=3, Precision=1e-5, WorldCoordinateSystem=self._axes((0, 0, 0)),
        )  # fmt: skip
        metres = [make("IfcSIUnit", UnitType=kind, Name=name) for kind, name in UNITS.items()]
        project = self._root(
            "IfcProject", tower.path, "project",
            Name=tower.project, RepresentationContexts=[self.context], UnitsInContext=make("IfcUnitAssignment", metres),
        )  # fmt: skip
        ground = self._placement(None, (0, 0, 0))
        site = self._root("IfcSite", tower.path, "site", Name=tower.project, ObjectPlacement=ground)
        self.site_wide = set(range(1, site.id() + 1))
        ground = self._placement(ground, (*tower.corner, 0)) if any(tower.corner) else ground
        self.building = self._root("IfcBuilding", tower.path, "building", Name=tower.name, ObjectPlacement=ground)
        self.storeys = {
            name: self._root(
                "IfcBuildingStorey", tower.path, "storey", name,
                Name=name, Elevation=elevation, ObjectPlacement=self._placement(ground, (0, 0, elevation)),
            )
            for name, elevation in self.elevations.items()
        }  # fmt: skip
        self.site_wide.add(self._aggregate(project, [site]).id())
        self._aggregate(site, [self.building])
        self._aggregate(self.building, list(self.storeys.values()))

    def _space(self, room: Room) -> Any:
        outside = room.long_name in ("阳台", "屋面")
        space = self.model.create_entity(
            "IfcSpace",
            GlobalId=room.guid, Name=room.name, LongName=room.long_name, CompositionType="ELEMENT",
            PredefinedType="EXTERNAL" if outside else "INTERNAL", **self._body(room.storey, room.box),
        )  # fmt: skip
        self.property_sets["Pset_SpaceCommon", (("IsExternal", outside),)].append(space)
        west, south, _, east, north, _ = room.box
        self.areas[round((east - west) * (north - south), 2)].append(space)
        return space

    def _element(self, item: Component) -> Any:
        element = self.model.create_entity(
            item.ifc_class,
            GlobalId=item.guid, Name=item.name, ObjectType=item.name, Tag=item.tag, PredefinedType=item.predefined_type,
            **self._body(item.storey, item.box), **_door_or_window(item),
        )  # fmt: skip
        for name, properties in _properties_of(item):
            self.property_sets[name, properties].append(element)
        return element

    def _place(self, rooms: Sequence[Room], components: Sequence[Component]) -> None:
        """Spaces in their storeys; fittings in their spaces, all other elements in their storeys."""
        on_storey, held = defaultdict(list), defaultdict(list)
        for room in rooms:
            on_storey[room.storey].append(self.spaces[room.name])
        for item in components:
            home = self.spaces[item.rooms[0]] if item.fitting else self.storeys[item.storey]
            held[home].append(self.elements[item.tag])
        for name, spaces in on_storey.items():
            self._aggregate(self.storeys[name], spaces)
        for home, elements in held.items():
            self._root(
                "IfcRelContainedInSpatialStructure", home.GlobalId, "contains",
                RelatedElements=elements, RelatingStructure=home,
            )  # fmt: skip

    def _zones(self, rooms: Sequence[Room]) -> None:
        """A zone for each dwelling (套), named 2-1501."""
        flats = defaultdict(list)
        for room in rooms:
            if room.dwelling:
                flats[f"{room.unit}-{room.dwelling}"].append(self.spaces[room.name])
        for name, spaces in flats.items():
            zone = self._root("IfcZone", self.tower.path, "zone", name, Name=name, ObjectType="套")
            self._root("IfcRelAssignsToGroup", zone.GlobalId, "members", RelatedObjects=spaces, RelatingGroup=zone)

    def _boundaries(self, components: Sequence[Component]) -> None:
        """First-level boundaries without a connection geometry."""
        for item in components:
            for name in () if item.fitting else item.rooms:
                self._root(
                    "IfcRelSpaceBoundary", item.guid, name,
                    RelatingSpace=self.spaces[name], RelatedBuildingElement=self.elements[item.tag],
                    PhysicalOrVirtualBoundary="PHYSICAL",
                    InternalOrExternalBoundary="EXTERNAL" if item.is_external else "INTERNAL",
                )  # fmt: skip

    def _properties(self) -> None:
        """Each distinct set once, for all that have it."""
        make, path = self.model.create_entity, self.tower.path
        for (name, properties), objects in self.property_sets.items():
            values = [
                make("IfcPropertySingleValue", Name=key, NominalValue=make(_value_class(value), value))
                for key, value in properties
            ]
            content = self._root("IfcPropertySet", path, name, str(properties), Name=name, HasProperties=values)
            self._define(content, objects)
        for area, spaces in self.areas.items():
            quantity = make("IfcQuantityArea", Name="NetFloorArea", AreaValue=area)
            content = self._root(
                "IfcElementQuantity", path, "area", str(area), Name="Qto_SpaceBaseQuantities", Quantities=[quantity]
            )
            self._define(content, spaces)

    def _define(self, content: Any, objects: list[Any]) -> None:
        self._root(
            "IfcRelDefinesByProperties", content.GlobalId, "defines",
            RelatedObjects=objects, RelatingPropertyDefinition=content,
        )  # fmt: skip

    def _aggregate(self, whole: Any, parts: list[Any]) -> Any:
        return self._root("IfcRelAggregates", whole.GlobalId, "parts", RelatingObject=whole, RelatedObjects=parts)

    def _root(self, ifc_class: str, *path: str, **attributes: Any) -> Any:
        """An entity whose GlobalId follows from where it belongs."""
        return self.model.create_entity(ifc_class, GlobalId=guid_of(ifc_class, *path), **attributes)

    def _body(self, storey: str, box: Box) -> dict[str, Any]:
        """Placement and shape of a box on a storey."""
        below = self.storeys[storey].ObjectPlacement
        corner = (box.x_min, box.y_min, round(box.z_min - self.elevations[storey], 3))
        width, depth, height = (round(high - low, 3) for low, high in zip(box[:3], box[3:], strict=True))
        size = (width, depth, height)
        if size not in self.shapes:
            self.shapes[size] = self._shape(*size)
        return {"ObjectPlacement": self._placement(below, corner), "Representation": self.shapes[size]}

    def _shape(self, width: float, depth: float, height: float) -> Any:
        """An extruded rectangle from its lower south-west corner."""
        make = self.model.create_entity
        centre = make("IfcAxis2Placement2D", make("IfcCartesianPoint", (width / 2, depth / 2)))
        profile = make("IfcRectangleProfileDef", ProfileType="AREA", Position=centre, XDim=width, YDim=depth)
        solid = make("IfcExtrudedAreaSolid", SweptArea=profile, ExtrudedDirection=self.upwards, Depth=height)
        body = make("IfcShapeRepresentation", self.context, "Body", "SweptSolid", [solid])
        return make("IfcProductDefinitionShape", Representations=[body])

    def _placement(self, relative_to: Any, corner: Origin) -> Any:
        return self.model.create_entity("IfcLocalPlacement", relative_to, self._axes(corner))

    def _axes(self, corner: Origin) -> Any:
        point = self.model.create_entity("IfcCartesianPoint", tuple(map(float, corner)))
        return self.model.create_entity("IfcAxis2Placement3D", point)


def _door_or_window(item: Component) -> dict[str, Any]:
    """The attributes that doors and windows have on top."""
    if item.ifc_class not in ("IfcDoor", "IfcWindow"):
        return {}
    west, south, bottom, east, north, top = item.box
    size = {"OverallHeight": round(top - bottom, 3), "OverallWidth": round(max(east - west, north - south), 3)}
    if item.ifc_class == "IfcDoor":
        sliding = item.name == "推拉门"
        return size | {"OperationType": "DOUBLE_DOOR_SLIDING" if sliding else "SINGLE_SWING_LEFT"}
    return size | {"PartitioningType": "DOUBLE_PANEL_VERTICAL"}


def _properties_of(item: Component) -> Iterator[tuple[str, Properties]]:
    """An element's property sets, each as its name and its properties."""
    external = ("IsExternal", item.is_external)
    if item.ifc_class in ("IfcWall", "IfcSlab"):
        yield f"Pset_{item.ifc_class[3:]}Common", (external, ("LoadBearing", item.load_bearing))
    if item.ifc_class in ("IfcDoor", "IfcWindow", "IfcCovering", "IfcRailing"):
        yield f"Pset_{item.ifc_class[3:]}Common", (external,)
    if item.ifc_class in MAKERS:
        yield "Pset_ManufacturerTypeInformation", MAKERS[item.ifc_class]


def _value_class(value: bool | str) -> str:
    return "IfcBoolean" if isinstance(value, bool) else "IfcLabel"
