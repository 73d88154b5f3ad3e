"""A field map was wrong and is corrected: the kept pages go through it again, and nothing newer is lost by it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.fake import MAPS, FakeHub, FakeSource, fake_hub, quarantined, record, runs, tickets
from warranty_hub.errors import ConfigError, RejectedShareError
from warranty_hub.pipelines.raw_pages import expire_raw_pages, kept_runs
from warranty_hub.pipelines.replay import replay_stream
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream

MAP = (MAPS / "fake_tickets.yaml").read_text(encoding="utf-8")
WITHOUT_TIME = MAP.replace("changed_at: {path: updated, as: local_time}", 'changed_at: {constant: "2020-01-01T00:00:00Z"}')
OPEN, RESOLVED = "OPEN", "RESOLVED"


class Office:
    """A hub that keeps its raw pages, and a person who corrects its field map."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.source = FakeSource([], ordered=False)
        self.correct(MAP)

    def hub(self, **stream: Any) -> FakeHub:
        hub = fake_hub(self.engine, self.source, **{"keep_raw": "P30D", "lookback": timedelta(days=999), **stream})
        return replace(hub, settings=hub.settings.model_copy(update={"folder": self.folder}))

    def correct(self, field_map: str) -> None:
        (self.folder / "fake_tickets.yaml").write_text(field_map, encoding="utf-8")

    def sync(self, *records: dict[str, Any], **stream: Any) -> int:
        self.source.records = list(records)
        return sync_stream(self.hub(**stream), "wms", "tickets").run_id

    def replay(self, **which: Any) -> dict[str, int]:
        report = replay_stream(self.hub(), "wms", "tickets", **which)
        assert report.read == sum(report.outcomes.values())
        return {name: count for name, count in report.outcomes.items() if count}

    def kept_files(self) -> list[Path]:
        return sorted(path for path in (self.folder / "artefacts").rglob("*") if path.is_file())

    def age(self, days: int) -> None:
        with self.engine.begin() as db:
            db.execute(text("UPDATE ops.raw_page SET kept_at = kept_at - make_interval(days => :days)"), {"days": days})


@pytest.fixture
def office(warehouse: Engine, tmp_path: Path) -> Office:
    return Office(warehouse, tmp_path)


def _addresses(engine: Engine) -> dict[str, str]:
    return {row[0]: row[2] for row in tickets(engine)}


def test_a_corrected_map_reaches_old_records_without_asking_the_source(office: Office, warehouse: Engine) -> None:
    read = office.sync(*[record(number, level="9") for number in range(25)])
    cursors = _cursors(warehouse)
    asked = len(office.source.windows)
    office.correct(MAP.replace('"1": NORMAL', '"1": NORMAL, "9": URGENT'))
    assert office.replay() == {"changed": 25}
    assert {row[3] for row in tickets(warehouse)} == {"URGENT"}
    assert len(office.source.windows) == asked
    assert {**_cursors(warehouse), **cursors} == _cursors(warehouse), "no cursor moved, and the stream is no fresher"
    assert [(row["step"], row["read"]) for row in runs(warehouse)] == [("sync", 25), ("replay", 25)]
    assert office.replay(run_id=read) == {"unchanged": 25}


def _cursors(engine: Engine) -> dict[str, tuple[Any, ...]]:
    with engine.connect() as db:
        rows = db.execute(text("SELECT step, position, succeeded_at FROM ops.cursor WHERE step = 'sync'"))
        return {row.step: tuple(row) for row in rows}


@pytest.mark.parametrize("field_map", [MAP, WITHOUT_TIME], ids=["with a change time", "without"])
def test_an_older_kept_copy_never_overwrites_a_newer_one(office: Office, warehouse: Engine, field_map: str) -> None:
    office.correct(field_map)
    first = office.sync(record(1, address="old"), record(2, address="only here"))
    office.sync(record(1, address="new", updated="2025-02-01T00:00:00+00:00"))
    assert office.replay() == {"unchanged": 2, "superseded": 1}
    assert office.replay(run_id=first) == {"unchanged": 1, "superseded": 1}
    assert _addresses(warehouse) == {"T00001": "new", "T00002": "only here"}


def test_what_was_read_before_a_run_that_kept_nothing_is_not_replayed_over_it(office: Office, warehouse: Engine) -> None:
    office.correct(WITHOUT_TIME)
    office.sync(record(1, address="old"))
    office.sync(record(1, address="new"), keep_raw=None)
    with pytest.raises(ConfigError, match=r"No raw pages of wms\.tickets are kept"):
        office.replay()
    office.sync(record(1, address="new"), record(2))
    assert office.replay() == {"unchanged": 2}
    assert _addresses(warehouse)["T00001"] == "new"


def test_a_sync_amid_a_replay_stays_the_newest(office: Office, warehouse: Engine) -> None:
    office.correct(WITHOUT_TIME)
    office.sync(*[record(number) for number in range(20)])
    office.correct(WITHOUT_TIME.replace("description: description", "description: order_no"))
    newer = [record(number, address="brought meanwhile") for number in range(20)]

    def on_step(step: str, done: list[str] = []) -> None:  # noqa: B006 - remembers that it struck
        if step == "page committed" and not done:
            done.append(step)
            office.sync(*newer)

    assert office.replay(on_step=on_step) == {"changed": 10, "superseded": 10}
    assert set(_addresses(warehouse).values()) == {"brought meanwhile"}


