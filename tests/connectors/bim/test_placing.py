"""What follows from geometry alone: storeys, the place on the map."""

import pytest

from connectors.bim.placing import applied_twice, extent, same_frame, storeys_by_height
from connectors.bim.shapes import Box, Georeference, Storey

STOREYS = [Storey(1, None, "1F", 0.0, None), Storey(2, None, "2F", 3.0, None), Storey(3, None, "屋面", None, None)]


def box(z_min: float, z_max: float) -> Box:
    return Box(0, 0, z_min, 4, 4, z_max)


@pytest.mark.parametrize(
    ("levels", "foot", "storey"),
    [
        ({}, 0.0, 1),
        ({}, 2.95, 2),  # a floor begins below its level
        ({}, 2.7, 1),
        ({}, -3.0, 1),  # below all of them
        ({3: 6.0}, 6.5, 3),
        ({1: 100.0, 2: 103.0}, 102.0, 1),  # placements count, whatever the elevations say
    ],
)
def test_an_element_without_a_storey_is_looked_for_on_another(levels: dict[int, float], foot: float, storey: int) -> None:
    assert storeys_by_height(STOREYS, levels, {7: box(foot, foot + 1)}) == {7: storey}


def test_a_model_without_storeys_ends_the_run() -> None:
    assert storeys_by_height([], {}, {7: box(0, 3)}) == {}
    assert storeys_by_height(STOREYS, {}, {}) == {}


def test_a_model_without_geometry_has_an_extent() -> None:
    assert extent([]) is None
    assert extent([Box(0, 0, 0, 1, 1, 1), Box(-1, 2, 0, 0, 3, 9)]) == Box(-1, 0, 0, 1, 3, 9)


def test_a_conversion_that_has_been_applied_is_applied_again() -> None:
    grid = Georeference("EPSG:4549", 391_090.0, 3_450_000.0, 4.5, 0.0, 1.0)
    at_home, on_the_map = Box(0, 0, 0, 40, 20, 30), Box(391_000, 3_450_100, 0, 391_040, 3_450_120, 30)
    assert [applied_twice(grid, around) for around in (at_home, on_the_map, None)] == [False, True, False]
    assert not applied_twice(None, at_home)
    assert not applied_twice(grid._replace(eastings=0.0, northings=0.0), at_home)  # a grid that begins at the site


def test_a_discipline_with_another_origin_or_unit_passes_for_one_of_the_building() -> None:
    house = Box(0, 0, 0, 40, 20, 30)
    here = {"eastings": 391_090.0, "northings": 3_450_000.0, "rotation": 0.0}
    assert same_frame((house, None), (Box(5, 5, -3, 35, 15, 0), here))
    assert not same_frame((house, None), (Box(5000, 5000, 0, 5040, 5020, 30), None))
    assert not same_frame((house, here), (house, {**here, "rotation": 90.0}))
