"""Links depend on what came first, a step done twice makes another answer, or a person's decision gets lost on the way."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
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
STEPS = ("first", "second", "elsewhere", *range(len(TICKETS)), "decision", "place")


def perform(project: Project, step: str | int) -> bool:
    """Whether it could be done: a person decides on what has been located."""
    if isinstance(step, int):
        said, address, reference = TICKETS[step]
        project.says(said, address, "3", reference)
    elif step == "decision":
        return decided(project, TICKETS[0][0], LocationVerdict.ELEMENT, (GUIDS[0], DRIFTED))
    elif step == "place":
        return decided(project, TICKETS[1][0], LocationVerdict.PLACE, ())
    else:
        project.shows("5" if step == "elsewhere" else "3", SECOND if step == "second" else FIRST)
    return True


def decided(project: Project, said: str, verdict: LocationVerdict, guids: tuple[str, ...]) -> bool:
    query = """
        SELECT d.source_system, d.ticket_id, d.seq,
               (SELECT array_agg(DISTINCT i.element_key) FROM hub.bim_element_revision i
                JOIN hub.bim_revision r USING (revision_id)
                WHERE r.current AND r.project_code = :code AND r.building_code = '3' AND i.guid = ANY(:guids)) AS keys
        FROM hub.defect d JOIN hub.ticket t ON (t.source_system, t.source_id) = (d.source_system, d.ticket_id)
        WHERE d.project_code = :code AND t.description = :said"""
    with project.hub.transactions() as db:
        row = db.execute(text(query), {"code": project.code, "said": said, "guids": list(guids)}).one_or_none()
        known = "SELECT count(*) FROM hub.place WHERE place_id = :place"
        place = f"{project.code}/3/U1/201/主卧" if verdict is LocationVerdict.PLACE else None
        has_place = db.execute(text(known), {"place": place}).scalar_one()
    if row is None or not (row.keys or has_place):
        return False
    key = DefectKey(row.source_system, row.ticket_id, row.seq)
    keys = tuple(row.keys or ()) if verdict is LocationVerdict.ELEMENT else ()
    return decide_location(project.hub, LocationDecision(key, verdict, "王工", "看过现场", keys, place))


def outcome(project: Project) -> list[dict[str, Any]]:
    """What a user sees of each ticket, without the project's own keys."""
    query = """
        SELECT t.description, d.method, d.state, replace(d.place_id, :code, '') AS place, d.signs,
               ARRAY(SELECT i.guid FROM hub.defect_element c
                     JOIN hub.bim_element_revision i ON i.element_key = c.element_key
                     JOIN hub.bim_revision r ON r.revision_id = i.revision_id AND r.current
                     WHERE (c.source_system, c.ticket_id, c.seq, c.generation)
                         = (d.source_system, d.ticket_id, d.seq, d.generation) ORDER BY 1) AS elements,
               (SELECT count(*) FROM hub.location_decision o
                WHERE (o.source_system, o.ticket_id, o.seq) = (d.source_system, d.ticket_id, d.seq)) AS decisions
        FROM hub.defect d JOIN hub.ticket t ON (t.source_system, t.source_id) = (d.source_system, d.ticket_id)
        WHERE d.project_code = :code ORDER BY t.description, d.seq"""
    with project.hub.transactions() as db:
        return [dict(row._mapping) for row in db.execute(text(query), {"code": project.code})]


def run(project: Project, steps: list[str | int], repeats: list[int]) -> None:
    waiting: list[str | int] = []
    for step, times in zip(steps, repeats, strict=True):
        waiting = [late for late in (*waiting, step) if not perform(project, late)]
        for _ in range(times):
            project.locates()
    while waiting:
        project.locates()
        waiting = [late for late in waiting if not perform(project, late)]
    project.locates()


@given(data=st.data())
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_tickets_revisions_and_decisions_or_a_step_done_again_makes_another_link(
    projects: Any, data: st.DataObject
) -> None:
    usual, other = projects(), projects()
    order = data.draw(st.permutations(STEPS).filter(lambda steps: steps.index("first") < steps.index("second")))
    run(usual, list(STEPS), [1] * len(STEPS))
    run(other, order, data.draw(st.lists(st.integers(0, 2), min_size=len(order), max_size=len(order))))
    assert outcome(other) == outcome(usual)
    by_ticket = {row["description"]: row for row in outcome(usual)}
    assert by_ticket[TICKETS[0][0]]["elements"] == [DRIFTED]
    assert (by_ticket[TICKETS[0][0]]["state"], by_ticket[TICKETS[1][0]]["state"]) == ("CONFIRMED", "CONFIRMED")
    assert sum(row["decisions"] for row in outcome(other)) == 2
    assert other.would_be_written() == 0
