"""``make bench-bim MODELS="a.ifc b.ifc"``: the index of models, rows committed, beside two peers in one run.

The peers get the same files: ``ifcopenshell.open`` alone, and ifcpatch's Ifc2Sql into SQLite without geometry (an environment
of its own). Ours reads without geometry too, and commits to PostgreSQL; its CPU time includes its children, not the server.
The growth of memory is that of the process that parses over the same process before it opens the file. Bars are judged by CPU
time, the steadier measure on a machine that is busy otherwise; the exit status is 1 when one is missed.

Many small models, one after the other: benchmarks/many_models.py.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from connectors.bim import geometry
from connectors.bim.geometry import Geometry, read_geometry
from connectors.bim.ifc import read_model
from connectors.bim.meshes import NO_MESHES
from connectors.bim.neighbours import ADJACENT, near_boxes
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.pipelines.model_rows import ReadModel
from warranty_hub.settings import Settings
from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres

HERE = Path(__file__).parent
PEER = HERE.parent / ".envs" / "ifcpatch" / "bin" / "python"
MEGABYTE = 1 << 20
RECALL = 0.99
FAR = 5.0  # metres
LARGE = 20  # megabytes; below it the start of our child process decides, which the peers' times leave out
OPEN = """
import json, sys, time, ifcopenshell
begun, cpu = time.perf_counter(), time.process_time()
model = ifcopenshell.open(sys.argv[1])
print(json.dumps({"clock": time.perf_counter() - begun, "cpu": time.process_time() - cpu}))
"""
GROW = """
import json, sys
from pathlib import Path
import ifcopenshell, numpy, msgspec
from connectors.bim.ifc import write_index
import connectors.bim.indexing
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
idle = peak()
write_index(sys.argv[1], "model.ifc", "", sys.argv[2])
print(json.dumps({"growth_mb": peak() - idle}))
"""


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of CPU."""

    clock: float
    cpu: float


def main() -> int:
    """Print a table a model, then what was asked for besides. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--rooms", action="store_true", help="instead: neighbours by geometry against stored boundaries")
    chosen = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        with warehouse(Path(folder)) as url:
            for path in () if chosen.rooms else chosen.models:
                missed += _compare(url, path.resolve(), Path(folder))
        if chosen.rooms:
            missed += sum(not _rooms(path) for path in chosen.models)
    return 1 if missed else 0


@contextmanager
def warehouse(folder: Path) -> Iterator[str]:
    """The URL of an empty database with our tables, on a server of its own for as long as the block runs."""
    with EmbeddedPostgres(folder / "server", throw_away=True) as server:
        server.create_database("bench")
        migrate(open_database(server.url("bench")))
        yield server.url("bench")


def _hub(url: str, folder: Path, models: dict[str, Path]) -> Hub:
    described = {name: {"project": "P01", "building": "1", "file": str(path)} for name, path in models.items()}
    settings = {"database": url, "artefacts": str(folder / "artefacts"), "models": described}
    return Hub(Settings.model_validate(settings), open_database(url))


def _compare(url: str, path: Path, folder: Path) -> int:
    """Both peers and us on one file, in turn. Returns how many bars were missed."""
    hub = _hub(url, folder, {path.stem: path})
    with patch.object(geometry, "read_geometry", lambda *_, **__: Geometry(NO_MESHES, {}, {}, {}, 0, None)):
        ours = _cost(lambda: index_model(hub, path.stem))
    again = _cost(lambda: index_model(hub, path.stem))
    opened = Cost(**_told(sys.executable, "-c", OPEN, str(path)))
    peer = Cost(**_told(str(PEER), str(HERE / "ifc2sql.py"), str(path), str(folder / path.stem)))
    size = path.stat().st_size / MEGABYTE
    growth = _told(sys.executable, "-c", GROW, str(path), str(folder / "index"))["growth_mb"] / size
    bars = (
        ("Ifc2Sql without geometry / ours", peer.cpu / ours.cpu, peer.clock / ours.clock, 5, True),
        ("ours / ifcopenshell.open", ours.cpu / opened.cpu, ours.clock / opened.clock, 6, False),
        ("memory growth / file size", growth, growth, 8, False) if size > LARGE else None,
    )
    _say(f"{path.name}, {size:.1f} MB: ours {ours.cpu:.2f} s CPU, {ours.clock:.2f} s by the clock; again {again.cpu:.3f} s CPU")
    missed = 0
    for name, by_cpu, by_clock, limit, at_least in filter(None, bars):
        passed = size <= LARGE or (by_cpu >= limit if at_least else by_cpu <= limit)
        missed += not passed
        kind = "at least" if at_least else "at most"
        verdict = "not judged" if size <= LARGE else "pass" if passed else "FAIL"
        _say(f"  {name:34} {by_cpu:7.2f} (by the clock {by_clock:.2f})  {kind} {limit}  {verdict}")
    return missed


def _cost(work: Callable[[], object]) -> Cost:
    begun, cpu = time.perf_counter(), _cpu()
    work()
    return Cost(time.perf_counter() - begun, _cpu() - cpu)


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _told(*command: str) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE.parent)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _rooms(path: Path) -> bool:
    """Elements at a room by geometry, against those that the file says bound it; of the classes that it says so of.

    Each stated pair that is not found is named, with the distance of the boxes, which is the least that it can have. Returns
    whether enough are found of those whose boxes come near enough; boundaries without a body (virtual ones) are not judged.
    """
    index = read_model(path)
    if not any(row.relation == "boundary" for row in index.relations):
        return True
    model = ReadModel(index, read_geometry(path))
    rooms, elements = model.rooms.boxes, model.elements.boxes
    stated = {row[:2] for row in index.relations if row.relation == "boundary" and row[0] in rooms and row[1] in elements}
    near = {(room, step) for room, found in near_boxes(rooms, elements, ADJACENT) for step in found}
    classes = {row.step_id: row.ifc_class for row in index.elements}
    bounding = {classes[element] for _, element in stated}
    begun = time.process_time()
    found = {row[:2] for row in model.adjacent}
    spent = time.process_time() - begun
    _say(f"{path.name}: {len(stated)} boundaries; {spent:.1f} s of CPU")
    within = stated & (near | found)
    for name, by in ("boxes", near), ("triangles", found):
        of_class = {pair for pair in by if classes[pair[1]] in bounding}
        reached = len(by & stated) / len(stated), len(by & within) / len(within)
        _say(
            f"  {name:10} recall {reached[0]:.3f}, of the {len(within)} within {ADJACENT} m {reached[1]:.3f}; "
            f"precision {len(by & stated) / len(of_class):.2f}"
        )
    away = {pair: distance for room, by in near_boxes(rooms, elements, FAR) for pair, distance in _pairs(room, by)}
    names = {row.step_id: row.name for row in index.spaces} | {row.step_id: row.name for row in index.elements}
    for room, element in sorted(stated - found):
        told = f"{away[room, element]:.3f} m" if (room, element) in away else f"more than {FAR} m"
        _say(f"  not found: {names[room]} – {classes[element]} {names[element]}, {told} away")
    return len(found & within) >= RECALL * len(within)


def _pairs(room: int, by: dict[int, float]) -> Iterator[tuple[tuple[int, int], float]]:
    return (((room, step), distance) for step, distance in by.items())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
