"""Estates of sample towers: a benchmark is only comparable if its model is the one it says it is."""

from pathlib import Path

import ifcopenshell
import ifcopenshell.validate
import pytest

from connectors.bim.geometry import read_geometry
from connectors.bim.ifc import read_model
from connectors.bim.shapes import ModelIndex
from sandbox.building import Tower
from sandbox.building.estate import Estate, write_estate, write_towers

SMALL = Estate(
    "样例家园",
    (
        Tower("样例家园", "1号楼", storeys=2, units=1, flats_per_storey=2, basements=1),
        Tower("样例家园", "2号楼", storeys=1, units=2, flats_per_storey=1, basements=0, corner=(201.0, 75.0)),
    ),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("estate") / "estate.ifc"
    write_estate(SMALL, path)
    return path


@pytest.fixture(scope="module")
def index(path: Path) -> ModelIndex:
    return read_model(path)


@pytest.mark.parametrize("count", [1, 20_000, 1_000_000])
def test_an_estate_has_the_elements_asked_for_and_is_the_same_again(count: int) -> None:
    estate = Estate.of_elements(count, seed=7)
    assert estate == Estate.of_elements(count, seed=7)
    assert count <= estate.elements < count + 4_000
    assert len({tower.name for tower in estate.towers}) == len(estate.towers)


def test_another_seed_is_another_estate() -> None:
    assert Estate.of_elements(50_000, seed=1) != Estate.of_elements(50_000, seed=2)


def test_elements_are_counted_as_they_will_be_made() -> None:
    estate = Estate.of_elements(9_000, seed=4)
    assert estate.elements == sum(1 for tower in estate.towers for _ in tower.components())


def test_towers_do_not_stand_in_each_other() -> None:
    estate = Estate.of_elements(400_000, seed=2)
    plots = [(*tower.corner, tower.corner[0] + tower.size[0], tower.corner[1] + tower.size[1]) for tower in estate.towers]
    assert not [
        (one, other)
        for number, one in enumerate(plots)
        for other in plots[:number]
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]


def test_all_towers_in_one_file_are_one_valid_model(path: Path) -> None:
    model = ifcopenshell.open(path)
    logger = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(model, logger, express_rules=False)
    assert logger.statements == []
    assert [len(model.by_type(name)) for name in ("IfcProject", "IfcSite", "IfcBuilding")] == [1, 1, 2]
    roots = model.by_type("IfcRoot")
    assert len({root.GlobalId for root in roots}) == len(roots)


def test_the_same_estate_is_another_file(path: Path, tmp_path: Path) -> None:
    write_estate(SMALL, tmp_path / "again.ifc")
    assert (tmp_path / "again.ifc").read_bytes() == path.read_bytes()


def test_no_element_is_lost_in_one_file(index: ModelIndex) -> None:
    read = {(item.guid, item.tag, item.name) for item in index.elements}
    assert read == {(item.guid, item.tag, item.name) for tower in SMALL.towers for item in tower.components()}


def test_each_tower_stands_where_the_estate_puts_it(path: Path, index: ModelIndex) -> None:
    tower = SMALL.towers[1]
    x, y = tower.corner
    wanted = {item.guid: item.box for item in tower.components()}
    boxes = read_geometry(path).boxes
    found = {item.guid: boxes[item.step_id] for item in index.elements if item.guid in wanted}
    for guid, box in wanted.items():
        moved = (box.x_min + x, box.y_min + y, box.z_min, box.x_max + x, box.y_max + y, box.z_max)
        assert found[guid] == pytest.approx(moved, abs=1e-6)


def test_one_file_a_tower_is_named_after_it(tmp_path: Path) -> None:
    assert [path.name for path in write_towers(SMALL, tmp_path)] == ["样例家园-1号楼.ifc", "样例家园-2号楼.ifc"]
