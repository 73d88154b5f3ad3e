"""Where a point is in a model's coordinates, and what it was read in by mistake.

A point that lies in no model's box may have been written in another unit than its frame's, or come from a Chinese phone map,
whose coordinates (GCJ-02) are moved by 100 to 700 m on purpose. Each such reading is tried; one is taken only if it alone puts
the point into a box (`OUTSIDE`). A point that is inside as it stands was read as it stands.

CGCS2000, the datum of Chinese grids, is taken for WGS84: they differ by less than a metre.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warranty_hub.records.points import Point, PointFrame

Metres = NDArray[np.float64]

OUTSIDE = 5.0
"""A point further than this from the box of all models, metres, is not where somebody stood."""
_UNITS = {"m": 1.0, "mm": 0.001, "ft": 0.3048}
_A_METRE = 1000.0  # millimetres
_A_SCALE = (0.99, 1.01)  # IfcMapConversion.Scale also turns units into one another; here all lengths are metres already


class ReadAs(StrEnum):
    """In which unit or frame a point was read."""

    TOLD = "TOLD"
    METRES = "METRES"
    MILLIMETRES = "MILLIMETRES"
    FEET = "FEET"
    GCJ02 = "GCJ02"


_READ_AS = {"m": ReadAs.METRES, "mm": ReadAs.MILLIMETRES, "ft": ReadAs.FEET}


@dataclass(frozen=True, slots=True)
class Grid:
    """A site's grid on the models: where its origin is in their coordinates (metres), how it is turned, its unit (m, mm, ft).

    ``rotation``: degrees counter-clockwise from the models' x axis to the grid's.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    rotation: float = 0.0
    unit: str = "m"

    def to_model(self, points: Metres) -> Metres:
        """Grid coordinates in metres as the models' coordinates."""
        return np.add(turned(points, self.rotation), (self.x, self.y, self.z))


@dataclass(frozen=True, slots=True)
class Placement:
    """How models lie on the map (IfcMapConversion): metres, and degrees from the map's east to the models' x axis."""

    crs: str
    eastings: float
    northings: float
    height: float
    rotation: float
    scale: float

    @classmethod
    def of(cls, stated: Mapping[str, Any] | None) -> "Placement | None":
        """What a revision says of itself (``bim_revision.georeference``); None where that leads to no map."""
        if not stated or not stated["crs"] or not _projection(stated["crs"]):
            return None
        if stated["applied_twice"]:
            return cls(stated["crs"], 0.0, 0.0, 0.0, 0.0, 1.0)
        scale = stated["scale"] if _A_SCALE[0] < stated["scale"] < _A_SCALE[1] else 1.0
        return cls(stated["crs"], stated["eastings"], stated["northings"], stated["height"], stated["rotation"], scale)

    def to_model(self, points: Metres) -> Metres:
        """Longitude, latitude (degrees) and height as the models' coordinates; not finite where the map does not reach."""
        project = _projection(self.crs)
        assert project is not None
        east, north = project(points[:, 0], points[:, 1])
        moved = np.column_stack([east, north, points[:, 2]]) - np.array([self.eastings, self.northings, self.height])
        return np.divide(turned(moved, -self.rotation), (self.scale, self.scale, 1.0))


def turned(points: Metres, degrees: float) -> Metres:
    """Points turned around the z axis, counter-clockwise."""
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    x, y, z = points.T
    turned: Metres = np.column_stack([cos * x - sin * y, sin * x + cos * y, z])
    return turned


@cache
def _projection(crs: str) -> Callable[[Metres, Metres], tuple[Metres, Metres]] | None:
    """Longitude and latitude to metres east and north; None for what is no projected system that PROJ knows."""
    from pyproj import CRS, Transformer
    from pyproj.exceptions import ProjError

    try:
        target = CRS.from_user_input(crs)
        if not target.is_projected:
            return None
        metres = target.axis_info[0].unit_conversion_factor
        transformer = Transformer.from_crs("EPSG:4326", target, always_xy=True)
    except ProjError:
        return None

    def project(longitude: Metres, latitude: Metres) -> tuple[Metres, Metres]:
        east, north = transformer.transform(longitude, latitude)
        return np.asarray(east) * metres, np.asarray(north) * metres

    return project


# ------------------------------------------------------------------------------------------------ readings
def readings(frame: PointFrame, unit: str = "m") -> tuple[ReadAs, ...]:
    """What a point of a frame may have been read as; as it was told first. ``unit``: of the site's grid."""
    if frame is PointFrame.WGS84:
        return ReadAs.TOLD, ReadAs.GCJ02
    told = unit if frame is PointFrame.GRID else "m"
    return (ReadAs.TOLD, *(read_as for other, read_as in _READ_AS.items() if other != told))


def in_metres(points: Metres, read_as: ReadAs, unit: str = "m") -> Metres:
    """Coordinates of a model or a grid of this unit as they are when read so, metres.

    What would be less than a metre from the origin is not read as millimetres by mistake: any small number would be.
    """
    scales = {ReadAs.TOLD: _UNITS[unit], **{read: _UNITS[other] for other, read in _READ_AS.items()}}
    small = (read_as is ReadAs.MILLIMETRES) & (np.hypot(points[:, 0], points[:, 1]) < _A_METRE)
    return np.where(small[:, None], np.nan, points * scales[read_as])


def rows(points: Sequence[Point]) -> Metres:
    """x, y, z one row a point; z is nan where it is not told."""
    table = [(point.x, point.y, np.nan if point.z is None else point.z) for point in points]
    return np.array(table, np.float64).reshape(-1, 3)


# ------------------------------------------------------------------------------------------------ GCJ-02
_AXIS, _ECCENTRICITY = 6378245.0, 0.00669342162296594323  # of Krasovsky's ellipsoid, which the published formula uses
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_ROUNDS = 6  # each leaves a thousandth of the error before


def from_gcj02(points: Metres) -> Metres:
    """Longitude and latitude of a Chinese map as WGS84; not a number outside China, where such maps move nothing."""
    west, south, east, north = _CHINA
    longitude, latitude = points[:, 0], points[:, 1]
    inside = (longitude > west) & (longitude < east) & (latitude > south) & (latitude < north)
    undone = points.copy()
    undone[~inside] = np.nan
    for _ in range(_ROUNDS):
        undone[:, :2] = points[:, :2] - moved_by_gcj02(undone[:, 0], undone[:, 1])
    return undone


def moved_by_gcj02(longitude: Metres, latitude: Metres) -> Metres:
    """By how many degrees GCJ-02 moves a point; the formula that became known in 2010 (coordTransform, eviltransform)."""
    x, y, pi = longitude - 105.0, latitude - 35.0, np.pi
    ripple = (np.sin(6 * x * pi) + np.sin(2 * x * pi)) * 40 / 3
    up = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(abs(x)) + ripple
    up += (np.sin(y * pi) + 2 * np.sin(y / 3 * pi)) * 40 / 3 + (np.sin(y / 12 * pi) + 2 * np.sin(y * pi / 30)) * 320 / 3
    across = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(abs(x)) + ripple
    across += (np.sin(x * pi) + 2 * np.sin(x / 3 * pi)) * 40 / 3 + (np.sin(x / 12 * pi) + 2 * np.sin(x / 30 * pi)) * 100
    radians = np.radians(latitude)
    magic = 1 - _ECCENTRICITY * np.sin(radians) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY) / (magic * np.sqrt(magic))
    parallel = _AXIS / np.sqrt(magic) * np.cos(radians)
    return np.column_stack([np.degrees(across / parallel), np.degrees(up / meridian)])
