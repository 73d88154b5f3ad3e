"""Readers see one whole publication or the other, can prove each file, and never meet a person's data."""

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, text

from tests.reports.conftest import Publish
from tests.reports.facts import ID_NUMBER, NAME, PHONE
from warranty_hub.reports import publish as publishing
from warranty_hub.reports.publication import ASIDE
from warranty_hub.reports.table import Column, Row, write_csv

DATA = ("cost_rollup.csv", "cost_rollup.parquet", "cost_rollup.xlsx", "defects_by_element.csv", "P01.bcf")


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_facts_give_the_same_bytes(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now(run_id=7, day=1)
    first = _content(folder)
    publish_now(run_id=8, day=2)
    second = _content(folder)
    assert {name for name in DATA if first[name] != second[name]} == set()
    assert json.loads(second["cost_rollup.csv.manifest.json"])["run_id"] == 8


def test_every_file_is_described_by_its_manifest(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    files = publish_now()
    assert {file.name for file in files} == {*DATA, "report.html", "plans/p01-3.html"}
    assert len(_content(folder)) == 2 * len(files)
    for file in files:
        manifest = json.loads((folder / f"{file.name}.manifest.json").read_text(encoding="utf-8"))
        content = file.path.read_bytes()
        assert manifest["sha256"] == file.sha256 == hashlib.sha256(content).hexdigest()
        assert manifest["size"] == file.size == len(content)
        assert manifest["as_of"] == "2025-06-01T06:30:00+08:00"


@pytest.mark.parametrize("secret", [NAME, PHONE, ID_NUMBER])
def test_no_file_holds_personal_data(seeded: Engine, folder: Path, publish_now: Publish, secret: str) -> None:
    publish_now()
    holding = [name for name, content in _unpacked(folder).items() if secret.encode() in content]
    assert holding == []


def _unpacked(folder: Path) -> dict[str, bytes]:
    found = _content(folder)
    for name in [name for name in found if name.endswith((".xlsx", ".bcf"))]:
        with zipfile.ZipFile(folder / name) as archive:
            found |= {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}
    assert any("工单 Ticket".encode() in content for content in found.values()), "the search reaches into archives"
    return found


def test_a_run_that_fails_leaves_the_former_publication(
    seeded: Engine, folder: Path, publish_now: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_now()
    former = _content(folder)
    with seeded.begin() as db:
        db.execute(text("UPDATE mart.cost_month SET amount = amount + 1"))

    def full(path: Path, **_: object) -> None:
        path.write_text("half a pa")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "write_page", full)
        with pytest.raises(OSError, match="No space"):
            publish_now(run_id=8)
    assert _content(folder) == former
    publish_now(run_id=9)
    assert _content(folder)["cost_rollup.csv"] != former["cost_rollup.csv"]


def test_what_a_killed_run_left_is_cleared_away(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    (folder / ASIDE).mkdir(parents=True)
    (folder / ASIDE / "P99.bcf").write_text("half a fi")
    publish_now()
    assert ASIDE not in _content_names(folder)
    assert "P99.bcf" not in _content_names(folder)


def _content_names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def test_a_file_that_has_no_facts_any_more_is_withdrawn_and_foreign_files_stay(
    seeded: Engine, folder: Path, publish_now: Publish
) -> None:
    publish_now()
    (folder / "README.txt").write_text("ours")
    with seeded.begin() as db:
        db.execute(text("UPDATE hub.bim_revision SET current = false"))
    publish_now(run_id=8)
    names = _content_names(folder)
    assert "P01.bcf" not in names
    assert "P01.bcf.manifest.json" not in names
    assert "README.txt" in names


def test_a_project_code_is_no_path(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    with seeded.begin() as db:
        db.execute(text("UPDATE hub.defect SET project_code = '../P/1'"))
        db.execute(text("UPDATE hub.bim_revision SET project_code = '../P/1'"))
    names = {file.path.relative_to(folder).as_posix() for file in publish_now()}
    assert "..%2FP%2F1.bcf" in names


def test_files_show_the_facts_of_one_moment(
    seeded: Engine, folder: Path, publish_now: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
        write_csv(path, columns, rows)
        with seeded.begin() as other:
            other.execute(text("UPDATE mart.cost_month SET amount = amount + 1"))

    monkeypatch.setattr(publishing, "write_csv", meanwhile)
    publish_now()
    with (folder / "cost_rollup.csv").open(encoding="utf-8-sig", newline="") as file:
        amounts = [Decimal(row["amount"]) for row in csv.DictReader(file)]
    assert pq.read_table(folder / "cost_rollup.parquet").column("amount").to_pylist() == amounts
