"""Links depend on what came first, a step done twice makes another answer, or a person's decision gets lost on the way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.pipelines.test_touched import GUIDS, Model, Part, Project, projects
from warranty_hub.pipelines.location_decisions import DefectKey, LocationDecision, decide_location
from warranty_hub.records.codes import LocationVerdict

__all__ = ["projects"]
TWIN, DRIFTED = "3jf3CLnpz8pOaO3uS9qLRn", "1xf3CLnpz8pOaO3uS9qLRn"
FIRST = Model(
    (("1-201", "主卧"), ("1-202", "书房")), (Part(GUIDS[0], 0, 0), Part(TWIN, 30, 0), Part(GUIDS[1], 60, 1, "IfcWindow"))
)
SECOND = replace(FIRST, parts=(replace(FIRST.parts[0], guid=DRIFTED), *FIRST.parts[1:]))
"""The same house from an exporter that made up a GlobalId."""
TICKETS = (
    ("主卧墙面开裂", "3号楼1单元201室", ""),
    ("主卧墙体渗水", "3号楼1单元201室", ""),
    ("书房窗户漏水", "3号楼1单元202室", ""),
    ("坏了", "", TWIN),
)
REVISIONS = ("first", "second", "elsewhere")
BY_PEOPLE = (*range(len(TICKETS)), "decision", "place")
"""What a group of people does: they write the tickets and decide on two of them."""
GROUPS = 9
"""So many of them, each at its own times, share the revisions of an example: these take most of its time."""

PHASES = (Phase.reuse, Phase.generate)
"""An example takes a second: one that fails is shown as it is, for to make it small would take minutes."""

Step = tuple[str | int, int]
"""What happens, and in which group; a revision is everybody's."""


def steps_of(groups: int) -> list[Step]:
    """All steps in the usual order."""
    return [(step, 0) for step in REVISIONS] + [(step, group) for group in range(groups) for step in BY_PEOPLE]


def perform(project: Project, step: Step, numbers: dict[Step, str]) -> bool:
    """Whether it could be done: a person decides on what has been located. ``numbers``: those of the tickets, by step."""
    what, group = step
    if isinstance(what, int):
        said, address, reference = TICKETS[what]
        numbers[step] = project.says(said, address, "3", reference)
    elif what == "decision":
        return decided(project, numbers.get((0, group)), LocationVerdict.ELEMENT, (GUIDS[0], DRIFTED))
    elif what == "place":
        return decided(project, numbers.get((1, group)), LocationVerdict.PLACE, ())
    else:
        project.shows("5" if what == "elsewhere" else "3", SECOND if what == "second" else FIRST)
    return True


def decided(project: Project, number: str | None, verdict: LocationVerdict, guids: tuple[str, ...]) -> bool:
    query = """
        SELECT d.source_system, d.ticket_id, d.seq, (SELECT place_id FROM hub.place WHERE place_id = :room) AS room,
               (SELECT array_agg(DISTINCT i.element_key) FROM hub.bim_element_revision i
                JOIN hub.bim_revision r USING (revision_id)
                WHERE r.current AND r.project_code = :code AND r.building_code = '3' AND i.guid = ANY(:guids)) AS keys
        FROM hub.defect d WHERE d.project_code = :code AND d.ticket_id = :number"""
    asked = {"code": project.code, "number": number, "guids": list(guids), "room": f"{project.code}/3/U1/201/主卧"}
    with project.hub.transactions() as db:
        row = db.execute(text(query), asked).one_or_none()
    if row is None or not (row.keys if verdict is LocationVerdict.ELEMENT else row.room):
        return False
    keys, place = ((*row.keys,), None) if verdict is LocationVerdict.ELEMENT else ((), row.room)
    key = DefectKey(row.source_system, row.ticket_id, row.seq)
    return decide_location(project.hub, LocationDecision(key, verdict, "王工", "看过现场", keys, place))


def outcome(project: Project) -> Mapping[str, Mapping[str, Any]]:
    """What a user sees of each ticket, by number, without the project's own keys."""
    query = """
        SELECT d.ticket_id, d.method, d.state, replace(d.place_id, :code, '') AS place, d.signs,
               ARRAY(SELECT i.guid FROM hub.defect_element c
                     JOIN hub.bim_element_revision i ON i.element_key = c.element_key
                     JOIN hub.bim_revision r ON r.revision_id = i.revision_id AND r.current
                     WHERE (c.source_system, c.ticket_id, c.seq, c.generation)
                         = (d.source_system, d.ticket_id, d.seq, d.generation) ORDER BY 1) AS elements,
               (SELECT count(*) FROM hub.location_decision o
                WHERE (o.source_system, o.ticket_id, o.seq) = (d.source_system, d.ticket_id, d.seq)) AS decisions
        FROM hub.defect d WHERE d.project_code = :code"""
    with project.hub.transactions() as db:
        rows = [dict(row._mapping) for row in db.execute(text(query), {"code": project.code})]
    return {row.pop("ticket_id"): row for row in rows}


def run(project: Project, steps: Sequence[Step], looks: Mapping[int, int]) -> dict[Step, str]:
    """All steps, with so many looks after each; a person who cannot decide yet tries again when something has happened."""
    waiting: list[Step] = []
    numbers: dict[Step, str] = {}
    for number, step in enumerate(steps):
        if not perform(project, step, numbers):
            waiting.append(step)
        for _ in range(looks.get(number, 0)):
            project.locates()
        if step[0] in REVISIONS or number in looks:
            waiting = [late for late in waiting if not perform(project, late, numbers)]
    while waiting:
        project.locates()
        waiting = [late for late in waiting if not perform(project, late, numbers)]
    project.locates()
    return numbers


def seen(project: Project, steps: Sequence[Step], looks: Mapping[int, int]) -> list[list[Mapping[str, Any]]]:
    """What the people of each group see of their tickets in the end."""
    numbers = run(project, steps, looks)
    found = outcome(project)
    groups = sorted({group for _, group in numbers})
    return [[found[numbers[ticket, group]] for ticket in range(len(TICKETS))] for group in groups]


@pytest.fixture
def usual(projects: Any, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """Of the usual order, with a look after each step.

    Scores are held still: what decisions teach them depends on what people saw when they decided, and on how many did.
    """
    monkeypatch.setattr("mappings.elements.score.PRIOR", 1e9)
    steps = steps_of(1)
    (found,) = seen(projects(), steps, dict.fromkeys(range(len(steps)), 1))
    return found


orders = st.permutations(steps_of(GROUPS)).filter(lambda steps: steps.index(("first", 0)) < steps.index(("second", 0)))


@given(order=orders, looks=st.lists(st.integers(0, len(steps_of(GROUPS)) - 1), max_size=8).map(Counter))
@settings(max_examples=3, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_tickets_revisions_and_decisions_or_a_step_done_again_makes_another_link(
    projects: Any, usual: list[Mapping[str, Any]], order: list[Step], looks: Mapping[int, int]
) -> None:
    decided_on, at_place, *_ = usual
    assert (decided_on["elements"], decided_on["state"], at_place["state"]) == ([DRIFTED], "CONFIRMED", "CONFIRMED")
    assert sum(row["decisions"] for row in usual) == 2
    project = projects()
    assert seen(project, order, looks) == [usual] * GROUPS
    assert project.would_be_written() == 0
