"""A model on a bad day: refused, in review, or short of one element; a good export makes it as if it had never been."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.bim import meshing
from tests.connectors.bim import faulty
from tests.pipelines.test_models import FIRST, SECOND, house, hub_of, located, report, rows
from warranty_hub.pipelines import index
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


@pytest.mark.parametrize(
    ("harm", "told"),
    [("crash", "crashed (SIGSEGV)"), ("hang", "it took longer than 3 s"), ("eat_memory", "MemoryError")],
)
def test_one_shape_that_brings_a_kernel_down_fails_the_run_or_goes_unnamed(
    harm: str, told: str, warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meshing, "ELEMENT_SECONDS", faulty.SECONDS)
    monkeypatch.setattr(index, "GEOMETRY_MEGABYTES", 2048)
    for name in ("plan_and_mesh", "mesh_at_once", "mesh_one_by_one"):
        monkeypatch.setattr(meshing, name, getattr(faulty, f"{name}_{harm}"))
    model = house(FIRST, SECOND)
    bad = model.content("IfcColumn", faulty.BAD, of=model.first, **model.box((9000, 0, 0), (9300, 300, 2800)))
    hub = hub_of(warehouse, model={"file": str(model.write(tmp_path / "3号楼.ifc"))})
    done = index_model(hub, "model")
    assert (done.status, done.details["elements"], done.details["without_shape"]) == ("SUCCEEDED", 3, 1)
    boxed = "SELECT guid, geometry_error, x_min IS NOT NULL AS has_box FROM hub.bim_element_revision ORDER BY step_id"
    *others, broken = rows(hub, boxed)
    assert [list(row.values()) for row in others] == [[FIRST, None, True], [SECOND, None, True]]
    assert (broken["guid"], broken["has_box"]) == (bad.GlobalId, False)
    assert told in broken["geometry_error"]
    (revision,) = rows(hub, "SELECT status, current, findings FROM hub.bim_revision")
    assert (revision["status"], revision["current"]) == ("INDEXED", True)
    (finding,) = [item for item in revision["findings"] if item["code"] == "GEOMETRY_FAILED"]
    assert finding["count"] == 1
    assert f"IfcColumn {bad.GlobalId}: " in finding["message_en"]
    assert told in finding["message_en"]
    report(hub, "WX1", "开裂", element_ref=bad.GlobalId)
    assert located(hub)["WX1"]["guid"] == bad.GlobalId
