"""Decisions made in a spreadsheet are lost, taken twice, or taken for another pair than they were made for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import load_workbook
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from tests.pipelines.revisions import Part, Site, site
from tests.pipelines.test_models import rows
from warranty_hub import cli
from warranty_hub.cli import telling
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.decision_sheet import REASON
from warranty_hub.pipelines.element_review import Decision, decide, open_pairs
from warranty_hub.pipelines.element_workbook import SHEET, export_pairs, import_decisions
from warranty_hub.records.codes import Verdict

FORMULA = '=HYPERLINK("http://evil","x")'


@pytest.fixture
def here(warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """One wall became two in nearly the same place."""
    here = site(warehouse, tmp_path, monkeypatch)
    here.arrives(Part("wall", name=FORMULA), Part("far", 50.0))
    here.arrives(Part("left", -0.004), Part("right", 0.004), Part("far", 50.0))
    return here


@pytest.fixture
def book(here: Site, tmp_path: Path) -> Path:
    path = tmp_path / "pairs.xlsx"
    assert export_pairs(here.hub, path) == 2
    return path


def fill(path: Path, *verdicts: str, change: Callable[[Any], None] = lambda _: None) -> None:
    """What a person does in the spreadsheet."""
    book = load_workbook(path)
    sheet = book[SHEET.title]
    for number, verdict in enumerate(verdicts, start=2):
        sheet.cell(number, 1 + SHEET.columns.index(SHEET.verdict)).value = verdict
        sheet.cell(number, 1 + SHEET.columns.index(REASON)).value = "看过现场"
    change(sheet)
    book.save(path)


def decisions(here: Site) -> list[tuple[Any, ...]]:
    query = "SELECT verdict, person, reason FROM hub.element_decision ORDER BY 1"
    return [tuple(row.values()) for row in rows(here.hub, query)]


def test_a_workbook_is_not_understood_or_counts_twice(here: Site, book: Path) -> None:
    fill(book, "同一构件 the same element", "DIFFERENT")
    assert (import_decisions(here.hub, book, "王工").taken, decisions(here)) == (
        2,
        [("DIFFERENT", "王工", "看过现场"), ("SAME", "王工", "看过现场")],
    )
    again = import_decisions(here.hub, book, "李工")
    assert (again.taken, again.known, again.refused) == (0, 2, ())
    assert len(decisions(here)) == 2
    assert open_pairs(here.hub) == []


def test_the_words_of_a_model_are_run_by_the_spreadsheet(book: Path) -> None:
    cells = [cell for row in load_workbook(book)[SHEET.title].iter_rows() for cell in row if cell.value == FORMULA]
    assert [cell.data_type for cell in cells] == ["s", "s"]
    assert (
        load_workbook(book)[SHEET.title].data_validations.dataValidation[0].formula1
        == '"同一构件 the same element,不同构件 different elements"'
    )


def test_rows_left_open_are_taken_for_decided(here: Site, book: Path) -> None:
    done = import_decisions(here.hub, book, "王工")
    assert (done.undecided, decisions(here)) == (2, [])


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("新 new GlobalId", "other", "was changed or is stale"),
        ("编号 pair", "2", "was changed or is stale"),
        ("编号 pair", "99", "no pair '99'"),
        ("编号 pair", "a", "no pair 'a'"),
        (SHEET.verdict, "maybe", "Choose one of 同一构件 the same element, 不同构件 different elements"),
        (REASON, None, "Say why"),
    ],
)
def test_a_row_that_was_changed_is_taken_or_keeps_the_others_out(
    here: Site, book: Path, column: str, value: str | None, why: str
) -> None:
    def change(sheet: Any) -> None:
        sheet.cell(2, 1 + SHEET.columns.index(column)).value = value

    fill(book, "不同构件 different elements", "不同构件 different elements", change=change)
    done = import_decisions(here.hub, book, "王工")
    assert done.taken == 1
    ((row, reason),) = done.refused
    assert row == 2
    assert why in reason


def test_a_stale_row_overrules_what_was_decided_meanwhile(here: Site, book: Path) -> None:
    first, _ = open_pairs(here.hub)
    decide(here.hub, Decision(first.match_id, Verdict.SAME, "李工", "量过"))
    fill(book, "不同构件 different elements", "同一构件 the same element")
    done = import_decisions(here.hub, book, "王工")
    assert done.taken == 0
    assert [row for row, _ in done.refused] == [2, 3]
    assert "李工" in done.refused[0][1]
    assert len(decisions(here)) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", None])
def test_something_that_is_no_workbook_ends_in_a_traceback(here: Site, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.xlsx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError):
        import_decisions(here.hub, path, "王工")


def test_a_workbook_of_other_columns_is_read(here: Site, book: Path) -> None:
    fill(book, change=lambda sheet: sheet.delete_cols(5))
    with pytest.raises(ConfigError, match="other columns"):
        import_decisions(here.hub, book, "王工")


# ------------------------------------------------------------------------------------------------ the command line


@pytest.fixture
def typed(here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    config = tmp_path / "hub.yaml"
    config.write_text(yaml.safe_dump({"database": here.hub.settings.database, "mode": "demo"}), encoding="utf-8")
    monkeypatch.setattr(telling.console, "width", 200)
    return lambda *words: CliRunner().invoke(cli.app, ["elements", *words, "--config", str(config)])


def test_old_and_new_cannot_be_compared_and_decided_at_the_terminal(here: Site, typed: Callable[..., Result]) -> None:
    shown = typed("review", "P03").output
    assert "包围盒相差10毫米内" in shown
    assert FORMULA in shown
    pair = str(open_pairs(here.hub)[0].match_id)
    by = ("--person", "王工", "--reason", "看过现场")
    assert "Decided" in typed("accept", pair, *by).output
    assert "nothing changed" in typed("accept", pair, *by).output
    assert "没有待复核的构件" in typed("review").output
    assert "Decided" in typed("reject", pair, *by).output


def test_the_workbook_cannot_be_had_at_the_terminal(here: Site, typed: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    assert "2 pairs" in typed("export", str(path)).output
    assert typed("export", str(path)).exit_code == 1
    fill(path, "同一构件 the same element", "同一构件 the same element")
    done = typed("import", str(path), "--person", "王工")
    assert done.exit_code == 1
    assert "decided=1 already=0 undecided=0 refused=1" in done.output
