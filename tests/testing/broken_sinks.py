"""A sink that is whole, and sinks with one defect each, over a small system that takes repair plans."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from connectors.answers import Answer as HttpAnswer
from connectors.answers import judge_status
from connectors.contract import OutboxItem, Reply
from connectors.http import BasicLogin, HttpOptions, HttpSession, base_url
from connectors.options import Options, read_options
from sandbox.misbehaviour import Misbehaviour
from sandbox.web import Answer, Request, WebServer
from tests.conformance.impatient import IMPATIENT
from tests.sandbox.systems import http_connection
from warranty_hub.errors import BusinessError, ConfigError, HubError, MalformedAnswerError, RetryableError
from warranty_hub.records.effects import SUBMIT_PLAN
from warranty_hub.settings import Connection
from warranty_hub.testing.sink_suite import SinkSystem

PASSWORD = "canary-密码"


class PlanServer(WebServer):
    """Takes a plan with a reference of the caller's, and finds it again by that; it never looks whether it had it before."""

    def __init__(self) -> None:
        self.references: list[str] = []
        self.is_closed = False
        super().__init__()

    def answer(self, request: Request) -> Answer:
        """POST makes a plan, GET lists those whose reference begins with what was asked for."""
        if request.headers.get("authorization") != "Basic " + base64.b64encode(f"hub:{PASSWORD}".encode()).decode():
            return _json(401, {})
        if request.method == "GET":
            found = [n for n, name in enumerate(self.references) if name.startswith(request.query["reference"])]
            return _json(200, {"plans": [{"id": n + 1, "reference": self.references[n]} for n in found]})
        if self.is_closed:
            return _json(422, {"error": "本月已结账"})
        self.references.append(json.loads(request.body)["reference"])
        return _json(201, {"id": len(self.references)})


def _json(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8")


class PlanSinkOptions(Options):
    """``defect`` names the class that is built."""

    defect: str
    http: HttpOptions = HttpOptions()


def build_sink(connection: Connection, options: Mapping[str, Any]) -> "WholeSink":
    """Raises ConfigError."""
    read = read_options(PlanSinkOptions, "plans", options)
    found: type[WholeSink] = globals()[read.defect]
    return found(connection, read.http)


class WholeSink:
    """A Sink (connectors.contract) without a defect."""

    repeats = False

    def __init__(self, connection: Connection, http: HttpOptions) -> None:
        self._http = HttpSession(base_url(connection), http, login=BasicLogin(connection), judge=self.judge)

    def judge(self, answer: HttpAnswer) -> None:
        """422 is a refusal."""
        if answer.status_code == 422:
            raise BusinessError("The plan was refused", reply_code="422")
        judge_status(answer)

    def perform(self, item: OutboxItem) -> Reply:
        """Make the plan."""
        if item.kind != SUBMIT_PLAN:
            raise ConfigError(f"This system performs no {item.kind}")
        return self._post(item)

    def _post(self, item: OutboxItem) -> Reply:
        body = json.dumps({"reference": item.idempotency_key, **item.payload}).encode()
        request = self._http.request("POST", "plans", data=body)
        answer = self._http.repeat(lambda: self._http.exchange(request), idempotent=self.repeats)
        return Reply(str(answer.json()["id"]))

    def lookup(self, item: OutboxItem) -> Reply | None:
        """Find it by its reference."""
        found = self._http.get("plans", {"reference": item.idempotency_key}).json()["plans"]
        return next((Reply(str(plan["id"])) for plan in found if self.is_it(plan, item)), None)

    def is_it(self, plan: Mapping[str, Any], item: OutboxItem) -> bool:
        """Whether a listed plan is the item's."""
        return bool(plan["reference"] == item.idempotency_key)


class MakesTwo(WholeSink):
    def perform(self, item: OutboxItem) -> Reply:
        super().perform(item)
        return super().perform(item)


class TakesElevenForOne(WholeSink):
    def is_it(self, plan: Mapping[str, Any], item: OutboxItem) -> bool:
        return True


class TakesARefusalForAHiccup(WholeSink):
    def judge(self, answer: HttpAnswer) -> None:
        if answer.status_code == 422:
            raise RetryableError("The plan was not taken")
        super().judge(answer)


class MakesAnything(WholeSink):
    def perform(self, item: OutboxItem) -> Reply:
        return self._post(item)


class TakesAWrongLoginForAHiccup(WholeSink):
    def judge(self, answer: HttpAnswer) -> None:
        if answer.status_code == 401:
            raise RetryableError("not available")
        super().judge(answer)


class SendsAgainWhenCut(WholeSink):
    def perform(self, item: OutboxItem) -> Reply:
        try:
            return super().perform(item)
        except MalformedAnswerError as error:
            if "broke off" not in error.message:
                raise
            return super().perform(item)


class SendsAgainWhenItCannotRead(WholeSink):
    def perform(self, item: OutboxItem) -> Reply:
        try:
            return super().perform(item)
        except MalformedAnswerError as error:
            if "not valid JSON (Unterminated" not in error.message and "not valid JSON (Expecting" not in error.message:
                raise
            if "; 0 bytes" in error.message:
                raise
            return super().perform(item)


class _TakesForARefusal(WholeSink):
    """A refusal is final: what was not made stays not made."""

    words: str

    def perform(self, item: OutboxItem) -> Reply:
        try:
            return super().perform(item)
        except HubError as error:
            if self.words in error.message:
                raise BusinessError("refused") from None
            raise


class TakesSilenceForARefusal(_TakesForARefusal):
    words = "was silent"


class Takes500ForARefusal(_TakesForARefusal):
    words = "with 500"


class Takes503ForARefusal(_TakesForARefusal):
    words = "with 503"


class Takes429ForARefusal(_TakesForARefusal):
    words = "with 429"


class TakesAPageForAReceipt(WholeSink):
    def perform(self, item: OutboxItem) -> Reply:
        try:
            return super().perform(item)
        except MalformedAnswerError as error:
            if "HTML page" in error.message:
                return Reply("unknown")
            raise


class TakesNothingForAReceipt(WholeSink):
    def perform(self, item: OutboxItem) -> Reply:
        try:
            return super().perform(item)
        except MalformedAnswerError as error:
            if "; 0 bytes" in error.message:
                return Reply("unknown")
            raise


class PlansForTests(SinkSystem):
    """The small system, with a sink that has a defect."""

    connector, kind = "tests.testing.broken_sinks:build_sink", SUBMIT_PLAN

    def __init__(self, server: PlanServer, defect: type[WholeSink]) -> None:
        self._server = server
        self.faults = Misbehaviour(server).faults
        self.connection = http_connection("plans", server, "hub", PASSWORD)
        self.options = {"defect": defect.__name__, "http": IMPATIENT}

    def payload(self, number: int) -> Mapping[str, Any]:
        """What does not matter here."""
        return {"plan_no": f"FA{number}"}

    def made(self, idempotency_key: str) -> int:
        """Plans with this reference."""
        return self._server.references.count(idempotency_key)

    def refuse(self) -> None:
        """The month is closed."""
        self._server.is_closed = True
