"""From what people write to the parts of an address: zone, building, unit, storey, house number, kinds of room.

Two steps. The text is cut into numbers with their counters (3号楼, 2单元, 15层, 1501室, or bare), each a *token* of one kind. A
run of neighbouring tokens is then read by its form: the table ``_FORMS`` says which part each token is. A form that people use
for two things has two readings; which one holds, only the register of the project knows (register.py).

Forms and shares were taken from 7,002 address tails of a labelled corpus of Chinese addresses.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from mappings.lexicon import read
from mappings.places.normal import normalise, storey, without_other_numbers


@dataclass(frozen=True, slots=True)
class AddressReading:
    """One way to read an address; a part that the text does not name is None.

    ``storey`` is a key such as 15F or B1. Where only the house number tells it (1501 → 15F) it is derived: some towers skip
    floors, so it never decides. ``rooms`` are codes of the lexicon.
    """

    zone: str | None = None
    building: str | None = None
    unit: str | None = None
    storey: str | None = None
    room_no: str | None = None
    storey_derived: bool = False
    rooms: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As an address would be written: 3号楼2单元15F1501室; the kinds of room are not part of it."""
        storey = None if self.storey_derived else self.storey
        parts = ((self.zone, "区"), (self.building, "号楼"), (self.unit, "单元"), (storey, ""), (self.room_no, "室"))
        return "".join(f"{value}{counter}" for value, counter in parts if value)


def parse_address(text: str, free: bool = False) -> tuple[AddressReading, ...]:
    """All ways to read the address in a text, the most usual first; none if there is neither address nor room in it.

    ``free``: the text is a story, not an address; a lone number in it (1501, 3号) is then no address.
    """
    rooms = read(text).rooms
    readings = tuple(replace(reading, rooms=rooms) for reading in parse_numbers(text, free))
    return readings or ((AddressReading(rooms=rooms),) if rooms else ())


@lru_cache(maxsize=4096)
def parse_numbers(text: str, free: bool = False) -> tuple[AddressReading, ...]:
    """As ``parse_address``, without the kinds of room."""
    return tuple(reading for run in _longest(_runs(normalise(text), free)) for reading in _readings(run))


def address_spans(plain: str, free: bool = False) -> tuple[tuple[int, int], ...]:
    """Where a normalised text holds something like an address (start, end), whether its form is known or not."""
    return tuple((run[0].start, run[-1].end) for run in _runs(plain, free))


# ------------------------------------------------------------------------------------------------ tokens
class _Token(NamedTuple):
    """A number with what it counts.

    Kinds: Z zone, B building, A building named by a letter, U unit, S 街 (a unit on its floor), F storey, D storey below
    ground, R house number; and those that may be several things: L 楼, h 号 (H from three digits), n bare (m of two digits,
    N from three), a letter before a number, K B1 (basement or building), e English unit.
    """

    kind: str
    value: str
    start: int
    end: int


