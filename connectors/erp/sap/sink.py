"""What is written to SAP S/4HANA, by kind of outbox item: postings (`journal`) and our number on orders (`references`)."""

from collections.abc import Mapping
from typing import Any

from connectors.contract import OutboxItem, Reply, Sink
from connectors.erp.sap.journal import SapJournal, SapSinkOptions
from connectors.erp.sap.references import SapReferences
from connectors.options import read_options
from warranty_hub.errors import ConfigError
from warranty_hub.records.effects import POST_JOURNAL, REFER_ORDER
from warranty_hub.settings import Connection


def build_sink(connection: Connection, options: Mapping[str, Any]) -> "SapSink":
    """Raises ConfigError."""
    return SapSink(connection, read_options(SapSinkOptions, "sap_s4", options))


class SapSink:
    """A Sink (connectors.contract) for ``post_journal`` and ``refer_order``."""

    def __init__(self, connection: Connection, options: SapSinkOptions) -> None:
        self._sinks: Mapping[str, Sink] = {
            POST_JOURNAL: SapJournal(connection, options),
            REFER_ORDER: SapReferences(connection, options.http, options.client),
        }

    def perform(self, item: OutboxItem) -> Reply:
        """Do it once."""
        return self._sink(item).perform(item)

    def lookup(self, item: OutboxItem) -> Reply | None:
        """Find what an interrupted `perform` may have made."""
        return self._sink(item).lookup(item)

    def _sink(self, item: OutboxItem) -> Sink:
        if item.kind not in self._sinks:
            raise ConfigError(f"SAP cannot perform {item.kind!r}", remedy=f"Its kinds are {', '.join(self._sinks)}.")
        return self._sinks[item.kind]
