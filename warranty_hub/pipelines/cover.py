"""Cover defects: until when each is covered, clock by clock, and whether it was when it was reported.

A consumer of our own tables: new and touched defects; all of a project's when its dates, its contracts or the rules changed.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, text

from mappings.lexicon import warranty_category
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.records.codes import UNMAPPED, Clock, PeriodMeasure, StartEvent
from warranty_hub.rules.coverage import Circumstances, Coverage, Period, Season, Subject, Term, coverage
from warranty_hub.rules.coverage_data import rules_of, seasons_of
from warranty_hub.warehouse.changes import floor, remember, since
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import coverage as coverage_table

CHUNK = 10_000


def cover_defects(hub: Hub, project: str) -> RunReport:
    """Bring a project's coverage up to date, in one transaction with the consumer's cursor."""
    states: Counter[str] = Counter()
    with hub.recorded(Unit("cover", project)) as run:
        with hub.transactions() as db:
            run.take_charge(db)
            law = Law(hub, db, project)
            seen, start = floor(db), since(db, run.unit)
            named = {"project": project, "seen": 0 if _ground_moved(db, project, start, law.version) else start}
            db.execute(text(_FORGET), named)
            defects = db.execute(text(_DEFECTS), {**named, "zone": hub.settings.organisation.zone}).all()
            for chunk in (defects[at : at + CHUNK] for at in range(0, len(defects), CHUNK)):
                rows = [row for item in chunk for row in law.rows(item)]
                states.update(row[_STATE] for row in rows)
                copy_rows(db, coverage_table, _COLUMNS, rows)
            remember(db, run.unit, seen)
        run.note(defects=len(defects), **states)
    return hub.report(run.run_id)


class Law:
    """The rules, seasons and contracts that hold in one project."""

    def __init__(self, hub: Hub, db: Connection, project: str) -> None:
        settings = hub.settings.warranty
        own_rules, own_seasons = (hub.settings.path(file) if file else None for file in (settings.rules, settings.seasons))
        self._project = project
        self._rules = rules_of(settings.projects.get(project, settings.jurisdiction), own_rules)
        self._terms = db.execute(text(_TERMS), {"project": project}).all()
        self._seasons: Sequence[Season] = seasons_of(db.execute(text(_CITY), {"project": project}).scalar(), own_seasons)
        self.version = hashlib.sha256(repr((self._rules, self._seasons)).encode()).hexdigest()[:16]
        self._covered: Callable[..., list[Coverage]] = cache(self._compute)  # neighbours share their dates

    def rows(self, item: Any) -> Iterator[tuple[Any, ...]]:
        """A row for each clock of a defect, in the order of _COLUMNS."""
        subject = Subject(
            item.component_code, item.defect_type_code, warranty_category(item.component_code, item.defect_type_code)
        )
        place = (item.building_code, item.acceptance_date, item.delivery_date, item.design_life_years)
        for found in self._covered(subject, *place):
            yield (
                item.source_system, item.ticket_id, item.seq, found.clock.value, self._project, subject.category,
                found.rule_id, found.liable, found.first_day, found.last_day, item.reported_on,
                found.at(item.reported_on).value, found.reason, self.version,
            )  # fmt: skip

    def _compute(
        self, subject: Subject, building: str | None, accepted: Any, delivered: Any, life: int | None
    ) -> list[Coverage]:
        days = {StartEvent.ACCEPTANCE: accepted, StartEvent.DELIVERY: delivered}
        known = {event: day for event, day in days.items() if day}
        return coverage(subject, Circumstances(known, life, self._seasons, self._agreed(building)), self._rules)

    def _agreed(self, building: str | None) -> list[Term]:
        return [
            Term(Clock(term.clock), term.category, Period(term.value, PeriodMeasure(term.measure)))
            for term in self._terms
            if term.building_code in (None, building)
        ]


def _ground_moved(db: Connection, project: str, start: int, version: str) -> bool:
    """Whether every defect has to be looked at again: dates, contracts or rules changed."""
    return bool(db.execute(text(_GROUND_MOVED), {"project": project, "seen": start, "version": version}).scalar_one())


_COLUMNS = (
    "source_system", "ticket_id", "seq", "clock", "project_code", "category", "rule_id", "liable", "first_day", "last_day",
    "reported_on", "state", "reason", "rules_version",
)  # fmt: skip
_STATE = _COLUMNS.index("state")

_CITY = """
    SELECT city FROM hub.project WHERE code = :project AND deleted_at IS NULL ORDER BY source_system, source_id LIMIT 1"""

_TERMS = f"""
    SELECT building_code, clock, category, value, measure FROM hub.warranty_term
    WHERE project_code = :project AND deleted_at IS NULL AND clock <> '{UNMAPPED}' AND measure <> '{UNMAPPED}'
    ORDER BY source_system, source_id"""

_GROUND_MOVED = """
    SELECT EXISTS (SELECT FROM hub.project WHERE code = :project AND changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.building WHERE project_code = :project AND changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.dwelling WHERE project_code = :project AND changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.warranty_term WHERE project_code = :project AND changed_tx >= :seen)
        OR EXISTS (SELECT FROM hub.coverage WHERE project_code = :project AND rules_version <> :version)"""

_TOUCHED = """
    FROM hub.defect d JOIN hub.ticket t ON t.source_system = d.source_system AND t.source_id = d.ticket_id
    WHERE d.project_code = :project AND (d.changed_tx >= :seen OR t.changed_tx >= :seen)"""

_FORGET = f"""
    DELETE FROM hub.coverage c WHERE c.project_code = :project AND (:seen = 0 OR (c.source_system, c.ticket_id, c.seq) IN
        (SELECT d.source_system, d.ticket_id, d.seq {_TOUCHED})
        OR NOT EXISTS (SELECT FROM hub.defect d WHERE d.source_system = c.source_system
                       AND d.ticket_id = c.ticket_id AND d.seq = c.seq))"""

_DEFECTS = f"""
    SELECT d.source_system, d.ticket_id, d.seq, d.component_code, d.defect_type_code,
           (d.reported_at AT TIME ZONE :zone)::date AS reported_on, building.code AS building_code,
           building.acceptance_date, building.design_life_years, dwelling.delivery_date
    FROM (SELECT d.*, t.reported_at, t.building_code {_TOUCHED} AND t.deleted_at IS NULL) d
    LEFT JOIN hub.place p ON p.place_id = d.place_id
    LEFT JOIN LATERAL (
        SELECT * FROM hub.building b
        WHERE b.project_code = :project AND b.code = coalesce(p.building, d.building_code) AND b.deleted_at IS NULL
        ORDER BY b.source_system, b.source_id LIMIT 1) building ON true
    LEFT JOIN LATERAL (
        SELECT w.delivery_date FROM hub.dwelling w
        WHERE w.project_code = :project AND w.building_code = p.building AND w.unit_code IS NOT DISTINCT FROM p.unit
          AND w.room_no = p.dwelling AND w.deleted_at IS NULL
        ORDER BY w.source_system, w.source_id LIMIT 1) dwelling ON true
    ORDER BY d.source_system, d.ticket_id, d.seq"""