_VALUE = r"\d{1,4}[A-Z]?|[A-Z]\d{0,3}|[甲乙丙丁]"
_BEFORE = r"(?<![A-Z0-9])"
_AFTER = r"(?![A-Z0-9])"
_COUNTED = "一二三四五六七八九十个块条处米扇只根套次点天年月日人元平度分小口把盏台件张道组片间岁"
_PATTERNS = (
    ("Z", rf"{_BEFORE}([A-Z]?\d{{1,2}}|[A-Z]|[东南西北中])(?:区(?!域)|期|组团|地块)"),
    ("B", rf"{_BEFORE}(?:BUILDING|BLDG|BLOCK|BLK|TOWER)\.? ?#?({_VALUE}){_AFTER}"),
    ("B", rf"{_BEFORE}({_VALUE})(?:号楼|#楼|号院|栋|幢|座(?![便机位椅])|#)"),
    ("D", r"(地下室)"),
    ("D", rf"{_BEFORE}BASEMENT ?(\d?){_AFTER}"),
    ("D", r"(?:负|地下|(?<![A-Z0-9])-)(\d)(?:楼|层|F)"),
    ("D", rf"{_BEFORE}B(\d)(?:楼|层|F)"),
    ("U", rf"{_BEFORE}({_VALUE})(?:单元|梯(?![间级步])|门(?![口窗锁厅禁框铃槛面头把]))"),
    ("S", rf"{_BEFORE}({_VALUE})街"),
    ("F", rf"{_BEFORE}(?:LEVEL|LVL|FLOOR|STOREY|STORY) ?(\d{{1,3}}){_AFTER}"),
    ("F", rf"{_BEFORE}(\d{{1,3}})(?:ST|ND|RD|TH)? ?(?:FLOOR|STOREY|STORY|LEVEL){_AFTER}"),
    ("F", rf"{_BEFORE}(\d{{1,4}})(?:层(?![高面板次])|/?F{_AFTER})"),
    ("R", rf"{_BEFORE}(?:APARTMENT|APT|FLAT|SUITE|ROOM|RM)\.? ?#?(\d{{1,4}}[A-Z]?|[A-Z]\d{{1,4}}){_AFTER}"),
    ("e", rf"{_BEFORE}UNIT ?#?(\d{{1,4}}[A-Z]?|[A-Z]\d{{0,4}}){_AFTER}"),
    ("L", rf"{_BEFORE}(\d{{1,4}})楼(?![上道梯板顶面宇盘房]|下(?!水))"),
    ("R", rf"{_BEFORE}(\d{{1,4}}[A-Z]?|[A-Z]\d{{1,4}})(?:室(?![内外])|房(?![间子屋东产型])|户(?![型内外门主口]))"),
    ("h", rf"{_BEFORE}({_VALUE})号(?![线令文码])"),
    ("K", r"(?<![A-Z0-9-])(B[1-5])(?![A-Z0-9])"),
    ("n", r"(?<![A-Z0-9])(\d{1,2}[A-Z])(?=-?\d)"),
    ("a", r"(?<![A-Z0-9])([A-Z])(?=-?\d)"),
    ("n", rf"(?<![0-9.])(?<![A-Z]{{2}})(\d{{1,4}})(?![0-9.%℃]|[A-Z](?!\d)|[A-Z]{{2}}|[{_COUNTED}])"),
)
_TOKEN = re.compile(rf"(?=[0-9A-Z甲乙丙丁东南西北中负地-])(?:{'|'.join(pattern for _, pattern in _PATTERNS)})")
_KINDS = tuple(kind for kind, _ in _PATTERNS)
_BETWEEN = re.compile(r"[\s\-,/()的]*")


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        index = match.lastindex or 1
        kind, value = _KINDS[index - 1], match.group(index)
        if kind == "B" and value.isalpha():
            kind = "A"
        elif kind in "hn" and sum(map(str.isdigit, value)) >= 3:
            kind = kind.upper()
        elif kind == "n" and len(value) == 2 and value.isdigit():
            kind = "m"
        yield _Token(kind, value, match.start(), match.end())


def _runs(text: str, free: bool) -> list[tuple[_Token, ...]]:
    """The groups of neighbouring tokens that look like an address; a second building begins a second address.

    Bare numbers alone are one only if there is nothing better, and the text begins or ends with them.
    """
    runs: list[list[_Token]] = []
    for token in _tokens(without_other_numbers(text)):
        joins = runs and _BETWEEN.fullmatch(text, runs[-1][-1].end, token.start)
        if joins and not (token.kind in "BA" and any(other.kind in "BA" for other in runs[-1])):
            runs[-1].append(token)
        else:
            runs.append([token])
    strong = [tuple(run) for run in runs if not _is_weak(run)]
    return strong or ([] if free else [tuple(run) for run in runs if _at_an_end(run, text)])


def _longest(runs: list[tuple[_Token, ...]]) -> list[tuple[_Token, ...]]:
    """The runs that say most; several, if they say equally much (two addresses in one text)."""
    most = max(map(len, runs), default=0)
    return [run for run in runs if len(run) == most]


def _is_weak(run: list[_Token]) -> bool:
    return _WEAK.fullmatch("".join(token.kind for token in run)) is not None


def _at_an_end(run: list[_Token], text: str) -> bool:
    return not text[: run[0].start].strip() or not text[run[-1].end :].strip()


