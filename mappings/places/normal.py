"""One way of writing for what people write in many: widths, dashes, Chinese numerals, storeys, house numbers."""

import re
import unicodedata
from functools import lru_cache

from mappings.lexicon.characters import lower_case

_SAME = str.maketrans("‐‑‒–—―−~～﹣號樓單層棟層", "----------号楼单层栋层")
_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_TENS = {"十": 10, "百": 100}
_NUMERAL = re.compile(r"[〇零一二三四五六七八九十百两]{1,6}(?=号|#|栋|幢|座|单元|梯|门|楼|层|室|房|户|厅|卫|期|区|街)")
_CHINESE_ONE_AS_DASH = re.compile(r"(?<=\d)一(?=\d{3})")
_OTHER_NUMBERS = re.compile(
    r"(?:19|20)\d\d年(?:\d{1,2}月)?(?:\d{1,2}[日号])?"  # dates, times, telephone numbers
    r"|(?<!\d)(?:19|20)\d\d([-/.])\d{1,2}\1\d{1,2}(?!\d)|\d{1,2}月(?:\d{1,2}[日号])?|\d{1,2}:\d\d(?::\d\d)?"
    r"|\d{5,}"
    r"|\d室\d厅(?:\d卫)?|\d房\d厅(?:\d卫)?|\d梯\d户"  # layouts: two rooms and a hall
)
_STOREY = re.compile(
    r"(?:(?P<down>负|地下|-|B|BASEMENT )(?P<depth>\d)|(?:LEVEL |FLOOR |STOREY |STORY |L)?(?P<up>\d{1,3}))"
    r"(?:ST|ND|RD|TH)?[ ]?(?:层|楼|F|FLOOR|STOREY|STORY|LEVEL)?"
)


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Half width, upper case, plain dashes, single spaces, Arabic numerals before a counter."""
    plain = _CHINESE_ONE_AS_DASH.sub("-", unicodedata.normalize("NFKC", text).translate(_SAME).upper())
    return _NUMERAL.sub(lambda match: str(arabic(match.group())), " ".join(plain.split()))


def without_other_numbers(plain: str) -> str:
    """A normalised text with ``;`` over all that only looks like an address: dates, telephone numbers, layouts."""
    return _OTHER_NUMBERS.sub(lambda match: ";" * len(match.group()), plain)


def arabic(numeral: str) -> int:
    """A Chinese numeral below 1000: 十二, 二十, 一百零二, and read digit by digit 一二〇四."""
    if not _TENS.keys() & set(numeral):
        return int("".join(str(_DIGITS[character]) for character in numeral))
    total = digit = 0
    for character in numeral:
        if character in _TENS:
            total += (digit or 1) * _TENS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit


@lru_cache(maxsize=1 << 14)
def number(text: str) -> str:
    """A building, unit or house number as a key: upper case, no leading zeros (``03`` is ``3``)."""
    return text.strip().upper().lstrip("0") or "0"


@lru_cache(maxsize=1 << 14)
def storey(text: str) -> str:
    """A storey as a key: ``15F`` for 15层, 15楼, Level 15, 15th floor; ``B1`` for 负一层, -1F; any other name as it is."""
    name = normalise(text).strip()
    match = _STOREY.fullmatch(name)
    if match is None:
        return name
    return f"B{match['depth']}" if match["down"] else f"{int(match['up'])}F"


def fold(text: str) -> str:
    """A name or a text for comparing names: normalised, lower case; positions are those of the normalised text."""
    return lower_case(normalise(text))
