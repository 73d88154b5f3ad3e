"""What an IT department relies on: every record is accounted for, nothing is lost, nothing is doubled."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from connectors.contract import Stream, Window
from tests.pipelines.fake import FIRST, NOW, FakeSource, fake_hub, quarantined, record, runs, tickets
from warranty_hub.errors import ConfigError, DeletionFuseError, PageOrderError, RejectedShareError, StreamTakenOverError
from warranty_hub.pipelines.quarantine import one_row, open_rows, retry
from warranty_hub.pipelines.sweep import sweep_deletions
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.warehouse.commit import Batch, StreamRun, Unit
from warranty_hub.warehouse.tables import fact_tables


def test_first_sync_takes_everything_and_the_second_writes_no_row_version(warehouse: Engine) -> None:
    hub = fake_hub(warehouse, FakeSource([record(n) for n in range(25)]))
    first = sync_stream(hub, "wms", "tickets")
    assert (first.read, first.outcomes["new"]) == (25, 25)
    versions = _row_versions(warehouse)
    second = sync_stream(hub, "wms", "tickets")
    assert second.outcomes["new"] == second.outcomes["changed"] == 0
    assert _row_versions(warehouse) == versions


def test_each_outcome_is_counted_once(warehouse: Engine) -> None:
    source = FakeSource([record(1), record(2), record(3)])
    hub = fake_hub(warehouse, source, lookback=timedelta(days=999))
    sync_stream(hub, "wms", "tickets")
    source.records = [
        record(1),
        record(2, address="5号楼"),
        record(4),
        record(4, address="later copy"),
        record(5, project="TEST"),
        record(6, created="not a time"),
    ]
    report = sync_stream(hub, "wms", "tickets")
    assert report.read == 6
    assert report.outcomes == {"new": 1, "changed": 1, "unchanged": 1, "superseded": 1, "skipped": 1, "quarantined": 1}
    assert dict(runs(warehouse)[-1]["skipped_by"]) == {"test_ticket": 1}


def test_an_older_copy_never_overwrites_newer_facts(warehouse: Engine) -> None:
    source = FakeSource([record(5, updated="2025-01-01T09:00:00+00:00", address="new")], ordered=False)
    hub = fake_hub(warehouse, source, lookback=timedelta(days=999))
    sync_stream(hub, "wms", "tickets")
    source.records = [record(5, updated="2025-01-01T08:00:00+00:00", address="old")]
    assert sync_stream(hub, "wms", "tickets").outcomes["superseded"] == 1
    assert tickets(warehouse)[0][2] == "new"


def test_unknown_source_values_become_unmapped_and_are_counted(warehouse: Engine) -> None:
    hub = fake_hub(warehouse, FakeSource([record(1, level="9"), record(2, level="9")]))
    sync_stream(hub, "wms", "tickets")
    assert [row[3] for row in tickets(warehouse)] == ["UNMAPPED", "UNMAPPED"]
    assert dict(runs(warehouse)[-1]["unmapped"]) == {"urgency=9": 2}


def test_a_late_row_within_the_lookback_is_not_lost(warehouse: Engine) -> None:
    source = FakeSource([record(100)])
    hub = fake_hub(warehouse, source, lookback=timedelta(days=999))
    sync_stream(hub, "wms", "tickets")
    source.records.append(record(40))
    assert sync_stream(hub, "wms", "tickets").outcomes["new"] == 1


def test_a_row_from_the_future_waits_and_does_not_push_the_cursor(warehouse: Engine) -> None:
    source = FakeSource([record(1), record(2, updated=(NOW + timedelta(days=400)).isoformat())])
    sync_stream(fake_hub(warehouse, source), "wms", "tickets")
    with warehouse.connect() as db:
        assert db.execute(text("SELECT position FROM ops.cursor")).scalar_one() < NOW
    assert len(tickets(warehouse)) == 1


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"description": None}, "description"),
        ({"order_no": None}, "ticket_no"),
        ({"created": "yesterday"}, "created"),
        ({"description": "a\x00b"}, "description"),
        ({"id": None}, "key is missing"),
        ({"updated": None}, "changed_at"),
    ],
)
def test_a_bad_record_is_kept_with_its_reason_and_the_rest_goes_on(
    warehouse: Engine, broken: dict[str, object], reason: str
) -> None:
    source = FakeSource([record(1), {**record(2), **broken}, record(3)])
    report = sync_stream(fake_hub(warehouse, source), "wms", "tickets")
    assert report.outcomes["quarantined"] == 1
    assert report.outcomes["new"] == 2
    (row,) = quarantined(warehouse)
    assert row[1] == "HUB-400"
    assert reason in row[2]


def test_a_renamed_required_field_fails_the_run_loudly_and_loses_nothing(warehouse: Engine) -> None:
    renamed = [{("text" if key == "description" else key): value for key, value in record(n).items()} for n in range(30)]
    source = FakeSource(renamed)
    hub = fake_hub(warehouse, source)
    with pytest.raises(RejectedShareError, match="30 of 30"):
        sync_stream(hub, "wms", "tickets")
    assert len(quarantined(warehouse)) == 30
    assert runs(warehouse)[-1]["status"] == "FAILED"


def test_corrected_records_leave_the_quarantine_by_retry_and_by_sync(warehouse: Engine) -> None:
    source = FakeSource([record(1, description=None), record(2, description=None)])
    hub = fake_hub(warehouse, source, lookback=timedelta(days=999))
    sync_stream(hub, "wms", "tickets")
    source.records = [record(1)]
    sync_stream(hub, "wms", "tickets")
    assert [row[3] for row in quarantined(warehouse)] == ["RESOLVED", "OPEN"]
    with warehouse.begin() as db:
        mended = """UPDATE ops.quarantine SET payload = payload || '{"description": "给水管漏水"}' WHERE state = 'OPEN'"""
        db.execute(text(mended))
    report = retry(hub, "wms.tickets")
    assert report.outcomes["new"] == 1
    assert [row[3] for row in quarantined(warehouse)] == ["RESOLVED", "RESOLVED"]
    with warehouse.begin() as db:
        left = db.execute(text("SELECT payload, code FROM ops.quarantine")).all()
    assert [row.payload for row in left] == [{}, {}]
    assert all(row.code for row in left)


def test_a_retry_settles_what_is_skipped_now_and_what_has_got_a_key(warehouse: Engine) -> None:
    hub = fake_hub(warehouse, FakeSource([record(1, id=None), record(2, description=None), record(3, description=None)]))
    sync_stream(hub, "wms", "tickets")
    with warehouse.begin() as db:
        change = text(
            "UPDATE ops.quarantine SET payload = payload || cast(:change AS jsonb) WHERE payload->>'order_no' = :order"
        )
        db.execute(change, {"order": "WX00001", "change": '{"id": "T00001"}'})
        db.execute(change, {"order": "WX00002", "change": '{"project": "TEST"}'})
    retry(hub, "wms.tickets")
    assert [(row.source_id, row.attempts) for row in open_rows(hub)] == [("T00003", 2)]
    assert [row[0] for row in tickets(warehouse)] == ["T00001"]


def test_quarantine_shows_no_personal_data(warehouse: Engine) -> None:
    source = FakeSource([record(1, created="x", description="请联系13800138000", contact={"phone": "13800138000"})])
    hub = fake_hub(warehouse, source)
    sync_stream(hub, "wms", "tickets")
    (row,) = open_rows(hub)
    assert "13800138000" not in str(row)
    assert "13800138000" not in str(one_row(hub, row.quarantine_id))


def test_pages_out_of_order_stop_the_run_and_the_next_one_recovers(warehouse: Engine) -> None:
    source = FakeSource([record(n) for n in range(30)], rearrange=lambda pages: [pages[1], pages[0], pages[2]])
    hub = fake_hub(warehouse, source, lookback=timedelta(days=999))
    with pytest.raises(PageOrderError, match="already reached"):
        sync_stream(hub, "wms", "tickets")
    source.rearrange = lambda pages: pages
    sync_stream(hub, "wms", "tickets")
    assert len(tickets(warehouse)) == 30


def test_a_repeated_page_doubles_nothing(warehouse: Engine) -> None:
    source = FakeSource([record(n) for n in range(20)], ordered=False, rearrange=lambda pages: [*pages, pages[0]])
    report = sync_stream(fake_hub(warehouse, source), "wms", "tickets")
    assert (report.outcomes["new"], report.outcomes["unchanged"]) == (20, 10)
    assert len(tickets(warehouse)) == 20


def test_a_run_that_was_overtaken_stops_and_the_newer_one_wins(warehouse: Engine) -> None:
    old = StreamRun(warehouse.begin, Unit("sync", "wms.tickets"), code_version="test")
    old.start()
    sync_stream(fake_hub(warehouse, FakeSource([record(1)])), "wms", "tickets")
    with pytest.raises(StreamTakenOverError):
        old.commit_page(fact_tables["ticket"], "wms", Batch([]), position="", move_to=None)
    assert [row["status"] for row in runs(warehouse)] == ["ABANDONED", "SUCCEEDED"]


def test_a_dry_run_counts_everything_and_leaves_nothing(warehouse: Engine) -> None:
    hub = fake_hub(warehouse, FakeSource([record(n) for n in range(25)]))
    with hub.dry_run() as trial:
        assert sync_stream(trial, "wms", "tickets").outcomes["new"] == 25
    assert tickets(warehouse) == []
    assert runs(warehouse) == []


def test_a_stream_that_hub_yaml_does_not_name_is_explained(warehouse: Engine) -> None:
    with pytest.raises(ConfigError, match=r"wms\.nothing"):
        sync_stream(fake_hub(warehouse, FakeSource([])), "wms", "nothing")


def test_records_gone_at_the_source_get_a_tombstone_and_come_back_when_they_return(warehouse: Engine) -> None:
    source = FakeSource([record(n) for n in range(100)])
    hub = fake_hub(warehouse, source, lookback=timedelta(days=999))
    sync_stream(hub, "wms", "tickets")
    removed = source.records.pop(7)
    assert sweep_deletions(hub, "wms", "tickets").tombstones == 1
    assert [row[0] for row in tickets(warehouse) if not row[5]] == ["T00007"]
    source.records.append(removed)
    assert sync_stream(hub, "wms", "tickets").outcomes["changed"] == 1
    assert all(row[5] for row in tickets(warehouse))


def test_an_empty_source_trips_the_fuse_and_deletes_nothing(warehouse: Engine) -> None:
    source = FakeSource([record(n) for n in range(10)])
    hub = fake_hub(warehouse, source)
    sync_stream(hub, "wms", "tickets")
    source.records.clear()
    with pytest.raises(DeletionFuseError, match="10 of 10"):
        sweep_deletions(hub, "wms", "tickets")
    assert all(row[5] for row in tickets(warehouse))


def test_a_stream_does_not_bury_the_rows_of_another_that_fills_its_table(warehouse: Engine) -> None:
    hub = fake_hub(warehouse, FakeSource([record(n) for n in range(3)]))
    wms = hub.settings.sources["wms"]
    twice = wms.model_copy(update={"streams": {**wms.streams, "archive": wms.streams["tickets"]}})
    shared = replace(hub, settings=hub.settings.model_copy(update={"sources": {"wms": twice}}))
    with pytest.raises(ConfigError, match=r"wms\.tickets and wms\.archive fill the same table"):
        sweep_deletions(shared, "wms", "tickets")


def _row_versions(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text("SELECT ctid::text, xmin::text FROM hub.ticket ORDER BY 1"))]


def _cursors(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text("SELECT step, position, succeeded_at FROM ops.cursor ORDER BY step"))]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_backfill_reads_its_window_and_leaves_the_cursor_and_the_freshness_alone(warehouse: Engine, ordered: bool) -> None:
    source = FakeSource([record(n) for n in range(100)], ordered=ordered)
    hub = fake_hub(warehouse, source)
    sync_stream(hub, "wms", "tickets")
    before = _cursors(warehouse)
    source.records = [record(n, address="corrected without a change time") for n in range(100)]
    window = Window(FIRST + timedelta(minutes=10), FIRST + timedelta(minutes=29))
    report = sync_stream(hub, "wms", "tickets", again=window)
    assert (report.step, report.read, report.outcomes["changed"]) == ("backfill", 20, 20)
    assert [row for row in _cursors(warehouse) if row[0] == "sync"] == before


def test_a_sync_in_the_middle_of_a_backfill_goes_through_and_so_does_the_backfill(warehouse: Engine) -> None:
    source = FakeSource([record(n) for n in range(40)], page_size=20)
    hub = fake_hub(warehouse, source)
    beside = FakeSource([record(n) for n in range(60)])

    def sync_beside(number: int) -> None:
        if number == 1:
            sync_stream(fake_hub(warehouse, beside), "wms", "tickets")

    source.before_page = sync_beside
    report = sync_stream(hub, "wms", "tickets", again=Window(FIRST, NOW))
    assert (report.status, report.outcomes["new"], report.outcomes["unchanged"]) == ("SUCCEEDED", 20, 20)
    assert [run["status"] for run in runs(warehouse)] == ["SUCCEEDED", "SUCCEEDED"]
    assert len(tickets(warehouse)) == 60


def test_what_is_read_whole_each_time_cannot_be_backfilled(warehouse: Engine) -> None:
    hub = fake_hub(warehouse, source := FakeSource([record(1)]))
    source.streams = lambda: {"tickets": Stream("tickets", ("id",))}  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="read whole each time"):
        sync_stream(hub, "wms", "tickets", again=Window(FIRST, NOW))


def test_the_cursor_of_an_ordered_stream_never_goes_back_into_the_lookback(warehouse: Engine) -> None:
    source = FakeSource([record(n) for n in range(30)])
    hub = fake_hub(warehouse, source, lookback=timedelta(days=999))
    sync_stream(hub, "wms", "tickets")
    before = _cursors(warehouse)

    def fail(number: int) -> None:
        if number == 2:
            raise PageOrderError("in the middle")

    source.before_page = fail
    with pytest.raises(PageOrderError):
        sync_stream(hub, "wms", "tickets")
    assert _cursors(warehouse) == before
