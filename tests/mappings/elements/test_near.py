"""A point is given to another box than the nearest that fits, or not to one that is near."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.elements.near import REACHES, Boxes, distances

BOXES: st.SearchStrategy[np.ndarray] = st.lists(
    st.tuples(*[st.floats(-30, 30, width=32)] * 3, *[st.floats(0, 12, width=32)] * 3), min_size=1, max_size=12
).map(lambda rows: np.array([(*row[:3], *(low + size for low, size in zip(row[:3], row[3:], strict=True))) for row in rows]))
POINTS: st.SearchStrategy[np.ndarray] = st.lists(st.tuples(*[st.floats(-60, 60, width=32)] * 3), min_size=1, max_size=8).map(
    np.array
)


@given(boxes=BOXES, points=POINTS, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_nearest_box_that_fits_is_another_than_a_look_at_all_finds(
    boxes: np.ndarray, points: np.ndarray, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    kinds, rows = dice.integers(0, 3, len(boxes)), dice.integers(0, 2, len(points))
    penalties = np.array([[0.0, 0.3, 5.0], [2.0, 0.0, 0.0]])
    best, cost = Boxes(boxes).nearest(points, kinds, rows, penalties)
    for number, point in enumerate(points):
        costs = distances(point, boxes) + penalties[rows[number], kinds]
        assert cost[number] == pytest.approx(costs.min())
        assert costs[best[number]] == pytest.approx(costs.min())


@given(boxes=BOXES, points=POINTS, reach=st.sampled_from([0.0, 0.4, *REACHES]))
@settings(max_examples=60, deadline=None)
def test_a_box_within_reach_is_missed_or_one_beyond_it_is_found(boxes: np.ndarray, points: np.ndarray, reach: float) -> None:
    found = Boxes(boxes).within(points, reach)
    near = {
        (point, box)
        for point in range(len(points))
        for box in range(len(boxes))
        if distances(points[point], boxes[box]) <= reach
    }
    assert set(zip(found.point.tolist(), found.box.tolist(), strict=True)) == near
