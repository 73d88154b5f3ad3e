"""What is read from Kingdee: lines of vouchers and other bills, and suppliers.

A query gives rows, one a line of a bill, in the order and from the row that it is asked for. People work meanwhile, so counting
rows through a long list would lose some: lines are read in order of their change, and a page begins at the change time where
the one before ended. Only within one moment, that of a mass import, rows are counted, with one row of overlap.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from connectors.contract import Page, Record, Stream, Window
from connectors.erp.kingdee.api import KingdeeApi
from connectors.erp.kingdee.balances import BALANCES, BalanceReport, Balances
from connectors.erp.kingdee.bills import STREAMS, Bills
from connectors.erp.kingdee.login import KingdeeOptions
from connectors.erp.kingdee.wire import bill_query, read_rows
from connectors.options import read_options
from warranty_hub.errors import BusinessError, ConfigError, MalformedAnswerError, PageOrderError, ProtocolError, RetryableError
from warranty_hub.settings import Connection, ZoneName

OLD_LIMIT = 2000  # rows of a page in older versions, whatever they are asked for
FORM = "FormId"
Row = dict[str, Any]
Mark = tuple[Any, ...]
"""A row's time and key."""


class KingdeeSourceOptions(KingdeeOptions):
    """The options of a source of system ``kingdee``."""

    zone: ZoneName
    query: Literal["ExecuteBillQuery", "BillQuery"] = Field(
        "ExecuteBillQuery", description="Service to ask; BillQuery came in September 2023"
    )
    page_size: int = Field(OLD_LIMIT, ge=2, le=10_000, description="Rows of a page; older versions give 2000 at most")
    streams: dict[str, Bills] = Field(STREAMS, description="What to read; for a name known here, only what differs")
    balances: Balances | None = Field(None, description="Which account books' balances to read, as one more stream")

    @field_validator("streams", mode="before")
    @classmethod
    def _fill_in(cls, streams: object) -> object:
        if not isinstance(streams, dict):
            return streams
        known = {name: bills.model_dump() for name, bills in STREAMS.items()}
        return {name: {**known.get(name, {}), **(given or {})} for name, given in streams.items()}


def build_source(connection: Connection, options: Mapping[str, Any]) -> "KingdeeSource":
    """Raises ConfigError."""
    return KingdeeSource(connection, read_options(KingdeeSourceOptions, "kingdee", options))


