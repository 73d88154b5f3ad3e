"""Whether the cameras of our issues see their elements: rays through the picture against all triangles of a model.

    python -m benchmarks.sight MODEL.ifc … [--most 200]

Each element is looked at as an issue on it would be: from its room where it has one, else from outside. It is *seen* when at
least one of 33 × 25 rays meets it first.
"""

import argparse
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectors.bim.bcf import Camera, camera_to
from connectors.bim.bcf.scenery import Scenery
from connectors.bim.geometry import read_geometry
from connectors.bim.ifc import read_model
from connectors.bim.shapes import Box, ModelIndex

Array = NDArray[np.float64]
COLUMNS, ROWS = 33, 25  # odd: one ray goes through the middle of the picture
ASPECT_RATIO = COLUMNS / ROWS


@dataclass(frozen=True)
class Scene:
    """Triangles (n × 3 × 3, metres) by STEP id, the spaces apart: they are air."""

    shapes: Mapping[int, Array]
    boxes: Mapping[int, Box]
    names: Mapping[int, str]
    rooms: Mapping[int, Box]

    def seen(self, camera: Camera) -> dict[int, float]:
        """The share of the picture that each element fills, by STEP id."""
        steps, lows, highs = self._bounds
        eye, rays = np.array(camera.position), _rays(camera)
        nearest = np.full(len(rays), math.inf)
        hit = np.zeros(len(rays), dtype=np.int64)
        for step, candidates in _in_reach(steps, lows, highs, eye, rays):
            distance = _distances(eye, rays[candidates], self.shapes[step])
            closer = distance < nearest[candidates]
            nearest[candidates[closer]], hit[candidates[closer]] = distance[closer], step
        found, counts = np.unique(hit[hit > 0], return_counts=True)
        return dict(zip(found.tolist(), (counts / len(rays)).tolist(), strict=True))

    @property
    def _bounds(self) -> tuple[list[int], Array, Array]:
        steps = list(self.boxes)
        bounds = np.array([self.boxes[step] for step in steps])
        return steps, bounds[:, :3], bounds[:, 3:]


def views(model: Scene, index: ModelIndex, most: int, seed: int = 1) -> Iterator[tuple[int, bool, Camera]]:
    """For some elements chosen at random: STEP id, whether the camera stands in its room, and the camera."""
    rooms: dict[int, Box] = {}
    for relation in index.relations:
        if relation.space_step in model.rooms:
            rooms.setdefault(relation.element_step, model.rooms[relation.space_step])
    others = Scenery(np.array(list(model.boxes.values())))
    steps = [element.step_id for element in index.elements if element.step_id in model.shapes]
    random.Random(seed).shuffle(steps)
    for step in steps[:most]:
        yield step, step in rooms, camera_to(model.boxes[step], rooms.get(step), others)


def scene(path: Path, index: ModelIndex) -> Scene:
    """The model's elements as a viewer shows them, with openings cut out."""
    geometry = read_geometry(path)
    names = {row.step_id: row.ifc_class for row in index.elements if row.step_id in geometry.meshes}
    meshes = {step: geometry.meshes.mesh(step) for step in names}
    rooms = {row.step_id: geometry.boxes[row.step_id] for row in index.spaces if row.step_id in geometry.boxes}
    shapes = {step: mesh.vertices[mesh.faces] for step, mesh in meshes.items()}
    return Scene(shapes, {step: geometry.boxes[step] for step in names}, names, rooms)


def _rays(camera: Camera) -> Array:
    """Through the middles of the picture's cells."""
    assert camera.field_of_view is not None
    forward, up = np.array(camera.direction), np.array(camera.up)
    right = np.cross(forward, up)
    height = math.tan(math.radians(camera.field_of_view / 2))
    across = (np.arange(COLUMNS) + 0.5) / COLUMNS * 2 - 1
    down = (np.arange(ROWS) + 0.5) / ROWS * 2 - 1
    x, y = np.meshgrid(across * height * ASPECT_RATIO, down * height)
    rays: Array = forward + x.reshape(-1, 1) * right + y.reshape(-1, 1) * up
    return rays


def _in_reach(steps: list[int], lows: Array, highs: Array, eye: Array, rays: Array) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Elements whose box some rays meet, with those rays (slab method)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / rays
        first, second = ((bound[:, None, :] - eye) * inverse for bound in (lows, highs))
    entry = np.nanmax(np.minimum(first, second), axis=2)
    leave = np.nanmin(np.maximum(first, second), axis=2)
    meets = leave >= np.maximum(entry, 0) - 1e-9
    for index in np.flatnonzero(meets.any(axis=1)):
        yield steps[index], np.flatnonzero(meets[index])


def _distances(eye: Array, rays: Array, triangles: Array) -> Array:
    """To the nearest triangle along each ray, infinite where none is hit (Möller and Trumbore 1997)."""
    corner, one, other = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    normal = np.cross(rays[:, None, :], other)
    determinant = (normal * one).sum(axis=2)
    offset = eye - corner
    across = np.cross(offset, one)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = (normal * offset).sum(axis=2) / determinant
        v = rays @ across.T / determinant
        distance = (across * other).sum(axis=1) / determinant
        hits = (np.abs(determinant) > 1e-12) & (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (distance > 1e-6)
    nearest: Array = np.where(hits, distance, math.inf).min(axis=1)
    return nearest


def main() -> None:
    """Print for each model how many elements are seen, from their rooms and from outside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=200, help="elements of each model, chosen at random")
    chosen = parser.parse_args()
    for path in chosen.models:
        index = read_model(path)
        model = scene(path, index)
        found: dict[bool, list[float]] = {True: [], False: []}
        for step, in_room, camera in views(model, index, chosen.most):
            found[in_room].append(model.seen(camera).get(step, 0.0))
        told = (
            f"{name}: {sum(share > 0 for share in shares)} of {len(shares)} seen, {sum(shares) / len(shares):.0%} of picture"
            for name, shares in (("from the room", found[True]), ("from outside", found[False]))
            if shares
        )
        print(f"{path.name}: {'; '.join(told)}")


if __name__ == "__main__":
    main()
