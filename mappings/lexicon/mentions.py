"""What a text says of each defect: its type, on which component, in which room, and whether it is there at all.

A text speaks of several defects at once (主卧飘窗渗水，次卧墙面开裂), and each word belongs to one of them:

- a defect belongs to the component named last before it in its clause (水槽下面的下水管漏水: the pipe), else to the one after
  it (漏水的窗户, a crack in the ceiling), else to that of the clause before (飘窗老化，一直渗水), else to one that is left over
  (漏水，位置：吊顶);
- it is in the room named last before it, else in the next one that no other defect is in;
- components and rooms in a row (客厅、餐厅墙面和吊顶) make a mention each.

Water shows one floor below its source: a leak that a text puts upstairs, or on a ceiling, has its cause on the floor above; one
that it puts downstairs shows there and has its cause here.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from itertools import product
from typing import NamedTuple

from mappings.lexicon.orientation import orientation_of
from mappings.lexicon.standing import Standing, joined


class Kind(StrEnum):
    """Which dictionary a word stands in."""

    COMPONENT = "COMPONENT"
    DEFECT_TYPE = "DEFECT_TYPE"
    ROOM = "ROOM"


class Hit(NamedTuple):
    """One word found: its meaning, and where it stands in the text of the reading (end exclusive).

    Several codes: the word means any of them, the general one first.
    """

    kind: Kind
    codes: tuple[str, ...]
    start: int
    end: int
    standing: Standing = Standing.PRESENT


class Level(IntEnum):
    """A storey as seen from the home that a ticket is about."""

    BELOW = -1
    HERE = 0
    ABOVE = 1


@dataclass(frozen=True, slots=True)
class Mention:
    """One defect as a text tells it. No code means that the text does not say; several, that its word means any of them.

    ``shows`` and ``cause`` are the storeys where it is seen and where it comes from. ``start`` and ``end`` are where the text
    names the defect (both 0: it names none, only a component).
    """

    defect_types: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    standing: Standing = Standing.PRESENT
    orientation: str | None = None
    shows: Level = Level.HERE
    cause: Level = Level.HERE
    start: int = 0
    end: int = 0

    @property
    def defect_type(self) -> str | None:
        """The type, the general one where the word is general."""
        return next(iter(self.defect_types), None)

    @property
    def component(self) -> str | None:
        """The component, the general one where the word is general."""
        return next(iter(self.components), None)

    @property
    def room(self) -> str | None:
        """The kind of room, the general one where the word is general."""
        return next(iter(self.rooms), None)


def mentions_of(lower: str, hits: Sequence[Hit]) -> tuple[Mention, ...]:
    """The mentions of a lower-case text in its order; the first that is present is what people complain of.

    A text that says of no defect that it is there mentions the first component it names, or nothing.
    """
    story = _Story(lower, hits)
    told = _without_repeats(_without_vague(list(story.mentions())))
    if any(mention.standing is Standing.PRESENT for mention in told):
        return tuple(told)
    return (*story.left_over(), *told)


# ------------------------------------------------------------------------------------------------ which word belongs to which
_CLAUSE_END = re.compile(r"[,;:!?。()\n\[\]【】]|(?<!\d)\.|\.(?!\d)|\bbut\b|但是?|[①-⑳]")
_JOINT = re.compile(r"\s*(?:[、/+&和与及]|以及|还有|\band\b)\s*(?:the |my |our )?")
_OF = re.compile(r"的|(?<=[a-z]) (?:the )?")
_IN = re.compile(r"\s(?:in|on|at|inside|of|from)(?: the| my| our)?\s")


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring words of one kind that share what is said of them: 墙面和吊顶."""

    hits: tuple[Hit, ...]
    clause: int

    @property
    def start(self) -> int:
        return self.hits[0].start

    @property
    def end(self) -> int:
        return self.hits[-1].end


