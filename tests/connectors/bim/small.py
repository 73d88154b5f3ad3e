"""Small building models, written object by object, so that a test knows everything that is in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ifcopenshell
from ifcopenshell.guid import new

Triple = tuple[float, float, float]
SCHEMAS = ("IFC2X3", "IFC4", "IFC4X3")


class SmallModel:
    """A building of two storeys, in millimetres. Whatever else there is, the test puts into it."""

    def __init__(self, schema: str) -> None:
        self.file: Any = ifcopenshell.file(schema=schema)
        units = [self.add("IfcSIUnit", UnitType="LENGTHUNIT", Prefix="MILLI", Name="METRE")]
        self.context = self.add(
            "IfcGeometricRepresentationContext",
            ContextType="Model",
            CoordinateSpaceDimension=3,
            Precision=1e-5,
            WorldCoordinateSystem=self._axes((0, 0, 0)),
        )
        self.project = self.add(
            "IfcProject",
            GlobalId=new(),
            Name="星河公馆",
            UnitsInContext=self.add("IfcUnitAssignment", Units=units),
            RepresentationContexts=[self.context],
        )
        self.building = self.part("IfcBuilding", "3号楼", of=self.project)
        self.ground = self.part("IfcBuildingStorey", "1F", of=self.building, Elevation=0.0)
        self.first = self.part("IfcBuildingStorey", "2F", of=self.building, Elevation=3000.0)

    def add(self, ifc_class: str, **attributes: Any) -> Any:
        """Any entity."""
        return self.file.create_entity(ifc_class, **attributes)

    def thing(self, ifc_class: str, name: str | None, **attributes: Any) -> Any:
        """An object with a GlobalId that belongs nowhere yet."""
        return self.add(ifc_class, **{"GlobalId": new(), "Name": name, **attributes})

    def part(self, ifc_class: str, name: str | None, *, of: Any, **attributes: Any) -> Any:
        """An object that is a part of another: a storey of a building, a flight of a stair."""
        made = self.thing(ifc_class, name, **attributes)
        self.relate("IfcRelAggregates", RelatingObject=of, RelatedObjects=[made])
        return made

    def content(self, ifc_class: str, name: str | None, *, of: Any, **attributes: Any) -> Any:
        """An element that is contained in a storey or a space."""
        made = self.thing(ifc_class, name, **attributes)
        self.relate("IfcRelContainedInSpatialStructure", RelatingStructure=of, RelatedElements=[made])
        return made

    def relate(self, relation: str, **ends: Any) -> Any:
        """A relation."""
        return self.add(relation, GlobalId=new(), **ends)

    def opening(self, wall: Any, filling: Any) -> Any:
        """An opening in a wall and what fills it, which need not be contained in anything itself."""
        made = self.thing("IfcOpeningElement", "洞口")
        self.relate("IfcRelVoidsElement", RelatingBuildingElement=wall, RelatedOpeningElement=made)
        self.relate("IfcRelFillsElement", RelatingOpeningElement=made, RelatedBuildingElement=filling)
        return made

    def group(self, ifc_class: str, name: str | None, members: Sequence[Any]) -> Any:
        """A zone or a system."""
        made = self.thing(ifc_class, name)
        self.relate("IfcRelAssignsToGroup", RelatingGroup=made, RelatedObjects=list(members))
        return made

    def properties(self, name: str, **values: Any) -> Any:
        """A property set of typed values: ``IsExternal=("IfcBoolean", True)``."""
        singles = [
            self.add("IfcPropertySingleValue", Name=key, NominalValue=self.file.create_entity(kind, value))
            for key, (kind, value) in values.items()
        ]
        return self.thing("IfcPropertySet", name, HasProperties=singles)

    def box(self, low: Triple, high: Triple) -> dict[str, Any]:
        """Placement and body of a box, millimetres, for an element or a space."""
        size = [end - start for start, end in zip(low, high, strict=True)]
        middle = self.add("IfcAxis2Placement2D", Location=self.add("IfcCartesianPoint", Coordinates=(size[0] / 2, size[1] / 2)))
        profile = self.add("IfcRectangleProfileDef", ProfileType="AREA", Position=middle, XDim=size[0], YDim=size[1])
        solid = self.add(
            "IfcExtrudedAreaSolid",
            SweptArea=profile,
            Position=self._axes((0, 0, 0)),
            ExtrudedDirection=self.add("IfcDirection", DirectionRatios=(0.0, 0.0, 1.0)),
            Depth=size[2],
        )
        return self.body(solid, "SweptSolid", at=low)

    def body(self, item: Any, kind: str, at: Triple = (0, 0, 0)) -> dict[str, Any]:
        """Placement and body of any geometric item."""
        shape = self.add(
            "IfcShapeRepresentation",
            ContextOfItems=self.context,
            RepresentationIdentifier="Body",
            RepresentationType=kind,
            Items=[item],
        )
        return {
            "ObjectPlacement": self.add("IfcLocalPlacement", RelativePlacement=self._axes(at)),
            "Representation": self.add("IfcProductDefinitionShape", Representations=[shape]),
        }

    def write(self, path: Path) -> Path:
        """The model as a STEP file."""
        self.file.write(str(path))
        return path

    def _axes(self, at: Triple) -> Any:
        location = self.add("IfcCartesianPoint", Coordinates=tuple(map(float, at)))
        return self.add("IfcAxis2Placement3D", Location=location)
