"""The report for management and the pages of models: each one file that needs no network, in Chinese and English."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mappings.lexicon import Label
from warranty_hub.money import quantise
from warranty_hub.reports.analytics.charts import bars, both, no_data, stacked_columns
from warranty_hub.reports.analytics.figures import MONTHS, Figures
from warranty_hub.reports.bim.plans import ModelPlans


def write_page(
    path: Path,
    figures: Figures,
    *,
    organisation: str,
    as_of: datetime,
    stale: Sequence[str],
    left_out: Mapping[str, int],
    plans: Mapping[str, str],
) -> None:
    """Write the page. ``left_out``: by BCF file, how many issues did not fit into it. ``plans``: a model's page, by its id."""
    page = _environment(as_of).get_template("report.html.j2")
    said = page.render(
        f=figures, organisation=organisation, as_of=as_of, stale=stale, left_out=left_out, plans=plans, months=MONTHS
    )
    path.write_text(said, encoding="utf-8")


def write_plans(path: Path, model: ModelPlans, *, organisation: str, as_of: datetime, folder: str) -> None:
    """Write the page of one model: its floor plans, and what is broken in it. ``folder``: where the plans' own files are."""
    page = _environment(as_of).get_template("plans.html.j2")
    path.write_text(page.render(m=model, organisation=organisation, as_of=as_of, folder=folder), encoding="utf-8")


def _environment(as_of: datetime) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "percent": percent, "moment": _moment(as_of), "both": both, "picture": picture}
    environment.globals |= {
        "Label": Label,
        "t": lambda zh, en: both(Label(zh, en)),
        "bars": bars,
        "stacked_columns": stacked_columns,
        "no_data": no_data,
    }
    return environment


def picture(svg: str) -> Markup:
    """A picture of ours within a page, where no other may have its id; all texts in it are escaped already."""
    return Markup(svg.replace(' id="cost"', "", 1))  # noqa: S704 - `drawn` escapes what it writes


def money(amount: Decimal, currency: str) -> str:
    """An amount in its currency's units, with thousands separators; the currency stands beside it."""
    return f"{quantise(amount, currency):,}"


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """A rate from its two sums; a dash when there is nothing to divide by."""
    return f"{Decimal(100) * part / whole:.1f}%" if whole else "–"


def _moment(as_of: datetime) -> Callable[[datetime], str]:
    """Shows an instant in the zone of the report."""
    return lambda moment: moment.astimezone(as_of.tzinfo).strftime("%Y-%m-%d %H:%M")
