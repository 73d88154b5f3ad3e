"""Connectors with one defect each: the example's Gongdan as somebody else might have written it."""

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import requests
import urllib3

from connectors.answers import Answer, judge_status
from connectors.contract import Page, Record, Stream, Window
from connectors.http import BasicLogin, HttpSession, base_url
from connectors.options import read_options
from tests.conformance.example.gongdan import PLANS, GongdanOptions, GongdanSource
from warranty_hub.errors import (
    ConfigError,
    LoginError,
    MalformedAnswerError,
    PageOrderError,
    ProtocolError,
    RetryableError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection

logger = logging.getLogger(__name__)
CHUNK = 64 * 1024


def build_source(connection: Connection, options: Mapping[str, Any]) -> "Broken":
    """``defect`` names the class; the other options are Gongdan's."""
    known = {name: value for name, value in options.items() if name != "defect"}
    found: type[Broken] = globals()[options["defect"]]
    return found.build(connection, known)


class Broken(GongdanSource):
    """Whole, until a subclass takes a piece away. ``memory`` lasts from one run to the next, by server."""

    memory: ClassVar[dict[str, Any]] = {}

    @classmethod
    def build(cls, connection: Connection, options: Mapping[str, Any]) -> "Broken":
        made = cls(connection, read_options(GongdanOptions, "gongdan", options))
        made.connection = connection
        return made

    connection: Connection

    def judge_by(self, session: type[HttpSession] = HttpSession, login: type[BasicLogin] = BasicLogin, **http: Any) -> None:
        """Call through another kind of session, or one with other options."""
        options = self._options.http.model_copy(update=http)
        address = base_url(self.connection) + "/api"
        self._http = session(address, options, login=login(self.connection), judge=self.judge)

    def judge(self, answer: Answer) -> None:
        """What a status means."""
        judge_status(answer)

    def stream(self, **changes: Any) -> Mapping[str, Stream]:
        return {PLANS: replace(super().streams()[PLANS], **changes)}

    def rewritten(self, window: Window, change: Any) -> Iterator[Page]:
        for page in super().pages(PLANS, window):
            yield replace(page, records=[changed for record in page.records if (changed := change(dict(record)))])


class Judged(Broken):
    """Defects in how answers are taken."""

    @classmethod
    def build(cls, connection: Connection, options: Mapping[str, Any]) -> "Broken":
        made = super().build(connection, options)
        made.judge_by()
        return made


class _Renewing(BasicLogin):
    def renew(self, refusal: Answer, session: HttpSession) -> bool:
        return refusal.status_code == 401


class Renews(Broken):
    """No defect: it takes a 401 for the end of a session, once."""

    @classmethod
    def build(cls, connection: Connection, options: Mapping[str, Any]) -> "Broken":
        made = super().build(connection, options)
        made.judge_by(login=_Renewing)
        return made


# ---------------------------------------------------------------------------------------------------- configuration
class SaysNothing(Broken):
    def check(self) -> str:
        super().check()
        return ""


class IgnoresUnknownOptions(Broken):
    @classmethod
    def build(cls, connection: Connection, options: Mapping[str, Any]) -> "Broken":
        known = {name: value for name, value in options.items() if name in GongdanOptions.model_fields}
        return super().build(connection, known)


class TakesAWrongLoginForAHiccup(Judged):
    def judge(self, answer: Answer) -> None:
        if answer.status_code == 401:
            raise SystemUnreachableError("not available")
        judge_status(answer)


class CallsAPersonWhenTheSystemRestarts(Broken):
    def check(self) -> str:
        try:
            return super().check()
        except RetryableError:
            raise ConfigError("The system is not there") from None


class LogsThePassword(Broken):
    def check(self) -> str:
        logger.debug("login as %s:%s", self.connection.login, self.connection.password.get_secret_value())
        return super().check()


class TellsThePassword(Broken):
    def check(self) -> str:
        try:
            return super().check()
        except LoginError:
            raise LoginError(f"{self.connection.password.get_secret_value()} is wrong") from None


# ---------------------------------------------------------------------------------------------------- discovery
class InventsStreams(Broken):
    def streams(self) -> Mapping[str, Stream]:
        name = f"plans_{uuid.uuid4()}"
        return {**super().streams(), name: Stream(name, ("id",))}


class DeclaresACursorThatIsNotThere(Broken):
    def streams(self) -> Mapping[str, Stream]:
        return self.stream(cursor="modified")


class LeavesEmptyFieldsOut(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return self.rewritten(window, lambda record: {name: value for name, value in record.items() if value is not None})


# ---------------------------------------------------------------------------------------------------- read
class PagesOverlap(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        last: list[Record] = []
        for page in super().pages(stream, window):
            yield replace(page, records=[*last, *page.records])
            last = [page.records[-1]]


class TakesNothingForAnError(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        pages = list(super().pages(stream, window))
        if window.start is None and not pages:
            raise ProtocolError("there are no plans")
        yield from pages


class KnowsGbkOnly(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return self.rewritten(window, lambda record: {**record, "what": record["what"].encode("gbk", "ignore").decode("gbk")})


class RoundsAmounts(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        def rounded(record: dict[str, Any]) -> dict[str, Any]:
            with suppress(ArithmeticError):
                record["cost"] = str(round(Decimal(record["cost"]), 1))
            return record

        return self.rewritten(window, rounded)


class HasFloats(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return self.rewritten(window, lambda record: {**record, "parts": [{"hours": 1.5}]})


class HasTimesWithoutZone(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return self.rewritten(window, lambda record: {**record, "changed": datetime.fromisoformat(record["changed"])})


class HasAClockWithoutZone(Broken):
    def now(self) -> datetime | None:
        return datetime(2030, 1, 1)  # noqa: DTZ001


# ---------------------------------------------------------------------------------------------------- incremental
class MakesUpValues(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return self.rewritten(window, lambda record: {**record, "ticket": str(uuid.uuid4())})


class ReadsWhatIsNewButNotWhatChanged(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        seen = self.memory.setdefault(self._http.host, {})
        return self.rewritten(
            window, lambda record: record if seen.setdefault(record["id"], record["changed"]) == record["changed"] else None
        )


class LeavesTheEndOfAWindowOut(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return super().pages(stream, replace(window, end=window.end - timedelta(microseconds=1)))


class AlwaysReadsEverything(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return super().pages(stream, replace(window, start=None))


class TakesEveryTimeForLocal(Broken):
    def _local(self, moment: datetime) -> str:
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


class KnowsBetterThanTheLookback(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        start = window.start and min(window.start + self.streams()[stream].lookback, window.end)
        return super().pages(stream, replace(window, start=start))


class PagesByTimeAlone(Broken):
    def _read(self, answer: Answer) -> tuple[list[Record], str]:
        plans, following = super()._read(answer)
        return plans, f"{plans[-1]['changed']} 999999" if following else ""


class PagesByNumber(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        size, first = self._options.page_size, 0
        while records := self._all(window)[first : first + size]:
            yield Page(records, f"from {first}")
            first += size

    def _all(self, window: Window) -> list[Record]:
        return [record for page in super().pages(PLANS, window) for record in page.records]


class ReadsAsManyAsItCounted(PagesByNumber):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        count, size = len(self._all(window)), self._options.page_size
        for first in range(0, count, size):
            if records := self._all(window)[first : min(first + size, count)]:
                yield Page(records, f"from {first}")


class TakesAnEmptyWindowForAnError(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        if window.start == window.end:
            raise ProtocolError("this window is empty")
        return super().pages(stream, window)


# ---------------------------------------------------------------------------------------------------- write
class GoesOnWhereItWasInterrupted(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        delivered = self.memory.pop(self._http.host, 0)
        for number, page in enumerate(super().pages(stream, window)):
            if number >= delivered:
                self.memory[self._http.host] = number + 1
                yield page
        self.memory.pop(self._http.host, None)


class LetsOneReadAtATime(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        if self.memory.get(self._http.host):
            return
        self.memory[self._http.host] = True
        try:
            yield from super().pages(stream, window)
        finally:
            del self.memory[self._http.host]


class ListsTooFewKeys(Broken):
    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        for page in super().keys(stream):
            yield page[:-1]


# ---------------------------------------------------------------------------------------------------- quality
class DropsWhatItDoesNotLike(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        return self.rewritten(window, lambda record: record if record["cost"][0].isdigit() else None)


# ---------------------------------------------------------------------------------------------------- HTTP
class GivesUpWhenAskedToWait(Judged):
    def judge(self, answer: Answer) -> None:
        if answer.headers.get("Retry-After", "").isdigit() and int(answer.headers["Retry-After"]) < 60:
            raise ProtocolError("busy")
        judge_status(answer)


class KnowsNoDates(Judged):
    def judge(self, answer: Answer) -> None:
        float(answer.headers.get("Retry-After", "0"))
        judge_status(answer)


class GivesUpWhenAskedToWaitLong(Judged):
    def judge(self, answer: Answer) -> None:
        if answer.headers.get("Retry-After", "").isdigit() and int(answer.headers["Retry-After"]) > 60:
            raise ProtocolError("closed for today")
        judge_status(answer)


class GivesUpAt500(Judged):
    def judge(self, answer: Answer) -> None:
        if answer.status_code == 500:
            raise ProtocolError("broken")
        judge_status(answer)


class GivesUpAt503(Judged):
    def judge(self, answer: Answer) -> None:
        if answer.status_code == 503:
            raise ProtocolError("broken")
        judge_status(answer)


class WaitsForEver(Broken):
    @classmethod
    def build(cls, connection: Connection, options: Mapping[str, Any]) -> "Broken":
        made = super().build(connection, options)
        made.judge_by(read_timeout=60)
        return made


class _CountsNoBytes(HttpSession):
    def _read(self, response: requests.Response, deadline: float) -> bytes:
        content = bytearray()
        with suppress(urllib3.exceptions.HTTPError):
            while chunk := response.raw.read1(CHUNK, decode_content=True):
                content += chunk
        return bytes(content)


class CountsNoBytes(Broken):
    @classmethod
    def build(cls, connection: Connection, options: Mapping[str, Any]) -> "Broken":
        made = super().build(connection, options)
        made.judge_by(_CountsNoBytes)
        return made


class _Unpacks(HttpSession):
    def _read(self, response: requests.Response, deadline: float) -> bytes:
        content: bytes = response.raw.read(decode_content=False)
        return content


class DoesNotUnpack(Broken):
    @classmethod
    def build(cls, connection: Connection, options: Mapping[str, Any]) -> "Broken":
        made = super().build(connection, options)
        made.judge_by(_Unpacks)
        return made


class TakesAPageForPeopleForTheEnd(Broken):
    def _read(self, answer: Answer) -> tuple[list[Record], str]:
        return ([], "") if answer.media_type == "text/html" else super()._read(answer)


class TakesHalfAnAnswerForTheEnd(Broken):
    def _read(self, answer: Answer) -> tuple[list[Record], str]:
        try:
            return super()._read(answer)
        except MalformedAnswerError:
            if answer.media_type == "text/html" or not answer.content:
                raise
            return [], ""


class TakesNothingForTheEnd(Broken):
    def _read(self, answer: Answer) -> tuple[list[Record], str]:
        return super()._read(answer) if answer.content else ([], "")


class TakesARefusalForTheEnd(Broken):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        with suppress(LoginError):
            yield from super().pages(stream, window)


class Unordered(Broken):
    """In an ordered stream the pipeline would notice a page that comes again."""

    def streams(self) -> Mapping[str, Stream]:
        return self.stream(ordered=False)


class TakesARepeatedPageForTheEnd(Unordered):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        with suppress(PageOrderError):
            yield from super().pages(stream, window)


class NeverLooksWhereItIs(Unordered):
    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        query = {"limit": str(self._options.page_size), "until": self._local(window.end)}
        mark: str | None = ""
        while mark is not None:
            plans, following = self._read(self._http.get("plans", {**query, "after": mark}))
            yield Page(plans, mark)
            mark = following or None
