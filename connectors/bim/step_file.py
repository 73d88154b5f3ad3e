"""The file before any parser sees it: unpack, recognise, refuse with a reason, and make its texts readable.

ISO 10303-21 allows ASCII only (other characters as ``\\X2\\…\\X0\\``). Many exporters write raw GBK or UTF-8 all the same, and
ifcopenshell 0.9 drops every such byte without a word: 三层 becomes an empty name. So such files are re-encoded first.
"""

import codecs
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from warranty_hub.errors import RefusedModelError

CHUNK = 1 << 20
MAX_UNPACKED = 4 << 30  # of an .ifczip, bytes
MAX_RATIO = 200  # unpacked to packed; STEP text packs to a fifth or a tenth
HARMLESS = 64 << 20  # bytes, whatever the ratio
HEADER = b"ISO-10303-21"
TRAILER = b"END-ISO-10303-21"
OTHER_FORMATS = {
    b"PK\x03\x04": ("a zip archive", "Give it the ending .ifczip, or unpack it."),
    b"<": ("XML", "Export it as IFC in STEP format; ifcXML is not read."),
    b"{": ("JSON", "Export it as IFC in STEP format."),
    b"\x1f\x8b": ("a gzip archive", "Unpack it."),
}
# What zipfile raises for a damaged archive; NotImplementedError: an unknown method; RuntimeError: a password;
# UnicodeDecodeError: a damaged name.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError)


@dataclass(frozen=True)
class StepFile:
    """A STEP file on disk, ASCII throughout. ``raw_encoding``: what its texts were written in against the standard, or None."""

    path: Path
    raw_encoding: str | None


@contextmanager
def plain_step_file(path: Path) -> Iterator[StepFile]:
    """The model as a plain STEP file that a parser may open, for as long as the block runs.

    ``.ifczip`` is unpacked. Raises RefusedModelError for what is no IFC file, is empty or was cut off.
    """
    with TemporaryDirectory(prefix="ifc-") as folder:
        step = _unpack(path, Path(folder) / "unpacked.ifc") if path.suffix.lower() == ".ifczip" else path
        _refuse_other_formats(step, path.name)
        _refuse_truncated(step, path.name)
        encoding = _raw_encoding(step)
        if encoding is not None:
            _to_ascii(step, encoding, Path(folder) / "ascii.ifc")
            step = Path(folder) / "ascii.ifc"
        yield StepFile(step, encoding)


def _unpack(path: Path, target: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            models = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".ifc")]
            if len(models) != 1:
                raise RefusedModelError(
                    f"{path.name} holds {len(models)} .ifc files, not one", remedy="Pack one STEP file per .ifczip."
                )
            _refuse_bomb(models[0], path.name)
            with archive.open(models[0]) as packed, target.open("wb") as plain:
                _copy_limited(packed, plain, path.name)
    except BROKEN_ZIP as error:
        raise RefusedModelError(
            f"{path.name} cannot be unpacked: {error}", remedy="Pack it again, without a password."
        ) from error
    return target


def _refuse_bomb(entry: zipfile.ZipInfo, name: str) -> None:
    """By what the archive declares, before anything is unpacked."""
    if entry.file_size > max(HARMLESS, MAX_RATIO * entry.compress_size):
        raise RefusedModelError(
            f"{name} is {entry.compress_size:,} bytes and declares {entry.file_size:,}: no model packs so well",
            remedy="Pack the model again; if it is real, deliver it unpacked.",
        )


def _copy_limited(source: IO[bytes], target: IO[bytes], name: str) -> None:
    """Counts what really comes out: the size that an archive declares may be a lie."""
    written = 0
    while chunk := source.read(CHUNK):
        written += len(chunk)
        if written > MAX_UNPACKED:
            raise RefusedModelError(
                f"{name} unpacks to more than {MAX_UNPACKED >> 30} GB", remedy="Split the model by building or discipline."
            )
        target.write(chunk)


def _refuse_other_formats(step: Path, name: str) -> None:
    with step.open("rb") as file:
        start = file.read(512).removeprefix(codecs.BOM_UTF8).lstrip()
    if not start:
        raise RefusedModelError(f"{name} is empty", remedy="Export or copy the model again.")
    if start.startswith(HEADER):
        return
    for magic, (what, remedy) in OTHER_FORMATS.items():
        if start.startswith(magic):
            raise RefusedModelError(f"{name} is no IFC file: it is {what}", remedy=remedy)
    raise RefusedModelError(f"{name} is no IFC file: it does not begin with {HEADER.decode()}")


def _refuse_truncated(step: Path, name: str) -> None:
    """A parser takes what is there and says nothing; half a model would look like a demolition."""
    with step.open("rb") as file:
        file.seek(max(0, step.stat().st_size - 4096))
        if TRAILER not in file.read():
            raise RefusedModelError(
                f"{name} is cut off: {TRAILER.decode()} is missing at its end",
                remedy="Copy or export the model again; the disk may have been full, or the upload broken off.",
            )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _raw_encoding(step: Path) -> str | None:
    """None for ASCII; else UTF-8 if it is valid, GB18030 if high bytes come in pairs, and Western European if they do not."""
    runs = [len(run) for chunk in _chunks(step) if not chunk.isascii() for run in re.findall(rb"[\x80-\xff]+", chunk)]
    if not runs:
        return None
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for chunk in _chunks(step):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        in_pairs = sum(length % 2 == 0 for length in runs)
        return "gb18030" if in_pairs >= 0.9 * len(runs) else "cp1252"
    return "utf-8-sig"


def _to_ascii(step: Path, encoding: str, target: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with target.open("w", encoding="ascii", newline="") as file:
        for chunk in _chunks(step):
            file.write(_escaped(decoder.decode(chunk)))
        file.write(_escaped(decoder.decode(b"", final=True)))


def _escaped(text: str) -> str:
    """ISO 10303-21, 6.4.3: ``\\X4\\`` and eight hexadecimal digits for each character."""
    return re.sub(r"[^\x00-\x7f]+", lambda run: f"\\X4\\{run[0].encode('utf-32-be').hex().upper()}\\X0\\", text)
