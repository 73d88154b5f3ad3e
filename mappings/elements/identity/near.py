"""Pairs of elements that are equal in something, or near each other, without comparing each with each.

Points are sorted into a grid of cells twice as wide as the reach: whatever is in reach lies in at most two cells an axis, and
eight look-ups find it. A million elements against a million take under a minute.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from mappings.elements.identity.snapshots import Boxes, Codes

CROWD = 64  # more than that in one cell of one class (a pile of equal things at one point) cannot be told apart by place

Indices = NDArray[np.int64]


def equal(old: Codes, new: Codes) -> tuple[Indices, Indices]:
    """The pairs of equal codes that stand once on each side; -1 is equal to nothing."""
    common = np.intersect1d(_once(old), _once(new), assume_unique=True)
    places_old, places_new = np.argsort(old, kind="stable"), np.argsort(new, kind="stable")
    return (
        places_old[np.searchsorted(old[places_old], common)],
        places_new[np.searchsorted(new[places_new], common)],
    )


def _once(codes: Codes) -> Codes:
    values, counts = np.unique(codes, return_counts=True)
    once: Codes = values[(counts == 1) & (values >= 0)]
    return once


def centres(boxes: Boxes) -> NDArray[np.float64]:
    """The middle of each box."""
    return (boxes[:, :3] + boxes[:, 3:]) / 2


def face_distance(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    """The largest difference of the six faces of boxes, pair by pair; NaN where one has no box."""
    distance: NDArray[np.float64] = np.abs(one - other).max(axis=1, initial=0)
    return distance


def neighbours(
    old: NDArray[np.float64], old_groups: Codes, new: NDArray[np.float64], new_groups: Codes, reach: float
) -> tuple[Indices, Indices]:
    """The pairs of points (n, 3) of one group that differ by at most ``reach`` on each axis. Points of NaN have none."""
    there = np.flatnonzero(np.isfinite(old).all(axis=1))
    here = np.flatnonzero(np.isfinite(new).all(axis=1))
    cells = np.floor(old[there] / (2 * reach)).astype(np.int64)
    keys = _keys(cells, old_groups[there])
    order = np.argsort(keys, kind="stable")
    keys, there = keys[order], there[order]
    low = np.floor((new[here] - reach) / (2 * reach)).astype(np.int64)
    high = np.floor((new[here] + reach) / (2 * reach)).astype(np.int64)
    found = [_in_cells(keys, there, here, low, high, new_groups, np.array(step)) for step in product((0, 1), repeat=3)]
    at_old, at_new = np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])
    near = (np.abs(old[at_old] - new[at_new]) <= reach).all(axis=1) & (old_groups[at_old] == new_groups[at_new])
    return at_old[near], at_new[near]


def _in_cells(
    keys: Codes, there: Indices, here: Indices, low: Codes, high: Codes, groups: Codes, step: NDArray[np.int64]
) -> tuple[Indices, Indices]:
    within = (low + step <= high).all(axis=1)
    wanted = _keys((low + step)[within], groups[here[within]])
    first, last = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
    counts = np.where(last - first <= CROWD, last - first, 0)
    starts = np.repeat(first - (np.cumsum(counts) - counts), counts)
    return there[starts + np.arange(counts.sum())], np.repeat(here[within], counts)


def _keys(cells: Codes, groups: Codes) -> Codes:
    """One number for cell and group; two may share one, so pairs are checked afterwards."""
    keys = groups.astype(np.uint64)
    for axis in range(3):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + cells[:, axis].astype(np.uint64)
        keys ^= keys >> np.uint64(29)
    return keys.view(np.int64)
