"""A folder of files: on this machine, a file server, SFTP or an object store, all through fsspec."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import PurePosixPath

import fsspec
from fsspec.implementations.local import LocalFileSystem

from warranty_hub.errors import ConfigError, LoginError, MalformedAnswerError, SystemUnreachableError
from warranty_hub.settings import Connection

LARGEST_FILE = 100 * 1024 * 1024  # bytes
LOGINS = {
    "sftp": ("username", "password"),
    "ftp": ("username", "password"),
    "smb": ("username", "password"),
    "s3": ("key", "secret"),
}
"""What each kind of store calls a connection's login and password."""


@dataclass(frozen=True)
class StoredFile:
    """A file: its name below the folder, with "/" between, and when it was saved or came here."""

    name: str
    path: str
    size: int
    saved_at: datetime


class Folder:
    """The folder a connection names in ``extra.path``: a path, or an address that fsspec knows (``sftp://host/folder``).

    ``extra.storage`` holds further arguments for fsspec. Nothing is opened until a file is asked for.
    """

    def __init__(self, connection: Connection) -> None:
        address = connection.extra.get("path")
        if not address:
            raise ConfigError(f"Connection {connection.id!r} has no path", remedy='Give it the extra {"path": "/folder"}.')
        self.name = connection.id
        self._address = str(address)
        scheme = self._address.partition("://")[0]
        given = (connection.login, connection.password.get_secret_value())
        self._arguments = {
            **{name: value for name, value in zip(LOGINS.get(scheme, ()), given, strict=False) if value},
            **connection.extra.get("storage", {}),
        }

    def files(self, patterns: Sequence[str]) -> list[StoredFile]:
        """The files whose names match one of the patterns, the one saved last first; what Excel keeps while editing is none.

        Raises ConfigError, LoginError, SystemUnreachableError.
        """
        with self._explained():
            store, root = fsspec.url_to_fs(self._address, **self._arguments)
            store.invalidate_cache()
            if not store.isdir(root):
                raise ConfigError(f"Folder {self._shown} does not exist", remedy="Correct the connection's path, or mount it.")
            found = [
                StoredFile(name, path, int(details["size"] or 0), _saved_at(store, path))
                for path, details in store.find(root, detail=True).items()
                if _wanted(name := _below(path, root), patterns)
            ]
        return sorted(found, key=lambda file: (file.saved_at, file.name), reverse=True)

    def read(self, file: StoredFile) -> bytes:
        """A file's whole content. Raises MalformedAnswerError for one too large, else as `files`."""
        if file.size > LARGEST_FILE:
            raise MalformedAnswerError(f"is larger than {LARGEST_FILE:,} bytes", remedy="Split it, or take photographs out.")
        with self._explained():
            store, _ = fsspec.url_to_fs(self._address, **self._arguments)
            content: bytes = store.cat_file(file.path)
        return content

    @property
    def _shown(self) -> str:
        return self._address.rpartition("@")[2]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ImportError as error:
            raise ConfigError(f"{self._shown} needs a package that is not here ({error})", remedy="Install it.") from None
        except PermissionError:
            raise LoginError(f"{self._shown} may not be read by this user") from None
        except ValueError as error:
            raise ConfigError(f"{self._shown} is no address of a folder ({error})") from None
        except OSError as error:
            raise SystemUnreachableError(f"{self._shown} cannot be read ({type(error).__name__})") from None


def _saved_at(store: fsspec.AbstractFileSystem, path: str) -> datetime:
    """When it was last saved; on this machine also when it was put here: a copied or unpacked file keeps its old time."""
    moment: datetime = store.modified(path)
    if isinstance(store, LocalFileSystem):
        moment = max(moment, store.created(path))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _below(path: str, root: str) -> str:
    return path.removeprefix(root).lstrip("/")


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    hidden = any(part.startswith((".", "~$")) for part in PurePosixPath(name).parts)
    return not hidden and any(fnmatch(name.lower(), pattern.lower()) for pattern in patterns)
