"""The elements of a project's models, ready to be looked up; plain values, whatever they were read from."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Element:
    """One building element as its model describes it; None where the model does not say."""

    key: UUID
    ifc_class: str
    guid: str | None = None
    tag: str | None = None
    predefined_type: str | None = None
    object_type: str | None = None
    name: str | None = None
    is_external: bool | None = None
    load_bearing: bool | None = None
    last_seen: str | None = None
    """Where it was, in words, if no current model shows it any more."""


class ElementIndex:
    """Elements by GlobalId, by tag and by room; never changed after it is built.

    GlobalIds and tags are not unique, within a file or across files: every lookup gives all that bear it.
    """

    def __init__(
        self,
        elements: Iterable[Element],
        rooms: Iterable[tuple[str, UUID]],
        former_guids: Iterable[tuple[str, UUID]] = (),
    ) -> None:
        """``rooms``: (place_id of the room, element key) for each element that is in a room or bounds it.

        ``former_guids``: GlobalIds that elements had in earlier revisions.
        """
        by_key = self._by_key = {element.key: element for element in elements}
        self._by_guid: dict[str, list[Element]] = defaultdict(list)
        self._by_tag: dict[str, list[Element]] = defaultdict(list)
        self._in_room: dict[str, dict[UUID, Element]] = defaultdict(dict)
        self._rooms: dict[UUID, list[str]] = defaultdict(list)
        for element in by_key.values():
            if element.guid:
                self._by_guid[element.guid].append(element)
            if element.tag:
                self._by_tag[tag_key(element.tag)].append(element)
        for guid, key in former_guids:
            self._by_guid[guid].append(by_key[key])
        for place_id, key in rooms:
            if by_key[key].last_seen is None:
                self._in_room[place_id][key] = by_key[key]
            self._rooms[key].append(place_id)

    def by_key(self, key: UUID) -> Element:
        """The element with this key of ours."""
        return self._by_key[key]

    def get(self, key: UUID) -> Element | None:
        """The element with this key of ours, if the project's models show it or have shown it."""
        return self._by_key.get(key)

    def gone(self, key: UUID | None) -> Element | None:
        """The element with this key, if no current model shows it."""
        element = self._by_key.get(key) if key else None
        return element if element and element.last_seen is not None else None

    def by_guid(self, guid: str) -> tuple[Element, ...]:
        """All elements with this GlobalId (22 characters, case matters)."""
        return tuple(self._by_guid.get(guid, ()))

    def by_tag(self, tag: str) -> tuple[Element, ...]:
        """All elements with this tag or asset number, however it is capitalised."""
        return tuple(self._by_tag.get(tag_key(tag), ()))

    def in_room(self, place_id: str) -> tuple[Element, ...]:
        """The elements that are in a room or bound it."""
        return tuple(self._in_room.get(place_id, {}).values())

    def rooms_of(self, element: Element) -> tuple[str, ...]:
        """The place ids of the rooms that an element is in or bounds."""
        return tuple(self._rooms.get(element.key, ()))

    def answers(self) -> Iterator[tuple[str, str, Sequence[Element]]]:
        """All that can be asked: the kind of question (key, guid, tag, room), the question, and what answers it."""
        for key, element in self._by_key.items():
            yield "key", str(key), (element,)
        for guid, named in self._by_guid.items():
            yield "guid", guid, named
        for tag, tagged in self._by_tag.items():
            yield "tag", tag, tagged
        for place_id, inside in self._in_room.items():
            yield "room", place_id, tuple(inside.values())


def tag_key(tag: str) -> str:
    """A tag as it is compared: half width, without regard to capitals."""
    return unicodedata.normalize("NFKC", tag).strip().casefold()
