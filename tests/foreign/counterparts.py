"""Where the counterparts are that we did not write, and how they are started.

What pip or npm brings lies in an environment of its own below ``.envs``, made by ``make test-foreign``. A server that only a
system's packages bring is installed there too where that is possible: on Debian, as root. Elsewhere its
tests are skipped by name.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ENVIRONMENTS = Path(__file__).parents[2] / ".envs"
START = 60  # seconds a slow machine may take until a server listens


def program(environment: str, name: str) -> str:
    """A program of a counterpart's environment. Fails where it is missing: a skip would look like agreement."""
    path = ENVIRONMENTS / environment / "bin" / name
    assert path.exists(), "make test-foreign creates the environment"
    return str(path)


def printed(*command: object, **variables: str) -> str:
    """What a command prints. Fails with what it complains of."""
    settings = {**os.environ, "PYTHONUTF8": "1", **variables}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, encoding="utf-8", env=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def system_program(name: str, package: str) -> str:
    """A program of the system; skips where it is missing and could not be installed, fails where it could."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path:
        return path
    message = f"{name} is not here: it comes with Debian's package {package}"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        pytest.fail(f"{message}, which make test-foreign installs")
    pytest.skip(message)


def free_port() -> int:
    """A port of loopback that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def listening(command: Sequence[object], port: int, log_file: Path) -> Iterator[None]:
    """A server that runs until the block ends. Fails with the end of its log when it does not come to listen."""
    with log_file.open("wb") as log:
        server = subprocess.Popen([*map(str, command)], stdout=log, stderr=log)
        try:
            _wait_for(port, server, log_file)
            yield
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(port: int, server: "subprocess.Popen[bytes]", log_file: Path) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"{server.args!r} does not listen: {log_file.read_text(errors='replace')[-2000:]}")
