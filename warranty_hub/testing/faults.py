"""What goes wrong between two systems, as words that a suite and a test system agree on."""

from enum import Enum

SILENCE = 3.0
"""Seconds that `Fault.SILENT` lasts: longer than an impatient client waits and a check takes."""


class Fault(Enum):
    """What happens to one HTTP request instead of a good answer. The first group passes: the same call succeeds later."""

    TOO_MANY_SECONDS = "429, Retry-After: 0"
    TOO_MANY_DATE = "429, Retry-After: an HTTP date that is now"
    TOO_MANY_ABSURD = "429, Retry-After: a day"
    SERVER_ERROR = "500 with a page for people"
    UNAVAILABLE = "503 without a word"
    SILENT = "no answer for a long time, and the request is not performed"
    CUT = "performed, and the answer breaks off in the middle"
    EXPIRED = "401: the session is over"
    COMPRESSED = "performed, and the answer is compressed (gzip)"

    LOGIN_PAGE = "200 and an HTML page"
    TRUNCATED = "performed, and half of the answer, announced as all of it"
    EMPTY = "200 and nothing"
    REPEATED = "the previous answer once more"
