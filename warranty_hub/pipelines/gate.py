"""The gate before a finance feed: why it may not go out. Analytics go out marked stale, a finance feed not at all."""

from sqlalchemy import Connection

from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.watch import freshness


def findings(hub: Hub, db: Connection, entity: str) -> list[str]:
    """What speaks against publishing this entity's costs now, in words; empty when nothing does."""
    return [*_stale(hub)]


def _stale(hub: Hub) -> list[str]:
    """Streams of costs and periods that had no success for longer than their limit."""
    cost_streams = {unit for streams in hub.settings.streams_by_source("costs").values() for unit in streams}
    return [f"{state.unit} is stale" for state in freshness(hub) if state.late and state.unit in cost_streams]
