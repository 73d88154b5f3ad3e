"""Reads lists of a REST API in pages.

Where pages are numbered, records that go meanwhile move others up into pages already read. Then the page before is read again,
and the one before that, until one holds nothing new: none is passed over. A page that comes twice stops the run.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import requests

from connectors.answers import Answer, judge_status
from connectors.contract import Page, Record, Stream, Window
from connectors.http import HttpSession, base_url
from connectors.options import read_options
from connectors.tickets.rest.login import ClientCredentials, build_login, judge_body
from connectors.tickets.rest.options import (
    LinkedPages,
    NumberedPages,
    OffsetPages,
    Paging,
    RestOptions,
    RestStream,
    SinglePage,
    TokenPages,
    at,
)
from warranty_hub.errors import ConfigError, PageOrderError
from warranty_hub.settings import Connection


def build_source(connection: Connection, options: Mapping[str, Any]) -> "RestSource":
    """Raises ConfigError."""
    return RestSource(connection, read_options(RestOptions, "rest_tickets", options))


class RestSource:
    """A Source (connectors.contract) over one API. Records are its JSON objects, numbers with a point as Decimal."""

    def __init__(self, connection: Connection, options: RestOptions) -> None:
        self._options = options
        self._login = build_login(options.login, options.error_when, connection)
        self._http = HttpSession(
            base_url(connection), options.http, login=self._login, judge=self._judge, headers=options.headers
        )

    def streams(self) -> Mapping[str, Stream]:
        """As declared in hub.yaml."""
        return {
            name: Stream(
                name,
                stream.key,
                stream.cursor if stream.changed else None,
                ordered=stream.ordered and bool(stream.cursor and stream.changed),
                sweepable=stream.sweepable,
            )
            for name, stream in self._options.streams.items()
        }

    def check(self) -> str:
        """Read the first page of every stream."""
        found = []
        for name, stream in self._options.streams.items():
            records = _records_of(stream, self._get(_relative(stream.path), {**stream.query, **_first_page(stream.paging)}))
            found.append(f"{name}: {len(records)} on the first page")
        return f"{self._http.host}: {', '.join(found)}"

    def now(self) -> datetime | None:
        """No common word for a clock among APIs."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """The records that changed in the window, or all where the API cannot be asked for it."""
        declared = self._options.streams[stream]
        query = {**declared.query, **_window_query(declared, window, self._options.zone)}
        reading = _Reading(declared, f"{stream} at {self._http.host}")
        if isinstance(declared.paging, NumberedPages | OffsetPages):
            yield from self._numbered(declared, declared.paging, query, reading)
        else:
            yield from self._followed(declared, query, reading)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Every key, as our source id: its parts joined with "/"."""
        declared = self._options.streams[stream]
        if not declared.sweepable:
            raise ConfigError(f"{stream} cannot be swept: hub.yaml does not say that its list holds every record")
        everything = Window(None, datetime.max.replace(tzinfo=UTC))
        return ([_source_id(declared, record) for record in page.records] for page in self.pages(stream, everything))

    def _numbered(
        self, stream: RestStream, paging: NumberedPages | OffsetPages, query: Mapping[str, str], reading: "_Reading"
    ) -> Iterator[Page]:
        """Page by page until one is empty, or the last by the declared total."""
        by_number = isinstance(paging, NumberedPages)
        first = place = paging.first if isinstance(paging, NumberedPages) else 0
        width = 0
        while True:
            answer = self._get(_relative(stream.path), {**query, **_numbered_page(paging, place)})
            records = _records_of(stream, answer)
            total, shrunk = reading.note_total(answer)
            width = width or len(records)
            if records:
                reading.note(records, f"page {place}")
                yield Page(records, f"page {place}" if by_number else f"offset {place}")
            if place > first and (total is None or shrunk):
                yield from self._moved_up(stream, paging, query, reading, place, width)
            before = (place - first) * width if by_number else place
            if not records or (total is not None and before + len(records) >= total):
                reading.finish()
                return
            place += 1 if by_number else len(records)

    def _moved_up(
        self,
        stream: RestStream,
        paging: NumberedPages | OffsetPages,
        query: Mapping[str, str],
        reading: "_Reading",
        place: int,
        width: int,
    ) -> Iterator[Page]:
        """What moved up into pages already read: back, page by page, until one holds nothing new."""
        step, first = (1, paging.first) if isinstance(paging, NumberedPages) else (width, 0)
        while place > first:
            place = max(place - step, first)
            missed = reading.unseen(
                _records_of(stream, self._get(_relative(stream.path), {**query, **_numbered_page(paging, place)}))
            )
            if not missed:
                return
            yield Page(missed, f"page {place}, once more")

    def _followed(self, stream: RestStream, query: Mapping[str, str], reading: "_Reading") -> Iterator[Page]:
        """Where each answer tells the next page, or there is one only."""
        target, asked = _relative(stream.path), {**query, **_first_page(stream.paging)}
        number, followed = 0, set[str]()
        while True:
            answer = self._get(target, asked)
            number += 1
            records = _records_of(stream, answer)
            reading.note_total(answer)
            if records:
                reading.note(records, f"page {number}")
                yield Page(records, f"page {number}")
            following = _next_of(stream.paging, answer)
            if not following:
                reading.finish()
                return
            if following in followed:
                raise PageOrderError(f"{reading.name} leads from page {number} back to one already read")
            followed.add(following)
            if isinstance(stream.paging, TokenPages):
                asked = {**asked, stream.paging.token: following}
            else:
                target, asked = urljoin(target, following), {}  # the address holds the whole query

    def _get(self, target: str, query: Mapping[str, str]) -> Answer:
        request = self._http.request("GET", target, params=query)

        def attempt() -> Answer:
            if isinstance(self._login, ClientCredentials):
                self._login.prepare(self._http)
            return self._http.exchange(request)

        return self._http.repeat(attempt)

    def _judge(self, answer: Answer) -> None:
        judge_status(answer)
        if self._options.error_when:
            judge_body(self._options.error_when, answer)


