"""What the floor plans of a model show: of each storey, the outlines of what its plane cuts, and of what lies under that.

They follow from the model alone, so they are made when it is read and kept beside its triangles; a plan lays names and colours
over them. One compressed ``.cut.npz`` a revision (a zip of numpy's arrays):

    part_storey    (P,) int64      STEP id of the storey in whose plan the part is; the lowest storey first
    part_step      (P,) int64      STEP id of the element or space, ascending within a storey
    part_below     (P,) bool       whether it lies under the cut, and is seen from above
    part_key       (P,) S32        hash over the triangles, where they stand and the height: equal ones give equal outlines
    outline_start  (P + 1,) int64  the outlines outline_start[p]:outline_start[p + 1] are those of part p; it may have none
    corner_start   (O + 1,) int64  likewise the corners of outline o
    corners        (C, 2) f8       metres
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from io import BytesIO
from itertools import pairwise
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from connectors.bim.meshes import Meshes
from connectors.bim.section import Outline, outlines
from connectors.bim.shapes import Box, Storey

Array = NDArray[Any]
CUTS = ".cut.npz"
VERSION = b"1"
"""Of the outlines of a given shape. Raised with every change of them, and ``INDEX_VERSION`` with it: then all are cut again."""
CUT = 1.2  # metres above a storey's floor, as drawings are cut
NEAR = 0.3  # metres above the floor of the next storey, where a lower one is cut instead
UNDER = 0.5  # metres below a storey's floor, where its floor's layers lie
EDGE = 0.1  # of its height below the top of what lies under the cut: there it is drawn
SPACE = "IfcSpace"
LAID = frozenset(("IfcCovering", "IfcSlab", "IfcRoof", "IfcSite", "IfcGeographicElement"))
"""What covers a plan; it is never cut, only seen from above."""


class CutPart(NamedTuple):
    """An element or space in a storey's plan."""

    step: int
    below: bool
    outlines: Sequence[Outline]


@dataclass(frozen=True)
class Cuts:
    """The arrays that the module describes."""

    part_storey: Array
    part_step: Array
    part_below: Array
    part_key: Array
    outline_start: Array
    corner_start: Array
    corners: Array

    def of(self, storey_step: int) -> Iterator[CutPart]:
        """What a storey's plan shows."""
        for part in np.flatnonzero(self.part_storey == storey_step).tolist():
            found = self.outlines(part)
            if found:
                yield CutPart(int(self.part_step[part]), bool(self.part_below[part]), found)

    def outlines(self, part: int) -> list[Outline]:
        """Those of a part."""
        starts = self.corner_start[self.outline_start[part] : self.outline_start[part + 1] + 1].tolist()
        return [self.corners[start:end] for start, end in pairwise(starts)]

    def packed(self) -> bytes:
        """As ``.cut.npz``; the same cuts give the same bytes."""
        content = BytesIO()
        np.savez_compressed(content, **{item.name: getattr(self, item.name) for item in fields(self)})
        return content.getvalue()


def read_cuts(source: IO[bytes]) -> Cuts:
    """Read back what `Cuts.packed` gave. Raises ValueError, KeyError or zipfile.BadZipFile for anything else."""
    with np.load(source, allow_pickle=False) as arrays:
        return Cuts(**{item.name: arrays[item.name] for item in fields(Cuts)})


