"""How fast a system may be called: a pace lets one call after the other go.

The one here holds within its process. Pipelines pass another in, which all processes share (warranty_hub/warehouse/pace.py).
"""

import threading
import time
from typing import Protocol


class Pace(Protocol):
    """Lets so many calls a second through; callers wait for their turn."""

    def take(self) -> None:
        """Wait for a turn and take it."""

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long: the system asked for it."""


class TokenBucket:
    """Lets ``per_second`` calls through, after a burst of as many; callers from several threads queue up."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._tokens = self._most = max(1.0, per_second)
        self._filled = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for a token and take it."""
        with self._lock:
            self._fill()
            self._tokens -= 1
            wait = max(0.0, -self._tokens / self._rate)
        time.sleep(wait)

    def hold(self, seconds: float) -> None:
        """Give no token for so long."""
        with self._lock:
            self._fill()
            self._tokens = min(self._tokens, -seconds * self._rate)

    def _fill(self) -> None:
        now = time.monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
