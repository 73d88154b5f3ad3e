"""A stair stands nowhere, because only its flights have a shape."""

from pathlib import Path

from connectors.bim.assemblies import with_assemblies
from connectors.bim.ifc import read_model
from connectors.bim.shapes import Box
from tests.connectors.bim.small import SmallModel

PLATE = Box(0, 0, 0, 1, 1, 0.01)


def test_an_assembly_has_no_place_or_a_whole_in_a_circle_of_parts_never_ends(tmp_path: Path) -> None:
    model = SmallModel("IFC4")
    stair = model.content("IfcStair", "楼梯", of=model.first)
    flights = [model.part("IfcStairFlight", name, of=stair) for name in "12"]
    one, other = (model.thing("IfcElementAssembly", name) for name in "ab")
    plate = model.part("IfcPlate", "板", of=one)
    for whole, part in ((one, other), (other, one)):
        model.relate("IfcRelAggregates", RelatingObject=whole, RelatedObjects=[part])
    path = model.write(tmp_path / "model.ifc")
    made = {flight.id(): Box(x, 0, x, x + 1, 3, x + 1) for x, flight in enumerate(flights)} | {plate.id(): PLATE}
    boxes = with_assemblies(made, read_model(path).elements)
    assert boxes == {**made, stair.id(): Box(0, 0, 0, 2, 3, 2), one.id(): PLATE, other.id(): PLATE}
