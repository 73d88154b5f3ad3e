"""Bar 3: a million noisy points to their nearest boxes with a class prior, beside plain numpy over all boxes for each point."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mappings.elements.near import Boxes, distances
from sandbox.building.estate import Estate

NOISE = 0.05  # metres, on each axis
PENALTY = 0.3  # metres that a box of another class than the one named counts as further away
SAMPLE = 300


@dataclass(frozen=True)
class Nearest:
    """Seconds of CPU time for all points, and for one of plain numpy; how many of the sample had the same answer."""

    elements: int
    points: int
    seconds: float
    plain: float
    same: int

    @property
    def ratio(self) -> float:
        """How many times faster."""
        return self.plain * self.points / self.seconds


def measure_nearest(elements: int, points: int, seed: int) -> Nearest:
    """Points on the surfaces of an estate's boxes, each with the class of its element; building the index counts."""
    dice = np.random.default_rng(seed)
    items = [item for tower in Estate.of_elements(elements, seed).towers for item in tower.components()]
    rows = np.array([item.box for item in items], np.float64)
    classes: dict[str, int] = {}
    kinds = np.array([classes.setdefault(item.ifc_class, len(classes)) for item in items], np.int64)
    penalties = np.where(np.eye(len(classes), dtype=bool), 0.0, PENALTY)
    meant = dice.integers(0, len(items), points)
    asked = _on_surfaces(rows[meant], dice) + dice.normal(0, NOISE, (points, 3))
    start = time.process_time()
    best, cost = Boxes(rows).nearest(asked, kinds, kinds[meant], penalties)
    seconds = time.process_time() - start
    sample = dice.integers(0, points, SAMPLE)
    same, start = 0, time.process_time()
    for point in sample.tolist():
        costs = distances(asked[point], rows) + penalties[kinds[meant[point]], kinds]
        number = int(costs.argmin())
        same += best[point] == number or bool(np.isclose(costs[number], cost[point], rtol=0, atol=1e-9))
    plain = (time.process_time() - start) / SAMPLE
    return Nearest(len(items), points, seconds, plain, int(same))


def _on_surfaces(boxes: NDArray[np.float64], dice: np.random.Generator) -> NDArray[np.float64]:
    """A point of each box's surface: anywhere inside, then pushed to one of its faces."""
    points = boxes[:, :3] + dice.random((len(boxes), 3)) * (boxes[:, 3:] - boxes[:, :3])
    axis, side = dice.integers(0, 3, len(boxes)), dice.integers(0, 2, len(boxes))
    each = np.arange(len(boxes))
    points[each, axis] = boxes[each, axis + 3 * side]
    return points
