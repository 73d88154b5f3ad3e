"""A plan reaches the OA exactly once, or waits for a person: never twice."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from connectors.contract import OutboxItem
from tests.pipelines.fake import NOW, FakeHub, FakeSink, FakeSource, fake_hub, runs
from warranty_hub.errors import BusinessError, LoginError, LookupImpossibleError, SystemUnreachableError
from warranty_hub.pipelines.deliver import deliver_outbox
from warranty_hub.warehouse import outbox


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def hub(warehouse: Engine, sink: FakeSink) -> FakeHub:
    with warehouse.begin() as db:
        db.execute(
            text(
                "INSERT INTO hub.ticket (source_system, source_id, ticket_no, project_code, description, urgency,"
                " reported_state, reported_at, changed_at, run_id)"
                " VALUES ('wms', '1', 'WX1', 'P01', '渗水', 'NORMAL', 'SURVEYED', now(), now(), 1)"
            )
        )
        for number in (1, 2, 3):
            db.execute(
                text(
                    "INSERT INTO hub.repair_plan (source_system, source_id, plan_no, ticket_no, version, text, amount,"
                    " currency, state, changed_at, run_id)"
                    " VALUES ('wms', :id, :plan, 'WX1', 1, '重做防水', 1234.50, 'CNY', 'TO_SUBMIT', now(), 1)"
                ),
                {"id": str(number), "plan": f"PL{number}"},
            )
    return fake_hub(warehouse, FakeSource([]), sink)


def _states(engine: Engine) -> list[tuple[str, str | None]]:
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(text("SELECT state, reference FROM ops.outbox ORDER BY outbox_id"))]


def interrupt(hub: FakeHub, sink: FakeSink, *, arrived: bool = False) -> None:
    """A delivery that times out at its first plan, whether or not the OA got it; later ones go through."""

    def time_out(item: OutboxItem) -> None:
        if arrived:
            sink.performed.append(item.idempotency_key)
        raise SystemUnreachableError("timed out")

    sink.on_perform = time_out
    with pytest.raises(SystemUnreachableError):
        deliver_outbox(hub, "oa")
    sink.on_perform = lambda _: None


def test_each_plan_is_sent_once_however_often_the_step_runs(hub: FakeHub, sink: FakeSink) -> None:
    assert deliver_outbox(hub, "oa").details["delivered"] == 3
    assert deliver_outbox(hub, "oa").details.get("delivered", 0) == 0
    assert sink.performed == ["wms:PL1:1", "wms:PL2:1", "wms:PL3:1"]
    assert _states(hub.engine) == [("DONE", "REQ-1"), ("DONE", "REQ-2"), ("DONE", "REQ-3")]


def test_a_refused_plan_is_kept_with_the_reason_and_the_others_go_out(hub: FakeHub, sink: FakeSink) -> None:
    def refuse_second(item: OutboxItem) -> None:
        if "PL2" in item.idempotency_key:
            raise BusinessError("no right to create", reply_code="-2")

    sink.on_perform = refuse_second
    deliver_outbox(hub, "oa")
    assert [state for state, _ in _states(hub.engine)] == ["DONE", "REFUSED", "DONE"]


def test_a_refused_login_leaves_the_plan_pending(hub: FakeHub, sink: FakeSink) -> None:
    def shut(item: OutboxItem) -> None:
        raise LoginError("401")

    sink.on_perform = shut
    with pytest.raises(LoginError):
        deliver_outbox(hub, "oa")
    assert {state for state, _ in _states(hub.engine)} == {"PENDING"}


@pytest.mark.parametrize("arrived", [True, False])
def test_after_a_time_out_the_oa_is_asked_before_anything_is_sent_again(hub: FakeHub, sink: FakeSink, arrived: bool) -> None:
    interrupt(hub, sink, arrived=arrived)
    assert _states(hub.engine)[0] == ("SENDING", None)
    _age(hub.engine)
    deliver_outbox(hub, "oa")
    assert sorted(sink.performed) == ["wms:PL1:1", "wms:PL2:1", "wms:PL3:1"]
    assert {state for state, _ in _states(hub.engine)} == {"DONE"}


def test_within_the_grace_an_interrupted_item_is_left_alone(hub: FakeHub, sink: FakeSink) -> None:
    interrupt(hub, sink)
    with hub.engine.begin() as db:
        db.execute(text("UPDATE ops.outbox SET sent_at = :now WHERE state = 'SENDING'"), {"now": hub.clock()})
    deliver_outbox(hub, "oa")
    assert [state for state, _ in _states(hub.engine)] == ["SENDING", "DONE", "DONE"]


def test_what_nobody_can_tell_waits_for_a_person_and_is_never_sent_again(hub: FakeHub, sink: FakeSink) -> None:
    def cannot_tell(item: OutboxItem) -> None:
        raise LookupImpossibleError("no listing")

    interrupt(hub, sink)
    sink.on_lookup = cannot_tell
    _age(hub.engine)
    deliver_outbox(hub, "oa")
    deliver_outbox(hub, "oa")
    assert _states(hub.engine)[0] == ("IN_DOUBT", None)
    assert "wms:PL1:1" not in sink.performed
    with hub.engine.begin() as db:
        assert outbox.settle_doubt(db, 1, happened=True, reference="OA-77", person="li.si")
    assert _states(hub.engine)[0] == ("DONE", "OA-77")


def test_a_failed_delivery_is_in_the_ledger(hub: FakeHub, sink: FakeSink) -> None:
    interrupt(hub, sink)
    assert (runs(hub.engine)[-1]["status"], runs(hub.engine)[-1]["error_code"]) == ("FAILED", "HUB-101")


def _age(engine: Engine) -> None:
    with engine.begin() as db:
        db.execute(text("UPDATE ops.outbox SET sent_at = :old WHERE state = 'SENDING'"), {"old": NOW - timedelta(days=1)})
