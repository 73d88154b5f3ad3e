"""Elements as one model file shows them, in columns."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mappings.elements.fit import plain_class

Codes = NDArray[np.int64]
Boxes = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Snapshots:
    """Elements, one a place in every column; None where the file does not say.

    ``files``: the model each is from. ``tag_is_unique``: no other element of the class has the tag in its file.
    ``contents``: see `content_of`. ``rooms``: storey and room, as the file names them. ``boxes``: (n, 6), metres,
    NaN without one. ``reserved``: already waits for a person to say which element it is.
    """

    files: Sequence[str]
    classes: Sequence[str]
    guids: Sequence[str | None]
    tags: Sequence[str | None]
    tag_is_unique: Flags
    contents: Sequence[str | None]
    rooms: Sequence[str | None]
    boxes: Boxes
    reserved: Flags

    def __len__(self) -> int:
        return len(self.classes)


def content_of(*words: str | None, property_sets: Iterable[str] = ()) -> str | None:
    """What an element says of itself (name, type, material, …), in one word; None if it says nothing."""
    said = [*words, *sorted(property_sets)]
    if not any(said):
        return None
    return hashlib.sha256("\x1f".join(word or "" for word in said).encode()).hexdigest()


@dataclass(frozen=True)
class Coded:
    """The columns of old and new as numbers that can be compared; -1 for None."""

    files: Codes
    classes: Codes
    guids: Codes
    tags: Codes
    contents: Codes
    rooms: Codes


def coded(old: Snapshots, new: Snapshots) -> tuple[Coded, Coded]:
    """Both sides in the same numbers. Tags and contents count within their class."""
    classes = _common([plain_class(name) for name in old.classes], [plain_class(name) for name in new.classes])
    columns = {
        "files": _common(old.files, new.files),
        "classes": classes,
        "guids": _common(old.guids, new.guids),
        "tags": _common(_within(classes[0], old.tags), _within(classes[1], new.tags)),
        "contents": _common(_within(classes[0], old.contents), _within(classes[1], new.contents)),
        "rooms": _common(old.rooms, new.rooms),
    }
    return Coded(**{name: pair[0] for name, pair in columns.items()}), Coded(
        **{name: pair[1] for name, pair in columns.items()}
    )


def _within(classes: Codes, words: Sequence[str | None]) -> list[tuple[int, str] | None]:
    return [None if word is None else (kind, word) for kind, word in zip(classes.tolist(), words, strict=True)]


def _common(old: Sequence[object], new: Sequence[object]) -> tuple[Codes, Codes]:
    numbers: dict[object, int] = {None: -1}
    codes = [np.fromiter((numbers.setdefault(word, len(numbers)) for word in side), np.int64, len(side)) for side in (old, new)]
    return codes[0], codes[1]
