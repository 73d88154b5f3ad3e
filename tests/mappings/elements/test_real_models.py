"""Real models, named by their authors in English and German: the cascade works on classes, rooms and boundaries."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from mappings.elements import DefectText, Element, ElementIndex, LocateMethod, Location, Surroundings, locate
from mappings.lexicon import read
from mappings.places import Place, Register, read_ticket
from warranty_hub.records.codes import LocateState, PlaceKind

MODELS = Path(os.environ.get("WARRANTY_HUB_IFC_DIR", Path(__file__).parents[4] / "shared" / "ifc"))


class Model:
    """One IFC file as register and index, read as simply as possible."""

    def __init__(self, name: str) -> None:
        ifcopenshell = pytest.importorskip("ifcopenshell")
        if not (MODELS / name).exists():
            pytest.skip(f"{name} is not in {MODELS.name}/ (set WARRANTY_HUB_IFC_DIR)")
        self.file: Any = ifcopenshell.open(str(MODELS / name))
        self.register = Register(self._places())
        self.elements = {self._key(element): element for element in self.file.by_type("IfcElement")}
        self.index = ElementIndex(map(self._element, self.elements.values()), self._contents())

    def locate(self, address: str, text: str = "") -> Location:
        ticket = read_ticket(text, address, None, self.register)
        (location,) = locate([DefectText(ticket.defects[0], ticket.text)], Surroundings(self.register, self.index))
        return location

    def classes(self, location: Location) -> list[str]:
        return sorted(
            self.elements[candidate.element_key].is_a().removesuffix("StandardCase") for candidate in location.candidates
        )

    def bounds(self, location: Location, room: str) -> bool:
        """Whether all candidates bound or are in the room of this name, by the file's own relations."""
        inside = {key for place_id, key in self._contents() if place_id.endswith(f"/{room}")}
        return {candidate.element_key for candidate in location.candidates} <= inside

    def _places(self) -> Iterator[Place]:
        yield Place("P", PlaceKind.PROJECT, None, "model")
        yield Place("P/1", PlaceKind.BUILDING, "P", "building", building="1")
        for storey in self.file.by_type("IfcBuildingStorey"):
            yield Place(f"P/1/{storey.Name}", PlaceKind.STOREY, "P/1", storey.Name, "1", storey=storey.Name)
        for space in self.file.by_type("IfcSpace"):
            storey = space.Decomposes[0].RelatingObject.Name
            names = tuple(filter(None, (space.Name, space.LongName)))
            code = read(space.LongName or "").room
            home = f"P/1/{storey}"
            yield Place(
                self._room(space), PlaceKind.ROOM, home, " ".join(names), "1", storey=storey, room_code=code, aliases=names
            )

    def _contents(self) -> set[tuple[str, UUID]]:
        bounded = {
            (self._room(relation.RelatingSpace), self._key(relation.RelatedBuildingElement))
            for relation in self.file.by_type("IfcRelSpaceBoundary")
            if relation.RelatedBuildingElement and not relation.RelatedBuildingElement.is_a("IfcVirtualElement")
        }
        contained = {
            (self._room(relation.RelatingStructure), self._key(element))
            for relation in self.file.by_type("IfcRelContainedInSpatialStructure")
            if relation.RelatingStructure.is_a("IfcSpace")
            for element in relation.RelatedElements
        }
        return bounded | contained

    def _element(self, element: Any) -> Element:
        from ifcopenshell.util.element import get_predefined_type, get_psets

        facts = {name: value for group in get_psets(element, psets_only=True).values() for name, value in group.items()}
        return Element(
            self._key(element),
            element.is_a(),
            element.GlobalId,
            element.Tag,
            get_predefined_type(element),
            element.ObjectType,
            element.Name,
            facts.get("IsExternal"),
            facts.get("LoadBearing"),
        )

    @staticmethod
    def _room(space: Any) -> str:
        return f"P/1/{space.Decomposes[0].RelatingObject.Name}/{space.Name}"

    @staticmethod
    def _key(element: Any) -> UUID:
        return uuid5(NAMESPACE_OID, f"{element.GlobalId} {element.id()}")


@pytest.fixture(scope="module")
def duplex() -> Model:
    return Model("Duplex_A_20110907.ifc")


@pytest.mark.parametrize("text", ["窗户漏水", "the window leaks"])
def test_a_window_of_a_room_is_looked_for_in_that_room_only(duplex: Model, text: str) -> None:
    location = duplex.locate("A203", text)
    assert (location.method, location.state) == (LocateMethod.ROOM_COMPONENT, LocateState.REVIEW)
    assert duplex.classes(location) == ["IfcWindow"] * 3
    assert duplex.bounds(location, "A203")


def test_the_only_window_of_a_room_is_linked(duplex: Model) -> None:
    location = duplex.locate("A103 kitchen", "窗户漏水")
    assert (location.state, duplex.classes(location)) == (LocateState.AUTO, ["IfcWindow"])
    assert duplex.bounds(location, "A103")


@pytest.mark.parametrize(
    ("address", "text", "classes"),
    [
        ("A104", "bathroom door is stuck", ["IfcDoor"]),
        ("A201", "hallway ceiling crack", ["IfcCovering"]),
        ("Level 2 Bedroom 1", "窗户漏水", ["IfcWindow"] * 4),  # two flats have a Bedroom 1
        ("A203", "外墙渗水", ["IfcWall"] * 3),
        ("A203", "内墙开裂", ["IfcWall"] * 3),
    ],
)
def test_components_are_found_by_class_and_conditions(duplex: Model, address: str, text: str, classes: list[str]) -> None:
    assert duplex.classes(duplex.locate(address, text)) == classes


def test_what_the_model_lacks_leaves_the_room(duplex: Model) -> None:
    location = duplex.locate("B204", "toilet blocked")
    assert (location.method, location.place_id, location.state) == (LocateMethod.ROOM, "P/1/Level 2/B204", None)


def test_a_revit_tag_finds_its_element(duplex: Model) -> None:
    location = duplex.locate("", "tag 146885 broken")
    assert (location.method, location.state) == (LocateMethod.TAG, LocateState.AUTO)


def test_a_cobie_handover_file_in_ifc2x3_tells_a_toilet_from_a_socket() -> None:
    model = Model("Duplex_Handover_COBie_20120323.ifc")
    toilet, sockets = model.locate("A104", "马桶漏水"), model.locate("A102", "插座漏电")
    assert toilet.state is LocateState.AUTO
    assert model.elements[toilet.candidates[0].element_key].Name.startswith("Toilet")
    assert sockets.state is LocateState.REVIEW
    assert all("Receptacle" in model.elements[candidate.element_key].Name for candidate in sockets.candidates)


def test_a_german_model_is_located_by_its_own_room_names() -> None:
    model = Model("AC20-FZK-Haus.ifc")
    location = model.locate("Bad", "窗漏水")
    assert (location.state, model.classes(location)) == (LocateState.AUTO, ["IfcWindow"])
    assert len(model.locate("Küche", "window leaks").candidates) == 2
