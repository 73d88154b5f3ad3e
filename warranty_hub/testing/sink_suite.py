"""The checks that every sink has to pass: whatever happens on the way, a side effect happens once.

    class TestOurApprovals(SinkSuite):
        @pytest.fixture
        def sink_system(self) -> Iterator[SinkSystem]: ...

Items go through the hub's outbox, as a job sends them.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select

from connectors.contract import OutboxItem, Sink
from warranty_hub.errors import ConfigError, HubError, LoginError
from warranty_hub.pipelines.deliver import deliver_outbox
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import OutboxState
from warranty_hub.settings import Connection, Settings
from warranty_hub.testing.faults import Fault
from warranty_hub.testing.suite import WRONG, Suite
from warranty_hub.warehouse import outbox as outbox_steps
from warranty_hub.warehouse.tables import outbox

DELIVERIES = 3
"""Enough after one fault: the run that met it, the one that looks what became of it, and one in reserve."""
_numbers = itertools.count(1)


class SinkSystem(ABC):
    """One other system that is written to over HTTP, made for one test; impatient as `warranty_hub.testing.trial.System` is."""

    connector: ClassVar[str]
    kind: ClassVar[str]
    """The kind of outbox item that it performs."""
    connection: Connection
    options: Mapping[str, Any]
    faults: list[Fault | None]
    """What its next requests meet, used up from the front, one a request."""

    @abstractmethod
    def payload(self, number: int) -> Mapping[str, Any]:
        """A good payload, another one for each number."""

    @abstractmethod
    def made(self, idempotency_key: str) -> int:
        """How often the system holds what this item asked for."""

    @abstractmethod
    def refuse(self) -> None:
        """From now on it understands what it is asked, and says no."""


class Delivery:
    """One test's system and outbox."""

    def __init__(self, engine: Engine, system: SinkSystem) -> None:
        self.engine = engine
        self.system = system
        self._name = f"sink{next(_numbers)}"

    def hub(self, connection: Connection | None = None) -> Hub:
        """A hub with this system as its only sink, which may look at once what became of an interrupted item."""
        sink = {
            "system": self.system.connector,
            "connection": "other",
            "kinds": [self.system.kind],
            "grace": timedelta(0),
            "options": self.system.options,
        }
        settings = Settings.model_validate({"database": "postgresql+psycopg:///unused", "sinks": {self._name: sink}})
        return Hub(settings, self.engine, connections=lambda _: connection or self.system.connection)

    def sink(self, connection: Connection | None = None) -> Sink:
        """The connector by itself."""
        return self.hub(connection).sink(self._name)

    def item(self, number: int) -> OutboxItem:
        """The n-th item; key 1 is the beginning of key 11."""
        return OutboxItem(f"{self._name}:{number}", self.system.kind, self.system.payload(number))

    def enqueue(self, number: int) -> None:
        """Put the n-th item into the outbox."""
        item = self.item(number)
        with self.engine.begin() as db:
            outbox_steps.enqueue(
                db, sink=self._name, kind=item.kind, idempotency_key=item.idempotency_key, payload=item.payload
            )

    def deliver(self, connection: Connection | None = None) -> str:
        """Deliver as a job does it. Returns what went wrong, in words; nothing when all went well."""
        try:
            deliver_outbox(self.hub(connection), self._name)
        except HubError as error:
            return str(error)
        return ""

    def state(self, number: int) -> tuple[str, str | None, int]:
        """An item's state and reference in the outbox, and how often the system made it."""
        key = self.item(number).idempotency_key
        with self.engine.connect() as db:
            row = db.execute(select(outbox.c.state, outbox.c.reference).where(outbox.c.idempotency_key == key)).one()
        return row.state, row.reference, self.system.made(key)


