"""The embedded PostgreSQL: a real server out of a wheel, for the demo, the tests and a laptop; never for production.

One process, the owner, starts it and stops it. It listens on a unix socket only, in a folder that only its account may enter,
so ``trust`` is safe. An owner that was killed leaves its server behind: the next one stops that server, then starts its own.

    with EmbeddedPostgres(Path(".hub/postgres")) as server:
        server.create_database("hub")
        engine = open_database(server.url("hub"))

Below the folder: ``server/`` (data and socket; a link when they had to go elsewhere, see embedded_home), ``server.log`` and
``owner.lock``.
"""

import atexit
import fcntl
import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from warranty_hub.errors import ConfigError, StopError
from warranty_hub.warehouse.database import EMBEDDED_CLUSTER
from warranty_hub.warehouse.embedded_home import BINARIES, Home, find_home

logger = logging.getLogger(__name__)

SUPERUSER = "postgres"
PATIENCE = 60.0  # seconds: a start with crash recovery, or a stop with its last checkpoint
ORPHAN_PATIENCE = 10.0  # seconds: backends of a postmaster that was killed notice it and leave
LONGEST_SOCKET_FOLDER = 80  # sockaddr_un holds 104 bytes (macOS) with the file name, "/.s.PGSQL.5432.lock"

INITDB_OPTIONS = ("--username=" + SUPERUSER, "--encoding=UTF8", "--locale=C", "--auth=trust")
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "cluster_name": EMBEDDED_CLUSTER,
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and details repeat what was stored, personal data too: none of it may reach a log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
THROW_AWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB"}


