"""The triangles of a model's elements and spaces: each distinct shape once, and where each element stands with it.

One compressed ``.npz`` a revision (numpy's own format: a zip of arrays), which other programs read without us:

    element_step    (E,) int64       the element's or space's STEP id
    element_shape   (E,) int32       its shape, a row of the shape arrays
    element_matrix  (E, 3, 4) f8     from the shape's coordinates to the model's world coordinates, metres
    shape_key       (S,) S32         hash of the shape's content in the file, hexadecimal: `connectors.bim.content_keys`
    shape_origin    (S, 3) f8        to be added to the shape's vertices, so that these are small numbers
    vertex_start    (S + 1,) int64   vertices[vertex_start[s]:vertex_start[s + 1]] are those of shape s
    face_start      (S + 1,) int64   likewise its faces
    vertices        (V, 3) f4        metres
    faces           (F, 3) u4        triangles: numbers of vertices within the shape, counter-clockwise seen from outside
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from io import BytesIO
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from connectors.bim.shapes import Box

Array = NDArray[Any]
MESHES = ".npz"


class Mesh(NamedTuple):
    """Triangles: ``vertices`` (n, 3) float64 metres, ``faces`` (m, 3) numbers of vertices."""

    vertices: Array
    faces: Array


@dataclass(frozen=True)
class Meshes:
    """The arrays that the module describes."""

    element_step: Array
    element_shape: Array
    element_matrix: Array
    shape_key: Array
    shape_origin: Array
    vertex_start: Array
    face_start: Array
    vertices: Array
    faces: Array

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {step: row for row, step in enumerate(self.element_step.tolist())}

    def __contains__(self, step: object) -> bool:
        return step in self._row_of

    def mesh(self, step: int) -> Mesh:
        """An element's or space's triangles in the model's world coordinates. Raises KeyError for one without."""
        row = self._row_of[step]
        local = self.shape(int(self.element_shape[row]))
        matrix = self.element_matrix[row]
        return Mesh(local.vertices @ matrix[:, :3].T + matrix[:, 3], local.faces)

    def shape(self, number: int) -> Mesh:
        """A shape's triangles in its own coordinates."""
        vertices = self.vertices[self.vertex_start[number] : self.vertex_start[number + 1]]
        faces = self.faces[self.face_start[number] : self.face_start[number + 1]]
        return Mesh(vertices + self.shape_origin[number], faces)

    def shapes(self) -> dict[str, Mesh]:
        """Every shape by its key."""
        return {key.decode(): self.shape(number) for number, key in enumerate(self.shape_key.tolist())}

    def boxes(self) -> dict[int, Box]:
        """The boxes of all elements and spaces that have triangles."""
        found = {}
        for step in self._row_of:
            vertices = self.mesh(step).vertices
            found[step] = Box(*vertices.min(axis=0).tolist(), *vertices.max(axis=0).tolist())
        return found

    def packed(self) -> bytes:
        """As ``.npz``; the same meshes give the same bytes."""
        content = BytesIO()
        np.savez_compressed(content, **{item.name: getattr(self, item.name) for item in fields(self)})
        return content.getvalue()


NO_MESHES = Meshes(
    np.zeros(0, "i8"),
    np.zeros(0, "i4"),
    np.zeros((0, 3, 4)),
    np.zeros(0, "S32"),
    np.zeros((0, 3)),
    np.zeros(1, "i8"),
    np.zeros(1, "i8"),
    np.zeros((0, 3), "f4"),
    np.zeros((0, 3), "u4"),
)


def read_meshes(source: IO[bytes]) -> Meshes:
    """Read back what `Meshes.packed` gave. Raises ValueError, KeyError or zipfile.BadZipFile for anything else."""
    with np.load(source, allow_pickle=False) as arrays:
        return Meshes(**{item.name: arrays[item.name] for item in fields(Meshes)})


def pack_meshes(placed: Iterable[tuple[int, str, Array]], shapes: Mapping[str, Mesh]) -> Meshes:
    """Put together what was made. ``placed``: (STEP id, shape key, 3 × 4 matrix); elements without a shape are left out."""
    elements = [item for item in placed if item[1] in shapes]
    if not elements:
        return NO_MESHES
    number = {key: at for at, key in enumerate(dict.fromkeys(key for _, key, _ in elements))}
    meshes = [shapes[key] for key in number]
    origins = [mesh.vertices.min(axis=0) for mesh in meshes]
    return Meshes(
        np.array([step for step, _, _ in elements], dtype="i8"),
        np.array([number[key] for _, key, _ in elements], dtype="i4"),
        np.array([matrix for _, _, matrix in elements], dtype="f8"),
        np.array([key.encode() for key in number], dtype="S32"),
        np.array(origins, dtype="f8"),
        _starts(mesh.vertices for mesh in meshes),
        _starts(mesh.faces for mesh in meshes),
        np.concatenate([mesh.vertices - origin for mesh, origin in zip(meshes, origins, strict=True)]).astype("f4"),
        np.concatenate([mesh.faces for mesh in meshes]).astype("u4"),
    )


def _starts(arrays: Iterable[Array]) -> Array:
    return np.concatenate([[0], np.cumsum([len(array) for array in arrays], dtype="i8")])
