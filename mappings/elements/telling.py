"""How an answer is told: its reason names components, and the signs that speak against it."""

from collections.abc import Iterable

from mappings.elements.location import Sign
from mappings.lexicon import lexicon


def names_of(components: Iterable[str]) -> str:
    """Components by code and name, for people."""
    return " or ".join(f"{code} ({lexicon().components[code].label.en})" for code in components)


_DOUBTS = {
    Sign.SEVERAL_COMPONENTS: "the word means several components",
    Sign.KIND_UNTOLD: "the model does not tell its kind",
    Sign.SEVERAL_ROOMS: "several rooms fit the text",
    Sign.SEVERAL_PLACES: "the address may mean several places",
    Sign.LONE: "other places that may be meant are not known to have one",
    Sign.FEW_EMPTY: "a few of the places that may be meant are not known to have one",
    Sign.MANY_EMPTY: "many of the places that may be meant are not known to have one",
    Sign.MOST_EMPTY: "most of the places that may be meant are not known to have one",
    Sign.FEWER: "most rooms like it have more of them",
    Sign.PART_UNKNOWN: "the register does not know all that the text names",
    Sign.WIDER: "the room named has none",
    Sign.WIDER_BUILT: "the room named has none",
    Sign.OTHER_PLACE: "the text names another place than the model",
    Sign.OTHER_KIND: "it cannot be what the text names",
    Sign.SHARED_POINT: "the point may be another defect's",
    Sign.POINT_ELSEWHERE: "the point is elsewhere",
    Sign.COMPONENT_UNTOLD: "the text names no component",
    Sign.OFF_POINT: "the point is rather far off",
}


def doubts_of(signs: Iterable[Sign]) -> str:
    """The signs that speak against an answer, in words."""
    return ", ".join(_DOUBTS[sign] for sign in signs if sign in _DOUBTS)