class _Story:
    """The words of a text, sorted by clause and kind."""

    def __init__(self, lower: str, hits: Sequence[Hit]) -> None:
        self._text = lower
        self._ends = [match.start() for match in _CLAUSE_END.finditer(lower)]
        self._defects = [hit for hit in hits if hit.kind is Kind.DEFECT_TYPE]
        parts = [hit for hit in hits if hit.kind is Kind.COMPONENT]
        spans = {(hit.start, hit.end) for hit in parts}
        rooms = [hit for hit in hits if hit.kind is Kind.ROOM]
        clear = [hit for hit in rooms if (hit.start, hit.end) not in spans]
        self._within = [[part for part in parts if _lies_in(part, defect)] for defect in self._defects]
        inner = {part for found in self._within for part in found}
        self._components = self._grouped([part for part in parts if part not in inner])
        self._rooms = self._grouped(clear or rooms)

    def mentions(self) -> Iterator[Mention]:
        """One for each defect word with each of its components in each of its rooms."""
        for defect, group, within in zip(self._defects, self._subjects(), self._within, strict=True):
            parts = group.hits if group else within
            rooms = self._room_group(defect, group)
            for part, room in product(parts or (None,), rooms.hits if rooms else (None,)):
                yield self._mention(defect, part, room)

    def left_over(self) -> Iterator[Mention]:
        """The component named first, where no present defect is named; in the first room."""
        for group in self._components[:1]:
            rooms = [room for room in self._rooms if room.start <= group.start] or self._rooms
            yield Mention(components=group.hits[0].codes, rooms=rooms[0].hits[0].codes if rooms else ())

    def _subjects(self) -> list[_Group | None]:
        """The components of each defect; the nearest claims come first."""
        own = [self._described(defect) or self._before(defect) for defect in self._defects]
        for find in (self._after, self._elsewhere):
            for number, defect in enumerate(self._defects):
                if own[number] is None and not self._within[number]:
                    own[number] = self._shared(number, own) or find(defect, own)
        return own

    def _shared(self, number: int, own: Sequence[_Group | None]) -> _Group | None:
        """Cracks and leaks in the wall: an enumeration has one subject."""
        if number and joined(self._text, self._defects[number - 1].end, self._defects[number].start):
            return own[number - 1]
        return None

    def _before(self, defect: Hit) -> _Group | None:
        found = [group for group in self._components if group.clause == self._clause(defect) and group.end <= defect.start]
        return found[-1] if found else None

    def _described(self, defect: Hit) -> _Group | None:
        """开裂的瓷砖: the component that a defect word stands before as its attribute."""
        return next((group for group in self._components if _OF.fullmatch(self._text, defect.end, group.start)), None)

    def _after(self, defect: Hit, own: Sequence[_Group | None]) -> _Group | None:
        """The next component of the clause, unless it follows a further defect (mould in the kitchen and a leaking tap)."""
        here = (group for group in self._components if group.clause == self._clause(defect) and group.start >= defect.end)
        group = next((group for group in here if group not in own), None)
        between = [other for other in self._defects if group and defect.end <= other.start < group.start]
        return None if between and not joined(self._text, defect.end, between[0].start) else group

    def _elsewhere(self, defect: Hit, own: Sequence[_Group | None]) -> _Group | None:
        """The subject of an earlier clause, unless another room has been named since; else a component that is left over."""
        earlier = [group for group in self._components if group.end <= defect.start]
        if earlier and not any(earlier[-1].end <= room.start < defect.start for room in self._rooms):
            return earlier[-1]
        return next((group for group in self._components if group.start >= defect.end and group not in own), None)

    def _room_group(self, defect: Hit, subject: _Group | None) -> _Group | None:
        spoken = defect.start
        if subject and subject.start > defect.end:
            spoken = subject.start
        here = (room for room in self._rooms if room.clause == self._clause(defect))
        ends = {defect.end, subject.end if subject else defect.end}
        named_after = next((room for room in here if any(_IN.fullmatch(self._text, end, room.start) for end in ends)), None)
        before = [room for room in self._rooms if room.start <= spoken]
        return named_after or (before[-1] if before else self._free_room(defect))

    def _free_room(self, defect: Hit) -> _Group | None:
        """The first room, unless another defect is in its clause or follows it."""
        first, second = (*self._rooms, None, None)[:2]
        until = second.start if second else len(self._text)
        others = (other for other in self._defects if other is not defect)
        taken = first and any(self._clause(other) == first.clause or first.end <= other.start < until for other in others)
        return None if taken else first

    def _mention(self, defect: Hit, part: Hit | None, room: Hit | None) -> Mention:
        components = part.codes if part else ()
        shows, cause = _levels(self._around(defect), defect.codes, components)
        return Mention(
            defect.codes,
            components,
            room.codes if room else (),
            defect.standing,
            orientation_of(self._around(defect)) or orientation_of(self._text),
            shows,
            cause,
            defect.start,
            defect.end,
        )

    def _around(self, defect: Hit) -> str:
        """The clause of a defect."""
        number = self._clause(defect)
        start = self._ends[number - 1] + 1 if number else 0
        return self._text[start : self._ends[number] if number < len(self._ends) else None]

    def _clause(self, hit: Hit) -> int:
        return bisect_right(self._ends, hit.start)

    def _grouped(self, hits: Iterable[Hit]) -> list[_Group]:
        """Words joined by 和 or 、 are a group; of words in a chain (窗户|把手, 客厅|阳台) the last one is meant."""
        groups: list[_Group] = []
        for hit in hits:
            last = groups[-1] if groups else None
            if last and _JOINT.fullmatch(self._text, last.end, hit.start):
                groups[-1] = replace(last, hits=(*last.hits, hit))
            elif last and (hit.start <= last.end or self._text[last.end : hit.start] == "的"):
                groups[-1] = replace(last, hits=(*last.hits[:-1], hit))
            else:
                groups.append(_Group((hit,), self._clause(hit)))
        return groups


