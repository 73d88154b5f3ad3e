"""The artefact store: bulk files (meshes, boxes, raw pages) by the hash of their content, at one fsspec URL of hub.yaml.

A folder, or with its driver installed a bucket (``s3://…``). What stands in it never changes and can be rebuilt or ages out, so
nothing is ever overwritten, and putting the same content twice is harmless. In a folder only the hub's own user can read it.
"""

import hashlib
import io
import os
import re
import shutil
import uuid
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from warranty_hub.errors import ConfigError, StopError, SystemUnreachableError

SUFFIX = r"(\.[a-z0-9]{1,10}){0,2}"
ADDRESS = re.compile(rf"[0-9a-f]{{2}}/[0-9a-f]{{64}}{SUFFIX}")
CHUNK = 1 << 20  # bytes
OWNER_ONLY = 0o700


class ArtefactStore:
    """A store at an fsspec URL. An address is ``ab/abcd….jsonl.zst``: sha256 of the content in hex, and the suffix."""

    def __init__(self, url: str) -> None:
        self._kind = url.partition("://")[0] if "://" in url else "folder"  # all of the URL that is fit for a message
        try:
            self._fs, root = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ConfigError(
                f"The artefact store ({self._kind}) cannot be opened ({type(error).__name__})",
                remedy="Correct `artefacts` in hub.yaml, or install the fsspec driver of that kind (s3fs for s3://).",
            ) from None
        self._root = root.rstrip("/")

    def put(self, content: bytes | Path, suffix: str = "") -> str:
        """Store bytes, or a file's content, and return the address. It is there completely and for good, or not at all."""
        address = self.address_of(content, suffix)
        if not self.exists(address):
            with _opened(content) as file:
                self._write(file, self._path(address))
        return address

    def address_of(self, content: bytes | Path, suffix: str = "") -> str:
        """Where this content is, once it is put."""
        if not re.fullmatch(SUFFIX, suffix):
            raise ValueError(f"not a suffix: {suffix!r}")
        with _opened(content) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{digest[:2]}/{digest}{suffix}"

    def get(self, address: str) -> bytes:
        """The whole content. Raises StopError when there is none, or when it is not what was stored."""
        with self.open(address) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != address[3:67]:
            raise StopError(f"Artefact {address} is damaged", remedy="Delete it and run the step again that made it.")
        return content

    def open(self, address: str) -> IO[bytes]:
        """A stream of the content, for what is too large to hold. Raises StopError when there is none."""
        with self._explained():
            try:
                return cast("IO[bytes]", self._fs.open(self._path(address), "rb"))
            except FileNotFoundError:
                raise StopError(f"Artefact {address} is not in the store", remedy="Run the step again that made it.") from None

    def exists(self, address: str) -> bool:
        """Whether something is stored at this address."""
        with self._explained():
            return bool(self._fs.exists(self._path(address)))

    def delete(self, address: str) -> None:
        """Take it out; harmless when it is not there."""
        with self._explained():
            try:
                self._fs.rm_file(self._path(address))
            except FileNotFoundError:
                return

    def sweep(self, suffix: str, known: Container[str]) -> int:
        """Take out what has this suffix and an address that is not known, and what killed writers of such have left.

        Returns how many files. Only while nobody puts anything with this suffix.
        """
        draft = re.compile(rf"[0-9a-f]{{2}}/\.[0-9a-f]{{64}}{re.escape(suffix)}\.[0-9a-f]{{32}}")
        gone = []
        with self._explained():
            for path in self._fs.find(self._root):
                name = path.removeprefix(self._root).lstrip("/")
                stored = ADDRESS.fullmatch(name) and name[67:] == suffix
                if draft.fullmatch(name) or (stored and name not in known):
                    gone.append(path)
            for path in gone:
                self._fs.rm_file(path)
        return len(gone)

    def check(self) -> str:
        """Put something in and take it out again. Raises ConfigError, SystemUnreachableError."""
        address = self.put(uuid.uuid4().bytes)
        self.get(address)
        self.delete(address)
        return f"{self._kind}: can be written and read"

    def _write(self, content: IO[bytes], path: str) -> None:
        """Under another name first: a reader sees all of it or nothing, a killed writer leaves what nobody asks for."""
        folder, _, name = path.rpartition("/")
        draft = f"{folder}/.{name}.{uuid.uuid4().hex}"
        with self._explained():
            self._make_folder(folder)
            try:
                with self._fs.open(draft, "wb") as file:
                    shutil.copyfileobj(content, file, CHUNK)
                    if isinstance(self._fs, LocalFileSystem):
                        file.flush()
                        os.fsync(file.fileno())
                self._fs.mv(draft, path)
            except BaseException:
                if self._fs.exists(draft):
                    self._fs.rm_file(draft)
                raise

    def _make_folder(self, folder: str) -> None:
        """On this machine for the owner only, so that what it holds needs no modes of its own."""
        if isinstance(self._fs, LocalFileSystem):
            Path(self._root).parent.mkdir(parents=True, exist_ok=True)
            for made in (self._root, folder):
                Path(made).mkdir(mode=OWNER_ONLY, exist_ok=True)
        else:
            self._fs.makedirs(folder, exist_ok=True)

    def _path(self, address: str) -> str:
        if not ADDRESS.fullmatch(address):
            raise ValueError(f"not an address of the artefact store: {address!r}")
        return f"{self._root}/{address}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except PermissionError:
            raise ConfigError(
                f"The artefact store ({self._kind}) may not be used by this user",
                remedy="Give the hub's user the right to read and write it, or name another one as `artefacts` in hub.yaml.",
            ) from None
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise SystemUnreachableError(
                f"The artefact store ({self._kind}) does not work: {reason}",
                remedy="Correct `artefacts` in hub.yaml, or make room on its disk; nothing is left half done.",
            ) from None


@contextmanager
def _opened(content: bytes | Path) -> Iterator[io.BytesIO | io.BufferedReader]:
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        yield file
