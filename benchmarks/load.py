"""``make bench``: 200,000 tickets, JSON pages through field map and validation into PostgreSQL, beside two peers in one run.

The peers get the same records: dlt's merge (same JSON pages, an environment of its own), and a bare COPY of the finished rows
into a table without index or key, which checks nothing and can only append. All take turns, each round in databases of its own;
ratios are taken within a round, with a COPY before the sync and one after it, and their median counts. CPU time, ours and the
server's, is printed beside the clock: on a machine that is busy otherwise it is the steadier measure. The bars are judged by
the clock; the exit status is 1 when one is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import psutil  # type: ignore[import-untyped]
from sqlalchemy import Engine, text

from benchmarks.tickets import pages
from connectors.answers import read_json
from connectors.contract import Page, Source, Stream, Window
from mappings.fields.compiler import load_field_map
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Settings
from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres
from warranty_hub.warehouse.load import copy_rows, fact_columns
from warranty_hub.warehouse.tables import fact_tables

PAGE = 5_000
ROUNDS = 5
HERE = Path(__file__).parent
DLT = HERE.parent / ".envs" / "dlt" / "bin" / "python"


@dataclass
class JsonSource:
    """Pages as they come from a REST interface: text that is parsed when its turn comes."""

    texts: list[str]

    def streams(self) -> Mapping[str, Stream]:
        return {"tickets": Stream("tickets", ("id",), "updated_at", ordered=True)}

    def check(self) -> str:
        return ""

    def now(self) -> datetime | None:
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        for number, page in enumerate(self.texts):
            yield Page(read_json(page), str(number))

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        return iter(())


@dataclass(frozen=True)
class BenchHub(Hub):
    """A hub whose only source is in memory."""

    json_source: JsonSource = field(default_factory=lambda: JsonSource([]))

    def source(self, name: str) -> Source:
        return self.json_source


@dataclass(frozen=True)
class Cost:
    """What one run of a contestant took, in seconds: by the clock, and of CPU time here and in the server."""

    clock: float
    here: float
    server: float

    @property
    def cpu(self) -> float:
        """CPU time of both sides."""
        return self.here + self.server

    @classmethod
    def median(cls, costs: Iterable["Cost"]) -> "Cost":
        """Each figure's own."""
        return cls(*map(median, zip(*((cost.clock, cost.here, cost.server) for cost in costs), strict=True)))


@dataclass(frozen=True)
class Round:
    """All contestants, once."""

    copies: tuple[Cost, Cost]
    full: Cost
    again: Cost
    changed: Cost
    dlt: Cost | None
    rewritten: int
    """Row versions that the unchanged window wrote."""


