"""Kill a sync anywhere and start it again: the tables are those of an undisturbed run, and the counts add up."""

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from connectors.contract import Window
from tests.pipelines.fake import FIRST, NOW, FakeHub, FakeSource, fake_hub, quarantined, record, runs, tickets
from warranty_hub.pipelines.raw_pages import kept_runs
from warranty_hub.pipelines.replay import replay_stream
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.warehouse.commit import OnStep

STEPS = (
    "run started",
    "window opened",
    "page staged",
    "rows written",
    "quarantine written",
    "counts written",
    "cursor moved",
    "page committed",
    "run closed",
    "run committed",
)
RANDOM_KILLS = 25  # for each kind of stream
MANY = 600  # records: more than the killed runs get through together, at one page every `PACE` seconds
PACE, LONGEST_LIFE = 0.02, 0.08
BAD: dict[int, dict[str, Any]] = {13: {"description": None}, 27: {"created": "never"}}


def _source(*, ordered: bool, count: int = 60, before_page: Callable[[int], None] = lambda _: None) -> FakeSource:
    records = [record(n, **BAD.get(n, {})) for n in range(count)]
    return FakeSource(records, ordered=ordered, page_size=5, before_page=before_page)


def _die_at(step: str, occurrence: int) -> OnStep:
    seen = 0

    def on_step(name: str) -> None:
        nonlocal seen
        if name == step:
            seen += 1
            if seen == occurrence:
                os.kill(os.getpid(), signal.SIGKILL)

    return on_step


def _in_child(engine: Engine, work: Callable[[Engine], None]) -> int:
    """Do it in a forked process with connections of its own; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work(create_engine(engine.url))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _syncing(source: FakeSource, on_step: OnStep = lambda _: None) -> Callable[[Engine], None]:
    return lambda engine: _sync(engine, source, on_step)


def _sync(engine: Engine, source: FakeSource, on_step: OnStep = lambda _: None) -> None:
    hub = fake_hub(engine, source, lookback=timedelta(minutes=10), max_rejected_share=1)
    sync_stream(hub, "wms", "tickets", on_step=on_step)


def _expected(engine: Engine, ordered: bool, count: int = 60) -> None:
    """After one more, undisturbed run."""
    _sync(engine, _source(ordered=ordered, count=count))
    assert [row[0] for row in tickets(engine)] == [f"T{n:05d}" for n in range(count) if n not in BAD]
    assert [(row[0], row[3]) for row in quarantined(engine)] == [("T00013", "OPEN"), ("T00027", "OPEN")]
    done = runs(engine)
    assert done[-1]["status"] == "SUCCEEDED"
    assert "RUNNING" not in {row["status"] for row in done}
    assert sum(row["new"] for row in done) == count - len(BAD)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_of_the_protocol_then_restarted_ends_the_same(warehouse: Engine, step: str, ordered: bool) -> None:
    if step == "cursor moved" and not ordered:
        pytest.skip("an unordered stream moves its cursor in the closing transaction only")
    for occurrence in (1, 2) if step.startswith(("page", "rows", "quarantine", "counts", "cursor")) else (1,):
        pid = _in_child(warehouse, _syncing(_source(ordered=ordered), _die_at(step, occurrence)))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL, "the child was meant to die"
    _expected(warehouse, ordered)


@pytest.mark.parametrize("ordered", [True, False])
def test_killed_at_random_instants_then_restarted_ends_the_same(warehouse: Engine, ordered: bool) -> None:
    chance = random.Random(20251123)
    for _ in range(RANDOM_KILLS):
        read_end, write_end = os.pipe()

        def first_page(number: int, tell: int = write_end) -> None:
            if number == 0:
                os.write(tell, b"1")
            time.sleep(PACE)

        pid = _in_child(warehouse, _syncing(_source(ordered=ordered, count=MANY, before_page=first_page)))
        os.close(write_end)  # so that a child that ends before its first page is no child to wait for
        os.read(read_end, 1)
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        os.kill(pid, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL, "the child ended before it was killed"
        os.close(read_end)
    _expected(warehouse, ordered, MANY)


@pytest.mark.parametrize("step", ["page staged", "page committed", "run closed"])
def test_a_backfill_killed_then_repeated_ends_the_same_and_the_sync_knows_nothing_of_it(warehouse: Engine, step: str) -> None:
    _sync(warehouse, _source(ordered=True))
    window = Window(FIRST, NOW)

    def backfill(engine: Engine, on_step: OnStep) -> None:
        hub = fake_hub(engine, _source(ordered=True, count=90), max_rejected_share=1)
        sync_stream(hub, "wms", "tickets", again=window, on_step=on_step)

    pid = _in_child(warehouse, lambda engine: backfill(engine, _die_at(step, 1)))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL, "the child was meant to die"
    backfill(warehouse, lambda _: None)
    assert [row["status"] for row in runs(warehouse)] == ["SUCCEEDED", "ABANDONED", "SUCCEEDED"]
    _expected(warehouse, True, count=90)


def test_every_page_that_was_committed_is_kept_wherever_the_sync_is_killed(warehouse: Engine, tmp_path: Path) -> None:
    def keeping(engine: Engine) -> FakeHub:
        hub = fake_hub(engine, _source(ordered=False), keep_raw="P30D", max_rejected_share=1)
        return replace(hub, settings=hub.settings.model_copy(update={"artefacts": str(tmp_path)}))

    def sync(die: OnStep, engine: Engine) -> None:
        sync_stream(keeping(engine), "wms", "tickets", on_step=die)

    for step in ("page staged", "rows written", "counts written", "page committed"):
        for occurrence in (1, 2):
            pid = _in_child(warehouse, partial(sync, _die_at(step, occurrence)))
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL, "the child was meant to die"
    sync_stream(keeping(warehouse), "wms", "tickets")
    assert sum(run.pages for run in kept_runs(keeping(warehouse), "wms.tickets")) == sum(
        row["pages"] for row in runs(warehouse)
    )
    before = tickets(warehouse)
    assert replay_stream(keeping(warehouse), "wms", "tickets").outcomes["unchanged"] == 60 - len(BAD)
    assert tickets(warehouse) == before
