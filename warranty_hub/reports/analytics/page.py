"""The report for management: one page that needs no network, in Chinese and English."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from mappings.lexicon import Label
from warranty_hub.money import quantise
from warranty_hub.reports.analytics.charts import bars, both, no_data, stacked_columns
from warranty_hub.reports.analytics.figures import MONTHS, Figures


def write_page(
    path: Path, figures: Figures, *, organisation: str, as_of: datetime, stale: Sequence[str], left_out: Mapping[str, int]
) -> None:
    """Write the page. ``left_out``: by BCF file, how many issues did not fit into it."""
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "percent": percent, "moment": _moment(as_of), "both": both}
    environment.globals |= {
        "Label": Label,
        "bars": bars,
        "stacked_columns": stacked_columns,
        "no_data": no_data,
        "months": MONTHS,
    }
    page = environment.get_template("report.html.j2").render(
        f=figures, organisation=organisation, as_of=as_of, stale=stale, left_out=left_out
    )
    path.write_text(page, encoding="utf-8")


def money(amount: Decimal, currency: str) -> str:
    """An amount in its currency's units, with thousands separators; the currency stands beside it."""
    return f"{quantise(amount, currency):,}"


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """A rate from its two sums; a dash when there is nothing to divide by."""
    return f"{Decimal(100) * part / whole:.1f}%" if whole else "–"


def _moment(as_of: datetime) -> Callable[[datetime], str]:
    """Shows an instant in the zone of the report."""
    return lambda moment: moment.astimezone(as_of.tzinfo).strftime("%Y-%m-%d %H:%M")