def cut_storeys(
    storeys: Sequence[Storey],
    levels: Mapping[int, float],
    classes: Mapping[int, str],
    boxes: Mapping[int, Box],
    meshes: Meshes,
    known: Cuts | None = None,
) -> tuple[Cuts, int]:
    """The cuts of all storeys, and how many of their parts were new; those that an earlier file showed alike are ``known``.

    ``levels``: the height of each storey's placement, metres. ``classes`` of elements and spaces, by STEP id as ``boxes``.
    """
    steps = np.array(sorted(step for step in classes if step in meshes), dtype="i8")
    bodies = _Bodies(
        steps,
        np.array([boxes[step].z_min for step in steps.tolist()]),
        np.array([boxes[step].z_max for step in steps.tolist()]),
        np.array([classes[step] == SPACE for step in steps.tolist()], dtype=bool),
        np.array([classes[step] in LAID for step in steps.tolist()], dtype=bool),
    )
    asked = [
        (storey, *part)
        for storey, level, height in _heights(storeys, levels)
        for part in bodies.parts(level, height)
    ]  # fmt: skip
    keys = _keys(meshes, [(step, at) for _, step, _, at in asked])
    made = {key: known.outlines(part) for part, key in enumerate(known.part_key.tolist())} if known else {}
    new = 0
    for key, (_, step, _, at) in zip(keys, asked, strict=True):
        if key not in made:
            made[key] = outlines(meshes.mesh(step), at)
            new += 1
    return _packed(asked, keys, [made[key] for key in keys]), new


def _heights(storeys: Sequence[Storey], levels: Mapping[int, float]) -> Iterator[tuple[int, float, float]]:
    """Each storey that has a height, with it and that of its cut, the lowest first."""
    ordered = sorted(
        (level, storey.step_id)
        for storey in storeys
        if (level := levels.get(storey.step_id, storey.elevation)) is not None
    )  # fmt: skip
    for (level, step), (_, above) in zip(ordered, [*ordered[1:], (0.0, None)], strict=True):
        top = levels.get(above) if above is not None else None
        yield step, level, level + CUT if top is None else min(level + CUT, max(top - NEAR, level + NEAR))


class _Bodies(NamedTuple):
    """Elements and spaces that have triangles, one a row."""

    steps: Array
    low: Array
    high: Array
    space: Array
    laid: Array

    def parts(self, level: float, height: float) -> Iterator[tuple[int, bool, float]]:
        """What a plan shows: step, whether it lies below the cut, and where it is cut itself."""
        cut = (self.low < height) & (height < self.high) & ~self.laid
        below = (level - UNDER < self.low) & (self.high <= height) & ~self.space
        at = np.where(cut, height, self.high - EDGE * (self.high - self.low))
        for row in np.flatnonzero(cut | below).tolist():
            yield int(self.steps[row]), not cut[row], float(at[row])


def _keys(meshes: Meshes, asked: Sequence[tuple[int, float]]) -> list[bytes]:
    """A hash for each element and height, over all that its outlines follow from."""
    row_of = {step: row for row, step in enumerate(meshes.element_step.tolist())}
    shapes = [_shape_digest(meshes, number) for number in range(len(meshes.shape_key))]
    keys = []
    for step, at in asked:
        row = row_of[step]
        where = meshes.element_matrix[row].tobytes() + np.float64(at).tobytes()
        keys.append(hashlib.sha256(VERSION + shapes[meshes.element_shape[row]] + where).hexdigest()[:32].encode())
    return keys


def _shape_digest(meshes: Meshes, number: int) -> bytes:
    digest = hashlib.sha256(meshes.shape_origin[number].tobytes())
    for starts, rows in (meshes.vertex_start, meshes.vertices), (meshes.face_start, meshes.faces):
        digest.update(rows[starts[number] : starts[number + 1]].tobytes())
    return digest.digest()


def _packed(asked: Sequence[tuple[int, int, bool, float]], keys: Sequence[bytes], found: Sequence[Sequence[Outline]]) -> Cuts:
    every = [outline for part in found for outline in part]
    return Cuts(
        np.array([storey for storey, *_ in asked], dtype="i8"),
        np.array([step for _, step, *_ in asked], dtype="i8"),
        np.array([below for _, _, below, _ in asked], dtype=bool),
        np.array(keys, dtype="S32"),
        np.concatenate([[0], np.cumsum([len(part) for part in found], dtype="i8")]),
        np.concatenate([[0], np.cumsum([len(outline) for outline in every], dtype="i8")]),
        np.concatenate([np.zeros((0, 2)), *every]),
    )
