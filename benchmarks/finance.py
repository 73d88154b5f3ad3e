"""``make bench-finance``: the monthly rollup of 3 million allocated lines, beside DuckDB and pandas over Parquet, in one run.

All three form the same rows: every dimension of ``mart.cost_month``, the exact sum, the number of lines and of tickets; their
results must be identical. The hub sums in its database, and checks the sums against the vouchers within its time; the peers
read one Parquet file and keep the result in memory, in an environment of their own. Then a day comes with 0.1 % new lines: the
hub sums the periods that it touches, DuckDB everything again. CPU time is printed beside the clock, the server's with the hub's
own; memory is the most that a process ever held, the hub's with what its database session and that one's parallel workers held
at a time. Exit status 1: a bar is missed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from sqlalchemy import Engine, text

from benchmarks.finance_peers import DIMENSIONS, digest
from warranty_hub.pipelines.cost_months import sum_months
from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres

HERE = Path(__file__).parent
PEERS = HERE.parent / ".envs" / "duckdb" / "bin" / "python"
PARTS = 3


class Cost(NamedTuple):
    """Seconds by the clock and of CPU time, and the peak of memory in MB."""

    clock: float
    cpu: float
    peak: float


def main() -> None:
    """Run all, print the table, judge the bars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=3_000_000, help="allocated lines; three make a cost line")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the median counts")
    asked = parser.parse_args()
    parts: int = asked.parts
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, EmbeddedPostgres(Path(folder) / "pg") as server:
        print(f"{parts:,} allocated lines, {os.cpu_count()} cores, PostgreSQL {server.version}", flush=True)
        small, _ = _measured(server, Path(folder), parts // 10, rounds=1)
        large, same = _measured(server, Path(folder), parts, asked.rounds)
    print(f"\n{'':34} {'seconds':>8} {'CPU':>8} {'peak MB':>8}")
    for name, cost in large.items():
        print(f"{name:34} {cost.clock:8.2f} {cost.cpu:8.2f} {cost.peak:8.0f}")
    bars = [
        ("hub / pandas", large["hub, all"].clock / large["pandas, all"].clock, 1),
        ("hub / DuckDB", large["hub, all"].clock / large["duckdb, all"].clock, 10),
        ("a day, hub / DuckDB again", large["hub, a day"].clock / large["duckdb, a day"].clock, 1),
        ("memory, ten times the lines", large["hub, all"].peak / small["hub, all"].peak, 1.5),
    ]
    print(f"\nidentical results: {same}")
    for name, ratio, limit in bars:
        print(f"{name:34} {ratio:8.2f}   at most {limit:<4} {'pass' if ratio <= limit else 'FAIL'}")
    sys.exit(0 if same and all(ratio <= limit for _, ratio, limit in bars) else 1)


def _measured(server: EmbeddedPostgres, folder: Path, parts: int, rounds: int) -> tuple[dict[str, Cost], bool]:
    database = f"finance_{parts}"
    server.create_database(database)
    engine = open_database(server.url(database))
    migrate(engine)
    print(f"filling {parts:,} …", file=sys.stderr, flush=True)
    _fill(engine, 1, parts // PARTS, "1 + n % 36")
    everything = folder / f"{parts}.parquet"
    _export(engine, everything, since=1)
    taken: dict[str, list[Cost]] = {}
    same = True
    for _ in range(rounds):
        taken.setdefault("hub, all", []).append(_hub(engine, [f"{month:02d}" for month in range(1, 37)]))
        found = {_digest(engine)}
        for peer in ("duckdb", "pandas"):
            cost, result = _peer(peer, everything)
            taken.setdefault(f"{peer}, all", []).append(cost)
            found.add(result)
        same &= len(found) == 1
    first = parts // PARTS + 1
    _fill(engine, first, first + parts // PARTS // 1000, "CASE WHEN n % 10 = 0 THEN 34 + n / 10 % 2 ELSE 36 END")
    day = folder / f"{parts}-day.parquet"
    _export(engine, day, since=first)
    for _ in range(rounds):
        taken.setdefault("hub, a day", []).append(_hub(engine, ["34", "35", "36"]))
        cost, result = _peer("duckdb", everything, day)
        taken.setdefault("duckdb, a day", []).append(cost)
        same &= result == _digest(engine)
    engine.dispose()
    return {name: _median(costs) for name, costs in taken.items()}, same


def _median(costs: list[Cost]) -> Cost:
    return Cost(*map(median, zip(*costs, strict=True)))


def _fill(engine: Engine, first: int, last: int, month: str) -> None:
    """Cost lines ``first`` to ``last`` of three parts each, as the hub's own steps leave them; all follows from the number."""
    named = {"first": first, "last": last}
    with engine.begin() as db:
        for statement in (_LINES, _BASIS, _LINKS, _PARTS, _CELLS):
            db.execute(text(statement.replace("{month}", month)), named)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("VACUUM ANALYZE"))


def _hub(engine: Engine, periods: list[str]) -> Cost:
    with engine.begin() as db:
        backend = psutil.Process(db.execute(text("SELECT pg_backend_pid()")).scalar_one())
        cpu, here, began = _cpu(backend), time.process_time(), time.perf_counter()
        with _Watch(backend) as watch:
            sum_months(db, periods)
        clock = time.perf_counter() - began
        return Cost(clock, time.process_time() - here + _cpu(backend) - cpu, _peak(os.getpid()) + watch.most)


class _Watch(Thread):
    """What a session and the processes that work for it hold together at the most, in MB, as often as it can be looked at."""

    def __init__(self, backend: "psutil.Process") -> None:
        super().__init__(daemon=True)
        self.backend, self.most, self._done = backend, 0.0, Event()

    def __enter__(self) -> "_Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        """Look at them twenty times a second."""
        while not self._done.wait(0.05):
            self.most = max(self.most, sum(map(_private, [self.backend.pid, *_workers(self.backend)])))


def _workers(backend: "psutil.Process") -> Iterator[int]:
    for process in backend.parent().children():
        with suppress(psutil.Error):
            if f"parallel worker for PID {backend.pid}" in " ".join(process.cmdline()):
                yield process.pid


def _cpu(backend: "psutil.Process") -> float:
    """Of a session, and of the processes that worked for it and have ended: those only their server knows."""
    own, ended = backend.cpu_times(), backend.parent().cpu_times()
    return float(own.user + own.system + ended.children_user + ended.children_system)


def _peak(pid: int) -> float:
    return int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) / 1000


def _private(pid: int) -> float:
    """What a process holds beside the cache that all sessions share, in MB; none when it has ended."""
    try:
        return sum(int(found) for found in re.findall(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())) / 1000
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _peer(name: str, *files: Path) -> tuple[Cost, str]:
    done = subprocess.run([PEERS, HERE / "finance_peers.py", name, *files], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return Cost(told["clock"], told["cpu"], told["peak"]), told["digest"]


def _digest(engine: Engine) -> str:
    with engine.connect() as db:
        return digest(tuple(row) for row in db.execute(text(_RESULT), execution_options={"yield_per": 10_000}))


def _export(engine: Engine, path: Path, since: int) -> None:
    """The parts as one Parquet file: texts as dictionaries, amounts in cents, which pandas sums exactly."""
    columns = [*DIMENSIONS, "source_id", "ticket_no", "cents"]
    kinds = pa.csv.ConvertOptions(
        column_types={**dict.fromkeys(columns, pa.string()), "cents": pa.int64(), "is_repeat": pa.bool_()},
        strings_can_be_null=False, true_values=["t"], false_values=["f"],
    )  # fmt: skip
    csv_path = path.with_suffix(".csv")
    with engine.connect() as db, csv_path.open("wb") as file:
        raw = db.connection.driver_connection
        assert raw is not None
        with raw.cursor().copy(_EXPORT.format(since=since)) as copy:
            for block in copy:
                file.write(block)
    with pa.csv.open_csv(csv_path, convert_options=kinds) as rows, pa.parquet.ParquetWriter(path, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)
    csv_path.unlink()


_RESULT = f"SELECT {', '.join(DIMENSIONS)}, (amount * 100)\\:\\:bigint, lines, tickets FROM mart.cost_month"

_EXPORT = """
    COPY (SELECT period, project_code, building_code, component_code, defect_type_code, category, cause, party_code,
                 repairer_code, payer, finality, coalesce(repeat_no, 0) >= 3 AS is_repeat, stage, currency, source_id,
                 ticket_no, (amount * 100)::bigint AS cents
          FROM hub.allocation WHERE source_id >= '{since:09d}') TO STDOUT (FORMAT csv, HEADER)"""

# A line: n is its number, id its key, cents what it cost, ticket whose it is; a line has three parts, seven lines of eight a
# ticket of their own.
_NUMBERS = r"""
    SELECT n, lpad(n\:\:text, 9, '0') AS id, n % 90000 + 300 AS cents, lpad(({month})\:\:text, 2, '0') AS period,
           'WX' || lpad((n * 7 / 8)\:\:text, 9, '0') AS ticket
    FROM generate_series(CAST(:first AS bigint), :last) n"""

_LINES = f"""
    INSERT INTO hub.cost_line (source_system, source_id, fact_version, company_code, fiscal_year, document_no, item_no, account,
        category, stage, posting_date, period, amount, currency, base_amount, base_currency, is_reversed, run_id)
    SELECT 'sap', id, 1, '1000', '2025', id, '1', '6401', 'SUBCONTRACT', 'ACTUAL', '2025-01-05', period, cents / 100.0, 'CNY',
           cents / 100.0, 'CNY', false, 1
    FROM ({_NUMBERS}) line"""

_BASIS = f"""
    INSERT INTO hub.cost_basis (source_system, source_id, fact_version, basis, net, cost, currency, rate_date)
    SELECT 'sap', id, 1, 'NET', cents / 100.0, cents / 100.0, 'CNY', '2025-01-05' FROM ({_NUMBERS}) line"""

_LINKS = f"""
    INSERT INTO hub.cost_link (source_system, source_id, ticket_system, ticket_id, ticket_no, method, confidence)
    SELECT 'sap', id, 'wms', ticket, ticket, 'ASSIGNMENT', 1 FROM ({_NUMBERS}) line"""

_CELL = ", ".join(DIMENSIONS).replace("is_repeat", "coalesce(repeat_no, 0) >= 3")

# The numbers of the cells are the benchmark's own; the hub's are hashes too. The parts of a line are of three components, so
# each is the first in its cell.
_PARTS = rf"""
    INSERT INTO hub.allocation (source_system, source_id, part, fact_version, stage, period, project_code, building_code,
        ticket_no, ticket_system, ticket_id, defect_seq, component_code, defect_type_code, category, cause, party_code,
        repairer_code, payer, finality, responsibility_version, share_bp, repeat_no, currency, amount, cell, first_in_cell)
    SELECT part.*, md5(ROW({_CELL})\:\:text)\:\:uuid, true
    FROM (SELECT 'sap', id, part, 1, 'ACTUAL' AS stage, period, 'P' || n % 60 AS project_code,
                 (1 + n / 60 % 8)\:\:text AS building_code, ticket, 'wms', ticket, part AS defect_seq,
                 'C' || (n / 7 + part * 11) % 80 AS component_code, 'D' || (n / 3 + part) % 8 AS defect_type_code,
                 (ARRAY['SUBCONTRACT', 'MATERIAL'])[1 + n % 2] AS category,
                 (ARRAY['CONSTRUCTION', 'MATERIAL', 'MISUSE'])[1 + n % 3] AS cause, 'S' || n % 5 AS party_code,
                 'S' || n % 5 AS repairer_code, 'LIABLE_PARTY' AS payer, (ARRAY['FINAL', 'PRELIMINARY'])[1 + n % 2] AS finality,
                 1, 10000, CASE WHEN n % 50 = 0 THEN 3 END AS repeat_no, 'CNY' AS currency,
                 (CASE part WHEN 0 THEN cents - 2 * (cents / 3) ELSE cents / 3 END) / 100.0
          FROM ({_NUMBERS}) line, generate_series(0, 2) part) part"""

_CELLS = f"""
    INSERT INTO hub.cost_cell (cell, {", ".join(DIMENSIONS)})
    SELECT DISTINCT cell, {_CELL} FROM hub.allocation WHERE source_id >= lpad(CAST(:first AS text), 9, '0')
    ON CONFLICT DO NOTHING"""


if __name__ == "__main__":
    main()
