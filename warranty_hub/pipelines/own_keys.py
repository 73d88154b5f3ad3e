"""The own key of each element of a file: what the file says of it by itself."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1
from uuid import UUID

from connectors.bim.shapes import Element

ELEMENT_KEYS = UUID("6f2d9c1e-8a51-5c0e-9a50-0e4a7f3b2d11")
_NAMESPACE = ELEMENT_KEYS.bytes


def own_keys(model_id: str, sha256: str, elements: Sequence[Element], kept: Mapping[int, UUID]) -> Callable[[Element], UUID]:
    """What tells the own key of each of a file's elements, when its row is written: the server takes in rows meanwhile.

    Of model, class and GlobalId where they name one element, else of the file and the row; ``kept``: those that this very
    file had before, by STEP id.
    """
    named = Counter((item.ifc_class, item.guid) for item in elements)

    def own_key(item: Element) -> UUID:
        if item.step_id in kept:
            return kept[item.step_id]
        if item.guid and named[item.ifc_class, item.guid] == 1:
            return key_of_name(model_id, item.ifc_class, item.guid)
        return key_of_row(model_id, sha256, item.step_id)

    return own_key


def key_of_name(model_id: str, ifc_class: str, guid: str) -> UUID:
    """The key of what class and GlobalId name in every revision of a model."""
    return _uuid5(f"{model_id}\x1f{ifc_class}\x1f{guid}\x1f0")


def key_of_row(model_id: str, sha256: str, step_id: int) -> UUID:
    """The key of a row that nothing names: the same in this file only."""
    return _uuid5(f"{model_id}\x1f{sha256}\x1f{step_id}")


def _uuid5(name: str) -> UUID:
    """`uuid.uuid5` in half its time."""
    return UUID(bytes=sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16], version=5)
