"""Which side a text speaks of: 东侧, 朝南, 北阳台, north wall. 东西 (a thing), 北京 and 南瓜 are not sides."""

import re

_SIDE = re.compile(
    r"(?<=[朝靠临偏])(?P<facing>[东西]?[南北]|[东西])(?![京方])"
    r"|(?P<of>[东西]?[南北]|[东西])(?=[侧面向边角墙窗卧户]|阳台|外墙|立面|山墙)"
    r"|\b(?P<word>(?:north|south)?[ -]?(?:east|west)|north|south)(?:ern)?\b"
)
_POINT = re.compile("[东南西北]|[ns]o[ru]th|[ew][ae]st")  # all that a side is named by: most texts name none
_POINTS = {"东": "E", "南": "S", "西": "W", "北": "N", "north": "N", "south": "S", "east": "E", "west": "W"}
_PART = re.compile("|".join(_POINTS))


def orientation_of(text: str) -> str | None:
    """The side (N, NE, E, …) that a lower-case text names, or None if it names none or several."""
    if _POINT.search(text) is None:
        return None
    sides = {_code(match.group(match.lastgroup or 0)) for match in _SIDE.finditer(text)}
    return sides.pop() if len(sides) == 1 else None


def _code(words: str) -> str:
    """东北 and north-east are both NE: north and south come first."""
    return "".join(sorted((_POINTS[part] for part in _PART.findall(words)), key="NSEW".index))
