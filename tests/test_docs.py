"""The pages of the project send nobody to a file that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
ROOMS = "benchmarks|connectors|dags|docs|mappings|sandbox|tests|warranty_hub"
PATH = re.compile(rf"`((?:{ROOMS})/[^`\s]*)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_path_or_link_leads_nowhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    places = [(ROOT, name) for name in PATH.findall(text)] + [(page.parent, name) for name in LINK.findall(text)]
    assert [name for folder, name in places if not any(folder.glob(name.rstrip("/")))] == []


def test_the_map_of_the_house_leaves_out_a_room() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert {room for room in rooms if f"{room}/" not in page} == set()