class _Reading:
    """What one reading of a list has seen so far: a number for each page, and keys only where something asks for them."""

    def __init__(self, stream: RestStream, name: str) -> None:
        self.name = name
        self._stream = stream
        self._keeps_keys = stream.total is not None or isinstance(stream.paging, NumberedPages | OffsetPages)
        self._seen: set[str] = set()
        self._contents: set[int] = set()
        self._totals: list[int] = []

    def note(self, records: Sequence[Record], place: str) -> None:
        """Raises PageOrderError when a page repeats an earlier one."""
        ids = tuple(_source_id(self._stream, record) for record in records)
        content = hash(ids)
        if content in self._contents:
            raise PageOrderError(f"{self.name} repeats an earlier page at {place}")
        self._contents.add(content)
        if self._keeps_keys:
            self._seen.update(ids)

    def unseen(self, records: Sequence[Record]) -> list[Record]:
        """Those not seen yet, which are from now on."""
        new = [record for record in records if _source_id(self._stream, record) not in self._seen]
        self._seen.update(_source_id(self._stream, record) for record in new)
        return new

    def note_total(self, answer: Answer) -> tuple[int | None, bool]:
        """The declared total, and whether it became smaller since the last answer."""
        if self._stream.total is None:
            return None, False
        value = at(answer.json(), self._stream.total)
        if not str(value).isdecimal():
            answer.malformed(f"has no number at {self._stream.total}")
        self._totals.append(int(value))
        return self._totals[-1], self._totals[-1] < self._totals[max(len(self._totals) - 2, 0)]

    def finish(self) -> None:
        """Raises PageOrderError when the list ended before its total was reached; what came meanwhile may be missing."""
        if len(self._seen) < (least := min(self._totals, default=0)):
            raise PageOrderError(
                f"{self.name} gave {len(self._seen)} different records of {least}",
                remedy="Correct `paging` and `key` in hub.yaml; if they are right, run again.",
            )


def _records_of(stream: RestStream, answer: Answer) -> list[Record]:
    body = answer.json()
    found = at(body, stream.records)
    if found is None and stream.total and str(at(body, stream.total)) == "0":
        return []
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        answer.malformed(f"has no list of records at {stream.records or 'its top'}")
    return found


def _relative(path: str) -> str:
    """A path below the connection's address, whatever that holds itself."""
    return path.lstrip("/")


def _source_id(stream: RestStream, record: Record) -> str:
    return "/".join(str(at(record, part)) for part in stream.key)


def _first_page(paging: Paging) -> dict[str, str]:
    if isinstance(paging, SinglePage):
        return {}
    if isinstance(paging, NumberedPages):
        return _numbered_page(paging, paging.first)
    if isinstance(paging, OffsetPages):
        return _numbered_page(paging, 0)
    return {paging.size: str(paging.per_page)} if paging.size else {}


def _numbered_page(paging: NumberedPages | OffsetPages, place: int) -> dict[str, str]:
    name = paging.page if isinstance(paging, NumberedPages) else paging.offset
    return {name: str(place)} | ({paging.size: str(paging.per_page)} if paging.size else {})


def _next_of(paging: Paging, answer: Answer) -> str:
    if isinstance(paging, TokenPages):
        return str(at(answer.json(), paging.next) or "")
    if isinstance(paging, LinkedPages):
        return str(at(answer.json(), paging.next) or "") if paging.next else _link_header(answer)
    return ""


def _link_header(answer: Answer) -> str:
    """The address with ``rel="next"`` (RFC 8288)."""
    links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
    return next((link["url"] for link in links if link.get("rel") == "next"), "")


def _window_query(stream: RestStream, window: Window, zone: str) -> dict[str, str]:
    """The window in the API's words; the first one is everything, and asks for no times."""
    changed = stream.changed
    if changed is None or window.start is None:
        return {}
    own = ZoneInfo(changed.zone or zone)
    query = {changed.since: _written(window.start, changed.form, own)}
    if changed.until:
        query[changed.until] = _written(window.end, changed.form, own)
    return query


def _written(moment: datetime, form: str, zone: ZoneInfo) -> str:
    if form == "epoch":
        return str(math.floor(moment.timestamp()))
    if form == "epoch_ms":
        return str(math.floor(moment.timestamp() * 1000))
    local = moment.astimezone(zone).replace(microsecond=0)
    return local.isoformat() if form == "iso" else local.strftime(form)
