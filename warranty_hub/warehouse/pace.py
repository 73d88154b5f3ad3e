"""The pace that all processes share: a row for each system says when its next call may go out.

A call takes its turn in one short statement of a transaction of its own, then waits for it. A process that is killed while it
waits leaves a turn unused.
"""

import time
from datetime import datetime

from sqlalchemy import Engine, text


class SharedPace:
    """Lets ``per_second`` calls to a system through, evenly, whichever process they come from; a connectors.pace.Pace."""

    def __init__(self, engine: Engine, system: str, per_second: float) -> None:
        self._engine = engine
        self._system = system
        self._between = 1 / per_second

    def take(self) -> None:
        """Wait for a turn and take it."""
        _, wait = self.reserve()
        time.sleep(wait)

    def reserve(self) -> tuple[datetime, float]:
        """Take the next turn: when it is by the server's clock, and in how many seconds."""
        with self._engine.begin() as db:
            turn, wait = db.execute(text(_RESERVE), {"system": self._system, "between": self._between}).one()
        return turn, max(0.0, float(wait))

    def hold(self, seconds: float) -> None:
        """Give out no turn for so long; those that were given already stay."""
        with self._engine.begin() as db:
            db.execute(text(_HOLD), {"system": self._system, "seconds": seconds})


_RESERVE = """
    INSERT INTO ops.pace AS pace (system, free_at)
    VALUES (:system, clock_timestamp() + make_interval(secs => :between))
    ON CONFLICT (system) DO UPDATE
    SET free_at = greatest(pace.free_at, clock_timestamp()) + make_interval(secs => :between)
    RETURNING free_at - make_interval(secs => :between),
        extract(epoch FROM free_at - make_interval(secs => :between) - clock_timestamp())"""
_HOLD = """
    INSERT INTO ops.pace AS pace (system, free_at)
    VALUES (:system, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (system) DO UPDATE SET free_at = greatest(pace.free_at, excluded.free_at)"""
