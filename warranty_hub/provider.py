"""What Airflow learns from the wheel, and how the hub finds its connections inside a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from warranty_hub.errors import ConfigError
from warranty_hub.settings import Connection


@dataclass(frozen=True)
class Form:
    """How Airflow's connection form asks for one kind of system: labels of the fields it shows, the others are hidden."""

    title: str
    labels: Mapping[str, str]
    placeholders: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


ADDRESS = {"host": "Host", "port": "Port", "schema": "https or http"}
USER = {"login": "User", "password": "Password"}
ROBOTS = ("dingtalk", "wecom", "feishu", "slack")
FORMS: Mapping[str, Form] = {
    "sap_s4": Form("SAP S/4HANA (Warranty Hub)", {**ADDRESS, **USER}, {"host": "s4.example", "port": "44300"}),
    "kingdee": Form(
        "Kingdee 金蝶云星空 (Warranty Hub)",
        {**ADDRESS, "login": "User", "password": "App secret, or password"},
        {"host": "erp.example"},
    ),
    "tryton": Form("Tryton (Warranty Hub)", {**ADDRESS, **USER}, {"host": "tryton.example", "port": "8000"}),
    "weaver": Form("Weaver e-cology 泛微 (Warranty Hub)", ADDRESS, {"host": "oa.example", "port": "8080"}),
    "rest_tickets": Form(
        "Ticket REST API (Warranty Hub)",
        {**ADDRESS, "login": "User or client", "password": "Password, key or secret"},
        {"host": "desk.example"},
    ),
    "webhook": Form(
        "Chat robot for alerts (Warranty Hub)",
        {"host": "Host", "schema": "https or http", "password": "Rest of the address, behind the host"},
        {"host": "oapi.dingtalk.com"},
        {"robot": {"label": "Robot", "schema": {"type": "string", "enum": list(ROBOTS), "default": ROBOTS[0]}}},
    ),
}
"""By the second half of the connection type: ``warranty_hub_sap_s4``. Databases and folders have Airflow's own types."""
FIELDS = ("host", "port", "schema", "login", "password")


def get_provider_info() -> dict[str, Any]:
    """The entry point ``apache_airflow_provider``. The connectors take any connection type: ours only have better forms."""
    return {
        "package-name": "warranty-hub",
        "name": "Warranty Hub",
        "description": "Integration middleware for construction-warranty management.",
        "connection-types": [_connection_type(name, form) for name, form in FORMS.items()],
    }


def _connection_type(name: str, form: Form) -> dict[str, Any]:
    return {
        "connection-type": f"warranty_hub_{name}",
        "hook-class-name": "warranty_hub.hook.ConnectionHook",
        "hook-name": form.title,
        "ui-field-behaviour": {
            "hidden-fields": [name for name in FIELDS if name not in form.labels] + ["extra"],
            "relabeling": dict(form.labels),
            "placeholders": dict(form.placeholders),
        },
        "conn-fields": {name: dict(extra) for name, extra in form.extras.items()},
    }


def connection_from_airflow(conn_id: str) -> Connection:
    """Look a connection up in Airflow's secrets backend. Raises ConfigError when it is not there."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        found = BaseHook.get_connection(conn_id)
    except (AirflowNotFoundException, AirflowRuntimeError):
        raise ConfigError(
            f"Airflow has no connection {conn_id!r}", remedy="Add it under Admin → Connections, or in your secrets backend."
        ) from None
    return Connection(
        id=conn_id,
        conn_type=found.conn_type or "",
        host=found.host or "",
        port=found.port,
        schema=found.schema or "",
        login=found.login or "",
        password=SecretStr(found.password or ""),
        extra=found.extra_dejson,
    )