@dataclass(frozen=True)
class Bar:
    """A ratio that must not get worse; ``by_cpu`` tells whether the clock can be believed."""

    name: str
    by_clock: float
    by_cpu: float
    limit: float
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Judged by the clock."""
        return self.by_clock >= self.limit if self.at_least else self.by_clock <= self.limit

    def __str__(self) -> str:
        limit = f"{'at least' if self.at_least else 'at most'} {self.limit:g}"
        return f"{self.name:46} {self.by_clock:9.3g} {self.by_cpu:9.3g}   {limit:12} {'pass' if self.passed else 'FAIL'}"


def main() -> None:
    """Run all contestants and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    records = parser.parse_args().records
    texts = pages(records, PAGE)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, EmbeddedPostgres(Path(folder)) as server:
        print(f"{records:,} tickets, pages of {PAGE:,}, {os.cpu_count()} cores, PostgreSQL {server.version}", flush=True)
        rounds = []
        for number in range(1, ROUNDS + 1):
            print(f"round {number} of {ROUNDS} …", file=sys.stderr, flush=True)
            rounds.append(_round(server, texts, records, number))
        print(f"\n{'':34} {'seconds':>8} {'records/s':>10} {'CPU here':>9} {'CPU server':>11}")
        _tell("bare COPY of the finished rows", records, [copy for one in rounds for copy in one.copies])
        _tell("hub, first sync", records, [one.full for one in rounds])
        _tell("hub, the same window again", records, [one.again for one in rounds])
        _tell("hub, 0.1 % changed", records // 1000, [one.changed for one in rounds])
        if with_dlt := [one.dlt for one in rounds if one.dlt]:
            _tell("dlt merge (upsert)", records, with_dlt)
        else:
            print("dlt: run `make bench` to have it")
    bars = list(_bars(rounds))
    print(f"\n{'':46} {'by clock':>9} {'by CPU':>9}   {'bar':12}", *bars, sep="\n")
    sys.exit(0 if all(bar.passed for bar in bars) else 1)


def _bars(rounds: Sequence[Round]) -> Iterator[Bar]:
    yield _bar("hub / bare COPY", [(one.full, copy) for one in rounds for copy in one.copies], 6)
    rewritten = max(one.rewritten for one in rounds)
    yield Bar("row versions written by the unchanged window", rewritten, rewritten, 0)
    yield _bar("0.1 % change / first sync", [(one.changed, one.full) for one in rounds], 0.05)
    if with_dlt := [(one.dlt, one.full) for one in rounds if one.dlt]:
        yield _bar("dlt / hub", with_dlt, 5, at_least=True)


def _bar(name: str, pairs: Sequence[tuple[Cost, Cost]], limit: float, *, at_least: bool = False) -> Bar:
    by_clock = median(one.clock / other.clock for one, other in pairs)
    return Bar(name, by_clock, median(one.cpu / other.cpu for one, other in pairs), limit, at_least)


def _round(server: EmbeddedPostgres, texts: list[str], records: int, number: int) -> Round:
    """A COPY, the first sync, another COPY, the same window again, a change, and dlt where it is there."""
    database = f"bench_{number}"
    server.create_database(database)
    engine = open_database(server.url(database))
    migrate(engine)
    hub = _hub(engine, texts)

    def sync() -> Cost:
        return _cost(engine, lambda: sync_stream(hub, "bench", "tickets"))

    before, full, after = _bare_copy(engine, texts), sync(), _bare_copy(engine, texts)
    versions = _row_versions(engine)
    again, rewritten = sync(), _row_versions(engine) - versions
    hub.json_source.texts = [_changes(texts)]
    changed = sync()
    engine.dispose()
    dlt = _dlt(server, records, f"dlt_{number}") if DLT.exists() else None
    return Round((before, after), full, again, changed, dlt, rewritten)


def _cost(engine: Engine, work: Callable[[], object]) -> Cost:
    with engine.connect() as db:
        server = psutil.Process(db.execute(text("SELECT pg_backend_pid()")).scalar_one()).parent()
    assert server is not None
    started, here_before, server_before = time.perf_counter(), time.process_time(), _server_cpu(server)
    work()
    clock, here = time.perf_counter() - started, time.process_time() - here_before
    return Cost(clock, here, _server_cpu(server) - server_before)


def _server_cpu(server: psutil.Process) -> float:
    """CPU seconds of the server with all its processes, also those that have ended."""
    own = server.cpu_times()
    living = [process.cpu_times() for process in server.children()]
    return float(own.children_user + own.children_system + sum(times.user + times.system for times in (own, *living)))


def _tell(name: str, records: int, costs: Sequence[Cost]) -> None:
    cost = Cost.median(costs)
    print(f"{name:34} {cost.clock:8.2f} {records / cost.clock:10,.0f} {cost.here:9.2f} {cost.server:11.2f}", flush=True)


def _hub(engine: Engine, texts: list[str]) -> BenchHub:
    stream = {"map": "bench_tickets", "job": "tickets"}
    source = {"system": "bench", "connection": "none", "streams": {"tickets": stream}}
    settings = Settings.model_validate(
        {"database": "postgresql+psycopg:///unused", "sources": {"bench": source}, "folder": HERE}
    )
    return BenchHub(settings, engine, clock=lambda: datetime.now(UTC), json_source=JsonSource(texts))


def _changes(texts: list[str]) -> str:
    """What a source with a change time delivers when one record in a thousand changed."""
    records = [record for page in texts for record in json.loads(page)]
    changed = records[-(len(records) // 1000) :]
    for row in changed:
        row["description"] += "(已补充)"
    return json.dumps(changed, ensure_ascii=False)


def _bare_copy(engine: Engine, texts: list[str]) -> Cost:
    table = fact_tables["ticket"]
    field_map = load_field_map("bench_tickets", ZoneInfo("Asia/Shanghai"), HERE)
    rows = [row for page in texts for row in field_map.apply(read_json(page)).rows]
    bare = table.to_metadata(type(table.metadata)(), name="bare_ticket")
    columns = ("source_id", *fact_columns(table))
    with engine.begin() as db:
        db.execute(text("DROP TABLE IF EXISTS hub.bare_ticket"))
        db.execute(text(f"CREATE TABLE hub.bare_ticket AS SELECT {', '.join(columns)} FROM hub.ticket WITH NO DATA"))

    def copy() -> None:
        with engine.begin() as db:
            copy_rows(db, bare, columns, rows)

    return _cost(engine, copy)


def _row_versions(engine: Engine) -> int:
    with engine.connect() as db:
        db.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as db:
        query = (
            "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE schemaname = 'hub' AND relname = 'ticket'"
        )
        return int(db.execute(text(query)).scalar_one())


def _dlt(server: EmbeddedPostgres, records: int, database: str) -> Cost:
    server.create_database(database)
    url = server.url(database)
    engine = open_database(url)
    spent: list[float] = []

    def merge() -> None:
        done = subprocess.run(
            [DLT, HERE / "dlt_load.py", url.replace("postgresql+psycopg://postgres@/", "postgresql://postgres:none@localhost/"),
             str(records), str(PAGE)],
            check=True, capture_output=True, text=True, env={**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"},
        )  # fmt: skip
        spent.extend(map(float, done.stdout.split()[-2:]))

    in_server = _cost(engine, merge).server
    engine.dispose()
    return Cost(spent[0], spent[1], in_server)


if __name__ == "__main__":
    main()
