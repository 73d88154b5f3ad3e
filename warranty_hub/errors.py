"""Every error of the hub, grouped by what to do about it.

    HubError
    ├── RetryableError            try again later, the same call may succeed
    │   ├── SystemUnreachableError    network, time-out, 5xx
    │   ├── RateLimitedError          the system asked us to slow down
    │   └── StreamTakenOverError      another run of the same stream is in charge now
    ├── LoginError                renew the login once, then tell a person
    ├── StopError                 stop and tell a person: nothing gets better by repeating
    │   ├── ConfigError               hub.yaml, a field map or a connection is wrong
    │   ├── ProtocolError             the other system answered in a way we do not understand
    │   │   ├── MalformedAnswerError      truncated, HTML instead of data, XML that does not parse
    │   │   ├── PageOrderError            pages repeated or out of cursor order
    │   │   └── SchemaChangedError        a field that the field map reads is gone
    │   ├── RejectedShareError        too many records of a window were quarantined
    │   ├── DeletionFuseError         a sweep would delete more than its limit
    │   ├── CountingError             the counting rule does not hold: a defect of ours
    │   ├── RefusedModelError         an IFC file that cannot be indexed
    │   ├── DecisionRefusedError      a person's decision contradicts the files or another decision
    │   ├── BusinessError             the other system understood, and said no
    │   ├── FeedRefusedError          a finance feed that cannot, or must not, go out
    │   └── LookupImpossibleError     the system cannot tell whether a side effect happened
    └── RecordError               skip this record: it goes to quarantine with its code and reason

``code`` is stable and documented in docs/errors.md; ``remedy`` is what the person who reads it should do next.
"""

from typing import ClassVar


class HubError(Exception):
    """Base of all errors: a stable code, what happened, and a remedy."""

    code: ClassVar[str] = "HUB-000"
    remedy: str = "Read the message; if it does not help, report it with the run id."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"[{self.code}] {super().__str__()} → {self.remedy}"

    @property
    def message(self) -> str:
        """What happened, without code and remedy."""
        return super().__str__()


class RetryableError(HubError):
    """The same call may succeed later; ``retry_after`` in seconds where the other system said how long."""

    code = "HUB-100"
    remedy = "It is tried again by itself; look at the other system if it lasts."

    def __init__(self, message: str, *, remedy: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class SystemUnreachableError(RetryableError):
    """Connection refused, time-out, name not found, HTTP 5xx."""

    code = "HUB-101"
    remedy = "Check that the system is up and reachable from this machine (`warranty-hub check`)."


class RateLimitedError(RetryableError):
    """The system asked us to slow down, and surely did nothing."""

    code = "HUB-102"
    remedy = "Lower the pool size or the rate limit of this source in hub.yaml if it happens often."


class StreamTakenOverError(RetryableError):
    """A newer run of the same stream took over; this one stopped at its last committed page."""

    code = "HUB-103"
    remedy = "Nothing is lost: the newer run goes on from the same cursor."


class LoginError(HubError):
    """The system refused our credentials or session, also after renewing the login once."""

    code = "HUB-201"
    remedy = "Check user and password of this connection; `warranty-hub check` tries them."


class StopError(HubError):
    """Repeating does not help; a person has to act."""

    code = "HUB-300"


class ConfigError(StopError):
    """A setting is wrong: the message names file, line and field."""

    code = "HUB-301"
    remedy = "Correct the named line; hub.example.yaml shows every setting."


class ProtocolError(StopError):
    """The other system answered in a way that its protocol does not allow."""

    code = "HUB-310"
    remedy = "Compare the answer with the connector's page in docs/connectors/; the system may have been upgraded."


class MalformedAnswerError(ProtocolError):
    """Truncated, not the announced format, or an HTML page with status 200."""

    code = "HUB-311"
    remedy = (
        "Look for a proxy, a login page or a maintenance page in front of the system; the next run starts at the same cursor."
    )


class PageOrderError(ProtocolError):
    """A page was repeated, or an ordered stream delivered records out of cursor order."""

    code = "HUB-312"
    remedy = "Run again; if it repeats, declare the stream `ordered: false` in hub.yaml."


class SchemaChangedError(ProtocolError):
    """A source whose records all have the same fields no longer has one that the field map reads."""

    code = "HUB-313"
    remedy = "Correct the field map, or have the field restored; nothing was taken as empty, the next run goes on from here."


class RejectedShareError(StopError):
    """More records of the window were quarantined than the stream allows."""

    code = "HUB-320"
    remedy = "See `warranty-hub quarantine list`, correct the field map, then `warranty-hub quarantine retry`."


class DeletionFuseError(StopError):
    """A sweep found more records missing at the source than the stream allows to delete; nothing was deleted."""

    code = "HUB-321"
    remedy = "Check that the source is complete; if the records are really gone, raise `max_deleted_share` for one run."


class CountingError(StopError):
    """The outcomes do not add up to the records read."""

    code = "HUB-322"
    remedy = "This is a defect of the hub: keep the run id and report it. Nothing of this page was committed."


class RefusedModelError(StopError):
    """A model file that cannot be indexed; the message says why."""

    code = "HUB-330"
    remedy = "Export the model again as IFC2X3, IFC4 or IFC4X3."


class DecisionRefusedError(StopError):
    """A decision that contradicts what the files show, or another decision; nothing was written."""

    code = "HUB-331"
    remedy = "Look at the pair again with `warranty-hub elements review`; what stands against it can be rejected first."


class BusinessError(StopError):
    """The other system understood the request and refused it; ``reply_code`` is its own code."""

    code = "HUB-350"
    remedy = "Read the system's own message; correct the data there or here, then `warranty-hub outbox retry`."

    def __init__(self, message: str, *, reply_code: str = "", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.reply_code = reply_code


class LookupImpossibleError(StopError):
    """The system cannot tell whether an interrupted side effect happened; the outbox item becomes IN_DOUBT."""

    code = "HUB-351"
    remedy = "A person looks in the other system, then `warranty-hub outbox settle`."


class FeedRefusedError(StopError):
    """A batch of the finance feed cannot be placed or must not be released; nothing was published."""

    code = "HUB-360"
    remedy = "`warranty-hub feed list` shows what is held and why; docs/published-ledger.md tells the rules."


class RecordError(HubError):
    """One record cannot be used; it goes to quarantine and the run goes on."""

    code = "HUB-400"
    remedy = "Correct the record at its source, or the field map, then `warranty-hub quarantine retry`."
