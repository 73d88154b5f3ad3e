"""The steps of the hub in the order of the data's way, and what each can work on; command line and DAGs both read this."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import get_args

from connectors.contract import Window
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.cover import cover_defects
from warranty_hub.pipelines.deliver import deliver_outbox
from warranty_hub.pipelines.feed import entities, publish_feed
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.index import index_model, new_models
from warranty_hub.pipelines.issues import projects_with_issue_files, take_issue_files
from warranty_hub.pipelines.locate import locate_defects, projects_with_tickets
from warranty_hub.pipelines.old_meshes import expire_meshes
from warranty_hub.pipelines.publish import publish_reports
from warranty_hub.pipelines.raw_pages import expire_raw_pages
from warranty_hub.pipelines.replay import replay_stream
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Job


@dataclass(frozen=True)
class Step:
    """A step: what there is to work on, and how to work on one of them."""

    units: Callable[[Hub], Sequence[str]]
    run: Callable[[Hub, str], RunReport]


def all_streams(hub: Hub) -> list[str]:
    """Every stream, masters first."""
    return [unit for job in get_args(Job) for streams in hub.settings.streams_by_source(job).values() for unit in streams]


def sweepable_streams(hub: Hub) -> list[str]:
    """The streams whose sources can list all their keys."""
    return [
        f"{name}.{stream}"
        for name, source in hub.settings.sources.items()
        for stream, offered in hub.source(name).streams().items()
        if offered.sweepable and stream in source.streams
    ]


def _of_stream(work: Callable[[Hub, str, str], RunReport]) -> Callable[[Hub, str], RunReport]:
    def run(hub: Hub, unit: str) -> RunReport:
        source, dot, stream = unit.partition(".")
        if not dot:
            raise ConfigError(f"{unit!r} is not a stream", remedy="Write it as source.stream, e.g. wms.tickets.")
        return work(hub, source, stream)

    return run


def backfill(hub: Hub, start: datetime, end: datetime | None) -> Callable[[Hub, str], RunReport]:
    """Read what changed in a window again, in place of `sync`. Times are naive, the organisation's own; without end up to now.

    Raises ConfigError for a window that ends before it starts.
    """
    first = start.replace(tzinfo=hub.settings.zone)
    last = end.replace(tzinfo=hub.settings.zone) if end else hub.clock()
    if last < first:
        raise ConfigError("The window ends before it starts", remedy="Exchange --from and --to.")
    return _of_stream(partial(sync_stream, again=Window(first, last)))


def replay(hub: Hub, unit: str, run_id: int | None, since: datetime | None) -> RunReport:
    """Put kept pages of a stream through its field map as it is now. ``since`` is naive, the organisation's own time."""
    moment = since.replace(tzinfo=hub.settings.zone) if since else None
    return _of_stream(partial(replay_stream, run_id=run_id, since=moment))(hub, unit)


EXPIRING: dict[str, Callable[[Hub], RunReport]] = {"raw_pages": expire_raw_pages, "meshes": expire_meshes}
"""What is kept for a while only."""


def _expire(hub: Hub, kind: str) -> RunReport:
    if kind not in EXPIRING:
        raise ConfigError(f"{kind!r} is nothing that expires", remedy=f"It is one of: {', '.join(EXPIRING)}.")
    return EXPIRING[kind](hub)


STEPS: dict[str, Step] = {
    "sync": Step(all_streams, _of_stream(sync_stream)),
    "deliver": Step(lambda hub: list(hub.settings.sinks), deliver_outbox),
    "index": Step(new_models, index_model),
    "locate": Step(projects_with_tickets, locate_defects),
    "cover": Step(projects_with_tickets, cover_defects),
    "bcf": Step(projects_with_issue_files, take_issue_files),
    "rollup": Step(lambda _: ["costs"], lambda hub, _: roll_up_costs(hub)),
    "feed": Step(entities, publish_feed),
    "publish": Step(lambda _: ["reports"], lambda hub, _: publish_reports(hub)),
    "expire": Step(lambda _: list(EXPIRING), _expire),
    "sweep": Step(sweepable_streams, _of_stream(sweep_deletions)),
}
IN_ALL = ("sync", "deliver", "index", "locate", "cover", "bcf", "rollup", "feed", "publish")


def names(step: str) -> Sequence[str]:
    """The steps that a word on the command line means. Raises ConfigError for an unknown one."""
    if step == "all":
        return IN_ALL
    if step not in STEPS:
        raise ConfigError(f"There is no step {step!r}", remedy=f"It is one of: all, {', '.join(STEPS)}.")
    return (step,)
