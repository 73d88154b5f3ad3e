"""What Kingdee's accounts moved, period by period: its report 科目余额表 (GL_RPT_AccountBalance), as GetSysReportData gives it.

Names of the report's fields and filters, and the form of its answer, are those of several public clients.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from connectors.answers import Answer
from connectors.contract import Page, Record, Stream
from connectors.erp.kingdee.api import KingdeeApi
from connectors.options import Options
from warranty_hub.errors import ProtocolError

REPORT = "GL_RPT_AccountBalance"
ROWS = 10_000
FIELDS = ("FBALANCEID", "FBALANCENAME", "FDEBITLOCAL", "FCREDITLOCAL")
BOOK, YEAR, PERIOD, ACCOUNT = "FACCTBOOKID", "FACCTYEAR", "FACCTPERIOD", FIELDS[0]
BALANCES = Stream("balances", (BOOK, YEAR, PERIOD, ACCOUNT), sweepable=True, uniform=True)
SUMS = ("合计", "小计", "总计")
ALL_CURRENCIES, DEEPEST_LEVEL = "0", "10"


class Balances(Options):
    """Which balances are read."""

    account_books: tuple[str, ...] = Field(min_length=1, description="Account books (账簿), by number")
    since: str = Field(
        pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="First period, 2025-01; every later one is read each time"
    )


class BalanceReport:
    """The report of one data centre."""

    def __init__(self, api: KingdeeApi, balances: Balances) -> None:
        self._api = api
        self._balances = balances

    def pages(self, until: str) -> Iterator[Page]:
        """One a book and period that moved, up to this month (2025-06): a record for each account that vouchers are posted to.

        Errors: ProtocolError when Kingdee gives no report.
        """
        for book in self._balances.account_books:
            for year, period in _periods(self._balances.since, until):
                rows = self._rows(book, year, period)
                if records := [{BOOK: book, YEAR: year, PERIOD: period, **row} for row in _postable(rows)]:
                    yield Page(records, f"{book}, {year}-{period:02d}")

    def keys(self, until: str) -> Iterator[Sequence[str]]:
        """The source ids of all of them."""
        for page in self.pages(until):
            yield ["/".join(str(record[part]) for part in BALANCES.key) for record in page.records]

    def _rows(self, book: str, year: int, period: int) -> list[Record]:
        rows: list[Record] = []
        while True:
            answer = self._api.report(REPORT, _question(book, year, period, len(rows)))
            found, count = _read(answer)
            rows += found
            if not found or len(rows) >= count:
                return rows


def _periods(first: str, last: str) -> Iterator[tuple[int, int]]:
    """Year and month from the one to the other."""
    start, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    for number in range(start, end + 1):
        yield number // 12, number % 12 + 1


def _question(book: str, year: int, period: int, start: int) -> dict[str, Any]:
    """Posted vouchers only, all currencies in the book's own, accounts without their dimensions, those that moved."""
    return {
        "FieldKeys": ",".join(FIELDS),
        "SchemeId": "",
        "StartRow": start,
        "Limit": ROWS,
        "IsVerifyBaseDataField": "true",
        "FilterString": [],
        "Model": {
            "FACCTBOOKID": {"FNumber": book},
            "FCURRENCY": ALL_CURRENCIES,
            "FSTARTYEAR": str(year),
            "FSTARTPERIOD": str(period),
            "FENDYEAR": str(year),
            "FENDPERIOD": str(period),
            "FBALANCELEVEL": DEEPEST_LEVEL,
            "FSHOWDETAIL": False,
            "FNOTPOSTVOUCHER": False,
            "FPERIODNOBALANCE": True,
        },
    }


def _read(answer: Answer) -> tuple[list[Record], int]:
    """Rows, and how many there are in all, of ``{"Result": {"IsSuccess", "Message", "RowCount", "Rows": [[…]]}}``."""
    body = answer.json()
    result = body.get("Result") if isinstance(body, dict) else None
    if not isinstance(result, dict):
        answer.malformed("holds no report")
    if result.get("IsSuccess") is not True:
        raise ProtocolError(
            f"{answer.call} gave no report: {result.get('Message') or 'no reason given'}",
            remedy="Correct `balances` in hub.yaml, and give this user the right to the report 科目余额表.",
        )
    rows = result.get("Rows") or []
    if not all(isinstance(row, list) and len(row) >= len(FIELDS) for row in rows):
        answer.malformed(f"holds a row that has not the {len(FIELDS)} fields asked for")
    return [_named(row) for row in rows], int(result.get("RowCount") or 0)


def _named(row: Sequence[Any]) -> Record:
    """By field; the report leaves blank what is zero."""
    account, name, *sides = row[: len(FIELDS)]
    return dict(zip(FIELDS, (str(account or "").strip(), name, *(side or "0" for side in sides)), strict=True))


def _postable(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without sums: those of the report, and accounts above others (6602 above 6602.01), to which nothing can be posted."""
    accounts = [row[ACCOUNT] for row in rows if row[ACCOUNT] not in ("", *SUMS)]
    above = {account[:place] for account in accounts for place, sign in enumerate(account) if sign == "."}
    return [row for row in rows if row[ACCOUNT] in accounts and row[ACCOUNT] not in above]
