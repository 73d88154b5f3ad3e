"""Which elements bound a room, judged from triangles: those that are seen straight ahead from one of its faces.

Boxes alone name all that is near: walls that only meet the room's corner, those of the storey above behind a floor, what lies
beside an L-shaped room. Out of each triangle of the room's surface goes a prism along its normal; what reaches into the prism,
and is not hidden there behind another element, bounds the room.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np

from connectors.bim.meshes import Array, Mesh

INSIDE = 0.05  # metres: elements may reach that far into a room's drawn body and still bound it
LINING = 0.06  # metres: plaster, boards, battens; what is this near is not hidden by what else touches the room there
LOOKS = 12  # triangles of an element, nearest first, that are looked for from one face before it counts as hidden
APART = 0.002  # metres: what hides something stands before it by more than this
TINY = 1e-9
Key = TypeVar("Key", bound=Hashable)


class Candidate(NamedTuple):
    """An element that may bound a room.

    ``within``: how far it may stand from a face, metres. ``overlap``: how far it must reach sideways into what lies before the
    face, metres; where it is negative, it may also lie beside it by as much. ``hides``: whether it hides what is behind it.
    """

    mesh: Mesh
    within: float
    overlap: float = APART
    hides: bool = True


class _Faces(NamedTuple):
    """Triangles of a room's surface: corners (n, 3, 3), unit normals out of the room, and of each side into the triangle."""

    corners: Array
    normals: Array
    sides: Array

    def take(self, numbers: Array) -> "_Faces":
        return _Faces(self.corners[numbers], self.normals[numbers], self.sides[numbers])


class _Triangles(NamedTuple):
    """The candidates' triangles (n, 3, 3), the number of the candidate of each, and what `Candidate` says of it."""

    corners: Array
    owner: Array
    within: Array
    overlap: Array
    hides: Array

    def take(self, numbers: Array) -> "_Triangles":
        return _Triangles(*(values[numbers] for values in self))


class _Reaching(NamedTuple):
    """Triangles that reach into the prism of a face: numbers of both, the least depth, and a point of it in the prism."""

    face: Array
    triangle: Array
    depth: Array
    point: Array


def facing(room: Mesh, candidates: Mapping[Key, Candidate]) -> dict[Key, float]:
    """The elements that bound a room, and how far each stands from it, metres; 0 where it touches or reaches in."""
    faces = _faces(room)
    if not candidates or not len(faces.corners):
        return {}
    triangles = _triangles(list(candidates.values()), faces.corners)
    reaching = _reaching(faces, triangles)
    depths = np.full(len(candidates), np.inf)
    np.minimum.at(depths, triangles.owner[reaching.triangle], reaching.depth)
    for number in np.flatnonzero(np.isfinite(depths) & (depths > LINING)).tolist():
        depths[number] = _least_seen(faces, triangles, reaching, number)
    return {key: depth for key, depth in zip(candidates, depths.tolist(), strict=True) if depth < np.inf}


def inside(room: Mesh, point: Array) -> bool:
    """Whether a point is in the room: a ray from there leaves it once more often than it enters."""
    askew = np.array([0.3134, 0.1867, 0.9311])  # along no wall
    return bool(np.count_nonzero(_distances(point, askew, room.vertices[room.faces.astype(np.int64)]) > 0) % 2)


def _faces(room: Mesh) -> _Faces:
    corners = room.vertices[room.faces.astype(np.int64)]
    along = np.roll(corners, -1, axis=1) - corners
    normals = np.cross(along[:, 0], along[:, 1])
    sizes = np.linalg.norm(normals, axis=1)
    outward = ((corners[:, 0] - room.vertices.mean(axis=0)) * normals).sum() >= 0  # six times the volume
    kept = sizes > TINY
    normals = normals[kept] / sizes[kept, None]
    sides = np.cross(normals[:, None], along[kept])
    sides /= np.linalg.norm(sides, axis=2, keepdims=True)
    return _Faces(corners[kept], normals if outward else -normals, sides)


def _triangles(candidates: list[Candidate], corners: Array) -> _Triangles:
    """Those about the room."""
    all_of_them = [item.mesh.vertices[item.mesh.faces.astype(np.int64)] for item in candidates]
    owner = np.repeat(np.arange(len(candidates)), [len(part) for part in all_of_them])
    said = (np.array(values)[owner] for values in zip(*((item[1:]) for item in candidates), strict=True))
    triangles = _Triangles(np.concatenate(all_of_them), owner, *said)
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    within = triangles.within[:, None]
    about = (triangles.corners.min(axis=1) <= high + within) & (triangles.corners.max(axis=1) >= low - within)
    return triangles.take(np.flatnonzero(about.all(axis=1)))


