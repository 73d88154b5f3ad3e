"""A late stream is told once, its return once; a message that nobody got is told again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from tests.connectors.misbehaving import Script, misbehaving_server, reply
from tests.pipelines.fake import FakeHub, FakeSource, fake_hub, record
from warranty_hub.errors import ProtocolError
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.pipelines.watch import watch_freshness
from warranty_hub.settings import Connection


@pytest.fixture
def hub(warehouse: Engine) -> FakeHub:
    return fake_hub(warehouse, FakeSource([record(1)]), max_silence=timedelta(hours=2))


def later(hub: FakeHub, hours: int) -> FakeHub:
    return replace(hub, clock=lambda: datetime.now(UTC) + timedelta(hours=hours))


def test_a_stream_that_is_late_is_told_once_and_once_more_when_it_is_back(hub: FakeHub) -> None:
    assert "wms.tickets has never been synced" in watch_freshness(later(hub, 0))[0]
    assert watch_freshness(later(hub, 0)) == []
    sync_stream(hub, "wms", "tickets")
    assert watch_freshness(later(hub, 1)) == ["warranty-hub: wms.tickets is up to date again."]
    assert watch_freshness(later(hub, 1)) == []
    assert "(limit 2 h)" in watch_freshness(later(hub, 3))[0]
    assert watch_freshness(later(hub, 4)) == []


def test_a_message_that_the_group_did_not_get_is_told_again(hub: FakeHub) -> None:
    with misbehaving_server() as script:
        told = replace(hub, settings=hub.settings.model_copy(update={"notify": "robot"}), connections=lambda _: _robot(script))
        script.then(reply(404), reply())
        with pytest.raises(ProtocolError):
            watch_freshness(told)
        assert len(watch_freshness(told)) == 1
        assert watch_freshness(told) == []
        assert len(script.seen) == 2


def _robot(script: Script) -> Connection:
    return Connection("robot", "http", script.url, password=SecretStr("/hook"), extra={"robot": "slack"})
