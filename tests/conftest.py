"""The database of the tests is the one that authors of connectors get: an embedded PostgreSQL, one for each worker.

How `make test` shares the tests out among its workers (pytest-xdist): what starts Airflow goes first and stays with one worker,
since it takes longest, and one Airflow at a time is enough for a small machine. Files whose fixtures are costly stay together
too (``xdist_group``); all other tests go to whoever is free.
"""

import pytest

pytest_plugins = ["warranty_hub.testing.postgres"]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Airflow first, and in one group."""
    items.sort(key=lambda item: "airflow" not in item.keywords)
    for item in items:
        if "airflow" in item.keywords:
            item.add_marker(pytest.mark.xdist_group("airflow"))
