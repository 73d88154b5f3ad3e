"""Whether a text says that a defect is there: 漏水, 没有漏水, 以前漏过, 担心漏水 are four different things.

Decided from the words of the same clause only. A sign of the present ("之前漏过, 现在又漏") beats one of the past.
"""

import re
from enum import StrEnum


class Standing(StrEnum):
    """How a text speaks of a defect."""

    PRESENT = "PRESENT"
    NEGATED = "NEGATED"
    PAST = "PAST"
    FEARED = "FEARED"


_REACH = 40  # characters: a word further away does not speak of this defect
_CLAUSE_END = re.compile(r"[,.;:!?。;!?\n]")
_JOINT = re.compile(r"(?:[、/和或与及\s]|以及|或者|\bor\b|\band\b)+")
_DENIAL = re.compile(
    r"(?:没有?|并?未见?|无|并?不(?:是|会|再|存在)?)(?:再|又|发现|发生|出现|存在|见到|有|任何|明显|什么|继续|的)*$"
    r"|\b(?:no|not|without|never|neither|nor)(?: (?:any|more|visible|sign|signs|of|a|been|being|yet))*\s*$"
)
_FEAR = re.compile(
    r"担心|害怕|生怕|唯恐|怕|会不会|是不是|是否|有没有|有无|以防|防止|避免|以免|预防"
    r"|\b(?:worried|worry|afraid|fear|fears|might|may|could|prevent|avoid|in case)\b"
)
_NOT_YET = re.compile(r"(?:快|要|随时|眼看|马上)(?:就|要|会|快)*$")
_PAST_BEFORE = re.compile(
    r"以前|之前|曾经?|原先|原来|过去|先前|早先"
    r"|\b(?:used to|previously|formerly|earlier|in the past|had been)\b"
)
_PAST_INSIDE = re.compile(r"过$")
_PAST_AFTER = re.compile(r"过(?![道大多小高低于分滤程])|\s*(?:in the past|before|previously|earlier)\b")
_NOW = re.compile(
    r"现在|目前|如今|仍|还|又|再|至今|一直|依旧|依然|(?:开始|出现|发现)(?!过)"
    r"|\b(?:now|still|again|since|currently|keeps)\b"
)


def standing(text: str, start: int, end: int) -> Standing:
    """How ``text`` (lower case) speaks of the defect named in ``text[start:end]``."""
    before, after = _clause(text, start, end)
    if _FEAR.search(before) or _NOT_YET.search(before):
        return Standing.FEARED
    if _DENIAL.search(before):
        return Standing.NEGATED
    word = text[start:end]
    past = _PAST_BEFORE.search(before) or _PAST_INSIDE.search(word) or _PAST_AFTER.match(after)
    return Standing.PAST if past and not _NOW.search(before + word) else Standing.PRESENT


def joined(text: str, previous_end: int, start: int) -> bool:
    """Whether two defects are one enumeration, so that the second stands as the first: 没有漏水、开裂; no leaks or cracks."""
    return _JOINT.fullmatch(text, previous_end, start) is not None


def _clause(text: str, start: int, end: int) -> tuple[str, str]:
    before = _CLAUSE_END.split(text[max(0, start - _REACH) : start])[-1]
    return before, text[end : end + _REACH]
