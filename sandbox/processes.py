"""Processes and signals: nothing that we started may outlive us."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import psutil  # type: ignore[import-untyped]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SWEEPS = 20


@contextmanager
def unwinding_on_signals() -> Iterator[None]:
    """A main program's outermost frame: SIGTERM, and a closed terminal, leave by way of every ``finally``, as Ctrl-C does."""
    replaced = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Cleaning up is not to be interrupted by an impatient second Ctrl-C: it is short, and half done it leaves orphans."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    replaced = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def kill_marked(variable: str, value: str) -> None:
    """Kill every process whose environment holds this mark: children, their children, and those that lost their parent."""
    for _ in range(SWEEPS):  # again, for what was forked while we looked
        found = _marked(variable, value)
        if not found:
            return
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=5)


def _marked(variable: str, value: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _has_mark(process, variable, value)]


def _has_mark(process: psutil.Process, variable: str, value: str) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.environ().get(variable) == value)
    except psutil.Error:  # gone, or another user's
        return False


def _leave(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
