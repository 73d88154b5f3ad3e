"""On real revisions fewer elements live on than could, or one is taken for another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from benchmarks import identity
from connectors.bim import geometry
from connectors.bim.assemblies import with_assemblies
from connectors.bim.ifc import read_model
from mappings.elements.identity import Snapshots, content_of, match
from tests.connectors.bim.material import NEEDS_SHARED, SHARED

AT_LEAST = {  # same GlobalId, then of the others: by tag, box within 10 mm, within 50 mm (measured before this was built)
    "Duplex": (201, 7),
    "FZK": (81, 1),
    "GEELEN-Breedplaat_V1": (0, 25 + 181),
    "YTONG-Kavel_01": (0, 87),
    "MULTICOM": (477, 0),
}


@pytest.mark.usefixtures("kernel_once")
@NEEDS_SHARED
@pytest.mark.parametrize("pair", AT_LEAST)
def test_fewer_elements_live_on_than_could_or_one_is_taken_for_another(
    pair: str, warehouse: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "SHARED", SHARED)
    seen = identity.measure(warehouse.url.render_as_string(hide_password=False), pair)
    same, others = AT_LEAST[pair]
    assert seen.same_guid == same
    assert sum(seen.by_method.values()) >= others
    assert seen.wrong == 0


def duplex(name: str) -> tuple[Snapshots, list[str | None]]:
    """A Duplex, and its GlobalIds apart."""
    path: Path = SHARED / name
    index = read_model(path)
    boxes = with_assemblies(geometry.read_geometry(path).boxes, index.elements)
    rows = index.elements
    tags = [row.tag for row in rows]
    nothing = (np.nan,) * 6
    return Snapshots(
        ["duplex"] * len(rows),
        [row.ifc_class for row in rows],
        [None] * len(rows),
        tags,
        np.array([tags.count(tag) == 1 for tag in tags], np.bool_),
        [content_of(row.name, row.type_name, row.material, property_sets=row.pset_hashes) for row in rows],
        [None] * len(rows),
        np.array([boxes.get(row.step_id, nothing) for row in rows], np.float64),
        np.zeros(len(rows), np.bool_),
    ), [row.guid for row in rows]


@pytest.mark.usefixtures("kernel_once")
@NEEDS_SHARED
def test_without_global_ids_an_element_is_taken_for_another_than_they_say() -> None:
    old, old_guids = duplex("revisions/Duplex_A_20110505.ifc")
    new, new_guids = duplex("Duplex_A_20110907.ifc")
    untagged = [replace(side, tags=[None] * len(side)) for side in (old, new)]
    for found, least in ((match(old, new), 208), (match(*untagged), 200)):
        assert len(found.sure) >= least
        known = set(new_guids)
        pairs = ((old_guids[pair.old], new_guids[pair.new]) for pair in found.sure)
        assert all(before == after for before, after in pairs if before in known)
