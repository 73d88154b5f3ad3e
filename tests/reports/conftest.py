"""Publishing into a folder of its own."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from tests.reports.facts import seed
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.reports.publication import PublishedFile
from warranty_hub.reports.publish import publish

Publish = Callable[..., list[PublishedFile]]


@pytest.fixture
def seeded(warehouse: Engine) -> Engine:
    """A warehouse with the facts of tests/reports/facts.py."""
    with warehouse.begin() as db:
        seed(db)
    return warehouse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the reports go."""
    return tmp_path / "published"


@pytest.fixture
def publish_now(warehouse: Engine, folder: Path) -> Publish:
    """Publish what the warehouse holds."""

    def now(run_id: int = 7, day: int = 1, stale: Sequence[str] = ("oa.approvals",)) -> list[PublishedFile]:
        as_of = datetime(2025, 6, day, 6, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
        with warehouse.begin() as db:
            return publish(
                db,
                folder,
                run_id,
                organisation="华筑集团",
                as_of=as_of,
                stale=stale,
                artefacts=ArtefactStore("memory://reports"),
            )

    return now
