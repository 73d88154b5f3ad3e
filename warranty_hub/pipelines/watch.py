"""Watch freshness: tell someone once when a stream is late, and once when it is back, whatever runs or is paused."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, insert, select

from connectors.webhook import build_notifier
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sync import STEP as SYNC
from warranty_hub.warehouse.tables import alert, cursor


@dataclass(frozen=True)
class Freshness:
    """How long ago a stream was last brought up to date, and how long it may be."""

    unit: str
    succeeded_at: datetime | None
    silence: timedelta | None
    max_silence: timedelta

    @property
    def late(self) -> bool:
        """Never succeeded counts as late."""
        return self.silence is None or self.silence > self.max_silence


def freshness(hub: Hub) -> list[Freshness]:
    """One entry for each stream in hub.yaml."""
    now = hub.clock()
    with hub.transactions() as db:
        last = {row.unit: row.succeeded_at for row in db.execute(select(cursor).where(cursor.c.step == SYNC))}
    found = []
    for source_name, source in hub.settings.sources.items():
        for stream_name, stream in source.streams.items():
            succeeded_at = last.get(unit := f"{source_name}.{stream_name}")
            silence = now - succeeded_at if succeeded_at else None
            found.append(Freshness(unit, succeeded_at, silence, stream.max_silence))
    return found


def watch_freshness(hub: Hub) -> list[str]:
    """Tell the log and the webhook what became late or came back since the last look. Returns the messages told.

    A message is told before it is written down as told: if telling fails, the next look tells it again.
    """
    webhook = hub.settings.notify
    notify = build_notifier(hub.connections(webhook)) if webhook else None
    with hub.transactions() as db:
        known = {row.unit for row in db.execute(select(alert.c.unit))}
    messages = []
    for state in freshness(hub):
        if state.late == (state.unit in known):
            continue
        message = _late(state) if state.late else f"warranty-hub: {state.unit} is up to date again."
        structlog.get_logger("freshness").warning(message)
        if notify:
            notify(message)
        messages.append(message)
        _remember(hub, state)
    return messages


def _late(state: Freshness) -> str:
    if state.silence is None:
        return f"warranty-hub: {state.unit} has never been synced. See `warranty-hub status`."
    hours = state.silence.total_seconds() / 3600
    limit = state.max_silence.total_seconds() / 3600
    return f"warranty-hub: {state.unit} had no success for {hours:.1f} h (limit {limit:g} h). See `warranty-hub status`."


def _remember(hub: Hub, state: Freshness) -> None:
    now = hub.clock()
    with hub.transactions() as db:
        db.execute(delete(alert).where(alert.c.unit == state.unit))
        if state.late:
            db.execute(insert(alert).values(unit=state.unit, since=state.succeeded_at or now, notified_at=now))
