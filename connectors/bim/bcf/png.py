"""Writes pictures of few colours as PNG, and reads what one says of itself (W3C, Portable Network Graphics, 2nd edition)."""

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3  # colour type: each pixel a row of the palette
KEYWORD = b"Source\0"


def png(pixels: NDArray[np.uint8], palette: Sequence[tuple[int, int, int]], source: str = "") -> bytes:
    """A picture of palette numbers, row by row from the top. ``source``: what it was made from, kept in it (Latin-1)."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, INDEXED, 0, 0, 0)
    rows = np.hstack([np.zeros((height, 1), np.uint8), pixels]).tobytes()  # each begins with its filter: none
    colors = bytes(part for color in palette for part in color)
    told = [_chunk(b"tEXt", KEYWORD + source.encode("latin-1"))] if source else []
    return b"".join(
        (
            SIGNATURE,
            _chunk(b"IHDR", header),
            *told,
            _chunk(b"PLTE", colors),
            _chunk(b"IDAT", zlib.compress(rows)),
            _chunk(b"IEND"),
        )
    )


def source_of(content: bytes) -> str | None:
    """What `png` was told that the picture was made from; None for a picture that does not say."""
    told = (data for name, data in _chunks(content) if name == b"tEXt" and data.startswith(KEYWORD))
    return next((data.removeprefix(KEYWORD).decode("latin-1") for data in told), None)


def _chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The whole ones before the pixels; none of what is no PNG."""
    at = len(SIGNATURE) if content.startswith(SIGNATURE) else len(content)
    while at + 8 <= len(content) and content[at + 4 : at + 8] != b"IDAT":
        (length,) = struct.unpack_from(">I", content, at)
        name, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += length + 12
        if at <= len(content):
            yield name, data
