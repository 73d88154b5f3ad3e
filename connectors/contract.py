"""What every connector promises: a source delivers pages for a window, a sink performs one outbox item.

Connectors speak the wire and nothing else: a page holds records in the source's own words, as plain JSON-like values with
money as ``Decimal`` or text, never float. Mapping, validation and commits happen elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

Record = Mapping[str, Any]
"""One source record in the source's own words."""


@dataclass(frozen=True)
class Stream:
    """One kind of record of a source, and how it can be read.

    ``key``: fields that identify a record in the source, joined with "/" to our source id.
    ``cursor``: field with the change time (None: the source has none; every window is the whole listing).
    ``ordered``: pages arrive in (cursor, key) order, so each page may move the cursor.
    ``lookback``: how far behind the cursor each window starts, for facts the source commits late.
    ``sweepable``: `Source.keys` can list every key the source holds, so that deletions can be found.
    ``uniform``: every record has the same fields, empty or not, so that a missing one is a changed schema and no empty value.
    """

    name: str
    key: tuple[str, ...]
    cursor: str | None = None
    ordered: bool = False
    lookback: timedelta = timedelta(hours=1)
    sweepable: bool = False
    uniform: bool = False


@dataclass(frozen=True)
class Window:
    """Change times to read, both ends included; ``start`` None is everything from the beginning, records without a time too."""

    start: datetime | None
    end: datetime


@dataclass(frozen=True)
class Page:
    """Some records, and a word for people and the run ledger about where in the window they stand (a token, a page number)."""

    records: Sequence[Record]
    position: str


class Source(Protocol):
    """Reads one system. Errors: RetryableError, LoginError, ProtocolError (warranty_hub.errors)."""

    def streams(self) -> Mapping[str, Stream]:
        """The streams it offers, by name."""

    def check(self) -> str:
        """Log in and read something small; returns a line about what answered. Raises if it cannot be used."""

    def now(self) -> datetime | None:
        """The source's own clock, if it tells."""

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """Every record of the stream that changed in the window, in pages."""

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Every source id of a sweepable stream, in pages; complete, or it raises."""


@dataclass(frozen=True)
class OutboxItem:
    """One side effect to perform once in another system; what its payload says by kind, see warranty_hub/records/effects.py."""

    idempotency_key: str
    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the other system answered: its own id for what was made, and details worth keeping."""

    reference: str
    details: Mapping[str, Any] = field(default_factory=dict)


class Sink(Protocol):
    """Writes to one system."""

    def perform(self, item: OutboxItem) -> Reply:
        """Do it once. BusinessError: it was refused, nothing happened there. Any other error: it may have happened."""

    def lookup(self, item: OutboxItem) -> Reply | None:
        """Find what an interrupted `perform` may have made: a reply, or None when it surely made nothing.

        Raises LookupImpossibleError when the system cannot tell.
        """