class KingdeeSource:
    """A Source (connectors.contract) with a stream for each kind of bill in its options.

    A record is one line with its bill's head: FormId and the fields asked for, ``FSupplierId.FNumber`` as
    ``{"FSupplierId": {"FNumber": …}}``; amounts as int or Decimal, times as local text ``2026-11-01T09:30:00``.
    """

    def __init__(self, connection: Connection, options: KingdeeSourceOptions) -> None:
        self._options = options
        self._zone = ZoneInfo(options.zone)
        self._api = KingdeeApi(connection, options)
        self._report = BalanceReport(self._api, options.balances) if options.balances else None

    def streams(self) -> Mapping[str, Stream]:
        """One for each kind of bill; a line's change time is its bill's, and tells nothing of a line that was removed."""
        bills = {
            name: Stream(name, (FORM, *bills.key), bills.changed[0], sweepable=True, uniform=True)
            for name, bills in self._options.streams.items()
        }
        return {**bills, BALANCES.name: BALANCES} if self._report else bills

    def check(self) -> str:
        """Read one line of every stream, which shows whether this data centre has all the fields."""
        empty = []
        for name, bills in self._options.streams.items():
            try:
                found = self._ask(bills, bills.columns, _conditions(bills), bills.key, 0, 1)
            except MalformedAnswerError:
                raise
            except (BusinessError, ProtocolError) as error:
                raise ConfigError(
                    f"{bills.form} cannot be read: {error.message}",
                    remedy=f"Correct options.streams.{name} in hub.yaml; Kingdee's QueryBusinessInfo lists the form's fields.",
                ) from None
            empty += [] if found else [name]
        if self._report:
            next(self._report.pages(self._month(datetime.now(self._zone))), None)
        nothing = f", nothing yet in {', '.join(empty)}" if empty else ""
        return f"Kingdee at {self._api.host}: {', '.join(self._options.streams)} can be read{nothing}"

    def now(self) -> datetime | None:
        """Kingdee does not tell."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """The lines of bills that were changed in the window, then of those that were only audited in it."""
        if self._report and stream == BALANCES.name:
            yield from self._report.pages(self._month(window.end))
            return
        bills = self._options.streams[stream]
        for number, (reached, rows) in enumerate(self._changes(bills, window), start=1):
            yield Page([{FORM: bills.form, **_nested(row)} for row in rows], f"page {number}, to {reached}")

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """The source id of every line that the stream would show."""
        if self._report and stream == BALANCES.name:
            yield from self._report.keys(self._month(datetime.now(self._zone)))
            return
        bills = self._options.streams[stream]
        for _, rows in self._walk(bills, bills.changed[0], (bills.changed[0], *bills.key), _conditions(bills)):
            yield ["/".join((bills.form, *(str(row[part]) for part in bills.key))) for row in rows]

    def _month(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m}"

    def _changes(self, bills: Bills, window: Window) -> Iterator[tuple[str, list[Row]]]:
        conditions = _conditions(bills)
        if window.start is None:
            yield from self._walk(bills, bills.changed[0], bills.columns, conditions)
            return
        start, end = (f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}" for moment in (window.start, window.end))
        for changed in bills.changed:
            yield from self._walk(bills, changed, bills.columns, [*conditions, f"{changed}<='{end}'"], start)
            conditions.append(f"{changed}<'{start}' or {changed} is null")  # the others were read just now

    def _walk(
        self, bills: Bills, changed: str, columns: Sequence[str], conditions: Sequence[str], since: str = ""
    ) -> Iterator[tuple[str, list[Row]]]:
        """Rows in order of a time, from ``since`` on, each once; with each page the time that it reaches."""
        skip, before = 0, list[Mark]()
        while True:
            lower = [f"{changed}>='{since}'"] if since else []
            order = (changed, *bills.key)
            rows = self._ask(bills, columns, [*conditions, *lower], order, skip, self._options.page_size)
            marks = [(_moment(row[changed]), *(row[part] for part in bills.key)) for row in rows]
            moments = [mark[0] for mark in marks]
            if moments != sorted(moments) or (moments and moments[0] < since):
                raise PageOrderError(
                    f"{bills.form} at {self._api.host}: rows are not in order of {changed}, or came a second time"
                )
            if skip and marks[:1] != before[-1:]:
                raise RetryableError(f"{bills.form} at {self._api.host}: rows of {since} moved while they were read")
            known = set(before)
            if new := [row for row, mark in zip(rows, marks, strict=True) if mark not in known]:
                yield moments[-1], new
            if len(rows) not in (self._options.page_size, OLD_LIMIT):
                return
            since, skip = (since, skip + len(rows) - 1) if moments[-1] == since else (moments[-1], 0)
            before = marks

    def _ask(
        self, bills: Bills, columns: Sequence[str], conditions: Sequence[str], order: Sequence[str], skip: int, limit: int
    ) -> list[Row]:
        question = bill_query(bills.form, columns, " and ".join(f"({part})" for part in conditions), order, skip, limit)
        return read_rows(self._api.query(self._options.query, question), columns)


def _conditions(bills: Bills) -> list[str]:
    audited = ["FDocumentStatus='C'"] if bills.audited_only else []
    return [*audited, *([bills.filter] if bills.filter else [])]


def _moment(value: object) -> str:
    """A time as a filter takes it; none sorts first, as in Kingdee's database."""
    return str(value).replace("T", " ") if value else ""


def _nested(row: Mapping[str, Any]) -> Record:
    record: dict[str, Any] = {}
    for path, value in row.items():
        *above, name = path.split(".")
        place = record
        for part in above:
            place = place.setdefault(part, {})
        place[name] = value
    return record
