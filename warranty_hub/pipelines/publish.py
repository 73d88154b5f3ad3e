"""Publish: write the reports of today's facts, and note each file in the ledger of deliveries."""

from sqlalchemy import insert

from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.watch import freshness
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import delivery

UNIT = Unit("publish", "reports")


def publish_reports(hub: Hub) -> RunReport:
    """Write every report into the publication folder. Analytics go out with the names of stale sources on them."""
    from warranty_hub.reports.publish import publish

    with hub.recorded(UNIT) as run:
        stale = [state.unit for state in freshness(hub) if state.late]
        with hub.transactions() as db:
            files = publish(
                db,
                hub.settings.path(hub.settings.publish_to),
                run.run_id,
                organisation=hub.settings.organisation.name,
                as_of=hub.clock().astimezone(hub.settings.zone),
                stale=stale,
                bcf_version=hub.settings.issues.version,
                artefacts=hub.artefacts,
            )
            db.execute(
                insert(delivery),
                [{"run_id": run.run_id, "path": file.name, "sha256": file.sha256, "size": file.size} for file in files],
            )
        run.note(files=len(files), stale=len(stale))
    return hub.report(run.run_id)
