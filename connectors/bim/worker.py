"""Runs a function in a child process with limits: native code may crash, hang or eat the memory, and the caller lives on.

Measured on ifcopenshell 0.9: 200 damaged files crashed no parser, but a kernel crashed on a sound one (Duplex with manifold),
and want of memory ends the process with SIGSEGV or SIGABRT rather than with an exception.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from warranty_hub.errors import RefusedModelError

REFUSED = 3
TIME_LIMIT = "the time limit"
INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a child may use. Memory is what it may allocate (RLIMIT_DATA); macOS accepts the limit and does not enforce it."""

    timeout_s: float
    memory_mb: int


def run_limited(function: Callable[..., None], arguments: Sequence[str], limits: Limits) -> str | None:
    """Call a module's function in a child process; None when it returned, else what ended it.

    The function leaves its results in files named by its arguments; what it wrote before its end is there.
    A RefusedModelError of the function is raised here.
    """
    asked = [function.__module__, function.__name__, str(limits.timeout_s), str(limits.memory_mb)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
        [sys.executable, "-m", __name__, *asked, *arguments],
        env=_environment(),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == REFUSED:
        refusal = json.loads(done.stdout)
        raise RefusedModelError(refusal["message"], remedy=refusal["remedy"])
    return _ending(done.returncode, done.stderr, limits)


def _environment() -> dict[str, str]:
    """No credentials for a process that parses what strangers wrote."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}


def _ending(code: int, errors: str, limits: Limits) -> str | None:
    if code == 0:
        return None
    if code == -signal.SIGALRM:
        return f"{TIME_LIMIT} of {limits.timeout_s:g} s was reached"
    if code == -signal.SIGKILL:
        return "the operating system killed it, most likely for want of memory"
    if code < 0:
        name = signal.Signals(-code).name
        return f"native code crashed ({name}), or needed more than the limit of {limits.memory_mb} MB"
    last = errors.strip().splitlines()[-1:]
    return f"it failed, with {limits.memory_mb} MB allowed: {''.join(last)[:500] or f'exit code {code}'}"


def _limit(limits: Limits) -> None:
    """SIGALRM without a handler ends a process also inside native code, and also when the parent has died."""
    signal.setitimer(signal.ITIMER_REAL, max(limits.timeout_s, 0.001))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_mb * MEGABYTE, limits.memory_mb * MEGABYTE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main(module: str, function: str, timeout_s: str, memory_mb: str, *arguments: str) -> None:
    _limit(Limits(float(timeout_s), int(memory_mb)))
    try:
        getattr(import_module(module), function)(*arguments)
    except RefusedModelError as refusal:
        json.dump({"message": refusal.message, "remedy": refusal.remedy}, sys.stdout)
        sys.exit(REFUSED)


if __name__ == "__main__":
    _main(*sys.argv[1:])
