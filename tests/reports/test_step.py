"""The publishing step notes every file that went out, so that one can prove later what was published when."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine, select

from tests.pipelines.fake import FakeSource, fake_hub
from warranty_hub.pipelines.publish import publish_reports
from warranty_hub.warehouse.tables import delivery


def test_each_published_file_is_in_the_ledger_of_deliveries(seeded: Engine, folder: Path) -> None:
    hub = fake_hub(seeded, FakeSource([]))
    hub = replace(hub, settings=hub.settings.model_copy(update={"folder": folder.parent, "publish_to": folder.name}))
    report = publish_reports(hub)
    with seeded.connect() as db:
        noted = {row.path: row.size for row in db.execute(select(delivery).where(delivery.c.run_id == report.run_id))}
    assert len(noted) == 7
    assert noted == {name: (folder / name).stat().st_size for name in noted}
