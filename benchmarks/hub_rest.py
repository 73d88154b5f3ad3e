"""The hub's side of the REST benchmark: ``python -m benchmarks.hub_rest <database> <address of the API>``."""

import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measured import tell
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.warehouse.database import open_database

STREAM = {
    "path": "tickets", "records": "tickets", "key": ["id"], "cursor": "updated_at", "ordered": True,
    "changed": {"since": "since"}, "paging": {"kind": "cursor", "next": "next", "token": "after"},
}  # fmt: skip


def main(database: str, address: str) -> None:
    """Sync all tickets into a migrated, empty database."""
    parts = urlsplit(address)
    connection = Connection("api", "http", f"{address.rpartition(':')[0]}", parts.port)
    source = {
        "system": "rest_tickets", "connection": "api", "safety": timedelta(0),
        "options": {"streams": {"tickets": STREAM}}, "streams": {"tickets": {"map": "bench_tickets", "job": "tickets"}},
    }  # fmt: skip
    settings = Settings.model_validate({"database": database, "sources": {"api": source}, "folder": Path(__file__).parent})
    hub = Hub(settings, open_database(database), connections=lambda _: connection)
    tell(lambda: sync_stream(hub, "api", "tickets"))


if __name__ == "__main__":
    main(*sys.argv[1:])
