"""Estates of sample towers, of any size: benchmarks and tests get models as large as they need, the same for the same seed.

    python -m sandbox.building.estate models --elements 100000 --seed 7              one file a tower
    python -m sandbox.building.estate models --elements 1000000 --one-file           all in one

One file is written tower by tower: no more than a few are in memory, however large the file becomes. Processes that end after
a few towers make them, for ifcopenshell gives back only a part of the memory that a model took.
"""

import argparse
import multiprocessing
import random
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TextIO

from sandbox.building.ifc import TowerModel, write_tower
from sandbox.building.tower import Tower

ROW = 8  # towers side by side, then the next row begins
GAP = 25.0  # metres between them
WIDEST = 4 * 4 * 11.0
UNITS, FLATS, BASEMENTS = (1, 2, 2, 3, 4), (2, 2, 3, 4), (0, 1, 1, 2)
STOREYS = (6, 33)
WRITERS, TOWERS_PER_PROCESS = 2, 4


@dataclass(frozen=True)
class Estate:
    """The towers of one project on one site; each name (7号楼) once."""

    project: str
    towers: tuple[Tower, ...]

    @classmethod
    def of_elements(cls, count: int, seed: int = 1, project: str = "样例家园") -> "Estate":
        """The estate of this seed with at least ``count`` elements; its last tower is as low as they allow."""
        return cls(project, tuple(_towers(count, random.Random(seed), project)))

    @property
    def elements(self) -> int:
        """How many building elements all its towers have."""
        return sum(map(element_count, self.towers))


def element_count(tower: Tower) -> int:
    """How many elements a tower has; counted on a low one, for every further storey has as many as the one below."""
    low, higher = (_counted(tower.units, tower.flats_per_storey, tower.basements, storeys) for storeys in (1, 2))
    return low + (tower.storeys - 1) * (higher - low)


@cache
def _counted(units: int, flats_per_storey: int, basements: int, storeys: int) -> int:
    low = Tower("", "", storeys, units, flats_per_storey, basements)
    return sum(1 for _ in low.components())


def _towers(count: int, dice: random.Random, project: str) -> Iterator[Tower]:
    missing, number = count, 0
    while missing > 0:
        corner = (number % ROW * (WIDEST + GAP), number // ROW * 3 * GAP)
        number += 1
        tower = Tower(
            project,
            f"{number}号楼",
            dice.randint(*STOREYS),
            dice.choice(UNITS),
            dice.choice(FLATS),
            dice.choice(BASEMENTS),
            corner,
        )
        tower = replace(tower, storeys=min(tower.storeys, _storeys_for(missing, tower)))
        missing -= element_count(tower)
        yield tower


def _storeys_for(elements: int, tower: Tower) -> int:
    lowest, a_storey = replace(tower, storeys=1), replace(tower, storeys=2)
    per_storey = element_count(a_storey) - element_count(lowest)
    return max(1, 1 + ceil((elements - element_count(lowest)) / per_storey))


# ------------------------------------------------------------------------------------------------ files
def write_towers(estate: Estate, folder: Path) -> Iterator[Path]:
    """Write one model a tower, ``样例家园-7号楼.ifc``. Raises OSError where a file cannot be written."""
    for tower in estate.towers:
        path = folder / f"{tower.project}-{tower.name}.ifc"
        write_tower(tower, path)
        yield path


def write_estate(estate: Estate, path: Path) -> None:
    """Write all towers into one model, on one site. Raises OSError where the file cannot be written."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        last_id, tail = 0, ""
        for number, (text, site_wide) in enumerate(_made(estate)):
            head, _, rest = text.partition("DATA;\n")
            body, _, tail = rest.rpartition("ENDSEC;")
            if number == 0:
                file.write(f"{head}DATA;\n")
            last_id = _append(file, body, site_wide if number else set(), last_id)
        file.write(f"ENDSEC;{tail}")


def _made(estate: Estate) -> Iterator[tuple[str, set[int]]]:
    """Each tower as a STEP file, in order, with the ids of what is the site's; a few are made ahead."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WRITERS, spawned, max_tasks_per_child=TOWERS_PER_PROCESS) as writers:
        made = (writers.submit(_step_file, tower, f"{estate.project}.ifc") for tower in estate.towers)
        ahead = deque(islice(made, WRITERS))
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(islice(made, 1))


def _step_file(tower: Tower, title: str) -> tuple[str, set[int]]:
    model = TowerModel(tower, title)
    return model.model.to_string(), model.site_wide


_REFERENCE_OR_TEXT = re.compile(r"#(\d+)|'[^']*'")


def _append(file: TextIO, body: str, written: set[int], offset: int) -> int:
    """Write a tower's entities under free ids, but for those that an earlier one has ``written``. Returns the last id."""

    def moved(match: re.Match[str]) -> str:
        step = match[1]
        return f"#{int(step) + offset}" if step and int(step) not in written else match[0]

    last_id = 0
    for line in body.splitlines(keepends=True):
        own_id = int(line[1 : line.index("=")])
        if own_id not in written:
            file.write(_REFERENCE_OR_TEXT.sub(moved, line))
        last_id = max(last_id, own_id)
    return last_id + offset


def main() -> None:
    """Write an estate's models into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--elements", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--project", default="样例家园")
    parser.add_argument("--one-file", action="store_true")
    asked = parser.parse_args()
    estate = Estate.of_elements(asked.elements, asked.seed, asked.project)
    asked.folder.mkdir(parents=True, exist_ok=True)
    print(f"{len(estate.towers)} towers, {estate.elements:,} elements", flush=True)
    if asked.one_file:
        write_estate(estate, asked.folder / f"{estate.project}.ifc")
        return
    for path in write_towers(estate, asked.folder):
        print(path, flush=True)


if __name__ == "__main__":
    main()
