"""Until when a defect is covered, by which rule, and by whom: one clock for each who may be liable.

Rules are data (rules/coverage_data.py). A law is a floor: a contract may promise more, never less.
Whether a defect is in or out is decided at the day it was reported, not repaired. Where a date or a season is not known, the
answer is UNKNOWN with the reason, never a guess.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from warranty_hub.records.codes import Clock, CoverageState, PeriodMeasure, StartEvent

ANY_CATEGORY = "ALL"
START = re.compile(r"(?P<event>[A-Z_]+)(?:\+(?P<count>\d+)(?P<unit>[DM]))?")
"""A start event, perhaps so many days or months later: ``DELIVERY``, ``ACCEPTANCE+15D``."""


class Binding(StrEnum):
    """What a contract may do to a rule: lengthen a FLOOR, replace a DEFAULT, shorten a CAP."""

    FLOOR = "FLOOR"
    DEFAULT = "DEFAULT"
    CAP = "CAP"


class SeasonKind(StrEnum):
    """Heating and cooling systems are covered by seasons of use, not by days."""

    HEATING = "HEATING"
    COOLING = "COOLING"


class Period(NamedTuple):
    """How long a cover lasts; ``value`` is meaningless for DESIGN_LIFE and CONTRACT."""

    value: int
    measure: PeriodMeasure


@dataclass(frozen=True)
class Rule:
    """One line of the rules. Of the rules of a clock the one that names most (component, defect type, category) decides."""

    rule_id: str
    jurisdiction: str
    clock: Clock
    category: str
    components: frozenset[str]
    defect_types: frozenset[str]
    period: Period
    binding: Binding
    start: str
    at_least_as: Clock | None
    liable: str
    basis: str

    def fits(self, subject: "Subject") -> bool:
        """Whether the rule speaks of this kind of defect."""
        return (
            self.category in (ANY_CATEGORY, subject.category)
            and (not self.components or subject.component_code in self.components)
            and (not self.defect_types or subject.defect_type_code in self.defect_types)
        )

    @property
    def precision(self) -> tuple[bool, bool, bool]:
        """Sorts the rules that fit: the last one names most."""
        return bool(self.defect_types), bool(self.components), self.category != ANY_CATEGORY


class Season(NamedTuple):
    """A season that comes every year, as (month, day); it may run over the year's end."""

    kind: SeasonKind
    first: tuple[int, int]
    last: tuple[int, int]

    def of(self, year: int) -> tuple[date, date]:
        """The season that begins in a year: its first and last day."""
        end_year = year + (self.last < self.first)
        return date(year, *self.first), date(end_year, *self.last)


class Subject(NamedTuple):
    """What is covered: a defect type on a component, in the warranty category that follows from both."""

    component_code: str | None
    defect_type_code: str | None
    category: str | None


class Term(NamedTuple):
    """What a contract promises for a clock; ``category`` None is for all."""

    clock: Clock
    category: str | None
    period: Period


@dataclass(frozen=True)
class Circumstances:
    """What is known of the place: its days, its design life in years, its seasons, the terms of its contracts."""

    days: Mapping[StartEvent, date]
    design_life_years: int | None = None
    seasons: Sequence[Season] = ()
    terms: Sequence[Term] = ()


class Coverage(NamedTuple):
    """One clock of one defect. ``last_day`` is still covered; None with a reason when nobody can say."""

    clock: Clock
    rule_id: str
    liable: str
    first_day: date | None
    last_day: date | None
    reason: str | None = None

    def at(self, reported_on: date) -> CoverageState:
        """In or out, by the day on which the defect was reported."""
        if self.first_day is None or self.last_day is None:
            return CoverageState.UNKNOWN
        if reported_on < self.first_day:
            return CoverageState.NOT_STARTED
        return CoverageState.COVERED if reported_on <= self.last_day else CoverageState.EXPIRED


def coverage(subject: Subject, place: Circumstances, rules: Iterable[Rule]) -> list[Coverage]:
    """The clocks of a defect by the rules of its jurisdiction; none for a kind of defect that no rule speaks of."""
    deciding: dict[Clock, Rule] = {}
    for rule in sorted((rule for rule in rules if rule.fits(subject)), key=lambda rule: rule.precision):
        deciding[rule.clock] = rule
    found = {clock: _by_rule(rule, subject, place) for clock, rule in deciding.items()}
    return [_not_before(found, deciding[clock].at_least_as, own) for clock, own in found.items()]


