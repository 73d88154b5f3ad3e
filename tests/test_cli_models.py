"""``warranty-hub models`` says to a BIM engineer what is wrong with a model, in both languages."""

from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.pipelines.test_models import FIRST, house
from warranty_hub.cli import app, telling


@pytest.fixture
def config(warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub.yaml with a good model and one that is none."""
    monkeypatch.setattr(telling.console, "width", 200)
    house(FIRST).write(tmp_path / "good.ifc")
    (tmp_path / "bad.ifc").write_text("<html>login</html>")
    models = {name: {"project": "P03", "building": "3", "file": f"{name}.ifc"} for name in ("good", "bad")}
    path = tmp_path / "hub.yaml"
    url = warehouse.url.render_as_string(hide_password=False)
    path.write_text(yaml.safe_dump({"database": url, "models": models, "artefacts": "artefacts"}))
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
