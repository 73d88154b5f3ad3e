"""The database of the tests is the one that authors of connectors get: an embedded PostgreSQL."""

pytest_plugins = ["warranty_hub.testing.postgres"]
