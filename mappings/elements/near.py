"""Which boxes lie near many points: a grid in which each box stands in every cell that it comes near to.

Distances are those from a point to a box (0 inside it), exact: a point's own cell lists all boxes within ``reach`` of it. A
class prior is a penalty in metres: of two boxes the one that fits the words may lie so much further away. Where even the best
box of the cell may not be the best of all, wider grids are asked, at last every box.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Metres = NDArray[np.float64]
Numbers = NDArray[np.int64]

REACHES = (0.5, 2.0, 8.0)
"""How far from its boxes a cell knows them, metres; each grid is asked for what the one before leaves open."""
_AT_ONCE = 1 << 21  # pairs of point and box in memory


@dataclass(frozen=True)
class Pairs:
    """Points and boxes that are near each other, sorted by point."""

    point: Numbers
    box: Numbers
    distance: Metres


@dataclass(frozen=True)
class Boxes:
    """The boxes of elements: x, y, z min, x, y, z max in metres, one row each."""

    rows: Metres

    def within(self, points: Metres, reach: float) -> Pairs:
        """All boxes within ``reach`` metres of each point. ``reach`` is at most the last of REACHES."""
        grid = self._grids[next(number for number, known in enumerate(REACHES) if reach <= known)]
        found = [Pairs(point + start, box, far) for start, point, box, far in grid.candidates(points)]
        columns = zip(*((one.point, one.box, one.distance) for one in found), strict=True)
        pairs = Pairs(*map(np.concatenate, columns))
        near = pairs.distance <= reach
        return Pairs(pairs.point[near], pairs.box[near], pairs.distance[near])

    def nearest(self, points: Metres, kinds: Numbers, rows: Numbers, penalties: Metres) -> tuple[Numbers, Metres]:
        """For each point the box with the least distance plus penalty, and that sum; among equals the first box.

        ``kinds``: the kind of each box; ``rows``: for each point its row of ``penalties``, metres by kind, none negative.
        """
        best, cost = np.full(len(points), -1, np.int64), np.full(len(points), np.inf)
        open_points = np.arange(len(points))
        for reach, grid in zip(REACHES, self._grids, strict=True):
            for start, point, box, far in grid.candidates(points[open_points]):
                asked = open_points[point + start]
                _take(best, cost, asked, box, far + penalties[rows[asked], kinds[box]])
            open_points = open_points[cost[open_points] > reach]
        for number in open_points.tolist():
            costs = distances(points[number], self.rows) + penalties[rows[number], kinds]
            best[number] = int(costs.argmin())
            cost[number] = costs[best[number]]
        return best, cost

    @cached_property
    def _grids(self) -> tuple["_Grid", ...]:
        return tuple(_Grid.of(self.rows, reach) for reach in REACHES)


def distances(point: Metres, boxes: Metres) -> Metres:
    """From one point, or one point for each box, to the boxes, metres."""
    beyond = np.maximum(np.maximum(boxes[..., :3] - point, point - boxes[..., 3:]), 0.0)
    squared: Metres = np.einsum("...i,...i->...", beyond, beyond)
    return np.sqrt(squared)


def _take(best: Numbers, cost: Metres, asked: Numbers, box: Numbers, costs: Metres) -> None:
    """The cheapest of each point's boxes; the pairs are sorted by point."""
    if not len(asked):
        return
    starts = np.flatnonzero(np.r_[True, asked[1:] != asked[:-1]])
    least = np.minimum.reduceat(costs, starts)
    is_least = costs == np.repeat(least, np.diff(np.r_[starts, len(asked)]))
    first = np.minimum.reduceat(np.where(is_least, box, np.iinfo(np.int64).max), starts)
    points = asked[starts]
    best[points], cost[points] = first, least


@dataclass(frozen=True)
class _Grid:
    """Cubes with edges of ``size`` metres; each lists the boxes that come within the reach of it, in their order."""

    boxes: Metres
    low: Metres
    size: float
    shape: Numbers
    cells: Numbers
    starts: Numbers
    listed: Numbers

    @classmethod
    def of(cls, boxes: Metres, reach: float) -> "_Grid":
        """The grid of boxes for one reach; its cells are twice as wide."""
        size = 2 * reach
        low, high = boxes[:, :3].min(axis=0) - reach, boxes[:, 3:].max(axis=0) + reach
        shape = np.floor((high - low) / size).astype(np.int64) + 1
        first = np.floor((boxes[:, :3] - reach - low) / size).astype(np.int64)
        box, place = covered(first, np.floor((boxes[:, 3:] + reach - low) / size).astype(np.int64))
        cell = _numbered(place, shape)
        order = np.argsort(cell, kind="stable")
        cells, starts = np.unique(cell[order], return_index=True)
        return cls(boxes, low, size, shape, cells, np.append(starts, len(order)), box[order])

    def candidates(self, points: Metres) -> Iterator[tuple[int, Numbers, Numbers, Metres]]:
        """In portions: the number of the first point, then pairs of a point (counted from it) and a box with their distance."""
        place = np.floor((points - self.low) / self.size).astype(np.int64)
        inside = ((place >= 0) & (place < self.shape)).all(axis=1)
        cell = np.where(inside, _numbered(place, self.shape), -1)
        known = np.minimum(np.searchsorted(self.cells, cell), len(self.cells) - 1)
        counts = np.where(self.cells[known] == cell, self.starts[known + 1] - self.starts[known], 0)
        for start, end in pairwise(_portions(counts)):
            here, firsts = counts[start:end], self.starts[known[start:end]]
            point = np.repeat(np.arange(end - start), here)
            box = self.listed[np.arange(len(point)) + np.repeat(firsts - (np.cumsum(here) - here), here)]
            yield start, point, box, distances(points[start:end][point], self.boxes[box])


def covered(first: Numbers, last: Numbers) -> tuple[Numbers, Numbers]:
    """Every cell from the first to the last of each row: the number of the row, and the cell's own three numbers."""
    count = last - first + 1
    total = count.prod(axis=1)
    row = np.repeat(np.arange(len(first)), total)
    within = np.arange(len(row)) - np.repeat(np.cumsum(total) - total, total)
    x, rest = np.divmod(within, (count[:, 1] * count[:, 2])[row])
    y, z = np.divmod(rest, count[:, 2][row])
    return row, first[row] + np.stack([x, y, z], axis=1)


def _numbered(place: Numbers, shape: Numbers) -> Numbers:
    numbers: Numbers = (place[:, 0] * shape[1] + place[:, 1]) * shape[2] + place[:, 2]
    return numbers


def _portions(counts: Numbers) -> list[int]:
    """Where to cut the points, so that each portion has about so many pairs."""
    upto = np.cumsum(counts)
    cuts = np.searchsorted(upto, np.arange(_AT_ONCE, upto[-1] if len(upto) else 0, _AT_ONCE))
    return sorted({0, *cuts.tolist(), len(counts)})
