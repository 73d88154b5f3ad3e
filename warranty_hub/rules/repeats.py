"""The same defect again: same element (or room), component and defect type, in another ticket within a year.

Source: local rules by which an owner may repair elsewhere at the liable party's cost once the same defect was repaired three
times without success; a place with three tickets in twelve months is one to look at.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from warranty_hub.rules.coverage import add_months

WINDOW_MONTHS = 12
REPEATED = 3
"""From this number on a defect is flagged."""


class Report(NamedTuple):
    """A ticket that tells of the defect, and the day on which it was reported."""

    ticket_no: str
    reported_on: date


def repeat_numbers(reports: Sequence[Report]) -> list[int]:
    """For each report, how many tickets told of the same defect less than the window before it, itself included.

    Tickets of one day count in the order of their numbers. The answers are in the order of the arguments.
    """
    told = sorted(set(reports), key=lambda report: (report.reported_on, report.ticket_no))
    ends = [add_months(report.reported_on, WINDOW_MONTHS) for report in told]
    numbers = {report: at + 1 - bisect_right(ends, report.reported_on) for at, report in enumerate(told)}
    return [numbers[report] for report in reports]
