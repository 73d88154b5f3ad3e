"""Cost lines by their keys, many at a time."""

from collections.abc import Iterable, Sequence
from typing import Any

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


def chunks(keys: Sequence[Key]) -> Iterable[Sequence[Key]]:
    """The keys in portions that a statement can take."""
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def arrays(keys: Sequence[Key]) -> dict[str, Any]:
    """The parameters of KEYS."""
    return {"systems": [system for system, _ in keys], "ids": [source_id for _, source_id in keys]}


def key_of(row: Any) -> Key:
    """A row's key."""
    return row.source_system, row.source_id