def test_what_was_deleted_at_the_source_since_stays_deleted(office: Office, warehouse: Engine) -> None:
    everything = [record(number) for number in range(100)]
    office.sync(*everything)
    office.source.records = everything[1:]
    sweep_deletions(office.hub(), "wms", "tickets")
    office.correct(MAP.replace("description: description", "description: order_no"))
    assert office.replay() == {"changed": 99, "superseded": 1}
    assert [row[0] for row in tickets(warehouse) if not row[5]] == ["T00000"]


def test_records_leave_the_quarantine_by_a_replay_and_an_old_copy_puts_none_there(office: Office, warehouse: Engine) -> None:
    office.sync(record(1, description=None), record(2, project="XX", description=None), record(3, description=None))
    office.sync(record(3, updated="2025-02-01T00:00:00+00:00"))
    assert [row[3] for row in quarantined(warehouse)] == [OPEN, OPEN, RESOLVED]
    office.correct(MAP.replace("in: [TEST]", "in: [TEST, XX]"))
    assert office.replay() == {"quarantined": 1, "skipped": 1, "unchanged": 1, "superseded": 1}
    assert [row[3] for row in quarantined(warehouse)] == [OPEN, RESOLVED, RESOLVED]
    office.correct(MAP.replace("description: description", "description: order_no"))
    office.replay()
    assert OPEN not in [row[3] for row in quarantined(warehouse)]


def test_a_map_that_is_worse_than_before_fails_the_replay_and_loses_no_fact(office: Office, warehouse: Engine) -> None:
    office.sync(*[record(number) for number in range(30)])
    before = tickets(warehouse)
    office.correct(MAP.replace("description: description", "description: nothing"))
    with pytest.raises(RejectedShareError, match="30 of 30"):
        office.replay()
    assert tickets(warehouse) == before


@pytest.mark.parametrize("step", ["page staged", "rows written", "counts written", "page committed"])
def test_a_killed_sync_leaves_nothing_that_breaks_a_replay(office: Office, warehouse: Engine, step: str) -> None:
    office.source.records = [record(number) for number in range(20)]
    with pytest.raises(KeyboardInterrupt):
        sync_stream(office.hub(), "wms", "tickets", on_step=_killer(step))
    office.sync(*office.source.records)
    assert office.replay() == {"unchanged": 20}
    with warehouse.begin() as db:
        db.execute(text("DELETE FROM ops.raw_page"))
    assert office.kept_files()
    expire_raw_pages(office.hub())
    assert office.kept_files() == []


def _killer(at: str) -> Callable[[str], None]:
    def kill(step: str) -> None:
        if step == at:
            raise KeyboardInterrupt

    return kill


def test_a_killed_replay_is_simply_run_again(office: Office, warehouse: Engine) -> None:
    office.sync(*[record(number) for number in range(20)])
    office.correct(MAP.replace("description: description", "description: order_no"))
    with pytest.raises(KeyboardInterrupt):
        office.replay(on_step=_killer("page committed"))
    assert office.replay() == {"changed": 10, "unchanged": 10}


def test_a_dry_run_keeps_no_page_and_changes_no_fact(office: Office, warehouse: Engine) -> None:
    office.source.records = [record(1)]
    with office.hub().dry_run() as trial:
        sync_stream(trial, "wms", "tickets")
    assert office.kept_files() == []
    office.sync(record(1))
    before = tickets(warehouse), runs(warehouse)
    office.correct(MAP.replace("address_text: address", "address_text: order_no"))
    with office.hub().dry_run() as trial:
        assert replay_stream(trial, "wms", "tickets").outcomes["changed"] == 1
        expire_raw_pages(replace(trial, settings=office.hub(keep_raw=None).settings))
    assert (tickets(warehouse), runs(warehouse)) == before
    assert len(office.kept_files()) == 1


def test_pages_age_out_and_one_that_a_younger_run_read_again_stays(office: Office) -> None:
    office.sync(record(1, address="old"))
    office.sync(*[record(number) for number in range(10)])
    office.age(days=31)
    office.sync(*[record(number) for number in range(10)])
    assert len(office.kept_files()) == 2
    report = expire_raw_pages(office.hub())
    assert report.details == {"expired": 2, "files": 1}
    assert [run.records for run in kept_runs(office.hub(), "wms.tickets")] == [10]
    assert office.replay() == {"unchanged": 10}


def test_a_stream_that_keeps_no_pages_any_more_loses_those_it_had(office: Office) -> None:
    office.sync(record(1))
    expire_raw_pages(office.hub(keep_raw=None))
    assert office.kept_files() == []
    assert kept_runs(office.hub(), "wms.tickets") == []


def test_pages_past_their_time_are_not_replayed_although_they_are_still_there(office: Office) -> None:
    office.sync(record(1))
    office.age(days=31)
    with pytest.raises(ConfigError, match="aged out") as refused:
        office.replay()
    assert "replay wms.tickets --list" in refused.value.remedy
    assert "run sync wms.tickets --from" in refused.value.remedy


def test_a_person_who_asks_for_what_is_not_kept_is_told_what_to_do(office: Office, warehouse: Engine) -> None:
    run = office.sync(record(1))
    with pytest.raises(ConfigError, match=rf"of run {run + 1}: nothing was read"):
        office.replay(run_id=run + 1)
    with pytest.raises(ConfigError, match="since 2030-01-01 00:00: nothing was read"):
        office.replay(since=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigError, match="keeps no raw pages") as refused:
        replay_stream(office.hub(keep_raw=None), "wms", "tickets")
    assert "keep_raw: P30D" in refused.value.remedy
    assert [row["step"] for row in runs(warehouse)] == ["sync"]
