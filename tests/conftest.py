"""The database of the tests is the one that authors of connectors get: an embedded PostgreSQL, one for each worker.

`make test` gives its workers (pytest-xdist) one file after the other, with all its tests, so that no fixture of a module is
built twice. The demo goes first: it takes longest, and the other worker does the rest meanwhile. A loaded machine fails no
property: hypothesis judges answers here, never the time they took.
"""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["warranty_hub.testing.postgres"]

settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The demo first."""
    items.sort(key=lambda item: item.path.name != "test_demo.py")
