"""Each check of the suites fails for the defect it is there for, and for no other reason: the rest of its suite passes."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from _pytest.outcomes import Failed
from sqlalchemy import Engine

from tests.conformance.example.test_gongdan import GongdanForTests, GongdanServer
from tests.testing import broken
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.source_suite import SourceSuite
from warranty_hub.testing.suite import Suite
from warranty_hub.testing.trial import Trial


class Case(NamedTuple):
    """A defect, the check it is there to fail, and what else cannot pass with it."""

    defect: type[broken.Broken]
    check: str
    others: tuple[str, ...] = ()


SOURCE = (
    Case(broken.SaysNothing, "test_check_says_in_a_line_what_answered"),
    Case(broken.IgnoresUnknownOptions, "test_an_unknown_option_is_named"),
    Case(broken.TakesAWrongLoginForAHiccup, "test_a_wrong_login_is_told_and_not_insisted_on"),
    Case(broken.CallsAPersonWhenTheSystemRestarts, "test_an_absent_system_is_worth_another_try"),
    Case(broken.LogsThePassword, "test_the_password_is_written_nowhere"),
    Case(broken.TellsThePassword, "test_the_password_is_written_nowhere"),
    Case(broken.InventsStreams, "test_streams_are_the_same_each_time_and_have_names_and_keys"),
    Case(broken.DeclaresACursorThatIsNotThere, "test_key_and_cursor_stand_in_every_record"),
    Case(broken.LeavesEmptyFieldsOut, "test_records_have_every_field_that_the_map_reads"),
    Case(broken.PagesOverlap, "test_every_record_arrives_once"),
    Case(broken.TakesNothingForAnError, "test_an_empty_system_is_no_error"),
    Case(broken.KnowsGbkOnly, "test_texts_arrive_as_they_were_written"),
    Case(broken.RoundsAmounts, "test_amounts_arrive_to_the_cent", ("test_new_and_changed_records_arrive_with_the_next_run",)),
    Case(broken.HasFloats, "test_no_value_is_a_float_or_a_time_without_zone"),
    Case(broken.HasTimesWithoutZone, "test_no_value_is_a_float_or_a_time_without_zone"),
    Case(broken.MakesUpValues, "test_a_second_run_writes_nothing"),
    Case(
        broken.ReadsWhatIsNewButNotWhatChanged,
        "test_new_and_changed_records_arrive_with_the_next_run",
        ("test_a_bad_record_waits_in_quarantine_until_it_is_corrected",),
    ),
    Case(broken.LeavesTheEndOfAWindowOut, "test_a_window_holds_its_ends_and_what_is_between"),
    Case(broken.AlwaysReadsEverything, "test_a_window_holds_its_ends_and_what_is_between"),
    Case(broken.TakesEveryTimeForLocal, "test_a_window_is_the_same_in_every_zone"),
    Case(
        broken.KnowsBetterThanTheLookback,
        "test_a_record_told_late_is_not_lost",
        ("test_a_second_run_writes_nothing", "test_a_window_holds_its_ends_and_what_is_between"),
    ),
    Case(broken.PagesByTimeAlone, "test_records_of_the_same_instant_are_not_lost_between_pages"),
    Case(
        broken.ReadsAsManyAsItCounted,
        "test_records_that_come_between_pages_hide_no_others",
        ("test_records_that_go_between_pages_hide_no_others",),
    ),
    Case(broken.PagesByNumber, "test_records_that_go_between_pages_hide_no_others"),
    Case(broken.TakesAnEmptyWindowForAnError, "test_a_clock_set_back_rewinds_nothing"),
    Case(
        broken.GoesOnWhereItWasInterrupted,
        "test_a_run_killed_after_any_page_is_made_good_by_the_next",
        ("test_of_two_runs_at_once_one_wins",),
    ),
    Case(broken.LetsOneReadAtATime, "test_of_two_runs_at_once_one_wins"),
    Case(broken.ListsTooFewKeys, "test_deletions_are_found"),
    Case(broken.DropsWhatItDoesNotLike, "test_a_bad_record_waits_in_quarantine_until_it_is_corrected"),
)
HTTP = (
    Case(broken.GivesUpWhenAskedToWait, "test_http_429_with_seconds"),
    Case(broken.KnowsNoDates, "test_http_429_with_a_date"),
    Case(broken.GivesUpWhenAskedToWaitLong, "test_http_429_with_an_absurd_wait"),
    Case(broken.GivesUpAt500, "test_http_500"),
    Case(broken.GivesUpAt503, "test_http_503"),
    Case(broken.WaitsForEver, "test_http_silence"),
    Case(broken.CountsNoBytes, "test_http_answer_cut_in_the_middle"),
    Case(broken.DoesNotUnpack, "test_http_compressed_answer"),
    Case(broken.TakesAPageForPeopleForTheEnd, "test_http_login_page_instead_of_data"),
    Case(broken.TakesHalfAnAnswerForTheEnd, "test_http_truncated_answer"),
    Case(broken.TakesNothingForTheEnd, "test_http_empty_answer"),
    Case(broken.TakesARefusalForTheEnd, "test_http_refused_in_the_middle"),
    Case(broken.TakesARepeatedPageForTheEnd, "test_http_repeated_page"),
    Case(broken.NeverLooksWhereItIs, "test_http_the_same_page_for_ever"),
)
NEEDS_A_SESSION = "test_http_expired_session"


def checks(suite: type[Suite], but: type = Suite) -> dict[str, Callable[[Any, Trial], None]]:
    """The checks that a suite has beside those of another."""
    return {
        name: check
        for name, check in inspect.getmembers(suite, inspect.isfunction)
        if name.startswith("test_") and not hasattr(but, name)
    }


def failing(engine: Engine, defect: str, suite: Mapping[str, Callable[[Any, Trial], None]]) -> set[str]:
    """Names of the checks that a Gongdan with this defect does not pass."""
    return {name for name, check in suite.items() if not passes(engine, defect, check)}


def passes(engine: Engine, defect: str, check: Callable[[Any, Trial], None]) -> bool:
    broken.Broken.memory.clear()  # another server may have had this one's port
    with GongdanServer() as server:
        system = GongdanForTests(server)
        system.connector = "tests.testing.broken:build_source"  # type: ignore[misc]
        system.options = {**system.options, "defect": defect}
        try:
            check(None, Trial(engine, system))
        except (Exception, Failed):  # an error that the check did not expect fails it as well, as in pytest
            return False
    return True


@pytest.mark.parametrize("case", SOURCE, ids=lambda case: case.defect.__name__)
def test_a_defect_passes_the_suite_of_sources(shared_warehouse: Engine, case: Case) -> None:
    assert failing(shared_warehouse, case.defect.__name__, checks(SourceSuite)) == {case.check, *case.others}


def test_a_clock_without_zone_passes(shared_warehouse: Engine) -> None:
    """No run survives it: apart from the others."""
    assert not passes(
        shared_warehouse, broken.HasAClockWithoutZone.__name__, SourceSuite.test_the_clock_of_the_source_has_a_zone
    )


def test_a_login_that_is_never_renewed_passes(shared_warehouse: Engine) -> None:
    """The example itself has no session to renew."""
    assert not passes(shared_warehouse, broken.Broken.__name__, HttpSourceSuite.test_http_expired_session)


def test_a_login_that_is_renewed_does_not_pass(shared_warehouse: Engine) -> None:
    assert failing(shared_warehouse, broken.Renews.__name__, checks(HttpSourceSuite)) == set()


def test_a_check_has_no_defect_that_fails_it() -> None:
    proven = {case.check for case in (*SOURCE, *HTTP)}
    apart = {"test_the_clock_of_the_source_has_a_zone", NEEDS_A_SESSION}
    assert proven | apart == checks(HttpSourceSuite).keys()


@pytest.mark.parametrize(
    ("bypass", "problem"),
    [({"test_misspelt": "this system has nothing of the kind"}, "no check"), ({"test_http_500": "no"}, "without a reason")],
)
def test_a_gap_is_not_seen(bypass: Mapping[str, str], problem: str) -> None:
    suite = type("Gappy", (HttpSourceSuite,), {"bypass": bypass})()
    with pytest.raises(AssertionError, match=problem):
        suite.test_every_bypass_has_a_check_and_a_reason()


@pytest.mark.parametrize("case", HTTP, ids=lambda case: case.defect.__name__)
def test_a_defect_passes_the_suite_of_http(shared_warehouse: Engine, case: Case) -> None:
    suite = checks(HttpSourceSuite, but=SourceSuite)
    del suite[NEEDS_A_SESSION]
    assert failing(shared_warehouse, case.defect.__name__, suite) == {case.check, *case.others}
