"""100,000 tickets over loopback from a REST API into PostgreSQL: our connector beside dlt's ``rest_api`` source, in one run.

Both read the same pages of one server and upsert into databases of one PostgreSQL; they take turns, each round in a process and
a database of its own, and medians count. What a stream holds in memory must not grow with the number of its pages. The bars are
judged by the clock; the exit status is 1 when one is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks.load import DLT, Bar
from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres

PAGE = 1000
ROUNDS = 3
FEWER = 10
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of CPU time in the contestant, and its peak memory in MB."""

    clock: float
    cpu: float
    peak: float


def main() -> None:
    """Run all rounds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    records = parser.parse_args().records
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, EmbeddedPostgres(Path(folder)) as server:
        print(
            f"{records:,} tickets over HTTP, pages of {PAGE:,}, {os.cpu_count()} cores, PostgreSQL {server.version}\n",
            flush=True,
        )
        print(f"{'':34} {'seconds':>8} {'records/s':>10} {'CPU here':>9} {'peak MB':>9}")
        many, few, dlt = [], [], []
        with serving(records) as api, serving(records // FEWER) as small:
            for number in range(ROUNDS):
                many.append(_hub(server, api, records, f"hub_{number}"))
                dlt.append(_dlt(server, api, records, f"dlt_{number}"))
                few.append(_hub(server, small, records // FEWER, f"few_{number}"))
        ours, fewer, theirs = map(_median, (many, few, dlt))
        _tell("hub", records, ours)
        _tell(f"hub, {FEWER} times fewer pages", records // FEWER, fewer)
        _tell("dlt rest_api, merge (upsert)", records, theirs)
    peaks = ours.peak / fewer.peak
    bars = [
        Bar("dlt rest_api / hub", theirs.clock / ours.clock, theirs.cpu / ours.cpu, 3, at_least=True),
        Bar(f"hub's peak memory / with {FEWER} times fewer pages", peaks, peaks, 1.1),
    ]
    print(f"\n{'':46} {'by clock':>9} {'by CPU':>9}   {'bar':12}", *bars, sep="\n")
    sys.exit(0 if all(bar.passed for bar in bars) else 1)


@contextmanager
def serving(records: int) -> Iterator[str]:
    """The API in a process of its own; its address."""
    command = [sys.executable, "-m", "benchmarks.rest_api", str(records), str(PAGE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip() + "/api"
        process.terminate()


def _hub(server: EmbeddedPostgres, api: str, records: int, database: str) -> Cost:
    server.create_database(database)
    url = server.url(database)
    engine = open_database(url)
    migrate(engine)
    cost = _run([sys.executable, "-m", "benchmarks.hub_rest", url, api])
    with engine.connect() as db:
        assert db.execute(text("SELECT count(*) FROM hub.ticket")).scalar_one() == records
    engine.dispose()
    return cost


def _dlt(server: EmbeddedPostgres, api: str, records: int, database: str) -> Cost:
    server.create_database(database)
    url = server.url(database)
    credentials = url.replace("postgresql+psycopg://postgres@/", "postgresql://postgres:none@localhost/")
    cost = _run([DLT, HERE / "dlt_rest.py", credentials, api])
    engine = open_database(url)
    with engine.connect() as db:
        assert db.execute(text("SELECT count(*) FROM dlt_bench.ticket")).scalar_one() == records
    engine.dispose()
    return cost


def _run(command: Sequence[str | Path]) -> Cost:
    environment = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=HERE.parent)
    assert done.returncode == 0, done.stderr
    return Cost(*map(float, done.stdout.split()[-3:]))


def _median(costs: Sequence[Cost]) -> Cost:
    """By the clock."""
    return sorted(costs, key=lambda cost: cost.clock)[len(costs) // 2]


def _tell(name: str, records: int, cost: Cost) -> None:
    print(f"{name:34} {cost.clock:8.2f} {records / cost.clock:10,.0f} {cost.cpu:9.2f} {cost.peak:9.1f}", flush=True)


if __name__ == "__main__":
    main()
