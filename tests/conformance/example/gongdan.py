"""Gongdan (工单通): repair plans of a contractor who keeps them in a system of his own, with a small JSON interface."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from connectors.answers import Answer
from connectors.contract import Page, Record, Stream, Window
from connectors.http import BasicLogin, HttpOptions, HttpSession, base_url
from connectors.options import Options, read_options
from warranty_hub.errors import PageOrderError
from warranty_hub.settings import Connection, ZoneName

PLANS = "plans"


class GongdanOptions(Options):
    """The options of a source of this system."""

    zone: ZoneName
    page_size: int = Field(200, ge=1, description="Plans per call")
    http: HttpOptions = HttpOptions()


def build_source(connection: Connection, options: Mapping[str, Any]) -> "GongdanSource":
    """Raises ConfigError."""
    return GongdanSource(connection, read_options(GongdanOptions, "gongdan", options))


class GongdanSource:
    """A Source (connectors.contract): plans in the order of their change, found again by a mark behind the last one read."""

    def __init__(self, connection: Connection, options: GongdanOptions) -> None:
        self._options = options
        self._zone = ZoneInfo(options.zone)
        self._http = HttpSession(base_url(connection) + "/api", options.http, login=BasicLogin(connection))

    def streams(self) -> Mapping[str, Stream]:
        """``plans``; every id can be listed, so deletions can be found."""
        return {PLANS: Stream(PLANS, ("id",), "changed", ordered=True, sweepable=True)}

    def check(self) -> str:
        """Read one plan."""
        plans, _ = self._read(self._http.get("plans", {"limit": "1"}))
        return f"Gongdan at {self._http.host}: " + ("plans can be read" if plans else "there is no plan yet")

    def now(self) -> datetime | None:
        """It tells no clock."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """The plans that changed in the window, both ends included."""
        query = {"limit": str(self._options.page_size), "until": self._local(window.end)}
        if window.start is not None:
            query["since"] = self._local(window.start)
        mark = ""
        while True:
            plans, following = self._read(self._http.get("plans", {**query, "after": mark}))
            if plans:
                yield Page(plans, f"after {mark or 'the beginning'}")
            if not following:
                return
            if following <= mark:
                raise PageOrderError(f"Gongdan at {self._http.host} leads from {mark} back to {following}")
            mark = following

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """All ids; they come in one answer."""
        answer = self._http.get("ids")
        ids = answer.json()
        if not isinstance(ids, list):
            answer.malformed("is no list of ids")
        yield [str(number) for number in ids]

    def _local(self, moment: datetime) -> str:
        """Gongdan compares local times as text: one form, always with six digits behind the second."""
        return moment.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="microseconds")

    def _read(self, answer: Answer) -> tuple[list[Record], str]:
        """``{"plans": [...], "next": mark}``; without a next page the mark is empty."""
        body = answer.json()
        if not isinstance(body, dict) or not isinstance(body.get("plans"), list):
            answer.malformed("holds no plans")
        return body["plans"], str(body.get("next") or "")