def _by_rule(rule: Rule, subject: Subject, place: Circumstances) -> Coverage:
    first_day = _first_day(rule.start, place.days)
    if first_day is None:
        return Coverage(rule.clock, rule.rule_id, rule.liable, None, None, f"no date of {rule.start}")
    ends, reasons = [], []
    for period in _periods(rule, subject, place.terms):
        last_day, reason = _last_day(first_day, period, subject, place)
        ends += [last_day] if last_day else []
        reasons += [reason] if reason else []
    last = None if reasons else min(ends) if rule.binding is Binding.CAP else max(ends)
    return Coverage(rule.clock, rule.rule_id, rule.liable, first_day, last, "; ".join(reasons) or None)


def _periods(rule: Rule, subject: Subject, terms: Sequence[Term]) -> list[Period]:
    """The rule's own period and what a contract says of it, as far as the contract counts.

    The most that the law allows is no promise: under a CAP the contract has to say how long.
    """
    agreed = [term for term in terms if term.clock is rule.clock and term.category in (None, subject.category)]
    exact = [term.period for term in agreed if term.category] or [term.period for term in agreed]
    if rule.binding is Binding.CAP and not exact:
        return [Period(0, PeriodMeasure.CONTRACT)]
    return exact if exact and rule.binding is Binding.DEFAULT else [rule.period, *exact]


def _not_before(found: Mapping[Clock, Coverage], other: Clock | None, own: Coverage) -> Coverage:
    """A home buyer is never covered for less than what is left of the contractor's warranty."""
    longer = found.get(other) if other else None
    if own.last_day and longer and longer.last_day and longer.last_day > own.last_day:
        return own._replace(last_day=longer.last_day, rule_id=f"{own.rule_id}+{longer.rule_id}")
    return own


def _first_day(start: str, days: Mapping[StartEvent, date]) -> date | None:
    """The earliest of a rule's start events, each perhaps so many days or months later."""
    known = []
    for alternative in start.split("|"):
        event = START.fullmatch(alternative)
        assert event is not None
        day = days.get(StartEvent(event["event"]))
        if day:
            count = int(event["count"] or 0)
            known.append(add_months(day, count) if event["unit"] == "M" else day + timedelta(days=count))
    return min(known, default=None)


def _last_day(first_day: date, period: Period, subject: Subject, place: Circumstances) -> tuple[date | None, str | None]:
    match period.measure:
        case PeriodMeasure.DAYS:
            return first_day + timedelta(days=period.value), None
        case PeriodMeasure.MONTHS:
            return add_months(first_day, period.value), None
        case PeriodMeasure.YEARS:
            return add_months(first_day, 12 * period.value), None
        case PeriodMeasure.SEASONS:
            return _last_of_seasons(first_day, period.value, subject, place)
        case PeriodMeasure.DESIGN_LIFE:
            years = place.design_life_years
            return (add_months(first_day, 12 * years), None) if years else (None, "no design life of the building")
        case PeriodMeasure.CONTRACT | PeriodMeasure.UNMAPPED:
            return None, "only the contract says how long"


def add_months(day: date, months: int) -> date:
    """The corresponding day so many months later, or the last of a shorter month; that day is still within the period.

    Civil law: the first day is not counted, the period ends on the corresponding day (民法典 art. 201, 202).
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _last_of_seasons(first_day: date, count: int, subject: Subject, place: Circumstances) -> tuple[date | None, str | None]:
    """The end of the n-th season that began after the first day: a season already running does not count."""
    kind = SeasonKind.COOLING if subject.component_code in _COOLING else SeasonKind.HEATING
    season = next((season for season in place.seasons if season.kind is kind), None)
    if season is None:
        return None, f"no {kind.lower()} season of the city"
    begun = (season.of(year) for year in range(first_day.year - 1, first_day.year + count + 2))
    return [last for first, last in begun if first > first_day][count - 1], None


_COOLING = frozenset({"C61", "C62", "C63"})
"""Air conditioners, ducts and air terminals; radiators and floor heating heat."""
