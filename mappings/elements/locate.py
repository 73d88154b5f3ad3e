"""From defects to building elements: a cascade, from the most certain evidence to the least, for a whole night at once.

1. a GlobalId, or a tag or asset number (QR code)    the element itself, under its present or a former GlobalId
2. a point                                           what is near it and can be the component, as far as the words allow it
3. the room and the component                        the elements in and around the room that can be the component
4. dwelling, storey or building and the component    the same over all their rooms
5. the place alone                                   room, dwelling, storey, building, or nothing

Each stage gives its candidates with signs; `score` makes one probability of them. A single element whose share of it reaches
AUTO_FROM is linked. From REVIEW_FROM the candidates are published as a set that a person chooses from: one of five sockets is
never picked. Below, the place is the answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mappings.elements.candidates import Found, Question
from mappings.elements.case import Case, Level
from mappings.elements.identifiers import Identified, identified
from mappings.elements.location import Candidate, DefectText, Location, Role
from mappings.elements.points.layout import Pin
from mappings.elements.points.stage import AtPoint, told_apart
from mappings.elements.spread import spread
from mappings.elements.surroundings import Surroundings


def locate(defects: Sequence[DefectText], around: Surroundings) -> list[Location]:
    """Find the elements, or the smallest place, that each defect was read to be about."""
    cases = [Case(defect, around) for defect in defects]
    by_id = [identified(defect, around) for defect in defects]
    found = _in_rooms([None if one else case for case, one in zip(cases, by_id, strict=True)], around)
    pins = around.layout.pins([defect.told for defect in defects])
    answers = (
        _identified(case, one, pin) if one else case.after_removal(_found(case, level, pin))
        for case, one, level, pin in zip(cases, by_id, found, pins, strict=True)
    )
    return _with_spread(cases, list(answers), around)


# ------------------------------------------------------------------------------------------------ 1, 2: identifier and point
def _identified(case: Case, one: Identified, pin: Pin | None) -> Location:
    shown = case.around.layout.elements
    return case.identified(told_apart(one, pin, shown, case.defect.only) if pin else one)


def _found(case: Case, level: tuple[Level, Found] | None, pin: Pin | None) -> Location:
    if pin:
        return AtPoint(case, pin, level).location()
    return case.by_component(*level) if level else case.by_place()


# ------------------------------------------------------------------------------------------------ 3, 4: place and component
def _in_rooms(cases: Sequence[Case | None], around: Surroundings) -> list[tuple[Level, Found] | None]:
    """For each case the first of its levels that has a fitting element. All first levels are asked at once, then all second."""
    answers: list[tuple[Level, Found] | None] = [None] * len(cases)
    waiting = {number: case.levels() for number, case in enumerate(cases) if case}
    while waiting:
        asked = {number: level for number, levels in waiting.items() if (level := next(levels, None))}
        questions = [Question(cases[number].components, level.spots) for number, level in asked.items()]  # type: ignore[union-attr]
        for (number, level), found in zip(asked.items(), around.candidates.find(questions), strict=True):
            if found.elements:
                answers[number] = (level, found)
        waiting = {number: waiting[number] for number in asked if answers[number] is None}
    return answers


# ------------------------------------------------------------------------------------------------ cause and what suffers
def _with_spread(cases: Sequence[Case], answers: Sequence[Location], around: Surroundings) -> list[Location]:
    """What may leak on the floor that water comes from, or gets wet on the one it goes to, as further candidates.

    Nobody has said which of them, and no truth is known to learn from: they share an even chance.
    """
    other = [case.other_floor() for case in cases]
    questions = [Question(spread()[role], (around.rooms_of(place),)) for role, place in filter(None, other)]
    found = iter(around.candidates.find(questions))
    return [
        replace(answer, candidates=answer.candidates + tuple(_shared(floor[0], next(found), len(answer.candidates), around)))
        if floor
        else answer
        for answer, floor in zip(answers, other, strict=True)
    ]


def _shared(role: Role, found: Found, rank: int, around: Surroundings) -> Iterator[Candidate]:
    for number, element in enumerate(found.elements, start=1):
        yield Candidate(element.key, around.calibration.score(role, ()) / len(found.elements), rank + number, role)
