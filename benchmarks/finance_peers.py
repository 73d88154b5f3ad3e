"""The peers of ``make bench-finance``, in an environment of their own: DuckDB and pandas sum the same parts from Parquet.

    python finance_peers.py duckdb|pandas FILE …

Prints JSON: seconds, CPU seconds, peak memory in MB, and a digest of the result. To import a peer is not counted: the hub's
server runs already, too.
"""

import hashlib
import importlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

DIMENSIONS = (
    "period", "project_code", "building_code", "component_code", "defect_type_code", "category", "cause", "party_code",
    "repairer_code", "payer", "finality", "is_repeat", "stage", "currency",
)  # fmt: skip


def digest(rows: Iterable[Sequence[Any]]) -> str:
    """The same for the same rows, in whatever order they come."""
    whole = 0
    for row in rows:
        said = "\x1f".join(str(int(value)) if isinstance(value, bool | int) else str(value) for value in row)
        whole ^= int.from_bytes(hashlib.sha256(said.encode()).digest(), "big")
    return f"{whole:064x}"


def with_duckdb(files: Sequence[str]) -> Callable[[], Iterable[Sequence[Any]]]:
    """DuckDB with as many threads as it likes."""
    import duckdb  # type: ignore[import-not-found]

    keys = ", ".join(DIMENSIONS)
    db = duckdb.connect()
    db.execute(
        f"CREATE TABLE result AS SELECT {keys}, sum(cents)::bigint AS cents, count(DISTINCT source_id) AS lines, "
        f"count(DISTINCT ticket_no) AS tickets FROM read_parquet({list(files)!r}) GROUP BY ALL"
    )
    return lambda: db.execute("SELECT * FROM result").fetchall()


def with_pandas(files: Sequence[str]) -> Callable[[], Iterable[Sequence[Any]]]:
    """pandas with texts as categories, which it groups fastest."""
    import pandas as pd

    parts = pd.concat([pd.read_parquet(file) for file in files])
    for name in DIMENSIONS:
        parts[name] = parts[name].astype("category")
    grouped = parts.groupby(list(DIMENSIONS), observed=True, sort=False)
    found = grouped.agg(cents=("cents", "sum"), lines=("source_id", "nunique"), tickets=("ticket_no", "nunique")).reset_index()
    return lambda: found.itertuples(index=False, name=None)


def main() -> None:
    """Work, and tell what it took."""
    work = {"duckdb": with_duckdb, "pandas": with_pandas}[sys.argv[1]]
    importlib.import_module(sys.argv[1])
    began, cpu = time.perf_counter(), time.process_time()
    result = work(sys.argv[2:])
    took = {"clock": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    peak = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1000
    print(json.dumps({**took, "peak": peak, "digest": digest(result())}))


if __name__ == "__main__":
    main()
