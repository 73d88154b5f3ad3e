"""Where elements and rooms are, judged from their geometry: on which storey, where on the map."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from connectors.bim.shapes import Box, Georeference, Storey

BELOW_LEVEL = 0.1  # metres; measured with 0 to 0.8: right for 1,686 of 1,796 elements of seven models that say it themselves
FAR = 100_000.0  # metres: an origin of a national grid is at least this far away
APART = 10.0  # metres: models of one building that do not come this near to each other have different origins or units
NEAR = 10_000.0  # metres: a site is within this


def storeys_by_height(storeys: Iterable[Storey], levels: Mapping[int, float], boxes: Mapping[int, Box]) -> dict[int, int]:
    """The storey of each box: the highest one that begins at or below the box's foot; the lowest for what is below them all.

    ``levels``: of the storeys' placements; a storey without one counts with the elevation that the file states.
    """
    known = ((levels.get(item.step_id, item.elevation), item.step_id) for item in storeys)
    ordered = sorted((level, step) for level, step in known if level is not None)
    if not ordered:
        return {}
    starts = np.array([level for level, _ in ordered])
    feet = np.array([box.z_min for box in boxes.values()]) + BELOW_LEVEL
    places = np.maximum(np.searchsorted(starts, feet, side="right") - 1, 0)
    return {step: ordered[place][1] for step, place in zip(boxes, places.tolist(), strict=True)}


def extent(boxes: Iterable[Box]) -> Box | None:
    """The box around all boxes; None around none."""
    corners = np.array(list(boxes))
    if not len(corners):
        return None
    return Box(*corners[:, :3].min(axis=0).tolist(), *corners[:, 3:].max(axis=0).tolist())


def applied_twice(georeference: Georeference | None, around: Box | None) -> bool:
    """Whether the model already stands where its map conversion would move it.

    Then the conversion has been applied to the coordinates and left in the file; a program that applies it puts the building
    into the sea. Recognised as far as a conversion is large: a model's own coordinates are never as large as a grid's.
    """
    if georeference is None or around is None:
        return False
    anchor = georeference.eastings, georeference.northings
    middle = (around.x_min + around.x_max) / 2, (around.y_min + around.y_max) / 2
    return math.hypot(*anchor) > FAR and math.dist(anchor, middle) < NEAR


Frame = tuple[Box, Mapping[str, Any] | None]
"""The extent of a model, and how it says that it lies on the map (`Georeference`, by name)."""


def same_frame(one: Frame, other: Frame) -> bool:
    """Whether two models of one building share their coordinates: they overlap or nearly so, and lie alike on the map."""
    (box, stated), (other_box, other_stated) = one, other
    gaps = (max(low, other_low) - min(high, other_high) for low, other_low, high, other_high in _sides(box, other_box))
    if max(gaps) > APART:
        return False
    if not (stated and other_stated):
        return True
    return all(math.isclose(stated[name], other_stated[name], abs_tol=0.01) for name in ("eastings", "northings", "rotation"))


def _sides(box: Box, other: Box) -> Iterable[tuple[float, float, float, float]]:
    return zip(box[:3], other[:3], box[3:], other[3:], strict=True)
