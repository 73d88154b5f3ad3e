"""The elements of many defects at once: what stands in the rooms that each text may mean and can be what it names.

One pass for a night's tickets. Rooms are joined with their elements as arrays; whether a kind of element can be a component is
asked once for each pair of the two that occurs, not once a ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mappings.elements.fit import Fit, fit
from mappings.elements.index import Element, ElementIndex, Numbers
from mappings.lexicon import Words

Spots = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Where to look for what: the component codes, and for each place that may be meant the place ids of its rooms."""

    components: tuple[str, ...]
    spots: Spots


@dataclass(frozen=True, slots=True)
class Found:
    """The elements that fit, in the order of their keys, how well each fits, and in how many of the spots there is one."""

    elements: tuple[Element, ...] = ()
    fits: tuple[Fit, ...] = ()
    spots: int = 0


@dataclass
class Candidates:
    """Asks an index; what it learns of kinds and components it remembers."""

    index: ElementIndex
    words: Words
    """Names of elements are read by these."""
    _fits: dict[tuple[tuple[str, ...], int], Fit] = field(default_factory=dict)
    _of_kind: dict[tuple[tuple[str, ...], tuple[Any, ...]], Fit] = field(default_factory=dict)

    def find(self, questions: Sequence[Question]) -> list[Found]:
        """The answer to each question."""
        asked, spot, room = self._rooms(questions)
        if not len(room):
            return [Found()] * len(questions)
        element, of_room = self.index.rooms.inside(room)
        asked, spot = asked[of_room], spot[of_room]
        how = self._how(questions, asked, element)
        asked, spot, element, how = (column[how > Fit.NO] for column in (asked, spot, element, how))
        with_one = np.unique(spot, return_index=True)[1]
        spots = np.bincount(asked[with_one], minlength=len(questions))
        once = np.unique(asked * len(self.index.numbered) + element, return_index=True)[1]
        element, how = element[once], how[once]
        ends = np.cumsum(np.bincount(asked[once], minlength=len(questions)))
        return [
            self._found(element[start:end], how[start:end], int(count))
            for start, end, count in zip((0, *ends[:-1].tolist()), ends.tolist(), spots, strict=True)
        ]

    def fit(self, components: tuple[str, ...], element: Element) -> Fit:
        """How well an element fits any of these components."""
        asked = components, element.kind
        if asked not in self._of_kind:
            self._of_kind[asked] = self._best_fit(components, element)
        return self._of_kind[asked]

    def _rooms(self, questions: Sequence[Question]) -> tuple[Numbers, Numbers, Numbers]:
        """Every room to look into: for which question, in which spot (all questions' spots counted on), its number."""
        numbers, rows, spots = self.index.rooms.numbers, [], 0
        for asked, question in enumerate(questions):
            for rooms in question.spots:
                rows += [(asked, spots, numbers[room]) for room in rooms if room in numbers]
                spots += 1
        table = np.array(rows, np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1], table[:, 2]

    def _how(self, questions: Sequence[Question], asked: Numbers, element: Numbers) -> Numbers:
        """How well each element fits what its question asks for."""
        rows: dict[tuple[str, ...], int] = {}
        of_question = np.array([rows.setdefault(question.components, len(rows)) for question in questions], np.int64)
        names, kinds = list(rows), len(self.index.rooms.examples)
        pairs, place = np.unique(of_question[asked] * kinds + self.index.rooms.kinds[element], return_inverse=True)
        return np.array([self._fit(names[pair // kinds], pair % kinds) for pair in pairs.tolist()], np.int64)[place]

    def _fit(self, components: tuple[str, ...], kind: int) -> Fit:
        if (components, kind) not in self._fits:
            self._fits[components, kind] = self._best_fit(components, self.index.rooms.examples[kind])
        return self._fits[components, kind]

    def _best_fit(self, components: tuple[str, ...], element: Element) -> Fit:
        return max((fit(component, element, self.words) for component in components), default=Fit.NO)

    def _found(self, elements: Numbers, how: Numbers, spots: int) -> Found:
        numbered = self.index.numbered
        return Found(tuple(numbered[number] for number in elements.tolist()), tuple(map(Fit, how.tolist())), spots)
