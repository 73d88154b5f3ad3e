"""A point that a ticket carries: where somebody set a pin, in the coordinates of whoever read it.

It is kept as one text with its frame and the digits as they came, ``GRID 12.4 3.05 1.2``: which place of a building that is, is
for locating to find, by the models and settings of the day.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self

from pydantic import StringConstraints


class PointFrame(StrEnum):
    """In which coordinates a point was read."""

    MODEL = "MODEL"
    """Those of the project's models, metres."""
    GRID = "GRID"
    """Those of the site, as hub.yaml lays them on the models (`grids`)."""
    WGS84 = "WGS84"
    """Longitude and latitude in degrees; height in metres."""


PointText = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(PointFrame)})( -?[0-9]{{1,12}}(\.[0-9]{{1,20}})?){{2,3}}$")]
"""A frame, then two or three numbers."""


@dataclass(frozen=True, slots=True)
class Point:
    """x, y, z in the frame's unit; longitude, latitude, height in WGS84. ``z`` is None where the source tells none."""

    frame: PointFrame
    x: float
    y: float
    z: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The point that a `PointText` tells."""
        frame, *numbers = text.split()
        return cls(PointFrame(frame), *map(float, numbers))
