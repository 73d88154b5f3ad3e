"""The group's accounting calendar: a masters workbook that finance keeps by hand, since no released service of SAP tells it."""

from datetime import date, timedelta
from pathlib import Path

from openpyxl import load_workbook

from connectors.files.masters import SHEETS, write_template
from sandbox.group import COMPANY_CODES
from sandbox.history import END, FIRST_DAY

OPEN_MONTHS = 2
"""So many months before the story's end are still open, as at a month's close."""


def write_calendar(path: Path) -> None:
    """Write the workbook anew; only its sheet of periods is filled."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_template(path)
    book = load_workbook(path)
    sheet = book[SHEETS["periods"][0]]
    months = list(_months())
    for company in COMPANY_CODES:
        for at, (first, last) in enumerate(months, start=1):
            status = "OPEN" if at > len(months) - OPEN_MONTHS else "CLOSED"
            sheet.append([company, f"{first:%Y-%m}", first, last, status])
    book.save(path)


def _months() -> list[tuple[date, date]]:
    """First and last day of every month of the story."""
    months, first = [], FIRST_DAY.replace(day=1)
    while first <= END.date():
        following = (first + timedelta(days=31)).replace(day=1)
        months.append((first, following - timedelta(days=1)))
        first = following
    return months
