"""Floor plans are cut when a model is read, and only where it changed; publishing draws what was cut."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from connectors.bim import cuts
from connectors.bim.cuts import read_cuts
from tests.connectors.bim.small import SmallModel, Triple
from tests.pipelines.test_models import hub_of, report, rows
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.pipelines.locate import locate_defects
from warranty_hub.pipelines.publish import publish_reports

HIGH = 2800


@pytest.fixture
def hub(warehouse: Engine, tmp_path: Path) -> Hub:
    """A hub with one model."""
    hub = hub_of(warehouse, model={"file": str(tmp_path / "model.ifc")})
    return replace(hub, settings=hub.settings.model_copy(update={"publish_to": str(tmp_path)}))


def house(path: Path, *, first_floor: Triple = (4000, 200, 3000 + HIGH), before: int = 0) -> None:
    """On each of two storeys a wall and a slab. Entities ``before`` them move all their STEP ids."""
    model = SmallModel("IFC4")
    for number in range(before):
        model.add("IfcDirection", DirectionRatios=(0.0, 1.0, float(number)))
    for storey, level, top in (model.ground, 0, (4000, 200, HIGH)), (model.first, 3000, first_floor):
        model.content("IfcWall", f"墙 {level}", of=storey, Tag=f"{146000 + level}", **model.box((0, 0, level), top))
        model.content("IfcSlab", f"板 {level}", of=storey, **model.box((0, 0, level - 200), (4000, 4000, level)))
    model.write(path)


def svg(folder: Path) -> dict[str, str]:
    """The plans that were published, by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*.svg")}


def test_a_publication_cuts_again_what_did_not_change(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house(tmp_path / "model.ifc")
    assert index_model(hub, "model").details["cut"] == 4
    report(hub, "WX1", "tag 146000 broken")
    locate_defects(hub, "P03")
    monkeypatch.setattr(cuts, "outlines", lambda *_: pytest.fail("something is cut"))
    publish_reports(hub)
    first = svg(tmp_path)
    assert sorted(first) == ["01-1F.svg", "02-2F.svg"]
    publish_reports(hub)
    assert svg(tmp_path) == first


def test_a_new_revision_cuts_storeys_that_did_not_change(hub: Hub, tmp_path: Path) -> None:
    house(tmp_path / "model.ifc")
    index_model(hub, "model")
    house(tmp_path / "model.ifc", before=3)
    assert index_model(hub, "model").details["cut"] == 0, "other STEP ids are no change"
    house(tmp_path / "model.ifc", first_floor=(5000, 200, 3000 + HIGH))
    assert index_model(hub, "model").details["cut"] == 1, "the longer wall"
    address = rows(hub, "SELECT cuts FROM hub.bim_revision WHERE current")[0]["cuts"]
    with hub.artefacts.open(address) as file:
        found = read_cuts(file)
    current = "JOIN hub.bim_revision r USING (revision_id) WHERE r.current"
    storeys = rows(hub, f"SELECT s.step_id FROM hub.bim_storey s {current} ORDER BY s.level")
    widths = [[max(outline[:, 0].max() for outline in part.outlines) for part in found.of(row["step_id"])] for row in storeys]
    assert widths == [[4, 4], [5, 4]]


def test_outlines_cut_by_an_older_version_stay(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house(tmp_path / "model.ifc")
    index_model(hub, "model")
    monkeypatch.setattr(cuts, "VERSION", b"next")
    monkeypatch.setattr("warranty_hub.pipelines.model_revision.INDEX_VERSION", 1_000)
    assert index_model(hub, "model").details["cut"] == 4
