"""Every field map of the project loads: a typing mistake in one is found here and not by the first run of a stream."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mappings.fields.compiler import FOLDER, load_field_map

ROOT = Path(__file__).parents[3]
MAPS = [*sorted(FOLDER.glob("*.yaml")), ROOT / "tests/pipelines/maps/fake_tickets.yaml", ROOT / "benchmarks/bench_tickets.yaml"]


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_field_map_loads(path: Path) -> None:
    assert load_field_map(path.stem, ZoneInfo("Asia/Shanghai"), path.parent).table
