"""Which new element is which old one: evidence by evidence, the strongest first; what is not sure is left to a person.

Each kind of evidence proposes pairs among the elements that the stronger ones left over. A pair is sure when its evidence is
good and nothing stronger points elsewhere for either of the two; what is proposed and not sure is doubtful. The table of rules
stands in docs/identity.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mappings.elements.identity.near import Indices, centres, equal, face_distance, neighbours
from mappings.elements.identity.snapshots import Coded, Codes, Flags, Snapshots, coded

SAME_BOX = 0.010  # metres: rounding of exporters
MOVED_BOX = 0.050  # metres: a changed finish, a moved origin
SAME_SPOT = 0.5  # metres between centres: what says the same of itself and stands there is the same
HALF = 0.5  # of the common volume


class Method(StrEnum):
    """The evidence for a pair."""

    GLOBAL_ID = "GLOBAL_ID"
    TAG = "TAG"
    BOX_10_MM = "BOX_10_MM"
    BOX_50_MM = "BOX_50_MM"
    CONTENT = "CONTENT"
    OVERLAP = "OVERLAP"


CONFIDENCE = {
    Method.GLOBAL_ID: 0.99,
    Method.TAG: 0.98,
    Method.BOX_10_MM: 0.97,
    Method.BOX_50_MM: 0.93,
    Method.CONTENT: 0.90,
    Method.OVERLAP: 0.60,
}
"""What a sure pair is worth, ordered by what can go wrong; not calibrated."""


class Pair(NamedTuple):
    """Places in the old and the new snapshots, the evidence, and the distance of the boxes in metres (None without boxes)."""

    old: int
    new: int
    method: Method
    distance: float | None


@dataclass(frozen=True)
class Matching:
    """``sure``: each old and each new element at most once. ``doubtful``: for a person; elements may repeat."""

    sure: tuple[Pair, ...]
    doubtful: tuple[Pair, ...]


class Proposed(NamedTuple):
    """Pairs by one kind of evidence; ``good``: whether it is enough."""

    method: Method
    old: Indices
    new: Indices
    good: Flags


def match(old: Snapshots, new: Snapshots) -> Matching:
    """Compare the elements that a building's models show no more with those never seen before."""
    if not len(old) or not len(new):
        return Matching((), ())
    case = _Case(old, new, *coded(old, new))
    sure: list[Iterator[Pair]] = []
    doubtful: list[Iterator[Pair]] = []
    for evidence in (_by_global_id, _by_tag, _by_same_box, _by_moved_box, _by_content, _by_overlap):
        proposed = evidence(case)
        accepted = case.accept(proposed)
        sure.append(case.pairs(proposed, accepted))
        doubtful.append(case.pairs(proposed, ~accepted))
    return Matching(tuple(chain(*sure)), tuple(case.open(chain(*doubtful))))


class _Case:
    """Both sides, which elements are still free, and with whom a stronger evidence had paired those in doubt."""

    def __init__(self, old: Snapshots, new: Snapshots, old_codes: Coded, new_codes: Coded) -> None:
        self.old, self.new = old, new
        self.old_codes, self.new_codes = old_codes, new_codes
        self.free_old, self.free_new = np.ones(len(old), np.bool_), np.ones(len(new), np.bool_)
        self.disputed_old, self.disputed_new = np.zeros(len(old), np.bool_), np.zeros(len(new), np.bool_)

    def accept(self, proposed: Proposed) -> Flags:
        """Take the good pairs that nothing speaks against; note the others as disputed."""
        method, old, new, good = proposed
        waits = self.old.reserved[old] & (method is not Method.GLOBAL_ID)
        accepted: Flags = good & ~(self.disputed_old[old] | self.disputed_new[new] | waits)
        self.free_old[old[accepted]] = False
        self.free_new[new[accepted]] = False
        self.disputed_old[old[~accepted]] = True
        self.disputed_new[new[~accepted]] = True
        return accepted

    def free(self, old: Indices, new: Indices) -> tuple[Indices, Indices]:
        """The pairs of which neither is taken."""
        kept = self.free_old[old] & self.free_new[new]
        return old[kept], new[kept]

    def masked(self, old: Codes, new: Codes) -> tuple[Codes, Codes]:
        """Codes of the free elements; -1 for the others."""
        return np.where(self.free_old, old, -1), np.where(self.free_new, new, -1)

    def same(self, column: str, old: Indices, new: Indices) -> Flags:
        """Whether both of each pair say the same, and say something."""
        ours, theirs = getattr(self.old_codes, column)[old], getattr(self.new_codes, column)[new]
        equally: Flags = (ours == theirs) & (ours >= 0)
        return equally

    def distance(self, old: Indices, new: Indices) -> NDArray[np.float64]:
        """The largest difference of the faces; NaN where one has no box."""
        return face_distance(self.old.boxes[old], self.new.boxes[new])

    def pairs(self, proposed: Proposed, chosen: Flags) -> Iterator[Pair]:
        """The chosen ones, as people and tables take them."""
        old, new = proposed.old[chosen], proposed.new[chosen]
        for place, other, apart in zip(old.tolist(), new.tolist(), self.distance(old, new).tolist(), strict=True):
            yield Pair(place, other, proposed.method, None if np.isnan(apart) else round(apart, 4))

    def open(self, doubtful: Iterator[Pair]) -> Iterator[Pair]:
        """The doubtful pairs whose elements nothing settled later, each once, with its strongest evidence."""
        seen: set[tuple[int, int]] = set()
        for pair in doubtful:
            key = pair.old, pair.new
            if self.free_old[pair.old] and self.free_new[pair.new] and key not in seen:
                seen.add(key)
                yield pair