def _reaching(faces: _Faces, triangles: _Triangles) -> _Reaching:
    """Pairs whose boxes meet, cut exactly."""
    furthest = triangles.within.max(initial=0.0)
    ends = [faces.corners + depth * faces.normals[:, None] for depth in (-INSIDE, furthest)]
    prisms = np.concatenate(ends, axis=1)
    slack = -triangles.overlap.min(initial=0.0)
    low, high = prisms.min(axis=1) - slack, prisms.max(axis=1) + slack
    least, most = triangles.corners.min(axis=1), triangles.corners.max(axis=1)
    found = [np.flatnonzero(((least <= high[at]) & (most >= low[at])).all(axis=1)) for at in range(len(low))]
    face, triangle = np.repeat(np.arange(len(low)), [len(numbers) for numbers in found]), np.concatenate(found)
    depth, point = _in_prism(faces.take(face), triangles.take(triangle))
    kept = np.isfinite(depth)
    return _Reaching(face[kept], triangle[kept], depth[kept], point[kept])


def _in_prism(faces: _Faces, triangles: _Triangles) -> tuple[Array, Array]:
    """Of each triangle the least depth in the prism of the face of the same number, infinite outside it, and a point in it.

    Either an edge runs through the prism, or the triangle cuts straight across it, and so its axis.
    """
    starts = triangles.corners
    depth = np.einsum("nki,ni->nk", starts - faces.corners[:, :1], faces.normals)
    limits = [depth + INSIDE, triangles.within[:, None] - depth]
    for side in range(3):
        beyond = np.einsum("nki,ni->nk", starts - faces.corners[:, side, None], faces.sides[:, side])
        limits.append(beyond - triangles.overlap[:, None])
    first, last = _cut(limits)
    met = first <= last
    along = np.roll(depth, -1, axis=1) - depth
    depths = np.where(met, np.minimum(depth + first * along, depth + last * along), np.inf)
    middles = starts + ((first + last) / 2)[..., None] * (np.roll(starts, -1, axis=1) - starts)
    least, at = depths.min(axis=1), depths.argmin(axis=1)
    point = 0.9 * middles[np.arange(len(at)), at] + 0.1 * _mean(middles, met)  # off the edge: others may touch it there
    across = np.flatnonzero(~met.any(axis=1))
    axis = faces.corners[across].mean(axis=1)
    straight = _distances(axis, faces.normals[across], starts[across])
    pierced = (straight >= -INSIDE) & (straight <= triangles.within[across])
    across, straight = across[pierced], straight[pierced]
    least[across], point[across] = straight, axis[pierced] + straight[:, None] * faces.normals[across]
    return np.maximum(least, 0.0), point


def _cut(limits: list[Array]) -> tuple[Array, Array]:
    """Where each edge enters and leaves what all limits leave of it, as shares of its length. They are positive inside."""
    first, last = np.zeros(limits[0].shape), np.ones(limits[0].shape)
    for here in limits:
        there = np.roll(here, -1, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = here / (here - there)
        entering = np.where(there < 0, 2.0, np.maximum(first, crossing))
        last = np.where((here >= 0) & (there < 0), np.minimum(last, crossing), last)
        first = np.where(here < 0, entering, first)
    return first, last


def _mean(points: Array, counted: Array) -> Array:
    total = np.where(counted[..., None], points, 0.0).sum(axis=1)
    mean: Array = total / np.maximum(counted.sum(axis=1), 1)[:, None]
    return mean


def _least_seen(faces: _Faces, triangles: _Triangles, reaching: _Reaching, number: int) -> float:
    """The least depth at which a candidate is not hidden; infinite where it is everywhere."""
    mine = np.flatnonzero(triangles.owner[reaching.triangle] == number)
    least = np.inf
    for face in np.unique(reaching.face[mine]).tolist():
        others = reaching.triangle[reaching.face == face]
        before = triangles.corners[others[triangles.hides[others] & (triangles.owner[others] != number)]]
        normal, origin = faces.normals[face], faces.corners[face, 0]
        looks = mine[reaching.face[mine] == face]
        for look in looks[reaching.depth[looks].argsort()][:LOOKS].tolist():
            depth = float((reaching.point[look] - origin) @ normal)
            distances = _distances(reaching.point[look] - depth * normal, normal, before)
            if not ((distances > -INSIDE) & (distances < depth - APART)).any():
                least = min(least, float(reaching.depth[look]))
                break
    return least


def _distances(origins: Array, rays: Array, triangles: Array) -> Array:
    """Where rays meet triangles (Möller and Trumbore), in lengths of the ray; NaN where they do not."""
    corners = triangles[:, 0]
    one, other = triangles[:, 1] - corners, triangles[:, 2] - corners
    away = np.cross(rays, other)
    size = np.einsum("ni,ni->n", one, away)
    size = np.where(np.abs(size) > TINY**2, size, np.nan)
    offset = origins - corners
    u = np.einsum("ni,ni->n", offset, away) / size
    across = np.cross(offset, one)
    v = (across * rays).sum(axis=1) / size
    distance = np.einsum("ni,ni->n", other, across) / size
    return np.where((u >= -TINY) & (v >= -TINY) & (u + v <= 1 + TINY), distance, np.nan)
