"""A dry run touches nothing outside its transaction: no plan goes to the OA, no file is published, nothing stays."""

from sqlalchemy import Engine, text

from tests.pipelines.fake import FakeSink, FakeSource, fake_hub, record, runs
from warranty_hub.pipelines.deliver import deliver_outbox
from warranty_hub.pipelines.sync import sync_stream

PLAN = """
INSERT INTO hub.repair_plan
       (source_system, source_id, plan_no, ticket_no, version, text, amount, currency, state, changed_at, run_id)
VALUES ('wms', '1', 'PL1', 'WX00001', 1, '重做防水', 1234.50, 'CNY', 'TO_SUBMIT', now(), 1)
"""


def test_a_plan_is_not_sent_by_a_dry_run_and_only_once_by_the_run_after_it(warehouse: Engine) -> None:
    sink = FakeSink()
    hub = fake_hub(warehouse, FakeSource([record(1)]), sink)
    sync_stream(hub, "wms", "tickets")
    with warehouse.begin() as db:
        db.execute(text(PLAN))
    with hub.dry_run() as trial:
        assert deliver_outbox(trial, "oa").details["enqueued"] == 1
    assert sink.performed == []
    deliver_outbox(hub, "oa")
    assert sink.performed == ["wms:PL1:1"]


def test_a_plan_left_waiting_by_an_earlier_run_is_not_sent_either(warehouse: Engine) -> None:
    sink = FakeSink()
    hub = fake_hub(warehouse, FakeSource([]), sink)
    with warehouse.begin() as db:
        db.execute(
            text(
                "INSERT INTO ops.outbox (idempotency_key, sink, kind, payload, state)"
                " VALUES ('wms:PL1:1', 'oa', 'submit_plan', '{}', 'PENDING')"
            )
        )
    with hub.dry_run() as trial:
        deliver_outbox(trial, "oa")
    assert (sink.performed, runs(warehouse)) == ([], [])
