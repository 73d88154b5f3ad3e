"""What the child processes of `connectors.bim.geometry` do: find out which shapes a file has, and mesh them.

Kernels: measured on real models, hybrid-cgal-simple-opencascade is 2 to 10 times as fast as plain opencascade with the same
boxes (within 1 cm but for 11 beams of 15 models); the manifold kernel crashes. Cutting the openings out of walls is what fails
now and then, so that the second attempt leaves them whole.
"""

import os
import signal
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from connectors.bim.content_keys import ContentKeys
from connectors.bim.ifc import open_step
from connectors.bim.meshes import Array, Mesh

THREADS = min(2, os.cpu_count() or 1)
ELEMENT_SECONDS = 60.0  # a kernel that is busy with one element for longer is taken to hang
HEADER = struct.Struct("<qii")  # step id, vertices, faces; then the vertices (f8) and the faces (i4)
BEGUN = -1  # in the place of the number of vertices: this element's turn has come
DIGITS = 6  # of a metre, to which an opening's place in its wall counts


class Attempt(NamedTuple):
    """A way to build shapes."""

    kernel: str
    cut_openings: bool


ATTEMPTS = (Attempt("hybrid-cgal-simple-opencascade", True), Attempt("opencascade", False))


class Plan(NamedTuple):
    """What there is to mesh: a row for each element and space with a geometry; and where the storeys' placements are."""

    steps: Array  # (n,) i8
    keys: Array  # (n,) S32
    matrices: Array  # (n, 3, 4) f8, metres
    storeys: Array  # (m,) i8
    levels: Array  # (m,) f8, metres

    def todo(self, done: set[str]) -> dict[str, int]:
        """Of each shape that is not done its key and the first element that has it."""
        first: dict[str, int] = {}
        for step, key in zip(self.steps.tolist(), self.keys.tolist(), strict=True):
            first.setdefault(key.decode(), step)
        return {key: step for key, step in first.items() if key not in done}


def plan_and_mesh(step: str, name: str, known: str, plan: str, out: str) -> None:
    """The first child: writes the plan, then meshes by the first attempt what has no key in the file ``known`` (one a line)."""
    model, _ = open_step(Path(step), name)
    made = _plan(model, ContentKeys(Path(step).read_bytes()))
    np.savez(plan, **made._asdict())
    todo = made.todo(set(Path(known).read_text().split()))
    with Path(out).open("wb", buffering=0) as file:
        _mesh_at_once(file, model, todo.values(), ATTEMPTS[0])


def mesh_at_once(step: str, name: str, attempt: str, todo: str, out: str) -> None:
    """Mesh the elements of the file ``todo`` (STEP ids) in parallel, each on disk as soon as it is done."""
    model, _ = open_step(Path(step), name)
    with Path(out).open("wb", buffering=0) as file:
        _mesh_at_once(file, model, np.fromfile(todo, dtype="i8").tolist(), ATTEMPTS[int(attempt)])


def mesh_one_by_one(step: str, name: str, attempt: str, todo: str, out: str) -> None:
    """The same one after the other, so that the last one begun is the one that ended the process."""
    model, _ = open_step(Path(step), name)
    still_alive = _watchdog()
    with Path(out).open("wb", buffering=0) as file:
        for number in np.fromfile(todo, dtype="i8").tolist():
            still_alive()
            file.write(HEADER.pack(number, BEGUN, 0))
            _append(file, _meshes(model, [model.by_id(number)], ATTEMPTS[int(attempt)], threads=1))


def _mesh_at_once(file: BinaryIO, model: Any, steps: Iterable[int], attempt: Attempt) -> None:
    products = [model.by_id(number) for number in steps]
    still_alive = _watchdog()
    for item in _meshes(model, products, attempt, THREADS) if products else ():
        still_alive()
        _append(file, [item])


def _watchdog() -> Callable[[], None]:
    """A function to call at each element; when it is not called for `ELEMENT_SECONDS`, or the time is up, the process ends."""
    ends = time.monotonic() + signal.getitimer(signal.ITIMER_REAL)[0]

    def still_alive() -> None:
        signal.setitimer(signal.ITIMER_REAL, max(0.001, min(ELEMENT_SECONDS, ends - time.monotonic())))

    still_alive()
    return still_alive


def _meshes(model: Any, products: Sequence[Any], attempt: Attempt, threads: int) -> Iterator[tuple[int, Mesh]]:
    """Triangles in the element's own coordinates, metres; an element of several bodies comes several times."""
    from ifcopenshell import geom

    settings = geom.settings()
    settings.set("disable-opening-subtractions", not attempt.cut_openings)
    for shape in geom.iterate(settings, model, threads, include=products, geometry_library=attempt.kernel):
        vertices = np.frombuffer(shape.geometry.verts_buffer, dtype="f8").reshape(-1, 3)
        faces = np.frombuffer(shape.geometry.faces_buffer, dtype="i4").reshape(-1, 3)
        if len(faces) and np.isfinite(vertices).all():
            yield shape.id, Mesh(vertices, faces)


