"""Triangles and boxes of elements and spaces, made by ifcopenshell in child processes with limits.

A kernel may crash, hang or eat the memory over one element. Most files never see that: their shapes are meshed in parallel in
one go. When a child ends early, the next shapes in line are meshed one by one until the one that did it is found; it is named
and left out, and the rest goes on in parallel. What one attempt could not build, the next tries (`connectors.bim.meshing`).

Each distinct shape of a file is meshed once, and not at all when it is known from an earlier file.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from connectors.bim import meshing
from connectors.bim.meshes import NO_MESHES, Mesh, Meshes, pack_meshes
from connectors.bim.shapes import Box
from connectors.bim.step_file import plain_step_file
from connectors.bim.worker import TIME_LIMIT, Limits, run_limited

SUSPECTS = 8  # how many are meshed one by one after a child ended early; those in its hands were among the first
UNBUILDABLE = "no kernel could build its shape"


@dataclass(frozen=True)
class Geometry:
    """What is known of the shapes of a file.

    ``boxes`` and ``failures`` (why there is none, in English) by STEP id of element or space. ``levels``: the height of each
    storey's placement, metres. ``meshed``: how many shapes were new. ``reason``: what ended the work early.
    """

    meshes: Meshes
    boxes: Mapping[int, Box]
    levels: Mapping[int, float]
    failures: Mapping[int, str]
    meshed: int
    reason: str | None


def read_geometry(path: Path, known: Meshes = NO_MESHES, timeout_s: float = 3600, memory_mb: int = 8192) -> Geometry:
    """Mesh each element (features such as openings excepted) and space that has a geometry.

    ``known``: meshes of an earlier file. Raises RefusedModelError as `read_model` does; everything else that goes wrong costs
    only the elements concerned, or the rest of the file when the time is up.
    """
    with plain_step_file(path) as step, TemporaryDirectory(prefix="ifc-meshes-") as folder:
        work = _Work(step.path, path.name, Path(folder), time.monotonic() + timeout_s, memory_mb, known.shapes())
        reused = len(work.shapes)
        plan = work.begin()
        if plan is None:
            return Geometry(NO_MESHES, {}, {}, {}, 0, work.reason)
        for attempt in range(len(meshing.ATTEMPTS)):
            work.mesh(attempt, plan.todo(set(work.shapes)))
        return _geometry(plan, work, meshed=len(work.shapes) - reused)


def _geometry(plan: meshing.Plan, work: "_Work", meshed: int) -> Geometry:
    keys = [key.decode() for key in plan.keys.tolist()]
    steps = plan.steps.tolist()
    meshes = pack_meshes(zip(steps, keys, plan.matrices, strict=True), work.shapes)
    why = UNBUILDABLE if work.reason is None else work.reason
    failures = {step: work.failures.get(key, why) for step, key in zip(steps, keys, strict=True) if key not in work.shapes}
    levels = dict(zip(plan.storeys.tolist(), plan.levels.tolist(), strict=True))
    return Geometry(meshes, meshes.boxes(), levels, failures, meshed, work.reason)


@dataclass
class _Work:
    """The children at work on one file, and what they have made so far: shapes, and why others failed, by key."""

    step: Path
    name: str
    folder: Path
    ends: float
    memory_mb: int
    shapes: dict[str, Mesh]
    failures: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    ended_early: bool = False

    def begin(self) -> meshing.Plan | None:
        """The first child. What it leaves undone is left to `mesh`."""
        known, plan = self.folder / "known", self.folder / "plan.npz"
        known.write_text("\n".join(self.shapes))
        ending = self._run(meshing.plan_and_mesh, str(known), str(plan))
        found = meshing.read_plan(plan)
        if found is None:
            self.reason = ending
        else:
            self._take(found.todo(set()))
        self.ended_early = ending is not None
        return found

    def mesh(self, attempt: int, todo: dict[str, int]) -> None:
        """Mesh by one attempt what is to do, {shape key: an element that has it}; `begin` has made the first."""
        if attempt == 0 and not self.ended_early:
            return
        while todo and not self._time_is_up():
            if self.ended_early or todo.keys() & self.failures.keys():
                todo = self._one_by_one(attempt, todo)
            ending = self._run(meshing.mesh_at_once, str(attempt), self._listed(todo.values())) if todo else None
            self._take(todo)
            self.ended_early = ending is not None
            todo = {key: step for key, step in todo.items() if key not in self.shapes} if self.ended_early else {}

    def _one_by_one(self, attempt: int, todo: dict[str, int]) -> dict[str, int]:
        """Mesh the next ones singly. Returns what is left to do, without those tried and the one that ended the child."""
        next_ones = dict(list(todo.items())[:SUSPECTS])
        ending = self._run(meshing.mesh_one_by_one, str(attempt), self._listed(next_ones.values()))
        begun = set(self._take(next_ones))
        tried = [key for key, step in next_ones.items() if step in begun]
        if ending is not None and tried and not self._time_is_up():
            self.failures[tried[-1]] = f"{meshing.ATTEMPTS[attempt].kernel}: {self._told(ending)}"
        return {key: step for key, step in todo.items() if key not in tried}

    def _told(self, ending: str) -> str:
        return f"it took longer than {meshing.ELEMENT_SECONDS:g} s" if ending.startswith(TIME_LIMIT) else ending

    def _time_is_up(self) -> bool:
        if time.monotonic() < self.ends:
            return False
        self.reason = self.reason or "the time limit for the geometry was reached"
        return True

    def _run(self, function: Callable[..., None], *arguments: str) -> str | None:
        limits = Limits(self.ends - time.monotonic(), self.memory_mb)
        return run_limited(function, [str(self.step), self.name, *arguments, str(self.folder / "out")], limits)

    def _take(self, asked: Mapping[str, int]) -> list[int]:
        """Keep what the last child made. Returns the steps that it began, where it tells."""
        out = self.folder / "out"
        made, begun = meshing.read_round(out)
        out.unlink(missing_ok=True)
        self.shapes |= {key: made[step] for key, step in asked.items() if step in made}
        return begun

    def _listed(self, steps: Iterable[int]) -> str:
        todo = self.folder / "todo"
        np.array(list(steps), dtype="i8").tofile(todo)
        return str(todo)
