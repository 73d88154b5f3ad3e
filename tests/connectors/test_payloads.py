"""An entry that no ERP could post is refused before anything is called, in words that repeat none of its values."""

from typing import Any

import pytest
from pydantic import SecretStr

from connectors.contract import OutboxItem
from connectors.registry import SINKS, build_sink
from tests.connectors.test_registry import SINK_OPTIONS
from warranty_hub.errors import BusinessError, ConfigError
from warranty_hub.records.effects import POST_JOURNAL
from warranty_hub.settings import Connection

NOBODY = Connection("erp", "http", "127.0.0.1", 9, "http", "u", SecretStr("p"))
UNBALANCED: dict[str, Any] = {
    "company_code": "1000", "posting_date": "2025-03-31", "document_date": "2025-03-31", "currency": "CNY", "reference": "R1",
    "text": "canary", "lines": [{"account": "6601", "amount": "10"}, {"account": "2202", "amount": "-9"}],
}  # fmt: skip
ERPS = sorted(set(SINKS) - {"weaver"})


@pytest.mark.parametrize("system", ERPS)
@pytest.mark.parametrize("payload", [UNBALANCED, {**UNBALANCED, "currency": "canary"}, {}])
def test_an_entry_that_does_not_balance_or_lacks_something_is_posted_or_blocks_the_outbox(
    system: str, payload: dict[str, Any]
) -> None:
    sink = build_sink(system, NOBODY, SINK_OPTIONS[system])
    with pytest.raises(BusinessError, match="hub:1 cannot be performed: ") as caught:
        sink.perform(OutboxItem("hub:1", POST_JOURNAL, payload))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("system", ERPS)
def test_a_repair_plan_is_taken_for_an_entry(system: str) -> None:
    with pytest.raises(ConfigError, match="cannot perform 'submit_plan'"):
        build_sink(system, NOBODY, SINK_OPTIONS[system]).perform(OutboxItem("hub:1", "submit_plan", {}))
