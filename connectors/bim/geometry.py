"""Boxes of elements and spaces, computed by ifcopenshell in a child process with limits.

Kernel: measured on real models, hybrid-cgal-simple-opencascade is 2 to 10 times as fast as plain opencascade with the same
boxes (within 1 cm but for 11 beams of 15 models); the manifold kernel crashes. What it cannot build, or was busy with when it
crashed, plain opencascade tries again. Openings are not cut out of walls: that takes half the time, fails now and then, and
moves the box of 5 in 1,532 elements.
"""

import math
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np

from connectors.bim.ifc import open_step
from connectors.bim.shapes import Box, BoxResult
from connectors.bim.step_file import plain_step_file
from connectors.bim.worker import Limits, run_limited

KERNELS = ("hybrid-cgal-simple-opencascade", "opencascade")
FIRST_SHARE = 2 / 3  # of the time, for the first kernel: a second one needs some too
THREADS = min(2, os.cpu_count() or 1)
ROW = np.dtype([("step", "<i8"), ("box", "<f8", (6,))])
PENDING = (math.nan,) * 6


def element_boxes(path: Path, timeout_s: float = 3600, memory_mb: int = 8192) -> BoxResult:
    """A box for each element (features such as openings excepted) and space that has a geometry.

    A crash, or reaching a limit, gives what was finished and the reason. Raises RefusedModelError as `read_model` does.
    """
    ends = time.monotonic() + timeout_s
    boxes: dict[int, Box] = {}
    wanted: set[int] = set()
    reasons = []
    with plain_step_file(path) as step, TemporaryDirectory(prefix="ifc-boxes-") as folder:
        for kernel, share in zip(KERNELS, (FIRST_SHARE, 1), strict=True):
            rows, todo = Path(folder) / kernel, Path(folder) / "todo"
            np.array(sorted(wanted - boxes.keys()), dtype=np.int64).tofile(todo)
            limits = Limits((ends - time.monotonic()) * share, memory_mb)
            ending = run_limited(write_boxes, [str(step.path), path.name, kernel, str(todo), str(rows)], limits)
            reasons += [f"{kernel}: {ending}"] if ending else []
            pending, done = _read_rows(rows)
            wanted |= pending
            boxes |= done
            if boxes.keys() == wanted:
                break
    return BoxResult(boxes, frozenset(wanted - boxes.keys()), "; ".join(reasons) or None)


def write_boxes(step: str, name: str, kernel: str, todo: str, rows: str) -> None:
    """What the child process does. First a row of NaN for each box to make, then the boxes one by one, each at once on disk.

    ``todo``: a file of STEP ids; empty for all of the model.
    """
    model, _ = open_step(Path(step), name)
    chosen = set(np.fromfile(todo, dtype=np.int64).tolist())
    products = [item for item in _with_geometry(model) if not chosen or item.id() in chosen]
    with Path(rows).open("wb", buffering=0) as file:
        _append(file, ((item.id(), PENDING) for item in products))
        for item, box in _boxes(model, products, kernel) if products else ():
            _append(file, [(item, box)])


def _with_geometry(model: Any) -> Iterator[Any]:
    yield from (item for item in model.by_type("IfcElement") if item.Representation and not item.is_a("IfcFeatureElement"))
    yield from (item for item in model.by_type("IfcSpace") if item.Representation)


def _boxes(model: Any, products: list[Any], kernel: str) -> Iterator[tuple[int, tuple[float, ...]]]:
    from ifcopenshell import geom

    settings = geom.settings()
    settings.set("use-world-coords", True)
    settings.set("disable-opening-subtractions", True)
    for shape in geom.iterate(settings, model, THREADS, include=products, geometry_library=kernel):
        points = np.frombuffer(shape.geometry.verts_buffer, dtype=np.float64).reshape(-1, 3)
        if len(points) and np.isfinite(points).all():
            yield shape.id, (*points.min(axis=0), *points.max(axis=0))


def _append(file: BinaryIO, rows: Iterable[tuple[int, tuple[float, ...]]]) -> None:
    file.write(np.array(list(rows), dtype=ROW).tobytes())


def _read_rows(path: Path) -> tuple[set[int], dict[int, Box]]:
    """The steps asked for, and the boxes made; a row that was cut off is left out."""
    whole = path.stat().st_size // ROW.itemsize if path.exists() else 0
    rows = np.fromfile(path, dtype=ROW, count=whole) if whole else np.empty(0, dtype=ROW)
    made = rows[~np.isnan(rows["box"]).any(axis=1)]
    boxes = {step: Box(*box) for step, box in zip(made["step"].tolist(), made["box"].tolist(), strict=True)}
    return set(rows["step"].tolist()), boxes
