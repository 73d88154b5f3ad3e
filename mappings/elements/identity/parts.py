"""One element that became several, or several that became one: told, never linked."""

import numpy as np
from numpy.typing import NDArray

from mappings.elements.identity.match import MOVED_BOX, Matching, volume
from mappings.elements.identity.near import centres, neighbours
from mappings.elements.identity.snapshots import Boxes, Codes, Snapshots, coded

REACH = 5.0  # metres from the middle of the whole to the middle of a part
FILLED = 0.8  # of the whole's volume, by its parts together
OVERFILLED = 1.2
SETTLED = -1, -2  # classes that nothing has in common


def split_and_merged(old: Snapshots, new: Snapshots, found: Matching) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs (old, new) of a split element and each of its parts, and of each part of a merged element and it."""
    was, now = (codes.classes for codes in coded(old, new))
    was, now = was.copy(), now.copy()
    for pair in found.sure:
        was[pair.old], now[pair.new] = SETTLED
    split = parts_of(old.boxes, was, new.boxes, now)
    merged = parts_of(new.boxes, now, old.boxes, was)
    return split, [(part, whole) for whole, part in merged]


def parts_of(wholes: Boxes, whole_classes: Codes, parts: Boxes, part_classes: Codes) -> list[tuple[int, int]]:
    """Pairs of a whole and a part: two or more of its class that lie in its box and fill it."""
    whole, part = neighbours(centres(wholes), whole_classes, centres(parts), part_classes, REACH)
    inside = _inside(parts[part], wholes[whole])
    whole, part = whole[inside], part[inside]
    filled = np.bincount(whole, weights=volume(parts[part]), minlength=len(wholes)) / volume(wholes)
    several = np.bincount(whole, minlength=len(wholes)) > 1
    full = several & (filled >= FILLED) & (filled <= OVERFILLED)
    return [(one, other) for one, other in zip(whole.tolist(), part.tolist(), strict=True) if full[one]]


def _inside(boxes: Boxes, around: Boxes) -> NDArray[np.bool_]:
    low = boxes[:, :3] >= around[:, :3] - MOVED_BOX
    high = boxes[:, 3:] <= around[:, 3:] + MOVED_BOX
    inside: NDArray[np.bool_] = np.all(low & high, axis=1)
    return inside
