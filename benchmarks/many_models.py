"""``python -m benchmarks.many_models 1000``: as many small, different models, indexed as mapped tasks do, and the memory taken.

Airflow 3.3's LocalExecutor keeps its workers for good, and each task runs in a child of a worker that ends with the task. So
what a task leaves behind is gone with it. Here all run in one process, the worst that could be: each opens the hub anew and
runs the step as `dags.wiring.run_step` does; another process writes the models. The exit status is 1 when this one is larger at
the end than after the first tenth, by more than 5 %.
"""

import argparse
import gc
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from benchmarks.bim import MEGABYTE, warehouse
from sandbox.building import Tower, write_tower
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.steps import STEPS

GROWTH = 1.05
CONFIG = """
database: {url}
artefacts: {folder}/artefacts
models:
  small: {{project: P01, file: "{folder}/{{building}}.ifc"}}
"""


def main() -> int:
    """Print the memory after each tenth. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, warehouse(Path(name)) as url:
        config = Path(name) / "hub.yaml"
        config.write_text(CONFIG.format(url=url, folder=name), encoding="utf-8")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as writer:
            seen = list(_indexed(config, list(towers(asked.models, asked.seed)), writer))
    passed = seen[-1] <= seen[0] * GROWTH
    print(f"last / first {seen[-1] / seen[0]:.3f}  at most {GROWTH}  {'pass' if passed else 'FAIL'}")
    return 0 if passed else 1


def towers(count: int, seed: int) -> Iterator[Tower]:
    """Small towers, no two alike; the same for the same seed."""
    dice = random.Random(seed)
    for number in range(count):
        corner = (dice.randrange(1000) / 10, dice.randrange(1000) / 10)
        yield Tower("P01", f"{number}号楼", 1, 1, dice.randint(1, 3), dice.randint(0, 1), corner)


def _indexed(config: Path, estate: list[Tower], writer: ProcessPoolExecutor) -> Iterator[float]:
    """Index them one by one. Yields the megabytes of this process after each tenth."""
    process, begun = psutil.Process(os.getpid()), time.perf_counter()
    for number, tower in enumerate(estate, start=1):
        writer.submit(write_tower, tower, config.with_name(f"{tower.name}.ifc")).result()
        elements = STEPS["index"].run(open_hub(config), f"small/{tower.name}").details["elements"]
        if number % max(1, len(estate) // 10) == 0:
            gc.collect()
            used, spent = process.memory_info().rss / MEGABYTE, time.perf_counter() - begun
            print(f"{number:6,} models: {used:6.1f} MB, {spent:7.0f} s, the last with {elements:,} elements", flush=True)
            yield used


if __name__ == "__main__":
    sys.exit(main())
