"""The hub's clock, in one place so that tests can hold it still."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, with a zone."""
    return datetime.now(UTC)
