"""docs/errors.md, generated: ``python -m warranty_hub.error_page > docs/errors.md``."""

import inspect
import sys
from collections.abc import Iterator

from warranty_hub.errors import HubError

_HEAD = """# Errors

Every error of the hub has a stable code, says what happened on which record, and what to do. Airflow's retries follow the
group: *RetryableError* is tried again, *LoginError* and *StopError* fail at once, *RecordError* never fails a run: the record
waits in quarantine. Generated from `warranty_hub/errors.py`.

| code | error | when | what to do |
|---|---|---|---|
"""


def error_tree() -> list[tuple[type[HubError], int]]:
    """Every error with its depth below HubError, parents first."""
    return list(_below(HubError, 0))


def error_page() -> str:
    """The page as Markdown."""
    rows = (
        f"| {kind.code} | {'· ' * depth}`{kind.__name__}` | {_first_line(kind)} | {kind.remedy} |"
        for kind, depth in error_tree()
    )
    return _HEAD + "\n".join(rows) + "\n"


def _below(kind: type[HubError], depth: int) -> Iterator[tuple[type[HubError], int]]:
    for child in sorted(kind.__subclasses__(), key=lambda each: each.code):
        yield child, depth
        yield from _below(child, depth + 1)


def _first_line(kind: type[HubError]) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0].replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(error_page())
