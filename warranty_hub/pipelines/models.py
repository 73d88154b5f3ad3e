"""How the models are: the newest revision of each, and what its exporter could do better."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import distinct_on

from warranty_hub.pipelines.hub import Hub
from warranty_hub.warehouse.tables import bim_revision


def newest_revisions(hub: Hub, model_id: str | None = None) -> Sequence[Row[Any]]:
    """The revision of each model that was read last, refused or not; of one model where it is named."""
    newest = select(bim_revision).ext(distinct_on(bim_revision.c.model_id))
    if model_id is not None:
        newest = newest.where(bim_revision.c.model_id == model_id)
    with hub.transactions() as db:
        return db.execute(newest.order_by(bim_revision.c.model_id, bim_revision.c.revision_id.desc())).all()
