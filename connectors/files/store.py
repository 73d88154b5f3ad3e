"""The artefact store: bulk files (models, meshes, raw pages, publications) by the hash of their content.

It is an fsspec URL: a folder, or with the driver installed a bucket (``s3://…``). What stands in it never changes and can be
rebuilt, so nothing is ever overwritten, and putting the same content twice is harmless.
"""

import hashlib
import re
import uuid
from pathlib import Path
from typing import IO, cast

from fsspec.core import url_to_fs

from warranty_hub.errors import ConfigError, StopError

ADDRESS = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}(\.[a-z0-9]{1,10}){0,2}")
SUFFIX = re.compile(r"(\.[a-z0-9]{1,10}){0,2}")


class ArtefactStore:
    """A store at an fsspec URL. An address is ``ab/abcd….ifc``: sha256 of the content in hex, and the suffix."""

    def __init__(self, url: str) -> None:
        try:
            self._fs, root = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ConfigError(f"The artefact store {url.partition(':')[0]!r} cannot be opened ({error})") from None
        self._root = root.rstrip("/")

    def put(self, content: bytes | Path, suffix: str = "") -> str:
        """Store bytes, or a file's content, and return the address. It is there completely or not at all."""
        if not SUFFIX.fullmatch(suffix):
            raise ValueError(f"not a suffix: {suffix!r}")
        digest = _digest(content)
        address = f"{digest[:2]}/{digest}{suffix}"
        if not self.exists(address):
            self._write(content, self._path(address))
        return address

    def get(self, address: str) -> bytes:
        """The whole content. Raises StopError when there is none, or when it is not what was stored."""
        with self.open(address) as file:
            content = file.read()
        if _digest(content) != address[3:67]:
            raise StopError(f"Artefact {address} is damaged", remedy="Delete it and run the step again that made it.")
        return content

    def open(self, address: str) -> IO[bytes]:
        """A stream of the content, for what is too large to hold. Raises StopError when there is none."""
        try:
            return cast("IO[bytes]", self._fs.open(self._path(address), "rb"))
        except FileNotFoundError:
            raise StopError(f"Artefact {address} is not in the store", remedy="Run the step again that made it.") from None

    def exists(self, address: str) -> bool:
        """Whether something is stored at this address."""
        return bool(self._fs.exists(self._path(address)))

    def _write(self, content: bytes | Path, path: str) -> None:
        folder, _, name = path.rpartition("/")
        draft = f"{folder}/.{name}.{uuid.uuid4().hex}"
        self._fs.makedirs(folder, exist_ok=True)
        try:
            if isinstance(content, Path):
                self._fs.put_file(str(content), draft)
            else:
                self._fs.pipe_file(draft, content)
            self._fs.mv(draft, path)
        except BaseException:
            if self._fs.exists(draft):
                self._fs.rm(draft)
            raise

    def _path(self, address: str) -> str:
        if not ADDRESS.fullmatch(address):
            raise ValueError(f"not an address of the artefact store: {address!r}")
        return f"{self._root}/{address}"


def _digest(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
