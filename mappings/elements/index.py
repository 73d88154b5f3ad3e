"""The elements of a project's models, ready to be looked up; plain values, whatever they were read from."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


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

    @property
    def kind(self) -> tuple[Any, ...]:
        """All that decides which components it can be."""
        return self.ifc_class, self.predefined_type, self.object_type, self.name, self.is_external, self.load_bearing


class ElementIndex:
    """Elements by GlobalId, by tag and by room; never changed after it is built.

    GlobalIds and tags are not unique, within a file or across files: every lookup gives all that bear it.
    Elements are numbered in the order of their keys, rooms as they come: whole nights are looked up by numbers (`Rooms`).
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

    # -------------------------------------------------------------------------------------------- by numbers
    @cached_property
    def numbered(self) -> tuple[Element, ...]:
        """The elements by their numbers."""
        return tuple(sorted(self._by_key.values(), key=lambda element: element.key))

    @cached_property
    def rooms(self) -> "Rooms":
        """The elements of each room, by numbers."""
        number = {element.key: place for place, element in enumerate(self.numbered)}
        lists = [[number[key] for key in inside] for inside in self._in_room.values()]
        kinds: dict[tuple[Any, ...], int] = {}
        of_kind = np.array([kinds.setdefault(element.kind, len(kinds)) for element in self.numbered], np.int64)
        first = {kind: element for kind, element in zip(of_kind[::-1].tolist(), reversed(self.numbered), strict=True)}
        starts = np.concatenate(([0], np.cumsum([len(inside) for inside in lists], dtype=np.int64)))
        inside = np.fromiter((one for inside in lists for one in inside), np.int64)
        return Rooms({place: one for one, place in enumerate(self._in_room)}, starts, inside, of_kind, first)


@dataclass(frozen=True)
class Rooms:
    """Which elements are in which room: those of room ``i`` are ``elements[starts[i]:starts[i + 1]]``.

    ``kinds``: the kind of each element, by number; ``examples``: one element of each kind.
    """

    numbers: dict[str, int]
    starts: Numbers
    elements: Numbers
    kinds: Numbers
    examples: dict[int, Element]

    def inside(self, rooms: Numbers) -> tuple[Numbers, Numbers]:
        """Every element of these rooms, and for each the position of its room among them."""
        counts = self.starts[rooms + 1] - self.starts[rooms]
        of_room = np.repeat(np.arange(len(rooms)), counts)
        within = np.arange(len(of_room)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.elements[self.starts[rooms][of_room] + within], of_room


def tag_key(tag: str) -> str:
    """A tag as it is compared: half width, without regard to capitals."""
    return unicodedata.normalize("NFKC", tag).strip().casefold()
