"""Every error has a code of its own and a remedy, and the page about them is up to date."""

from pathlib import Path

from warranty_hub import errors
from warranty_hub.error_page import error_page, error_tree

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"


def test_codes_are_unique_and_remedies_are_sentences() -> None:
    found = [kind for kind, _ in error_tree()]
    assert len({kind.code for kind in found}) == len(found)
    assert all(kind.remedy.endswith((".", "?")) or kind.code == "HUB-350" for kind in found)


def test_the_tree_in_the_docstring_names_every_error() -> None:
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind, _ in error_tree() if kind.__name__ not in drawn] == []


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == error_page(), "run: python -m warranty_hub.error_page > docs/errors.md"
