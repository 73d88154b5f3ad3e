"""What a BIM engineer types: which models there are, their plans, a copy that knows the defects, issues out and back."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import ifcopenshell
import pytest
import yaml
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from connectors.bim.bcf import Comment, read_bcf, write_bcf
from tests.connectors.bim.small import SmallModel
from tests.pipelines.test_models import FIRST, SECOND, house, hub_of, report
from warranty_hub.cli import app, telling


@pytest.fixture
def config(warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub.yaml with a good model and one that is none."""
    for console in (telling.console, telling.errors):
        monkeypatch.setattr(console, "width", 200)
    house(FIRST).write(tmp_path / "good.ifc")
    (tmp_path / "bad.ifc").write_text("<html>login</html>")
    models = {name: {"project": "P03", "building": "3", "file": f"{name}.ifc"} for name in ("good", "bad")}
    (tmp_path / "drop").mkdir()
    house(SECOND).write(tmp_path / "drop" / "5-ARC.ifc")
    models["drop"] = {"project": "P03", "file": "drop/{building}-{discipline}.ifc"}
    path = tmp_path / "hub.yaml"
    url = warehouse.url.render_as_string(hide_password=False)
    path.write_text(yaml.safe_dump({"database": url, "models": models, "artefacts": "artefacts", "issues": {"inbox": "inbox"}}))
    return path


def said(config: Path, *command: str) -> str:
    return CliRunner().invoke(app, [*command, "-c", str(config)], env={"COLUMNS": "200"}).output


def test_a_model_s_state_or_its_faults_are_not_told(config: Path) -> None:
    assert "尚无模型" in said(config, "models")
    said(config, "run", "index")
    listed = said(config, "models")
    assert "indexed 已索引" in listed
    assert "refused 拒收" in listed
    report = said(config, "models", "good")
    assert "Elements without a tag" in report
    assert "没有标识" in report
    assert "Refused 拒收" in said(config, "models", "bad")
    assert "No revision of a model" in said(config, "models", "other")


@pytest.fixture
def located(config: Path, warehouse: Engine) -> Path:
    """The same hub with a defect on each good model's wall."""
    said(config, "run", "index")
    hub = hub_of(warehouse)
    report(hub, "WX1", f"墙面开裂 {FIRST}")
    report(hub, "WX2", f"墙面渗水 {SECOND}", building_code="5")
    said(config, "run", "locate")
    return config


def test_a_plan_is_not_drawn_or_a_model_that_is_none_gives_no_clear_error(located: Path, tmp_path: Path) -> None:
    svg = _plan(located, tmp_path / "plans")
    assert f'data-guid="{FIRST}"' in svg
    assert 'data-defects="1"' in svg
    assert "data-defects" not in _plan(located, tmp_path / "plain", "--no-heat")
    for model in ("bad", "nobody"):
        assert "No current revision of a model" in said(located, "plans", model, str(tmp_path / "none"))


def _plan(config: Path, folder: Path, *options: str) -> str:
    said(config, "plans", "good", str(folder), *options)
    return (folder / "01-1F.svg").read_text(encoding="utf-8")


def test_a_storey_without_a_plan_does_not_say_why(located: Path, tmp_path: Path) -> None:
    words = said(located, "plans", "good", str(tmp_path / "plans"))
    assert "2F: no plan 无平面图, 楼面以上1.2米处没有构件 nothing stands 1.2 m above its floor" in words


@pytest.mark.parametrize(("model", "guid"), [("good", FIRST), ("drop/5-ARC", SECOND)])
def test_a_copy_does_not_know_the_defects_of_the_model(located: Path, tmp_path: Path, model: str, guid: str) -> None:
    assert "1 elements with warranty and defects" in said(located, "write-back", model, str(tmp_path / "copy.ifc"))
    copy = ifcopenshell.open(str(tmp_path / "copy.ifc"))
    wall = copy.by_guid(guid)
    names = {link.RelatingPropertyDefinition.Name for link in wall.IsDefinedBy if link.is_a("IfcRelDefinesByProperties")}
    assert "WarrantyHub_Defects" in names


def test_a_model_is_written_over_or_a_wrong_one_copied(located: Path, tmp_path: Path) -> None:
    before = (tmp_path / "good.ifc").read_bytes()
    assert "is a model itself" in said(located, "write-back", "good", str(tmp_path / "good.ifc"))
    assert "must not be read as one more" in said(located, "write-back", "good", str(tmp_path / "drop" / "6-ARC.ifc"))
    assert "is no name of a copy" in said(located, "write-back", "good", str(tmp_path / "copy.ifczip"))
    assert (tmp_path / "good.ifc").read_bytes() == before
    copy = str(tmp_path / "copy.ifc")
    assert "is not the file that was indexed" in said(located, "write-back", "bad", copy)
    assert "hub.yaml has no model 'nobody'" in said(located, "write-back", "nobody", copy)
    assert "does not exist" in said(located, "write-back", "drop/9-ARC", copy)
    SmallModel("IFC4").write(tmp_path / "good.ifc")
    assert "warranty-hub run index good" in said(located, "write-back", "good", copy)
    assert not Path(copy).exists()


