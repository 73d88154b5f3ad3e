"""Which connector speaks with which system. Connectors are imported only when they are needed.

A connector of your own needs no place here: name it in hub.yaml by where it stands, ``system: acme.tickets:build_source``.
"""

import pkgutil
from collections.abc import Mapping
from typing import Any, cast

from connectors.contract import Sink, Source
from warranty_hub.errors import ConfigError
from warranty_hub.settings import Connection

SOURCES = {
    "sql_tickets": "connectors.tickets.sql:build_source",
    "sap_s4": "connectors.erp.sap:build_source",
    "kingdee": "connectors.erp.kingdee.source:build_source",
    "weaver": "connectors.oa.weaver:build_source",
    "masters_xlsx": "connectors.files.masters:build_source",
    "tryton": "connectors.erp.tryton.source:build_source",
    "ledger": "connectors.files.ledger:build_source",
    "rest_tickets": "connectors.tickets.rest:build_source",
}
SINKS = {
    "sap_s4": "connectors.erp.sap.sink:build_sink",
    "weaver": "connectors.oa.weaver:build_sink",
    "kingdee": "connectors.erp.kingdee.journal:build_sink",
    "tryton": "connectors.erp.tryton.sink:build_sink",
}


def build_source(system: str, connection: Connection, options: Mapping[str, Any]) -> Source:
    """The source for a system of hub.yaml. Raises ConfigError for an unknown system or wrong options."""
    return cast("Source", _builder(SOURCES, "source", system)(connection, options))


def build_sink(system: str, connection: Connection, options: Mapping[str, Any]) -> Sink:
    """The sink for a system of hub.yaml. Raises ConfigError for an unknown system or wrong options."""
    return cast("Sink", _builder(SINKS, "sink", system)(connection, options))


def _builder(builders: Mapping[str, str], role: str, system: str) -> Any:
    if system in builders:
        return pkgutil.resolve_name(builders[system])
    if ":" not in system:
        raise ConfigError(f"There is no {role} for system {system!r}", remedy=f"Take one of: {', '.join(builders)}.")
    try:
        return pkgutil.resolve_name(system)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"The {role} {system!r} cannot be imported ({error})",
            remedy="Install its package beside the hub; the name is written package.module:function.",
        ) from None
