"""A defect that comes back is noticed, however the reports arrive; one of another year is not the same again."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.rules.repeats import Report, repeat_numbers


def _days(*days: date) -> list[Report]:
    return [Report(f"WX{number}", day) for number, day in enumerate(days)]


def test_the_third_time_is_not_noticed_or_a_year_later_still_is() -> None:
    assert repeat_numbers(_days(date(2024, 3, 1), date(2024, 9, 1), date(2025, 2, 28))) == [1, 2, 3]
    assert repeat_numbers(_days(date(2024, 3, 1), date(2024, 9, 1), date(2025, 3, 1))) == [1, 2, 2]


def test_the_leap_day_is_not_a_year_before_the_last_of_february() -> None:
    assert repeat_numbers(_days(date(2024, 2, 29), date(2025, 2, 27), date(2025, 2, 28))) == [1, 2, 2]


def test_two_defects_of_one_ticket_are_two_reports() -> None:
    one = Report("WX1", date(2025, 1, 1))
    assert repeat_numbers([one, one, Report("WX2", date(2025, 2, 1))]) == [1, 1, 2]


@given(st.lists(st.dates(date(2024, 1, 1), date(2026, 12, 31)), max_size=20), st.randoms())
def test_a_late_report_is_numbered_otherwise_than_one_in_time(days: list[date], random: object) -> None:
    reports = _days(*days)
    numbers = dict(zip(reports, repeat_numbers(reports), strict=True))
    random.shuffle(reports)  # type: ignore[attr-defined]
    assert dict(zip(reports, repeat_numbers(reports), strict=True)) == numbers
