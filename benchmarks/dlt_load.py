"""dlt's side of the load benchmark; runs in an environment of its own: ``dlt_load.py <credentials> <records> <page size>``.

Prints the seconds of a merge (upsert) of all pages into an empty table: by the clock, and of CPU time in this process.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dlt

from benchmarks.tickets import pages


def main(credentials: str, records: int, size: int) -> None:
    """Load and print the seconds."""
    texts = pages(records, size)

    @dlt.resource(name="ticket", primary_key="id", write_disposition={"disposition": "merge", "strategy": "upsert"})
    def tickets() -> Iterator[list[dict[str, Any]]]:
        for text in texts:
            yield json.loads(text, parse_float=Decimal)

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(credentials=credentials),
            dataset_name="dlt_bench",
        )
        started, cpu_before = time.perf_counter(), time.process_time()
        pipeline.run(tickets())
        print(time.perf_counter() - started, time.process_time() - cpu_before)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
