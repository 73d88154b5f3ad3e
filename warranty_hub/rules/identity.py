"""Which own keys are one element, from the facts alone: evidence, decisions, contradictions. docs/identity.md tells why."""

from collections.abc import Iterable, Mapping
from uuid import UUID

Key = UUID


def elements_of_keys(
    keys: Iterable[Key], links: Iterable[tuple[Key, Key]], apart: Iterable[tuple[Key, Key]]
) -> Mapping[Key, Key]:
    """The element of each own key.

    ``links``: pairs of a new key and the older one that it is, the weightiest first. Only the first about a new key counts, and
    none that would join two which are ``apart``. An element's key is its oldest own key.
    """
    element = {key: key for key in keys}
    members = {key: {key} for key in element}
    strangers: dict[Key, set[Key]] = {key: set() for key in element}
    for one, other in apart:
        strangers[one].add(other)
        strangers[other].add(one)
    for new, old in links:
        into = element[old]
        if element[new] != new or into == new or any(strangers[key] & members[into] for key in members[new]):
            continue
        element |= dict.fromkeys(members[new], into)
        members[into] |= members.pop(new)
    return element