class EmbeddedPostgres:
    """A PostgreSQL server that lives and dies with this process.

    ``throw_away`` is for tests: nothing is synced to disk, and stop() removes the data.
    """

    def __init__(self, folder: Path, version: int = 18, *, throw_away: bool = False) -> None:
        if version not in BINARIES:
            raise ConfigError(f"There is no embedded PostgreSQL {version}", remedy=f"Take one of {sorted(BINARIES)}.")
        self.folder = folder.absolute()
        self.version = version
        self.throw_away = throw_away
        self._owner = 0
        self._lock: IO[str] | None = None
        self._home: Home | None = None
        self._socket_folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, with a new empty cluster where there is none. Returns when it takes connections.

        Raises StopError when another process owns it, when its files are another version's or user's, or when it won't start.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock, self._owner = _take_lock(self.folder / "owner.lock"), os.getpid()
        atexit.register(self.stop)
        try:
            self._home = find_home(self.folder, self.version)
            self._make_cluster(self._home)
            _stop_leftover(self._home.folder / "data")
            self._socket_folder = _make_socket_folder(self._home)
            self._launch(self._home, self._socket_folder)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server: what is committed is kept, open transactions are rolled back. Harmless when it does not run."""
        if self._lock is None or self._owner != os.getpid():  # a forked child of the owner owns nothing
            return
        atexit.unregister(self.stop)
        if self._process is not None:
            _shut_down(self._process.pid)
            self._process.wait()
        if self._home is not None and self._socket_folder is not None:
            if self._socket_folder.parent != self._home.folder:
                shutil.rmtree(self._socket_folder, ignore_errors=True)
            if self.throw_away:
                self._home.remove()
        self._lock.close()
        self._lock = self._home = self._socket_folder = self._process = None

    def url(self, database: str) -> str:
        """SQLAlchemy URL of one of its databases, valid while it runs."""
        address = self._address()
        return f"postgresql+psycopg://{SUPERUSER}@/{quote(database)}?host={address['host']}&port={address['port']}"

    def create_database(self, name: str) -> None:
        """Make an empty database, unless it exists."""
        address = make_conninfo(user=SUPERUSER, dbname="postgres", **self._address())
        with psycopg.connect(address, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _address(self) -> dict[str, str]:
        """Where the server itself says that it listens."""
        if self._home is None or (pid_file := _PidFile.read(self._home.folder / "data")) is None:
            raise StopError("The embedded PostgreSQL does not run", remedy=f"Start it; its last words are in {self._log_file}.")
        return {"host": pid_file.socket_folder, "port": pid_file.port}

    @property
    def _log_file(self) -> Path:
        return self.folder / "server.log"

    def _make_cluster(self, home: Home) -> None:
        data, draft = home.folder / "data", home.folder / "data.draft"
        if data.exists():
            found = (data / "PG_VERSION").read_text().strip()
            if found != str(self.version):
                raise StopError(
                    f"{data} was made by PostgreSQL {found}, not {self.version}",
                    remedy=f"Ask for version {found}, or remove {self.folder / 'server'} to begin with an empty database.",
                )
            return
        shutil.rmtree(draft, ignore_errors=True)
        command: list[str | Path] = [
            home.binaries / "initdb",
            *INITDB_OPTIONS,
            "-D",
            draft,
            *(["--no-sync"] if self.throw_away else []),
        ]
        if self._spawn(home, command).wait() != 0:
            raise StopError(f"initdb failed: {self._last_words()}", remedy="Make room or rights in the folder it names.")
        draft.rename(data)  # a cluster is complete or absent, also after a kill

    def _launch(self, home: Home, socket_folder: Path) -> None:
        data = home.folder / "data"
        settings = SETTINGS | {"unix_socket_directories": str(socket_folder)} | (THROW_AWAY_SETTINGS if self.throw_away else {})
        options = [f"-c{key}={value}" for key, value in settings.items()]
        command: list[str | Path] = [home.binaries / "postgres", "-D", data, *options]
        deadline = time.monotonic() + ORPHAN_PATIENCE
        while True:
            self._process = self._spawn(home, command)
            if _wait_until_ready(self._process, data):
                return
            words = self._last_words()
            if "pre-existing shared memory" not in words or time.monotonic() > deadline:
                raise StopError(f"The embedded PostgreSQL did not start: {words}", remedy="Look for what it names.")
            time.sleep(0.2)

    def _spawn(self, home: Home, command: list[str | Path]) -> "subprocess.Popen[bytes]":
        with self._log_file.open("wb") as log:  # in a session of its own: Ctrl-C is for the owner, who stops the server last
            return subprocess.Popen(  # noqa: S603 - the wheel's own programs
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **home.as_account()
            )

    def _last_words(self) -> str:
        return self._log_file.read_text(errors="replace").strip()


@dataclass(frozen=True)
class _PidFile:
    """What a running server says about itself in postmaster.pid (lines as in PostgreSQL's miscadmin.h)."""

    pid: int
    port: str
    socket_folder: str
    ready: bool

    @classmethod
    def read(cls, data: Path) -> Self | None:
        """None when there is none, or when it is still being written."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 5:
            return None
        return cls(abs(int(lines[0])), lines[3], lines[4], len(lines) >= 8 and lines[7].strip() == "ready")


def _take_lock(path: Path) -> IO[str]:
    """Hold the folder until this process ends, however it ends."""
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read() or "another one"
        lock.close()
        raise StopError(
            f"The embedded PostgreSQL in {path.parent} belongs to process {owner}, which still runs",
            remedy="Stop that process first, or work with its server.",
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _make_socket_folder(home: Home) -> Path:
    """A folder for the socket whose path fits into a socket address, and into a URL as it is."""
    folder = home.folder / "socket"
    if len(str(folder)) > LONGEST_SOCKET_FOLDER or not re.fullmatch(r"[\w/.-]+", str(folder), re.ASCII):
        folder = Path(tempfile.mkdtemp(prefix="warranty-hub-", dir="/tmp"))
    folder.mkdir(mode=0o700, exist_ok=True)
    if home.account is not None:
        os.chown(folder, home.account.uid, home.account.gid)
    return folder


def _wait_until_ready(process: "subprocess.Popen[bytes]", data: Path) -> bool:
    """False when the server gave up."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        pid_file = _PidFile.read(data)
        if pid_file is not None and pid_file.pid == process.pid and pid_file.ready:
            return True
        if time.monotonic() > deadline:
            raise StopError(f"The embedded PostgreSQL was not ready after {PATIENCE:.0f} s", remedy="Look into server.log.")
        time.sleep(0.02)
    return False


def _stop_leftover(data: Path) -> None:
    """Stop the server of an owner that was killed. A stale file alone is PostgreSQL's own business, but for one case."""
    pid_file = _PidFile.read(data)
    if pid_file is None or not psutil.pid_exists(pid_file.pid):
        return
    try:
        ours = Path(psutil.Process(pid_file.pid).cwd()) == data
    except psutil.Error:
        ours = False
    if ours:
        logger.warning("Stopping the server that a killed process left behind (process %d)", pid_file.pid)
        _shut_down(pid_file.pid)
    else:  # the number was given to another process meanwhile, which PostgreSQL would take for a server
        (data / "postmaster.pid").unlink()


def _shut_down(pid: int) -> None:
    """Fast shutdown; immediate (recovered at the next start) when that takes too long."""
    for request in (signal.SIGINT, signal.SIGQUIT):
        try:
            process = psutil.Process(pid)
            process.send_signal(request)
            process.wait(PATIENCE)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
