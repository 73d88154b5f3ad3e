"""Charts as SVG text: stacked columns by month, and bars. They are drawn here, so a page needs no script and no network.

Texts come in both languages; the page's style sheet hides one of them (classes ``zh`` and ``en``). Colors are told apart by
people with color-blindness (Okabe and Ito), and every value stands in a title that appears under the pointer.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup, escape

from mappings.lexicon import Label
from warranty_hub.reports.analytics.figures import OTHERS_LABEL, Item, Monthly

COLORS = ("#0f6b7a", "#e69f00", "#56a5d8", "#c8553d", "#6a994e", "#a06cb0", "#9aa5ad")
WIDTH, HEIGHT = 1000, 300
BARS_WIDTH = 520  # they stand two in a row
LEFT, RIGHT, TOP, BOTTOM = 90, 8, 12, 28
LETTER = 7  # width of a digit of the axis, with some air
ROW = 40
TICKS = 4


def stacked_columns(data: Monthly, unit: Label) -> Markup:
    """One column a month, one color a series; negative values hang below the zero line. Says so when there is no data."""
    if not data.series:
        return no_data()
    ups = [sum((max(item.values[at], Decimal(0)) for item in data.series), Decimal(0)) for at in range(len(data.months))]
    downs = [sum((min(item.values[at], Decimal(0)) for item in data.series), Decimal(0)) for at in range(len(data.months))]
    ticks = axis(float(min(downs)), float(max(ups)))
    scale = _Scale(ticks[0], ticks[-1])
    body = [_grid(ticks, scale), *_columns(data, scale), *_months(data.months)]
    return _svg(WIDTH, HEIGHT, body, unit) + _legend([item.label for item in data.series])


def bars(items: Sequence[Item], unit: Label) -> Markup:
    """One horizontal bar an item, its name above and its value behind it. Says so when there is no data."""
    if not items:
        return no_data()
    low, high = min(0.0, *(float(item.value) for item in items)), max(0.0, *(float(item.value) for item in items))
    room = BARS_WIDTH - 20 - LETTER * max(len(number(item.value)) for item in items)
    per_unit = room / ((high - low) or 1)
    zero = -low * per_unit
    body = []
    for at, item in enumerate(items):
        start = zero + min(0.0, float(item.value)) * per_unit
        width, top = max(1.0, abs(float(item.value)) * per_unit), at * ROW
        color = COLORS[-1] if item.label == OTHERS_LABEL else COLORS[0] if item.value >= 0 else COLORS[3]
        body += [
            Markup('<text x="0" y="{}">{}</text>').format(top + 13, both_in_svg(item.label)),
            Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="14" rx="2" fill="{}"/>').format(
                start, top + 19, width, color
            ),
            Markup('<text x="{:.1f}" y="{}" class="value">{}</text>').format(start + width + 8, top + 31, number(item.value)),
        ]
    return _svg(BARS_WIDTH, len(items) * ROW, body, unit)


def no_data() -> Markup:
    """What stands in the place of a chart or table without data."""
    return Markup('<p class="empty">{}</p>').format(both(Label("暂无数据", "No data yet")))


def axis(low: float, high: float) -> list[float]:
    """Round numbers from at most ``low`` to at least ``high``, zero among them."""
    step = _round_up((max(high, 0.0) - min(low, 0.0)) / TICKS or 1.0)
    first, last = math.floor(min(low, 0.0) / step), math.ceil(max(high, 0.0) / step)
    return [at * step for at in range(first, last + 1)] if last > first else [0.0, step]


def number(value: Decimal | float) -> str:
    """With thousands separators, and decimals only where there are any: at most two."""
    return f"{value:,.2f}".removesuffix(".00")


def both(label: Label) -> Markup:
    """A label in both languages, one of which the reader may hide; once when both are the same."""
    if label.zh == label.en:
        return Markup("<span>{}</span>").format(label.zh)
    return Markup('<span class="zh">{}</span> <span class="en" lang="en">{}</span>').format(label.zh, label.en)


def both_in_svg(label: Label) -> Markup:
    """A label inside an SVG text; once when both languages say the same."""
    if label.zh == label.en:
        return escape(label.zh)
    return Markup('<tspan class="zh">{} </tspan><tspan class="en">{}</tspan>').format(label.zh, label.en)


class _Scale:
    """From a value to a height of the picture."""

    def __init__(self, low: float, high: float) -> None:
        self._high = high
        self._per_unit = (HEIGHT - TOP - BOTTOM) / (high - low)

    def y(self, value: float) -> float:
        return TOP + (self._high - value) * self._per_unit


def _round_up(value: float) -> float:
    """To 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= value * (1 - 1e-9))


def _grid(ticks: Sequence[float], scale: _Scale) -> Markup:
    lines = (
        Markup(
            '<line x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}" class="{}"/><text x="{}" y="{:.1f}" class="tick">{}</text>'
        ).format(
            LEFT, WIDTH - RIGHT, "zero" if tick == 0 else "grid", LEFT - 8, scale.y(tick) + 4, number(tick), y=scale.y(tick)
        )
        for tick in ticks
    )
    return Markup("").join(lines)


def _slot(months: Sequence[str]) -> float:
    return (WIDTH - LEFT - RIGHT) / len(months)


def _columns(data: Monthly, scale: _Scale) -> list[Markup]:
    slot = _slot(data.months)
    width = min(slot * 0.66, 64)
    rects = []
    for at, month in enumerate(data.months):
        up = down = 0.0
        for place, item in enumerate(data.series):
            value = float(item.values[at])
            if not value:
                continue
            base = up if value > 0 else down
            top, bottom = scale.y(max(base, base + value)), scale.y(min(base, base + value))
            up, down = (up + value, down) if value > 0 else (up, down + value)
            rects.append(
                Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"><title>{}</title></rect>').format(
                    LEFT + slot * (at + 0.5) - width / 2, top, width, max(bottom - top, 0.5), COLORS[place % len(COLORS)],
                    f"{month} {item.label.zh}: {number(item.values[at])}",
                )
            )  # fmt: skip
    return rects


def _months(months: Sequence[str]) -> list[Markup]:
    """As many names as there is room for."""
    every = math.ceil(LETTER * 9 / _slot(months))
    return [
        Markup('<text x="{:.1f}" y="{}" class="month">{}</text>').format(LEFT + _slot(months) * (at + 0.5), HEIGHT - 8, month)
        for at, month in enumerate(months)
        if at % every == 0
    ]


def _svg(width: int, height: int, body: Sequence[Markup], unit: Label) -> Markup:
    caption = Markup('<p class="unit">{}</p>').format(both(unit))
    picture = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{} {}">{}</svg>')
    return caption + picture.format(width, height, unit.zh, unit.en, Markup("").join(body))


def _legend(labels: Sequence[Label]) -> Markup:
    entry = Markup('<li><i style="background:{}"></i>{}</li>')
    entries = (entry.format(COLORS[at % len(COLORS)], both(label)) for at, label in enumerate(labels))
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(entries))
