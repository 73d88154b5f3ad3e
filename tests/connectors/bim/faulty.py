"""Kernels that crash, hang or eat the memory over one element, for the child processes of `connectors.bim.geometry`."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

from connectors.bim import meshing

BAD = "坏"
SECONDS = 3.0


def crash() -> None:
    """As native code does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    """For longer than anyone waits."""
    time.sleep(600)


def eat_memory() -> None:
    """More than the limit."""
    bytearray(1 << 33)


def _with_harm(function: Callable[..., None], harm: Callable[[], None]) -> Callable[..., None]:
    def harmed(*arguments: str) -> None:
        meshes = meshing._meshes

        def harmful(model: Any, *rest: Any, **options: Any) -> Iterator[Any]:
            for step, mesh in meshes(model, *rest, **options):
                if model.by_id(step).Name == BAD:
                    harm()
                yield step, mesh

        meshing._meshes, meshing.ELEMENT_SECONDS = harmful, SECONDS
        function(*arguments)

    harmed.__name__ = f"{function.__name__}_{harm.__name__}"
    return harmed


for _function in (meshing.plan_and_mesh, meshing.mesh_at_once, meshing.mesh_one_by_one):
    for _harm in (crash, hang, eat_memory):
        _made = _with_harm(_function, _harm)
        globals()[_made.__name__] = _made