def _lies_in(inner: Hit, outer: Hit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


# ------------------------------------------------------------------------------------------------ floors
_LEAKAGE = "D01"
_OVERHEAD = frozenset({"C05", "C33"})  # slab, ceiling
_UPSTAIRS = re.compile(r"楼上|上层|上一层|上面(?:那|一)?[层户家]|upstairs|(?:flat|floor|unit|apartment) above|from above")
_DOWNSTAIRS = re.compile(
    r"楼下(?!大[堂厅门]|门口|车|水管|草|花|商|绿化|小区|道路|的?路)|下层|下一层|downstairs|(?:flat|floor|unit|apartment) below"
)


def _levels(clause: str, defect_types: Sequence[str], components: Sequence[str]) -> tuple[Level, Level]:
    """Where a leak shows, and where it comes from."""
    if _LEAKAGE not in defect_types:
        return Level.HERE, Level.HERE
    if _DOWNSTAIRS.search(clause):
        return Level.BELOW, Level.HERE
    overhead = _OVERHEAD.intersection(components)
    return Level.HERE, Level.ABOVE if overhead or _UPSTAIRS.search(clause) else Level.HERE


# ------------------------------------------------------------------------------------------------ what is said twice
def _without_vague(told: list[Mention]) -> list[Mention]:
    """楼上漏水，我家吊顶滴水 is one leak: a mention without component joins one that has it, and tells it its floors."""
    kept: list[Mention] = []
    for mention in told:
        precise = next((other for other in told if _says_more(other, mention)), None)
        if precise is None:
            kept.append(mention)
    return [_with_floors(mention, told) for mention in kept]


def _says_more(other: Mention, mention: Mention) -> bool:
    same = other.defect_types == mention.defect_types and other.standing == mention.standing
    there = not mention.rooms or other.rooms in (mention.rooms, ())
    return same and there and bool(other.components) and not mention.components


def _with_floors(mention: Mention, told: Iterable[Mention]) -> Mention:
    vague = [other for other in told if _says_more(mention, other)]
    for other in vague:
        if (other.shows, other.cause) != (Level.HERE, Level.HERE):
            return replace(mention, shows=other.shows, cause=other.cause)
    return mention


def _without_repeats(told: Iterable[Mention]) -> list[Mention]:
    once: dict[tuple[object, ...], Mention] = {}
    for mention in told:
        once.setdefault((mention.defect_types, mention.components, mention.rooms, mention.standing), mention)
    return list(once.values())