def _append(file: BinaryIO, meshes: Iterable[tuple[int, Mesh]]) -> None:
    for step, mesh in meshes:
        head = HEADER.pack(step, len(mesh.vertices), len(mesh.faces))
        file.write(head + mesh.vertices.tobytes() + mesh.faces.tobytes())


def read_round(out: Path) -> tuple[dict[int, Mesh], list[int]]:
    """What a child left: meshes by STEP id, and the steps it began, in order. A mesh that was cut off is left out."""
    content = out.read_bytes() if out.exists() else b""
    parts: dict[int, list[Mesh]] = {}
    begun: list[int] = []
    at = 0
    while at + HEADER.size <= len(content):
        step, vertices, faces = HEADER.unpack_from(content, at)
        at += HEADER.size
        if vertices == BEGUN:
            begun.append(step)
            continue
        middle = at + vertices * 24
        end = middle + faces * 12
        if end > len(content):
            break
        points = np.frombuffer(content, "f8", vertices * 3, at).reshape(-1, 3)
        triangles = np.frombuffer(content, "i4", faces * 3, middle).reshape(-1, 3)
        parts.setdefault(step, []).append(Mesh(points, triangles))
        at = end
    return {step: _joined(meshes) for step, meshes in parts.items()}, begun


def _joined(meshes: Sequence[Mesh]) -> Mesh:
    if len(meshes) == 1:
        return meshes[0]
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)]
    return Mesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def read_plan(plan: Path) -> Plan | None:
    """The plan, or None when the child ended before it was written."""
    if not plan.exists():
        return None
    with np.load(plan) as arrays:
        return Plan(**arrays)


def _plan(model: Any, keys: ContentKeys) -> Plan:
    from ifcopenshell.util.unit import calculate_unit_scale

    placements = Placements(calculate_unit_scale(model))
    products = [*_with_geometry(model)]
    units = b"".join(keys.key(item.id()) for item in model.by_type("IfcUnitAssignment"))
    storeys = [item for item in model.by_type("IfcBuildingStorey") if item.ObjectPlacement]
    return Plan(
        np.array([item.id() for item in products], dtype="i8"),
        np.array([_shape_key(item, keys, placements, units) for item in products], dtype="S32"),
        np.array([placements.matrix(item.ObjectPlacement)[:3] for item in products], dtype="f8").reshape(-1, 3, 4),
        np.array([item.id() for item in storeys], dtype="i8"),
        np.array([placements.matrix(item.ObjectPlacement)[2, 3] for item in storeys], dtype="f8"),
    )


def _with_geometry(model: Any) -> Iterator[Any]:
    yield from (item for item in model.by_type("IfcElement") if item.Representation and not item.is_a("IfcFeatureElement"))
    yield from (item for item in model.by_type("IfcSpace") if item.Representation)


def _shape_key(item: Any, keys: ContentKeys, placements: "Placements", units: bytes) -> bytes:
    """Of all that the triangles follow from: the representation, the openings and where they are in it, the units."""
    content = blake2b(units + keys.key(item.Representation.id()), digest_size=16)
    inverse = None
    for opening in _openings(item):
        inverse = np.linalg.inv(placements.matrix(item.ObjectPlacement)) if inverse is None else inverse
        place = inverse @ placements.matrix(opening.ObjectPlacement)
        content.update(keys.key(opening.Representation.id()) + (np.round(place, DIGITS) + 0.0).tobytes())
    return content.hexdigest().encode()


def _openings(item: Any) -> Iterator[Any]:
    """Its own, and those of the whole that it is a part of: a layer of a wall has the wall's."""
    if item.is_a("IfcElement"):
        for link in item.HasOpenings:
            opening = link.RelatedOpeningElement
            if opening and opening.Representation:
                yield opening
        for link in item.Decomposes:
            if link.is_a("IfcRelAggregates") and link.RelatingObject:
                yield from _openings(link.RelatingObject)


class Placements:
    """World matrices (4 × 4, metres) of placements, each worked out once: measured at a third of the time of one by one."""

    def __init__(self, unit_scale: float) -> None:
        self._scale = unit_scale
        self._matrices: dict[int, Array] = {}

    def matrix(self, placement: Any) -> Array:
        """Of an IfcObjectPlacement; None is the origin."""
        if placement is None:
            return np.eye(4)
        if placement.id() not in self._matrices:
            self._matrices[placement.id()] = self._worked_out(placement)
        return self._matrices[placement.id()]

    def _worked_out(self, placement: Any) -> Array:
        from ifcopenshell.util.placement import get_axis2placement, get_local_placement

        if not placement.is_a("IfcLocalPlacement"):
            matrix = np.array(get_local_placement(placement))
            matrix[:3, 3] *= self._scale
            return matrix
        matrix = np.array(get_axis2placement(placement.RelativePlacement))
        matrix[:3, 3] *= self._scale
        return np.asarray(self.matrix(placement.PlacementRelTo) @ matrix)