def test_a_model_in_an_object_store_has_no_copy_there(located: Path, tmp_path: Path, warehouse: Engine) -> None:
    """memory:// stands for the store; the real protocol is in tests/foreign."""
    store, folder = fsspec.filesystem("memory"), f"/{tmp_path.name}"
    store.pipe(f"{folder}/5-ARC.ifc", (tmp_path / "drop" / "5-ARC.ifc").read_bytes())
    settings = yaml.safe_load(located.read_text())
    settings["models"]["drop"]["file"] = f"memory:/{folder}/{{building}}-{{discipline}}.ifc"
    located.write_text(yaml.safe_dump(settings))
    said(located, "run", "index")
    said(located, "run", "locate")
    assert "1 elements" in said(located, "write-back", "drop/5-ARC", f"memory:/{folder}/handover/copy.ifc")
    assert b"WarrantyHub_Defects" in store.cat(f"{folder}/handover/copy.ifc")
    assert "is a model itself" in said(located, "write-back", "drop/5-ARC", f"memory:/{folder}/5-ARC.ifc")


def test_issues_do_not_go_out_and_come_back(located: Path, tmp_path: Path, warehouse: Engine) -> None:
    file = tmp_path / "p03.bcf"
    assert "2 issues" in said(located, "bcf", "export", "P03", str(file), "--version", "3.0")
    bcf = read_bcf(file)
    assert "No proposal is waiting" in said(located, "bcf", "proposals")
    closed = replace(bcf.topics[0], topic_status="Closed", modified_date=datetime(2100, 1, 1, tzinfo=UTC))
    write_bcf(file, replace(bcf, topics=(closed, *bcf.topics[1:])), "2.1")
    assert "new=1" in said(located, "bcf", "import", str(file))
    assert "read=3 skipped=3" in said(located, "bcf", "import", str(file))
    assert "CLOSE_PROPOSED" in said(located, "bcf", "proposals")


def test_a_wrong_version_project_or_file_gives_no_clear_error(located: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out.bcf")
    assert "BCF 1.0 is not written" in said(located, "bcf", "export", "P03", out, "--version", "1.0")
    assert "Project P99 has no defect on an element" in said(located, "bcf", "export", "P99", out)
    assert not Path(out).exists()
    (tmp_path / "broken.bcf").write_text("<html>login</html>")
    assert "broken.bcf" in said(located, "bcf", "import", str(tmp_path / "broken.bcf"), "--project", "P03")
    assert "does not exist" in said(located, "bcf", "import", str(tmp_path / "nothing.bcf"))
    said(located, "bcf", "export", "P03", out)
    write_bcf(Path(out), replace(read_bcf(Path(out)), project_id=None), "2.1")
    assert "--project P01" in said(located, "bcf", "import", out)


def test_an_issue_in_quarantine_cannot_be_retried(located: Path, tmp_path: Path, warehouse: Engine) -> None:
    """A defect that was located late, a file that a later version of the hub reads: neither is sent again by anybody."""
    file = tmp_path / "p03.bcf"
    said(located, "bcf", "export", "P03", str(file))
    bcf = read_bcf(file)
    comment = Comment("7c1d2e3f-0000-4000-8000-000000000001", datetime(2025, 6, 2, 9, tzinfo=UTC), "li@example.com", "已看")
    write_bcf(file, replace(bcf, topics=tuple(replace(topic, comments=(comment,)) for topic in bcf.topics[:1])), "2.1")
    with warehouse.begin() as db:
        db.execute(text("CREATE TABLE kept AS SELECT * FROM hub.defect"))
        db.execute(text("DELETE FROM hub.defect"))
    (tmp_path / "inbox" / "P03").mkdir(parents=True)
    (tmp_path / "inbox" / "P03" / "broken.bcf").write_text("<html>login</html>")
    said(located, "run", "bcf")
    said(located, "bcf", "import", str(file), "--project", "P03")
    assert "quarantined=2" in said(located, "quarantine", "retry", "P03")
    with warehouse.begin() as db:
        db.execute(text("INSERT INTO hub.defect SELECT * FROM kept"))
        db.execute(text("DROP TABLE kept"))
    retried = said(located, "quarantine", "retry", "P03")
    assert "new=1" in retried
    assert "quarantined=1" in retried
    with warehouse.connect() as db:
        said_there = db.execute(text("SELECT text FROM hub.ticket_comment")).scalars().all()
        states = db.execute(text("SELECT code, state, attempts FROM ops.quarantine ORDER BY code")).all()
    assert said_there == ["已看"]
    assert [tuple(row) for row in states] == [("BCF-TOPIC", "RESOLVED", 2), ("HUB-311", "OPEN", 3)]
