"""Which elements stand at which room: boxes say which may, triangles which do."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from connectors.bim.facing import APART, Candidate, facing, inside
from connectors.bim.meshes import Mesh, Meshes
from connectors.bim.shapes import Box

ADJACENT = 0.15  # metres: walls and floors begin where a room ends, behind plaster and screed
IN_ITS_WALL = 0.30  # metres: windows and doors stand in the middle of their walls, seen through their openings
FILLINGS = ("IfcWindow", "IfcDoor")
FINISH = "IfcCovering"
BOX_FACES = np.array(
    [(0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4), (2, 6, 3), (3, 6, 7), (0, 4, 2),
     (2, 4, 6), (1, 3, 5), (3, 7, 5)]
)  # fmt: skip
"""Of a box whose corners are numbered by x, then y, then z."""


class Adjacent(NamedTuple):
    """An element at a distance of a room, metres; 0 inside it and where they touch."""

    space_step: int
    element_step: int
    distance: float


class Bodies(NamedTuple):
    """Elements or rooms of one model by STEP id. What has a box and no triangles, as an assembly has, is taken for its box."""

    boxes: Mapping[int, Box]
    meshes: Meshes

    def mesh(self, step: int) -> Mesh:
        """Of one of those that have a box."""
        if step in self.meshes:
            return self.meshes.mesh(step)
        corners = np.array(self.boxes[step]).reshape(2, 3)
        vertices = [(corners[x, 0], corners[y, 1], corners[z, 2]) for z in (0, 1) for y in (0, 1) for x in (0, 1)]
        return Mesh(np.array(vertices), BOX_FACES)


def adjacent(rooms: Bodies, elements: Bodies, classes: Mapping[int, str]) -> Iterator[Adjacent]:
    """The elements that bound each room within 0.15 m, and those inside it. ``classes``: the IFC class of each element."""
    for room, near in near_boxes(rooms.boxes, elements.boxes, IN_ITS_WALL):
        shape = rooms.mesh(room)
        candidates = {step: _candidate(elements, step, classes[step]) for step in near}
        found = facing(shape, candidates)
        for step, candidate in candidates.items():
            if step in found or (near[step] == 0 and inside(shape, candidate.mesh.vertices[0])):
                yield Adjacent(room, step, found.get(step, 0.0))


def _candidate(elements: Bodies, step: int, ifc_class: str) -> Candidate:
    within = IN_ITS_WALL if ifc_class.startswith(FILLINGS) else ADJACENT
    if ifc_class == FINISH:
        return Candidate(elements.mesh(step), within, overlap=-APART, hides=False)
    return Candidate(elements.mesh(step), within, hides=step in elements.meshes)


def near_boxes(rooms: Mapping[int, Box], elements: Mapping[int, Box], within: float) -> Iterator[tuple[int, dict[int, float]]]:
    """Each room that has elements within a distance of its box, and how far the box of each is, metres."""
    if not elements:
        return
    steps = list(elements)
    low, high = np.array(list(elements.values())).reshape(-1, 2, 3).transpose(1, 0, 2)
    for room, box in rooms.items():
        gaps = np.maximum(np.maximum(low - box[3:], np.array(box[:3]) - high), 0.0)
        distances = np.sqrt((gaps**2).sum(axis=1))
        near = np.flatnonzero(distances <= within).tolist()
        if near:
            yield room, {steps[at]: float(distances[at]) for at in near}
