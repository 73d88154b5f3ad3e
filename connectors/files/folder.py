"""A folder of files: on this machine, a file server, SFTP or an object store, all through fsspec."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import fsspec
from fsspec.implementations.local import LocalFileSystem

from connectors.files.sftp import known_by
from warranty_hub.errors import ConfigError, HubError, LoginError, MalformedAnswerError, SystemUnreachableError
from warranty_hub.settings import Connection

LARGEST_FILE = 100 * 1024 * 1024  # bytes
LOGINS = {
    "sftp": ("username", "password"),
    "ftp": ("username", "password"),
    "smb": ("username", "password"),
    "s3": ("key", "secret"),
}
"""What each kind of store calls a connection's login and password."""
EXTRAS = {"sftp": "sftp", "s3": "s3"}
"""Kinds of store that need a client library → the hub's extra that brings it."""
BUCKETS = {"s3"}
"""Kinds of store that need no folders; making one would make a bucket of a mistyped name."""
CLIENTS = {"paramiko", "botocore"}
REFUSED = {"AuthenticationException", "NoCredentialsError"}  # errors of theirs, which must not be imported for it


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
        self._scheme = scheme = self._address.partition("://")[0]
        given = (connection.login, connection.password.get_secret_value())
        self._arguments = {
            **{name: value for name, value in zip(LOGINS.get(scheme, ()), given, strict=False) if value},
            **connection.extra.get("storage", {}),
        }
        self._host_key = connection.extra.get("host_key")

    def files(self, patterns: Sequence[str]) -> list[StoredFile]:
        """The files whose names match one of the patterns, the one saved last first; what Excel keeps while editing is none.

        Raises ConfigError, LoginError, SystemUnreachableError.
        """
        with self._explained():
            store, root = self._open()
            store.invalidate_cache()
            if not store.isdir(root):
                raise ConfigError(f"Folder {self._shown} does not exist", remedy="Correct the connection's path, or mount it.")
            found = [
                StoredFile(name, path, int(details["size"] or 0), _saved_at(store, path))
                for path, details in store.find(root, detail=True).items()
                if _wanted(name := _below(path, root), patterns)
            ]
        return sorted(found, key=lambda file: (file.saved_at, file.name), reverse=True)

    def file(self, name: str) -> StoredFile | None:
        """One file by its name, without looking at any other; None when it is not there. Raises as `files`."""
        with self._explained():
            store, root = self._open()
            path = f"{root.rstrip('/')}/{name}"
            if not store.isfile(path):
                return None
            return StoredFile(name, path, int(store.size(path) or 0), _saved_at(store, path))

    @contextmanager
    def on_disk(self, file: StoredFile) -> Iterator[Path]:
        """The file on this machine: where it lies, or a copy for as long as the block runs. Raises as `files`."""
        with TemporaryDirectory(prefix="file-") as folder:
            with self._explained():
                store, _ = self._open()
                local = Path(file.path)
                if not isinstance(store, LocalFileSystem):
                    local = Path(folder) / PurePosixPath(file.name).name
                    store.get_file(file.path, str(local))
            yield local

    def read(self, file: StoredFile) -> bytes:
        """A file's whole content. Raises MalformedAnswerError for one too large, else as `files`."""
        if file.size > LARGEST_FILE:
            raise MalformedAnswerError(f"is larger than {LARGEST_FILE:,} bytes", remedy="Split it, or take photographs out.")
        with self._explained():
            store, _ = self._open()
            content: bytes = store.cat_file(file.path)
        return content

    def put(self, files: Sequence[Path], below: str = "") -> None:
        """Land files here or in a folder below, in their order, each whole or not at all; a file takes the place of its like.

        Raises ConfigError, LoginError, SystemUnreachableError; what has landed before stays.
        """
        with self._explained():
            store, root = self._open()
            folder = f"{root.rstrip('/')}/{below}".rstrip("/")
            if self._scheme not in BUCKETS:
                store.makedirs(folder, exist_ok=True)
            for file in files:
                draft, target = f"{folder}/.{file.name}.part", f"{folder}/{file.name}"
                try:
                    store.put_file(str(file), draft)
                except FileNotFoundError:
                    raise ConfigError(
                        f"{self._shown} does not exist", remedy="Correct the address, or have the folder or bucket made."
                    ) from None
                if store.exists(target):
                    store.rm_file(target)  # SFTP renames onto nothing
                store.mv(draft, target)

    def _open(self) -> tuple[fsspec.AbstractFileSystem, str]:
        """The store, connected anew, and the folder's path in it."""
        server = {"host_key_policy": known_by(self._host_key, self._shown)} if self._scheme == "sftp" else {}
        store, root = fsspec.url_to_fs(self._address, **self._arguments, **server, skip_instance_cache=True)
        return store, root

    @property
    def _shown(self) -> str:
        return self._address.rpartition("@")[2]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except HubError:
            raise
        except Exception as error:
            failure = self._explain(error)
            if failure is None:
                raise
        else:
            return
        raise failure  # outside of the handler: a library's error may repeat a password or a whole address

    def _explain(self, error: Exception) -> HubError | None:
        """A store's error in our words; None for what is no store's."""
        kinds = {kind.__name__ for kind in type(error).__mro__}
        library = type(error).__module__.partition(".")[0]
        if isinstance(error, ImportError):
            extra = EXTRAS.get(self._scheme)
            install = f'`pip install "warranty-hub[{extra}]"`' if extra else "Install it beside the hub"
            return ConfigError(f"{self._shown} needs a package that is not here ({error})", remedy=f"{install}.")
        if isinstance(error, PermissionError) or kinds & REFUSED:
            return LoginError(f"{self._shown} may not be used by this user ({type(error).__name__})")
        if isinstance(error, OSError) or library in CLIENTS:
            return SystemUnreachableError(f"{self._shown} cannot be read or written ({type(error).__name__})")
        return ConfigError(f"{self._shown} is no address of a folder ({error})") if isinstance(error, ValueError) else None


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
