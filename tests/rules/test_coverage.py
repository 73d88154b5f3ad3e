"""A clock that runs a day too short, or too long, makes the wrong party pay."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.errors import ConfigError
from warranty_hub.records.codes import Clock, CoverageState, PeriodMeasure, StartEvent
from warranty_hub.rules.coverage import (
    Circumstances,
    Coverage,
    Period,
    Subject,
    Term,
    add_months,
    coverage,
)
from warranty_hub.rules.coverage_data import DATA, rules_of, seasons_of

LEAKING_WINDOW = Subject("C25", "D01", "WATERPROOF_5Y")
RADIATOR = Subject("C59", "D21", "HVAC_2SEASON")
DAYS = {StartEvent.ACCEPTANCE: date(2022, 6, 30), StartEvent.DELIVERY: date(2023, 1, 15)}


def clocks(subject: Subject, place: Circumstances, jurisdiction: str = "CN") -> dict[Clock, Coverage]:
    return {found.clock: found for found in coverage(subject, place, rules_of(jurisdiction))}


def last_day(subject: Subject, clock: Clock, place: Circumstances, jurisdiction: str = "CN") -> date | None:
    return clocks(subject, place, jurisdiction)[clock].last_day


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2022, 6, 30), 60, date(2027, 6, 30)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2024, 12, 31), 2, date(2025, 2, 28)),
        (date(2024, 12, 31), 12, date(2025, 12, 31)),
    ],
)
def test_a_period_ends_on_another_day_than_the_corresponding_one(start: date, months: int, end: date) -> None:
    assert add_months(start, months) == end


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 600))
def test_a_longer_period_ends_earlier(start: date, months: int) -> None:
    assert start <= add_months(start, months) < add_months(start, months + 1)


@pytest.mark.parametrize(
    ("reported", "state"),
    [
        (date(2022, 6, 29), CoverageState.NOT_STARTED),
        (date(2022, 6, 30), CoverageState.COVERED),
        (date(2027, 6, 30), CoverageState.COVERED),
        (date(2027, 7, 1), CoverageState.EXPIRED),
    ],
)
def test_a_defect_reported_on_the_last_day_is_out(reported: date, state: CoverageState) -> None:
    assert clocks(LEAKING_WINDOW, Circumstances(DAYS))[Clock.CONTRACTOR].at(reported) is state


def test_a_home_buyer_is_covered_for_less_than_the_contractors_remaining_warranty() -> None:
    found = clocks(LEAKING_WINDOW, Circumstances(DAYS))[Clock.HOMEBUYER]
    assert (found.last_day, found.rule_id, found.liable) == (date(2027, 6, 30), "CN-12+CN-02", "DEVELOPER")
    late = Circumstances({**DAYS, StartEvent.DELIVERY: date(2027, 3, 1)})
    assert last_day(LEAKING_WINDOW, Clock.HOMEBUYER, late) == date(2028, 3, 1)


@pytest.mark.parametrize(
    ("subject", "rule"),
    [
        (Subject("C06", "D01", "WATERPROOF_5Y"), "CN-11"),
        (LEAKING_WINDOW, "CN-12"),
        (Subject("C49", "D05", "MEP_2Y"), "CN-14"),
        (Subject("C41", "D05", "MEP_2Y"), "CN-14"),
        (Subject("C41", "D11", "MEP_2Y"), "CN-16"),
        (Subject("C68", "D18", "MEP_2Y"), "CN-17"),
    ],
)
def test_a_general_rule_wins_over_one_that_names_the_case(subject: Subject, rule: str) -> None:
    found = clocks(subject, Circumstances({StartEvent.DELIVERY: date(2023, 1, 15)}))
    assert found[Clock.HOMEBUYER].rule_id == rule


@pytest.mark.parametrize(
    ("years", "end"), [(8, date(2030, 6, 30)), (3, date(2027, 6, 30))], ids=["a longer promise", "the law is a floor"]
)
def test_a_contract_shortens_the_law_or_cannot_lengthen_it(years: int, end: date) -> None:
    term = Term(Clock.CONTRACTOR, "WATERPROOF_5Y", Period(years, PeriodMeasure.YEARS))
    assert last_day(LEAKING_WINDOW, Clock.CONTRACTOR, Circumstances(DAYS, terms=[term])) == end


@pytest.mark.parametrize(("months", "end"), [(12, date(2023, 6, 30)), (36, date(2024, 6, 30))])
def test_retention_is_held_for_longer_than_two_years(months: int, end: date) -> None:
    term = Term(Clock.RETENTION, None, Period(months, PeriodMeasure.MONTHS))
    assert last_day(LEAKING_WINDOW, Clock.RETENTION, Circumstances(DAYS, terms=[term])) == end


def test_retention_without_a_contract_is_taken_for_the_most_that_the_law_allows() -> None:
    found = clocks(LEAKING_WINDOW, Circumstances(DAYS))[Clock.RETENTION]
    assert (found.last_day, found.reason) == (None, "only the contract says how long")


def test_an_employer_who_delays_acceptance_delays_the_retention_clock() -> None:
    days = {StartEvent.COMPLETION_REPORT: date(2022, 1, 1), StartEvent.ACCEPTANCE: date(2023, 1, 1)}
    assert clocks(LEAKING_WINDOW, Circumstances(days))[Clock.RETENTION].first_day == date(2022, 4, 1)


@pytest.mark.parametrize(
    ("accepted", "end"),
    [
        (date(2022, 6, 30), date(2024, 3, 15)),
        (date(2022, 11, 14), date(2024, 3, 15)),
        (date(2022, 11, 15), date(2025, 3, 15)),
        (date(2023, 1, 10), date(2025, 3, 15)),
    ],
)
def test_a_season_already_running_counts_as_a_whole_one(accepted: date, end: date) -> None:
    place = Circumstances({StartEvent.ACCEPTANCE: accepted}, seasons=seasons_of("北京"))
    assert last_day(RADIATOR, Clock.CONTRACTOR, place) == end


@pytest.mark.parametrize(
    ("subject", "place", "reason"),
    [
        (LEAKING_WINDOW, Circumstances({}), "no date of ACCEPTANCE"),
        (RADIATOR, Circumstances(DAYS, seasons=seasons_of("广州")), "no heating season of the city"),
        (
            Subject("C61", "D21", "HVAC_2SEASON"),
            Circumstances(DAYS, seasons=seasons_of("北京")),
            "no cooling season of the city",
        ),
        (Subject("C05", "D02", "STRUCTURE_LIFE"), Circumstances(DAYS), "no design life of the building"),
        (Subject("C80", "D09", "AGREED"), Circumstances(DAYS), "only the contract says how long"),
    ],
)
def test_what_nobody_knows_is_guessed(subject: Subject, place: Circumstances, reason: str) -> None:
    found = clocks(subject, place)[Clock.CONTRACTOR]
    assert (found.at(date(2023, 1, 1)), found.reason) == (CoverageState.UNKNOWN, reason)


def test_structure_is_covered_for_less_than_its_design_life() -> None:
    place = Circumstances(DAYS, design_life_years=50)
    assert last_day(Subject("C05", "D02", "STRUCTURE_LIFE"), Clock.CONTRACTOR, place) == date(2072, 6, 30)


@pytest.mark.parametrize(
    ("jurisdiction", "subject", "clock", "end"),
    [
        ("FIDIC", LEAKING_WINDOW, Clock.CONTRACTOR, date(2023, 6, 30)),
        ("UK", LEAKING_WINDOW, Clock.HOMEBUYER, date(2025, 1, 15)),
        ("UK", Subject("C05", "D02", "STRUCTURE_LIFE"), Clock.INSURER, date(2033, 1, 15)),
        ("SG", Subject("C25", "D15", "FINISH_2Y"), Clock.HOMEBUYER, date(2023, 7, 15)),
        ("SG", LEAKING_WINDOW, Clock.HOMEBUYER, date(2027, 7, 15)),
        ("AU", LEAKING_WINDOW, Clock.STATUTORY, date(2028, 6, 30)),
        ("AU", Subject("C25", "D15", "FINISH_2Y"), Clock.STATUTORY, date(2024, 6, 30)),
        ("KR", Subject("C08", "D02", "STRUCTURE_LIFE"), Clock.STATUTORY, date(2033, 1, 15)),
        ("KR", Subject("C07", "D09", "STRUCTURE_LIFE"), Clock.STATUTORY, date(2026, 1, 15)),
    ],
)
def test_another_country_is_judged_by_chinese_law(jurisdiction: str, subject: Subject, clock: Clock, end: date) -> None:
    assert last_day(subject, clock, Circumstances(DAYS), jurisdiction) == end


def test_a_part_that_no_rule_speaks_of_gets_a_clock() -> None:
    assert clocks(Subject("C25", "D12", None), Circumstances(DAYS)).keys() == {Clock.RETENTION}


def test_a_companys_own_rule_does_not_replace_ours_or_its_mistake_is_not_named(tmp_path: Path) -> None:
    head = ",".join((DATA / "warranty_rules.csv").read_text("utf-8").splitlines()[:1])
    own = tmp_path / "own.csv"
    own.write_text(
        f"{head}\nCN-02,CN,CONTRACTOR,WATERPROOF_5Y,,,8,YEARS,FLOOR,ACCEPTANCE,,GENERAL_CONTRACTOR,our promise,read\n"
    )
    ours = coverage(LEAKING_WINDOW, Circumstances(DAYS), rules_of("CN", own))
    assert next(found.last_day for found in ours if found.clock is Clock.CONTRACTOR) == date(2030, 6, 30)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(f"{head}\nCN-02,CN,CONTRACTOR,WATERPROOF_5Y,,,eight,YEARS,FLOOR,ACCEPTANCE,,GENERAL_CONTRACTOR,,\n")
    with pytest.raises(ConfigError, match=r"wrong.csv, line 2: invalid literal"):
        rules_of("CN", wrong)


def test_every_rule_of_ours_can_be_read() -> None:
    known = {"CN": 16, "FIDIC": 1, "UK": 2, "SG": 3, "AU": 4, "KR": 5}
    assert {name: len(rules_of(name)) for name in known} == known


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.sampled_from(["北京", "呼和浩特"]))
def test_two_seasons_last_less_than_a_year_or_more_than_three(accepted: date, city: str) -> None:
    end = last_day(RADIATOR, Clock.CONTRACTOR, Circumstances({StartEvent.ACCEPTANCE: accepted}, seasons=seasons_of(city)))
    assert end is not None
    assert timedelta(days=365) < end - accepted < timedelta(days=3 * 366)
