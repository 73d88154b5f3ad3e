"""Which defects a change of the models concerns.

What the elements of a project are is kept as *marks*: for each question that can be asked of them (this GlobalId, this tag,
this room, this key) a hash of the answer. Marks that differ tell which questions have another answer now, whatever brought it
about: a revision, a decision on identity, a model that was taken away.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mappings.elements.index import tag_key
from mappings.elements.points.spots import marks
from mappings.elements.surroundings import Surroundings
from mappings.lexicon import Words
from mappings.places.moved import AskedText, MovedPlaces, Places, Surrounded
from warranty_hub.records.codes import PlaceKind

_Numbers = NDArray[np.uint64]
_ALL_BITS = (1 << 64) - 1
_RUN = re.compile(r"[0-9A-Za-z_.$-]+")
_SEARCHED_WIDER = (PlaceKind.ROOM, PlaceKind.STOREY, PlaceKind.UNIT)
_LACKS = "lacks"
_MANY = 40  # stops in one run: not looked into, but taken to name something
_STOPS = re.compile(r"(?i)(?<=tag)|(?<=asset)|(?<=qr)|(?<=no)|(?<=[_.$-])|(?=[_.$-])|^|$")


@dataclass(frozen=True, slots=True)
class Ground:
    """What a project's defects were located in: its places, and the marks of its elements."""

    places: Places
    marks: bytes


@dataclass(frozen=True, slots=True)
class AskedElement:
    """Where a ticket may name elements, and those that its defects were located on, candidates among them."""

    text: str
    reference: str
    keys: tuple[UUID, ...]
    spots: Sequence[int] = ()
    """What decides about its point (`points.spots`)."""


def marks_of(around: Surroundings) -> bytes:
    """The marks of all elements, of what rooms lack, and of all that lies anywhere."""
    elements, layout = around.elements, around.layout
    answers = list(elements.answers())
    placed = layout.elements
    known = {
        one.key: _hash(repr(one), str(one.key in placed), *sorted(elements.rooms_of(one)))
        for _, _, found in answers
        for one in found
    }
    told = [(_hash(kind, question), sum(known[one.key] for one in found) & _ALL_BITS) for kind, question, found in answers]
    told += [(_hash(_LACKS, room), _hash(*sorted(repr(one.kind) for one in kinds))) for room, kinds in around.lacking.items()]
    questions, answered = np.array(told, np.uint64).reshape(-1, 2).T
    spots, there = marks(layout, known)
    questions, answered = np.concatenate([questions, spots]), np.concatenate([answered, there])
    order = np.argsort(questions)
    return np.stack([questions[order], answered[order]]).tobytes()


class Moved:
    """The difference between the ground that was and the one that is."""

    def __init__(self, before: Ground, after: Ground, words: Words) -> None:
        self._places = MovedPlaces(before.places, after.places, words)
        self._questions = _differing(before.marks, after.marks)
        known = before.places.keys() | after.places.keys()
        rooms = (place_id for place_id in known if self._asks("room", place_id) or self._asks(_LACKS, place_id))
        self._rooms = Surrounded(before.places, after.places, rooms)
        self._known = (before.places, after.places)

    def __bool__(self) -> bool:
        """Whether anything differs at all."""
        return bool(self._places.ids or self._questions)

    def concerns(self, place: AskedText, element: AskedElement) -> bool:
        """Whether a ticket may be located otherwise now than it was."""
        return self._places.concern(place) or (bool(self._questions) and self._of_elements(place, element))

    def _of_elements(self, place: AskedText, element: AskedElement) -> bool:
        return (
            self._rooms.holds((*place.found, *self._wider(place.found)))
            or _names_many(element)
            or any(self._asks("key", str(key)) for key in element.keys)
            or not self._questions.isdisjoint(element.spots)
            or any(self._asks("guid", word) or self._asks("tag", tag_key(word)) for word in _identifiers(element))
        )

    def _wider(self, found: Iterable[str | None]) -> Iterator[str]:
        """Where a room has no such element its dwelling is searched; for a common room or a unit, all that it lies in."""
        for place_id, known in product(found, self._known):
            place = known.get(place_id or "")
            while place and place.parent_id and place.kind in _SEARCHED_WIDER:
                yield place.parent_id
                place = known.get(place.parent_id)

    def _asks(self, kind: str, question: str) -> bool:
        return _hash(kind, question) in self._questions


def _names_many(element: AskedElement) -> bool:
    return any(len(_stops(run)) > _MANY for run in _runs(element))


def _identifiers(element: AskedElement) -> Iterator[str]:
    """All that locating could take for a GlobalId, a tag or an asset number, and some more."""
    yield element.reference.strip()
    for run in _runs(element):
        stops = _stops(run)
        yield from (run[start:end] for number, start in enumerate(stops) for end in stops[number + 1 :])


def _runs(element: AskedElement) -> list[str]:
    return _RUN.findall(f"{element.reference} {unicodedata.normalize('NFKC', element.text)}")


def _stops(run: str) -> list[int]:
    """Where in a run of characters an identifier may begin or end."""
    return sorted({match.start() for match in _STOPS.finditer(run)})


def _differing(before: bytes, after: bytes) -> frozenset[int]:
    """The questions that have another answer than before, or none, or had none."""
    (old, old_answers), (new, new_answers) = _columns(before), _columns(after)
    both, in_old, in_new = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    changed = both[old_answers[in_old] != new_answers[in_new]]
    return frozenset([*changed.tolist(), *np.setxor1d(old, new, assume_unique=True).tolist()])


def _columns(marks: bytes) -> _Numbers:
    return np.frombuffer(marks, np.uint64).reshape(2, -1)


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big")
