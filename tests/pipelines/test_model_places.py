"""The rooms of a model stand in the register where people look for them."""

import pytest

from connectors.bim.indexing import index_model
from mappings.places import Place, Register
from tests.connectors.bim.small import SmallModel
from warranty_hub.pipelines.model_places import places_of_model
from warranty_hub.records.codes import PlaceKind


@pytest.fixture
def model() -> SmallModel:
    return SmallModel("IFC4")


def places(model: SmallModel) -> dict[str, Place]:
    """The places of the model as building 3 of P03, by id."""
    found = places_of_model(index_model(model.file, log="", raw_encoding=""), "P03", "3").places
    return {place.place_id: place for place in found}


def test_a_room_is_not_in_its_dwelling(model: SmallModel) -> None:
    room = model.part("IfcSpace", "1-201-主卧", of=model.first, LongName="主卧")
    model.group("IfcZone", "1-201", [room])
    found = places(model)
    place = found["P03/3/U1/201/主卧"]
    assert (place.kind, place.building, place.unit, place.storey, place.dwelling) == (PlaceKind.ROOM, "3", "1", "2F", "201")
    register = Register(found.values())
    assert [outer.place_id for outer in register.above(place)] == ["P03/3/U1/201/主卧", "P03/3/U1/201", "P03/3/U1", "P03/3"]
    assert {item.kind for item in found.values()} == {"BUILDING", "STOREY", "UNIT", "DWELLING", "ROOM"}


def test_a_room_without_a_zone_is_in_no_dwelling(model: SmallModel) -> None:
    model.part("IfcSpace", "1-201-主卧", of=model.first, LongName="主卧")
    assert "P03/3/U1/201/主卧" in places(model)


@pytest.mark.parametrize("name", ["1-2F-电梯厅", "A103", "2-15", "主卧-201", "1-201a-x"])
def test_a_common_room_becomes_somebodys_flat(name: str, model: SmallModel) -> None:
    model.part("IfcSpace", name, of=model.first, LongName="电梯厅")
    found = places(model)
    assert {place.kind for place in found.values()} == {"BUILDING", "STOREY", "ROOM"}
    assert found[f"P03/3/F2F/{name}"].dwelling is None


def test_two_rooms_of_the_same_name_become_one(model: SmallModel) -> None:
    for _ in range(2):
        model.part("IfcSpace", "1-201-阳台", of=model.first, LongName="阳台")
    model.part("IfcSpace", "1-202-阳台", of=model.first, LongName="阳台")
    rooms = [place.place_id for place in places(model).values() if place.kind is PlaceKind.ROOM]
    assert rooms == ["P03/3/U1/201/阳台", "P03/3/U1/201/阳台#2", "P03/3/U1/202/阳台"]


def test_a_room_or_storey_without_name_or_storey_is_lost(model: SmallModel) -> None:
    storey = model.part("IfcBuildingStorey", None, of=model.building)
    nameless = model.part("IfcSpace", None, of=storey)
    homeless = model.thing("IfcSpace", "孤 1/2")
    found = places(model)
    assert f"P03/3/F#{storey.id()}/#{nameless.id()}" in found
    assert found["P03/3/孤 1|2"].parent_id == "P03/3"
    assert homeless.Name in found["P03/3/孤 1|2"].name


@pytest.mark.parametrize(
    ("name", "long_name", "asked"), [("A103", "Kitchen", "A103"), ("A103", "Kitchen", "A103 Kitchen"), ("B1", "厨房", "厨房")]
)
def test_a_room_is_not_found_by_one_of_its_names(name: str, long_name: str, asked: str, model: SmallModel) -> None:
    model.part("IfcSpace", name, of=model.first, LongName=long_name)
    found = Register(places(model).values()).resolve(asked, "3")
    assert found.place is not None
    assert found.place.place_id == f"P03/3/F2F/{name}"
