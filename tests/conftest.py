"""The database of the tests is the one that authors of connectors get: an embedded PostgreSQL, one for each worker.

`make test` gives its workers (pytest-xdist) one file after the other, with all its tests, so that no fixture of a module is
built twice. What takes longest goes first, so that no worker is left alone with it at the end. A loaded machine fails no
property: hypothesis judges answers here, never the time they took.
"""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["warranty_hub.testing.postgres", "tests.connectors.bim.meshed"]

settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")


LONGEST = (
    "test_demo.py", "test_models.py", "test_suite_can_fail.py", "test_airflow_local.py", "test_revision_arrives.py",
    "test_bad_input_models.py", "test_geometry.py", "test_cli_models.py", "test_identity_real.py", "test_embedded.py",
    "test_feed.py", "test_rest_tickets.py", "test_kill.py", "test_sink_suite_can_fail.py", "test_model_neighbours.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))
