"""What goes wrong between two systems, as words that a suite and a test system agree on."""

from enum import Enum


class Fault(Enum):
    """What happens to one HTTP request instead of a good answer. The first group passes: the same call succeeds later."""

    TOO_MANY_SECONDS = "429, Retry-After: 0"
    TOO_MANY_DATE = "429, Retry-After: an HTTP date that is now"
    TOO_MANY_ABSURD = "429, Retry-After: a day"
    SERVER_ERROR = "500 with a page for people"
    UNAVAILABLE = "503 without a word"
    SILENT = "no answer for longer than anybody waits, the request is not performed"
    CUT = "performed, and the answer breaks off in the middle"
    EXPIRED = "401: the session is over"
    COMPRESSED = "performed, and the answer is compressed (gzip)"

    LOGIN_PAGE = "200 and an HTML page"
    TRUNCATED = "performed, and half of the answer, announced as all of it"
    EMPTY = "200 and nothing"
    REPEATED = "the previous answer once more"


PASSING = (
    Fault.TOO_MANY_SECONDS,
    Fault.TOO_MANY_DATE,
    Fault.TOO_MANY_ABSURD,
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
    Fault.SILENT,
    Fault.CUT,
    Fault.COMPRESSED,
)
"""After these the very run that met them ends complete."""
