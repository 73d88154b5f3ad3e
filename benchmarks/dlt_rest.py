"""dlt's side of the REST benchmark; runs in an environment of its own: ``dlt_rest.py <credentials> <address of the API>``."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.measured import tell


def main(credentials: str, address: str) -> None:
    """Merge (upsert) all tickets into an empty dataset."""
    source = rest_api_source(
        {
            "client": {
                "base_url": address,
                "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "after"},
            },
            "resources": [
                {
                    "name": "ticket",
                    "primary_key": "id",
                    "write_disposition": {"disposition": "merge", "strategy": "upsert"},
                    "endpoint": {"path": "tickets", "data_selector": "tickets"},
                }
            ],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(credentials=credentials),
            dataset_name="dlt_bench",
        )
        tell(lambda: pipeline.run(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
