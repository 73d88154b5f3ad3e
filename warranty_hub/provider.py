"""What Airflow learns from the wheel, and how the hub finds its connections inside a task."""

from typing import Any

from pydantic import SecretStr

from warranty_hub.errors import ConfigError
from warranty_hub.settings import Connection


def get_provider_info() -> dict[str, Any]:
    """The entry point ``apache_airflow_provider``."""
    return {
        "package-name": "warranty-hub",
        "name": "Warranty Hub",
        "description": "Integration middleware for construction-warranty management.",
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
