"""Triangles and cuts of models are kept for what each model shows, or showed last; those of older revisions are taken out.

A revision's row is written before its files are put, in one transaction (`warranty_hub.pipelines.index`): while files are taken
out, that row waits, so that no file goes that a revision refers to.
"""

from sqlalchemy import select, text

from connectors.bim.cuts import CUTS
from connectors.bim.meshes import MESHES
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.tables import bim_revision

UNIT = Unit("expire", "meshes")


def expire_meshes(hub: Hub) -> RunReport:
    """Let replaced revisions go of what was made of them, and take out the files to which no revision refers."""
    with hub.recorded(UNIT) as run:
        with hub.transactions() as db:
            let_go = db.execute(text(_LET_GO)).rowcount
        with hub.transactions() as db:
            db.execute(text("LOCK TABLE hub.bim_revision IN SHARE ROW EXCLUSIVE MODE"))
            kept = {address for row in db.execute(select(bim_revision.c.meshes, bim_revision.c.cuts)) for address in row}
            files = 0 if hub.is_trial else sum(hub.artefacts.sweep(suffix, kept) for suffix in (MESHES, CUTS))
        run.note(revisions=let_go, files=files)
    return hub.report(run.run_id)


_LET_GO = """
    UPDATE hub.bim_revision old SET meshes = NULL, cuts = NULL
    WHERE meshes IS NOT NULL AND NOT current AND EXISTS (
        SELECT FROM hub.bim_revision newer
        WHERE newer.model_id = old.model_id AND newer.revision_id > old.revision_id AND newer.meshes IS NOT NULL)"""
