"""Cuts meshes with a horizontal plane: closed outlines for floor plans.

A closed mesh cut between its vertices gives closed outlines: each edge that crosses the plane belongs to two triangles, so the
cut segments are joined by the edges they end on, and no tolerance is needed. (``ifcopenshell.draw`` of 0.9 was tried: it
ended with an AttributeError.)
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from connectors.bim.meshes import Mesh

Edge = tuple[int, int]
Outline = NDArray[np.float64]
"""(n, 2) corners in metres, in order; the last one is joined to the first."""
DIGITS = 6  # vertices nearer than a micrometre are one: a shape may have a vertex of its own for each triangle


def outlines(mesh: Mesh, height: float) -> list[Outline]:
    """Where the plane z = height cuts the mesh. Material lies to the left; what is open in the mesh ends in an open line."""
    vertices, numbers = np.unique(mesh.vertices.round(DIGITS), axis=0, return_inverse=True)
    faces = numbers.reshape(-1)[mesh.faces.astype(np.int64)]
    above = vertices[:, 2] > height
    crossing = faces[above[faces].any(axis=1) & ~above[faces].all(axis=1)]
    following: dict[Edge, list[Edge]] = {}
    for face in crossing.tolist():
        start, end = _cut(face, above)
        following.setdefault(start, []).append(end)
    return [np.array([_point(vertices, edge, height) for edge in chain]) for chain in _chains(following) if len(chain) > 2]


def _cut(face: list[int], above: NDArray[np.bool_]) -> tuple[Edge, Edge]:
    """The edges of a triangle on which its cut starts and ends, so that what is inside the mesh lies to the left."""
    edges = [(face[at], face[(at + 1) % 3]) for at in range(3)]
    down = next(edge for edge in edges if above[edge[0]] and not above[edge[1]])
    up = next(edge for edge in edges if not above[edge[0]] and above[edge[1]])
    return (min(down), max(down)), (min(up), max(up))


def _chains(following: dict[Edge, list[Edge]]) -> Iterator[list[Edge]]:
    """Where parts of a shape touch, several cuts leave one edge: each is followed once."""
    arrived = {end for ends in following.values() for end in ends}
    heads = [start for start in following if start not in arrived]
    while following:
        start = heads.pop() if heads else next(iter(following))
        chain, at = [start], _leave(following, start)
        while at is not None and at != start:
            chain.append(at)
            at = _leave(following, at)
        yield chain


def _leave(following: dict[Edge, list[Edge]], edge: Edge) -> Edge | None:
    ends = following.get(edge)
    if not ends:
        return None
    end = ends.pop()
    if not ends:
        del following[edge]
    return end


def _point(vertices: NDArray[np.float64], edge: tuple[int, int], height: float) -> NDArray[np.float64]:
    low, high = vertices[edge[0]], vertices[edge[1]]
    share = (height - low[2]) / (high[2] - low[2])
    point: NDArray[np.float64] = low[:2] + share * (high[:2] - low[:2])
    return point


def label_point(outline: Outline) -> tuple[float, float, float]:
    """A point well inside an outline and how wide it is there: the middle of the widest stretch at one of several heights."""
    low, high = outline[:, 1].min(), outline[:, 1].max()
    best = (0.0, *outline.mean(axis=0).tolist(), 0.0)
    for share in (0.5, 0.35, 0.65, 0.2, 0.8):
        y = low + share * (high - low)
        for left, right in _stretches(outline, y):
            best = max(best, ((right - left) * (1 - abs(share - 0.5)), (left + right) / 2, y, right - left))
    return best[1:]


def _stretches(outline: Outline, y: float) -> list[tuple[float, float]]:
    ends = np.roll(outline, -1, axis=0)
    crossing = (outline[:, 1] > y) != (ends[:, 1] > y)
    start, end = outline[crossing], ends[crossing]
    across = np.sort(start[:, 0] + (y - start[:, 1]) / (end[:, 1] - start[:, 1]) * (end[:, 0] - start[:, 0])).tolist()
    return list(zip(across[::2], across[1::2], strict=False))