class SinkSuite(Suite):
    """What holds for every sink."""

    @pytest.fixture
    def sink_system(self) -> Iterator[SinkSystem]:
        """The other system, started. Every subclass has its own."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `sink_system`")

    @pytest.fixture
    def delivery(self, shared_warehouse: Engine, sink_system: SinkSystem) -> Delivery:
        """The system with a sink of its own in the outbox."""
        return Delivery(shared_warehouse, sink_system)

    def test_an_item_is_performed_once(self, delivery: Delivery) -> None:
        """Done, with the other system's own number; the next run leaves it alone."""
        delivery.enqueue(1)
        assert delivery.deliver() == ""
        assert delivery.deliver() == ""
        state, reference, made = delivery.state(1)
        assert (state, made) == (OutboxState.DONE, 1)
        assert reference

    def test_what_was_made_is_found_by_its_key(self, delivery: Delivery) -> None:
        """After an interruption only the other system knows; item 1 must not be taken for item 11."""
        made = delivery.sink().perform(delivery.item(11))
        found = delivery.sink().lookup(delivery.item(11))
        assert found is not None
        assert found.reference == made.reference
        assert delivery.sink().lookup(delivery.item(1)) is None

    def test_a_refusal_is_final(self, delivery: Delivery) -> None:
        """What was understood and refused needs a person; sending it again and again does not."""
        delivery.system.refuse()
        delivery.enqueue(1)
        delivery.deliver()
        delivery.deliver()
        assert delivery.state(1) == (OutboxState.REFUSED, None, 0)

    def test_another_kind_is_not_performed(self, delivery: Delivery) -> None:
        """A sink given the wrong kinds in hub.yaml makes nothing out of them."""
        with pytest.raises(ConfigError):
            delivery.sink().perform(replace(delivery.item(1), kind="open_the_pod_bay_doors"))

    def test_a_wrong_login_leaves_the_item_for_later(self, delivery: Delivery) -> None:
        """Nothing was made, nothing is in doubt; with the right password it goes."""
        wrong = replace(delivery.system.connection, login=WRONG, password=SecretStr(WRONG))
        delivery.enqueue(1)
        told = delivery.deliver(wrong)
        assert LoginError.code in told
        assert WRONG not in told
        assert delivery.state(1) == (OutboxState.PENDING, None, 0)
        assert delivery.deliver() == ""
        assert delivery.state(1)[::2] == (OutboxState.DONE, 1)

    def test_http_an_answer_lost_on_the_way_back(self, delivery: Delivery) -> None:
        """It was made, and we were not told: it is looked for, not made again."""
        _once(delivery, Fault.CUT)

    def test_http_half_an_answer(self, delivery: Delivery) -> None:
        """It was made, and what we were told cannot be read."""
        _once(delivery, Fault.TRUNCATED)

    def test_http_silence(self, delivery: Delivery) -> None:
        """Nobody knows whether it was made: it is looked for."""
        _once(delivery, Fault.SILENT)

    def test_http_500(self, delivery: Delivery) -> None:
        """Nobody knows whether it was made: it is looked for."""
        _once(delivery, Fault.SERVER_ERROR)

    def test_http_503(self, delivery: Delivery) -> None:
        """A restart behind a proxy."""
        _once(delivery, Fault.UNAVAILABLE)

    def test_http_429(self, delivery: Delivery) -> None:
        """It surely was not made."""
        _once(delivery, Fault.TOO_MANY_SECONDS)

    def test_http_login_page_instead_of_an_answer(self, delivery: Delivery) -> None:
        """Status 200 is no receipt."""
        _once(delivery, Fault.LOGIN_PAGE)

    def test_http_empty_answer(self, delivery: Delivery) -> None:
        """Nor is nothing."""
        _once(delivery, Fault.EMPTY)


def _once(delivery: Delivery, fault: Fault) -> None:
    """Whichever request of a delivery the fault strikes, the item ends done, and made once."""
    place = 0
    while True:
        place += 1
        delivery.enqueue(place)
        delivery.system.faults[:] = [None] * (place - 1) + [fault]
        told = delivery.deliver()
        if fault in delivery.system.faults:
            break
        for _ in range(DELIVERIES - 1):
            told += delivery.deliver()
        state, _, made = delivery.state(place)
        assert (state, made) == (OutboxState.DONE, 1), f"request {place}: {fault.value}: {state}, made {made} times; {told}"
    assert place > 1, "no request was made"
