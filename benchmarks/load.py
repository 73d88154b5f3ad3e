"""``make bench``: 200,000 tickets, JSON pages through field map and validation into PostgreSQL, beside two peers in one run.

The peers get the same records: dlt's merge (same JSON pages, an environment of its own), and a bare COPY of the finished rows
into a table without index or key, which checks nothing and can only append. Prints seconds and ratios.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from benchmarks.tickets import pages
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
            yield Page(json.loads(page, parse_float=Decimal), str(number))

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        return iter(())


@dataclass(frozen=True)
class BenchHub(Hub):
    """A hub whose only source is in memory."""

    json_source: JsonSource = field(default_factory=lambda: JsonSource([]))

    def source(self, name: str) -> Source:
        return self.json_source


def main() -> None:
    """Run all contestants and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    records = parser.parse_args().records
    texts = pages(records, PAGE)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, EmbeddedPostgres(Path(folder)) as server:
        server.create_database("bench")
        engine = open_database(server.url("bench"))
        migrate(engine)
        print(f"{records:,} tickets, pages of {PAGE:,}, {os.cpu_count()} cores, PostgreSQL {server.version}", flush=True)
        copy = _told("bare COPY of the finished rows", records, lambda: _bare_copy(engine, texts))
        hub = _hub(engine, texts)
        full = _told("hub, first sync", records, lambda: sync_stream(hub, "bench", "tickets"))
        before = _row_versions(engine)
        _told("hub, the same window again", records, lambda: sync_stream(hub, "bench", "tickets"))
        rewritten = _row_versions(engine) - before
        changed = _told("hub, 0.1 % changed", records // 1000, lambda: _sync_changes(hub, texts, records // 1000))
        dlt = _told("dlt merge", records, lambda: _dlt(server, records)) if DLT.exists() else None
        print(f"\nhub / bare COPY     {full / copy:5.1f} times as slow   (bar: at most 6)")
        print(
            f"dlt / hub           {dlt / full:5.1f} times as fast   (bar: at least 5)"
            if dlt
            else "dlt: run `make bench` to have it"
        )
        print(f"row versions rewritten by the unchanged window: {rewritten}   (bar: 0)")
        print(f"0.1 % change        {changed / full:5.1%} of a full load   (bar: under 5 %)")


def _told(name: str, records: int, work: Callable[[], object]) -> float:
    """Run and print one contestant; work that measures itself returns its seconds."""
    started = time.perf_counter()
    result = work()
    seconds = result if isinstance(result, float) else time.perf_counter() - started
    print(f"{name:32} {seconds:7.2f} s  {records / seconds:10,.0f} records/s", flush=True)
    return seconds


def _hub(engine: Engine, texts: list[str]) -> BenchHub:
    stream = {"map": "bench_tickets", "job": "tickets"}
    source = {"system": "bench", "connection": "none", "streams": {"tickets": stream}}
    settings = Settings.model_validate(
        {"database": "postgresql+psycopg:///unused", "sources": {"bench": source}, "folder": HERE}
    )
    return BenchHub(settings, engine, clock=lambda: datetime.now(UTC), json_source=JsonSource(texts))


def _sync_changes(hub: BenchHub, texts: list[str], count: int) -> None:
    """What a source with a change time delivers when one record in a thousand changed."""
    changed = json.loads(texts[-1])[-count:]
    for row in changed:
        row["description"] += "(已补充)"
    hub.json_source.texts = [json.dumps(changed, ensure_ascii=False)]
    sync_stream(hub, "bench", "tickets")


def _bare_copy(engine: Engine, texts: list[str]) -> float:
    table = fact_tables["ticket"]
    field_map = load_field_map("bench_tickets", ZoneInfo("Asia/Shanghai"), HERE)
    rows = [row for page in texts for row in field_map.apply(json.loads(page, parse_float=Decimal)).rows]
    bare = table.to_metadata(type(table.metadata)(), name="bare_ticket")
    columns = ("source_id", *fact_columns(table))
    with engine.begin() as db:
        db.execute(text(f"CREATE TABLE hub.bare_ticket AS SELECT {', '.join(columns)} FROM hub.ticket WITH NO DATA"))
    started = time.perf_counter()
    with engine.begin() as db:
        copy_rows(db, bare, columns, rows)
    return time.perf_counter() - started


def _row_versions(engine: Engine) -> int:
    with engine.connect() as db:
        db.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as db:
        query = (
            "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE schemaname = 'hub' AND relname = 'ticket'"
        )
        return int(db.execute(text(query)).scalar_one())


def _dlt(server: EmbeddedPostgres, records: int) -> float:
    server.create_database("dlt")
    url = server.url("dlt").replace("postgresql+psycopg://postgres@/", "postgresql://postgres:none@localhost/")
    done = subprocess.run(
        [DLT, HERE / "dlt_load.py", url, str(records), str(PAGE)],
        check=True, capture_output=True, text=True, env={**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"},
    )  # fmt: skip
    return float(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