def _by_global_id(case: _Case) -> Proposed:
    """The same GlobalId in another file, or in another class of the same: good unless box or tag speak against it."""
    old, new = equal(case.old_codes.guids, case.new_codes.guids)
    distance = case.distance(old, new)
    same_class, same_file = case.same("classes", old, new), case.same("files", old, new)
    in_place = np.isnan(distance) | same_file | _touching(case, old, new)
    good = (same_class & in_place) | (distance <= MOVED_BOX)
    return Proposed(Method.GLOBAL_ID, old, new, good & ~_tag_elsewhere(case, old, new))


def _tag_elsewhere(case: _Case, old: Indices, new: Indices) -> Flags:
    """Whether the tag of either belongs to another element of the other side."""
    theirs, ours = equal(*_tags(case))
    partner_of_old, partner_of_new = np.full(len(case.old), -1), np.full(len(case.new), -1)
    partner_of_old[theirs], partner_of_new[ours] = ours, theirs
    elsewhere_old = (partner_of_old[old] >= 0) & (partner_of_old[old] != new)
    elsewhere_new = (partner_of_new[new] >= 0) & (partner_of_new[new] != old)
    elsewhere: Flags = elsewhere_old | elsewhere_new
    return elsewhere


def _tags(case: _Case) -> tuple[Codes, Codes]:
    """Tags that are unique in their files."""
    return (
        np.where(case.old.tag_is_unique, case.old_codes.tags, -1),
        np.where(case.new.tag_is_unique, case.new_codes.tags, -1),
    )


def _by_tag(case: _Case) -> Proposed:
    old, new = case.free(*equal(*_tags(case)))
    boxless = np.isnan(case.distance(old, new))
    confirmed = np.where(boxless, case.same("contents", old, new) & case.same("files", old, new), _touching(case, old, new))
    return Proposed(Method.TAG, old, new, confirmed)


def _touching(case: _Case, old: Indices, new: Indices) -> Flags:
    low, high = _common_part(case.old.boxes[old], case.new.boxes[new])
    touching: Flags = np.all(low <= high + SAME_BOX, axis=1)
    return touching


def _by_same_box(case: _Case) -> Proposed:
    return _by_box(case, Method.BOX_10_MM, SAME_BOX)


def _by_moved_box(case: _Case) -> Proposed:
    return _by_box(case, Method.BOX_50_MM, MOVED_BOX)


def _by_box(case: _Case, method: Method, reach: float) -> Proposed:
    old, new = _neighbours(case, reach)
    near = case.distance(old, new) <= reach
    return Proposed(method, old[near], new[near], _only(old[near], len(case.old)) & _only(new[near], len(case.new)))


def _neighbours(case: _Case, reach: float) -> tuple[Indices, Indices]:
    groups = case.masked(case.old_codes.classes, case.new_codes.classes)
    there, here = np.flatnonzero(groups[0] >= 0), np.flatnonzero(groups[1] >= 0)
    old, new = neighbours(
        centres(case.old.boxes[there]), groups[0][there], centres(case.new.boxes[here]), groups[1][here], reach
    )
    return there[old], here[new]


def _only(places: Indices, length: int) -> Flags:
    """Whether each place occurs once."""
    once: Flags = np.bincount(places, minlength=length)[places] == 1
    return once


def _by_content(case: _Case) -> Proposed:
    """What says the same of itself, something that nobody else says, in the same spot and size."""
    old, new = equal(*case.masked(case.old_codes.contents, case.new_codes.contents))
    distance = case.distance(old, new)
    same_size = face_distance(_sizes(case.old.boxes[old]), _sizes(case.new.boxes[new])) <= MOVED_BOX
    same_spot = (np.abs(centres(case.old.boxes[old]) - centres(case.new.boxes[new])) <= SAME_SPOT).all(axis=1)
    same_room = case.same("files", old, new) & case.same("rooms", old, new)
    return Proposed(Method.CONTENT, old, new, np.where(np.isnan(distance), same_room, same_size & same_spot))


def _sizes(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes: NDArray[np.float64] = boxes[:, 3:] - boxes[:, :3]
    return sizes


def _by_overlap(case: _Case) -> Proposed:
    """Never good: a wall made longer, a wall beside it."""
    old, new = _neighbours(case, SAME_SPOT)
    shared = common_volume(case.old.boxes[old], case.new.boxes[new])
    union = volume(case.old.boxes[old]) + volume(case.new.boxes[new]) - shared
    much = shared >= HALF * union
    return Proposed(Method.OVERLAP, old[much], new[much], np.zeros(int(much.sum()), np.bool_))


def volume(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic metres; something flat counts as 1 mm thick."""
    inside: NDArray[np.float64] = np.prod(np.maximum(_sizes(boxes), 0.001), axis=1)
    return inside


def common_volume(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """What boxes share, pair by pair; 0 where they are apart."""
    low, high = _common_part(ours, theirs)
    apart = (high < low).any(axis=1)
    return np.where(apart, 0.0, volume(np.concatenate([low, high], axis=1)))


def _common_part(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner of what boxes share; crossed where they are apart."""
    return np.maximum(ours[:, :3], theirs[:, :3]), np.minimum(ours[:, 3:], theirs[:, 3:])