# ------------------------------------------------------------------------------------------------ forms
_MARKED = {"Z": "Z", "B": "B", "A": "B", "U": "U", "S": "U", "F": "F", "D": "F", "R": "R"}
_WEAK = re.compile(r"[nmNhHae]|[nmNa][nmh]|aN")
_X = "[BAhHnmNa]"
_Y = "[RnmNhHe]"
_FORMS = tuple(
    (re.compile(form), readings.split())
    for form, readings in (
        ("n", "B"),
        ("m", "B R"),
        ("N", "R B"),
        ("[hH]", "B R"),
        ("L", "F"),
        ("K", "F"),
        ("e", "U R"),
        ("aN", "RR BR"),  # A302: house number A302, or 302 in building A
        ("[mN]N", "BR RR"),  # 12-1001: 1001 in building 12, or a house number of unit and flat
        ("[nm]h", "BU BR RR"),
        ("LU", "BU"),
        (f"LU{_Y}", "BUR FUR"),
        (f"LS{_Y}", "FUR"),
        (f"{_X}[US][LFD]", "BUF"),
        (f"{_X}[US][LFDnm]{_Y}", "BUFR"),
        (f"{_X}[US]{_Y}?", "BUR"),
        (f"{_X}[LFD]{_Y}?", "BFR"),
        (f"[Aa][nmh]{_Y}", "BFR"),  # B座-12-03: a tower named by a letter counts floors
        (f"{_X}[nmhN]{_Y}", "BUR"),  # 9号楼3-42: one named by a number counts units
        (f"{_X}[nmh][LF]", "BUF"),
        (f"{_X}[nmh][nm]{_Y}", "BUFR"),
        (f"{_X}H", "BR BU"),
        (f"{_X}[NR]", "BR"),
        ("[Aa][nmhe]", "BF BR"),
        (f"{_X}[nmhe]", "BU BR"),
        (f"[US]{_Y}", "UR"),
        ("[US][LF]", "UF"),
        (f"[US][LFD]{_Y}", "UFR"),
        (f"[LFD]{_Y}", "FR"),
        (f"K{_Y}", "FR BR"),
        (f"K[US]{_Y}?", "BUR"),
    )
)


def _readings(run: tuple[_Token, ...]) -> Iterator[AddressReading]:
    """What a run may mean; nothing if its form is unknown."""
    marked = [_MARKED.get(token.kind, "") for token in run]
    if all(marked) and len(set(marked)) == len(marked):
        yield _reading(run, "".join(marked))
        return
    zones = tuple(token for token in run if token.kind == "Z")
    numbers = tuple(token for token in run if token.kind != "Z")
    for parts in _read_as("".join(token.kind for token in numbers)):
        yield _reading(zones + numbers, "Z" * len(zones) + parts)


@lru_cache(maxsize=4096)
def _read_as(signature: str) -> Sequence[str]:
    return next((readings for form, readings in _FORMS if form.fullmatch(signature)), ())


def _reading(run: tuple[_Token, ...], parts: str) -> AddressReading:
    """A run read by one form; an optional last part may be missing, two tokens of one part are one value (A302, 12-1001)."""
    said: dict[str, str] = {}
    end = 0
    for token, part in zip(run, parts, strict=False):
        before = said.get(part, "") + ("-" if part in said and token.start > end else "")
        said[part], end = before + (_storey(token) if part == "F" else token.value), token.end
    derived = _storey_of(said.get("R", "")) if "F" not in said else None
    return AddressReading(
        zone=said.get("Z"),
        building=said.get("B"),
        unit=said.get("U"),
        storey=said.get("F", derived),
        room_no=said.get("R"),
        storey_derived=derived is not None,
    )


def _storey(token: _Token) -> str:
    if token.kind == "D":
        return f"B{token.value if token.value.isdigit() else 1}"
    return storey(token.value)


def _storey_of(room_no: str) -> str | None:
    """1501 is on 15F, 302 on 3F; shorter numbers say nothing."""
    digits = "".join(filter(str.isdigit, room_no))
    return f"{int(digits) // 100}F" if len(digits) >= 3 else None
