"""What Airflow's page calls when somebody presses "Test" on one of our connections."""

from airflow.sdk import BaseHook

from connectors.http import HttpOptions, HttpSession, base_url
from warranty_hub.errors import HubError
from warranty_hub.provider import connection_from_airflow

PATIENCE = HttpOptions(attempts=1, connect_timeout=5, read_timeout=10, budget=15)


class ConnectionHook(BaseHook):  # type: ignore[misc] # Airflow is not followed: its package takes minutes to check
    """Says whether a system answers at all. Login and rights are tried by ``warranty-hub check``, which knows what is read."""

    conn_name_attr = "connection_id"
    hook_name = "Warranty Hub"

    def __init__(self, connection_id: str) -> None:
        super().__init__()
        self._connection_id = connection_id

    def test_connection(self) -> tuple[bool, str]:
        """A verdict, and a line for people."""
        try:
            http = HttpSession(base_url(connection_from_airflow(self._connection_id)), PATIENCE)
            answer = http.repeat(lambda: http.send(http.request("GET", "/")))
        except HubError as error:
            return False, str(error)
        return True, f"{http.host} answers ({answer.status_code}). `warranty-hub check` tries the login and the rights."
