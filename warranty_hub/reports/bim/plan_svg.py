"""A floor plan as SVG: shapes with their GlobalIds, coloured by open defects or by cost.

Opened by itself it shows defects, and costs under the fragment ``#cost``; in a page, the svg's class ``cost`` does the same.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from connectors.bim.section import Outline, label_point
from warranty_hub.money import quantise
from warranty_hub.reports.bim.damage import STEPS, Damage, Scale

LETTER, LABEL = 1 / 50, 0.35  # a letter of title and legend by the plan's width; a room's at most, metres
LAYERS = ("room", "below", "element", "stair", "wall", "column", "window", "door")
"""From below to above: a door is drawn over the wall that it stands in."""
BY_DEFECTS = ("#fff3c4", "#fdb863", "#e66101", "#b2182b")
BY_COST = ("#d0d1e6", "#74a9cf", "#2b8cbe", "#045a8d")
DEFECTS, COST = "svg:not(.cost):not(:target)", ":is(svg.cost,svg:target)"
STYLE = (
    """
.room{fill:#f7f7f5;stroke:none} .wall{fill:#4a4a4a} .column{fill:#222} .door{fill:#c8a27a} .window{fill:#8ec3e6}
.stair,.element{fill:#d9d9d9} path{stroke:#333;stroke-width:.015;fill-rule:nonzero}
.below{fill:#fff;fill-opacity:.4;stroke:#777;stroke-dasharray:.08 .05}
.plan text{font-family:"Noto Sans CJK SC","Microsoft YaHei",sans-serif;fill:#222}
.label{text-anchor:middle;pointer-events:none;paint-order:stroke;stroke:#fff;stroke-opacity:.7;stroke-width:.2em}
"""
    + f"{DEFECTS} .by-cost,{COST} .by-defects{{display:none}}\n"
    + "\n".join(f"{DEFECTS} .d{at}{{fill:{color};fill-opacity:1}}" for at, color in enumerate(BY_DEFECTS, start=1))
    + "\n"
    + "\n".join(f"{COST} .c{at}{{fill:{color};fill-opacity:1}}" for at, color in enumerate(BY_COST, start=1))
)


class Part(NamedTuple):
    """A room or an element as it is cut; ``label`` for rooms only."""

    kind: str
    guid: str
    name: str
    label: str
    outlines: Sequence[Outline]
    damage: Damage = Damage()


def drawn(title: str, parts: Sequence[Part], scale: Scale | None) -> str:
    """An SVG in metres; y grows upwards in models and downwards in SVG, so every y is negated. Without a scale, no colours."""
    corners = np.concatenate([outline for part in parts for outline in part.outlines])
    (left, low), (right, high) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    em = max(right - left, (high - low) / 2, 1.0) * LETTER
    width, height = right - left + 4 * em, high - low + (9 if scale is None else 12) * em
    box = f"{left - 2 * em:.3f} {-high - 6 * em:.3f} {width:.3f} {height:.3f}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="cost" class="plan" viewBox="{box}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        _text(left, -high - 3 * em, 1.5 * em, title),
        *(_shape(part, scale) for part in sorted(parts, key=lambda part: LAYERS.index(part.kind))),
        *(_label(part) for part in parts if part.label),
        *(_legends(left, -low + 4 * em, em, scale) if scale is not None else ()),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _shape(part: Part, scale: Scale | None) -> str:
    path = "".join(f"M{' '.join(f'{x:.3f},{-y:.3f}' for x, y in outline.tolist())}Z" for outline in part.outlines)
    classes, told, data = [part.kind], [part.name], ""
    damage = part.damage
    if scale is not None and (damage.open or damage.cost):
        cost = str(quantise(damage.cost, scale.currency)) if scale.currency else "0"
        levels = (("d", scale.by_defects(damage)), ("c", scale.by_cost(damage)))
        classes += [f"{letter}{level}" for letter, level in levels if level]
        told += [f"{damage.open} 未关闭 open", f"{cost} {scale.currency}"]
        data = f' data-defects="{damage.open}" data-cost="{cost}"'
    words = escape(" · ".join(told))
    return f'<path class="{" ".join(classes)}" data-guid="{escape(part.guid)}"{data} d="{path}"><title>{words}</title></path>'


def _label(part: Part) -> str:
    """In the room, as small as its width asks for; a Chinese character is as wide as it is high, a Latin one half of it."""
    around = max(part.outlines, key=lambda outline: float(np.ptp(outline[:, 0]) * np.ptp(outline[:, 1])))
    x, y, room = label_point(around)
    ems = sum(1 if ord(letter) > 0x2E7F else 0.62 for letter in part.label)
    return _text(x, -y, min(LABEL, 0.9 * room / ems), part.label, "label")


def _legends(x: float, y: float, em: float, scale: Scale) -> Iterator[str]:
    ends = [*(str(least - 1) for least in STEPS[1:]), ""]
    counts = [
        str(least) if str(least) == end else f"{least}–{end}" if end else f"≥ {least}"
        for least, end in zip(STEPS, ends, strict=True)
    ]
    yield from _legend("by-defects", x, y, em, "未关闭缺陷 Open defects", BY_DEFECTS, counts)
    amounts = [f"> {least:,f}" if not least else f"≥ {least.normalize():,f}" for least in scale.costs]
    yield from _legend("by-cost", x, y, em, f"实际成本 Actual cost, {scale.currency or '–'}", BY_COST, amounts)


def _legend(name: str, x: float, y: float, em: float, title: str, colors: Sequence[str], words: Sequence[str]) -> Iterator[str]:
    yield f'<g class="{name}">{_text(x, y, em, title)}'
    for position, (color, word) in enumerate(zip(colors, words, strict=True)):
        at = x + (16 + 7 * position) * em
        box = f'x="{at:.3f}" y="{y - 0.9 * em:.3f}" width="{em:.3f}" height="{em:.3f}"'
        yield f'<rect {box} fill="{color}" stroke="#333" stroke-width=".015"/>'
        yield _text(at + 1.4 * em, y, em, word)
    yield "</g>"


def _text(x: float, y: float, size: float, words: str, name: str = "words") -> str:
    return f'<text class="{name}" style="font-size:{size:.3f}px" x="{x:.3f}" y="{y:.3f}">{escape(words)}</text>'
