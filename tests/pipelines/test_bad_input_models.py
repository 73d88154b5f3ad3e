"""A model on a bad day: it ends as REFUSED or in review, and after a good export everything is as if it had never been."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.test_models import FIRST, SECOND, house, hub_of, located, report
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model

CURRENT = "revision_id IN (SELECT revision_id FROM hub.bim_revision WHERE current)"
SHOWN = (
    f"SELECT element_key, guid, name FROM hub.bim_element_revision WHERE {CURRENT} ORDER BY 1",
    f"SELECT place_id, name, long_name FROM hub.bim_space WHERE {CURRENT} ORDER BY 1",
    f"SELECT count(*) FROM hub.space_element WHERE {CURRENT}",
    "SELECT place_id FROM hub.place ORDER BY 1",
)


def cut_off(model: bytes) -> bytes:
    return model[: len(model) // 2]


def unparsable(model: bytes) -> bytes:
    return model.replace(b"DATA;", b"DATA;\n#9999=IFCWALL(1.E400);")


def a_login_page(_: bytes) -> bytes:
    return b"<html>please log in</html>"


def with_a_global_id_twice(model: bytes) -> bytes:
    return model.replace(SECOND.encode(), FIRST.encode())


def shown(hub: Hub) -> list[Any]:
    """What the current models show."""
    with hub.transactions() as db:
        return [[tuple(row) for row in db.execute(text(query))] for query in SHOWN]


def unkeyed(seen: list[Any]) -> list[Any]:
    """Without the element keys."""
    elements, *others = seen
    return [sorted(row[1:] for row in elements), *others]


@pytest.mark.parametrize("before", ["nothing", "the good one"])
@pytest.mark.parametrize("spoil", [cut_off, unparsable, a_login_page, with_a_global_id_twice])
def test_a_bad_export_is_still_felt_after_a_good_one(
    warehouse: Engine, tmp_path: Path, spoil: Callable[[bytes], bytes], before: str
) -> None:
    path = house(FIRST, SECOND).write(tmp_path / "3号楼.ifc")
    good = path.read_bytes()
    hub = hub_of(warehouse, model={"file": str(path)})
    with hub.dry_run() as trial:
        index_model(trial, "model")
        expected = shown(trial)
    report(hub, "WX1", "墙面开裂", element_ref=SECOND)
    if before == "the good one":
        index_model(hub, "model")
    path.write_bytes(spoil(good))
    refused = "refused" in index_model(hub, "model").details
    assert refused is (spoil is not with_a_global_id_twice)
    assert (shown(hub) == expected) is (refused and before == "the good one")
    located(hub)
    path.write_bytes(good)
    index_model(hub, "model")
    if spoil is with_a_global_id_twice and before == "nothing":  # an element keeps the key that it was born with
        assert unkeyed(shown(hub)) == unkeyed(expected)
    else:
        assert shown(hub) == expected
    answer = located(hub)["WX1"]
    assert (answer["state"], answer["guid"]) == ("AUTO", SECOND)
