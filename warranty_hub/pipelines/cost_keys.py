"""Cost lines by their keys, many at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

CHUNK = 5_000
Key = tuple[str, str]
"""Source system and source id."""

UNNEST = "unnest(CAST(:systems AS text[]), CAST(:ids AS text[])) AS key(source_system, source_id)"
MATCH = "a.source_system = key.source_system AND a.source_id = key.source_id"
KEYS = f"{UNNEST} ON {MATCH}"
"""To join to a table or query ``a``."""

NEWEST = f"""
    SELECT DISTINCT ON (a.source_system, a.source_id) a.*
    FROM hub.cost_line a JOIN {KEYS}
    WHERE a.deleted_at IS NULL
    ORDER BY a.source_system, a.source_id, a.fact_version DESC"""
"""The lines of these keys as they stand now."""


class Lines:
    """A set of lines in a temporary table of the transaction, so that a first rollup of millions holds none of them here."""

    def __init__(self, db: Connection, table: str) -> None:
        self.table = table
        self._db = db
        columns = "source_system text, source_id text, PRIMARY KEY (source_system, source_id)"
        db.execute(text(f"CREATE TEMP TABLE {table} ({columns}) ON COMMIT DROP"))

    def find(self, query: str, named: Mapping[str, Any]) -> None:
        """Add the keys that a query finds."""
        self._db.execute(text(f"INSERT INTO {self.table} {query} ON CONFLICT DO NOTHING"), named)

    def add(self, keys: Sequence[Key]) -> None:
        """Add these keys."""
        self.find(f"SELECT key.* FROM {UNNEST}", arrays(keys))

    def portions(self) -> Iterator[Sequence[Key]]:
        """The keys in their order, in portions that a statement can take."""
        last: Key = ("", "")
        while portion := [key_of(row) for row in self._db.execute(text(self._next()), {"system": last[0], "id": last[1]})]:
            yield portion
            last = portion[-1]

    def count(self) -> int:
        """How many there are."""
        return int(self._db.execute(text(f"SELECT count(*) FROM {self.table}")).scalar_one())

    def drop(self) -> None:
        """Forget them before the transaction ends."""
        self._db.execute(text(f"DROP TABLE {self.table}"))

    def _next(self) -> str:
        return f"SELECT * FROM {self.table} WHERE (source_system, source_id) > (:system, :id) ORDER BY 1, 2 LIMIT {CHUNK}"


def arrays(keys: Sequence[Key]) -> dict[str, Any]:
    """The parameters of KEYS."""
    return {"systems": [system for system, _ in keys], "ids": [source_id for _, source_id in keys]}


def key_of(row: Any) -> Key:
    """A row's key."""
    return row.source_system, row.source_id
