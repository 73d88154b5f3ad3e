"""The own key of each element of a file: what the file says of it by itself."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID, uuid5

from connectors.bim.shapes import Element

ELEMENT_KEYS = UUID("6f2d9c1e-8a51-5c0e-9a50-0e4a7f3b2d11")


def own_keys(model_id: str, sha256: str, elements: Sequence[Element]) -> dict[int, UUID]:
    """Own keys by STEP id: of model, class and GlobalId where they name one element, else of the file and the row."""
    named = Counter((item.ifc_class, item.guid) for item in elements if item.guid)
    return {
        item.step_id: key_of_name(model_id, item.ifc_class, item.guid)
        if item.guid and named[item.ifc_class, item.guid] == 1
        else key_of_row(model_id, sha256, item.step_id)
        for item in elements
    }


def key_of_name(model_id: str, ifc_class: str, guid: str) -> UUID:
    """The key of what class and GlobalId name in every revision of a model."""
    return uuid5(ELEMENT_KEYS, f"{model_id}\x1f{ifc_class}\x1f{guid}\x1f0")


def key_of_row(model_id: str, sha256: str, step_id: int) -> UUID:
    """The key of a row that nothing names: the same in this file only."""
    return uuid5(ELEMENT_KEYS, f"{model_id}\x1f{sha256}\x1f{step_id}")
