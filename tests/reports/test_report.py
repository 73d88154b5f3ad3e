"""The figures that a manager reads are right, and the page opens without data, network or script."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from sqlalchemy import Engine, update

from mappings.lexicon import Label
from tests.reports.conftest import Publish
from tests.reports.facts import ATTACK, cost, ticket
from warranty_hub.reports.analytics.charts import axis, bars, stacked_columns
from warranty_hub.reports.analytics.figures import OTHERS_LABEL, Figures, Item, Monthly, Series, figures
from warranty_hub.warehouse.tables import bim_revision

UNIT = Label("元", "CNY")


def _figures(engine: Engine) -> Figures:
    with engine.connect() as db:
        return figures(db, zone="Asia/Shanghai", stale=["oa.approvals"])


def _page(folder: Path) -> Any:
    return html.fromstring((folder / "report.html").read_text(encoding="utf-8"))


def test_tiles_show_a_rate_with_its_sums(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    tickets, opened, costs, located, approvals = (
        [part.text_content() for part in tile] for tile in _page(folder).find_class("tile")
    )
    assert tickets[1] == "3", "neither the duplicate nor the deleted one"
    assert opened[1:] == ["2", "66.7% (2 / 3)"]
    assert costs[1] == "87.83", "yen and the estimate are not added"
    assert located[1] == "33.3%"
    assert located[2].startswith("1 / 3 ")
    assert approvals[1] == "66.7%", "a running approval is not decided"
    assert approvals[2].startswith("2 / 3 ")


def test_months_of_tickets_are_cut_in_the_organisations_zone(seeded: Engine) -> None:
    by_month = _figures(seeded).tickets_by_month
    assert by_month.months == ("2025-04", "2025-05")
    values = {item.label.en: [int(value) for value in item.values] for item in by_month.series}
    assert values == {"leakage": [1, 1], "not recognised": [0, 1]}


def test_a_month_without_tickets_keeps_its_place(seeded: Engine) -> None:
    with seeded.begin() as db:
        ticket(db, "WX8", "灯不亮", reported_at="2025-07-02T00:00:00Z")
    assert _figures(seeded).tickets_by_month.months == ("2025-04", "2025-05", "2025-06", "2025-07")


def test_what_is_too_small_for_a_color_is_summed_as_others(seeded: Engine) -> None:
    with seeded.begin() as db:
        for number in range(10, 20):
            cost(db, "2025-05", str(number), project_code=f"P{number}")
    found = _figures(seeded)
    assert found.lead is not None
    assert found.cost_by_month.series[-1].label == OTHERS_LABEL
    assert sum(sum(item.values) for item in found.cost_by_month.series) == found.lead.amount


def test_every_breakdown_sums_to_the_total(seeded: Engine) -> None:
    with seeded.begin() as db:
        for number in range(20):
            cost(db, "2025-05", f"{number}.01", component_code=f"C{number:02}X", party_code=f"S{number}")
    found = _figures(seeded)
    assert found.lead is not None
    for breakdown in (found.cost_by_component, found.cost_by_cause, found.cost_by_party):
        assert sum(item.value for item in breakdown) == found.lead.amount
    assert [(item.reason.en, item.lines, item.amount) for item in found.unlinked] == [("no ticket number", 1, Decimal("7.77"))]


def test_elements_and_methods_count_living_defects_only(seeded: Engine) -> None:
    found = _figures(seeded)
    assert [(item.tag, item.place, item.defects) for item in found.top_elements] == [("901", "3 / 15F / 主卧", 1)]
    assert {item.label.en: (item.defects, item.linked) for item in found.methods} == {
        "room and component": (2, 1),
        "building": (1, 0),
    }


def test_the_located_share_counts_buildings_that_have_a_model_only(seeded: Engine) -> None:
    assert (_figures(seeded).defects.modelled, _figures(seeded).defects.total) == (3, 3)
    with seeded.begin() as db:
        db.execute(update(bim_revision).values(building_code="another"))
    assert (_figures(seeded).defects.modelled, _figures(seeded).defects.linked) == (1, 1)


def test_stale_sources_stand_at_the_top(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    publish_now()
    assert "oa.approvals" in _page(folder).find_class("banner")[0].text_content()
    publish_now(stale=())
    assert _page(folder).find_class("banner") == []


def test_the_page_needs_no_network_and_runs_no_text(seeded: Engine, folder: Path, publish_now: Publish) -> None:
    with seeded.begin() as db:
        cost(db, "2025-05", "9000", project_code="<script>alert(1)</script>", component_code='"><img src=x>')
    publish_now()
    page = (folder / "report.html").read_text(encoding="utf-8")
    tree = _page(folder)
    assert len(tree.findall(".//script")) == 1
    assert tree.findall(".//img") == []
    page = page.replace(ATTACK, "").replace("img src=x", "").replace('href="plans/p01-3.html"', "")
    assert not re.search(r"""(src|href)\s*=|url\(|@import""", page)


def test_an_empty_warehouse_gives_an_empty_report(warehouse: Engine, folder: Path, publish_now: Publish) -> None:
    names = {file.name for file in publish_now(stale=())}
    assert names == {"cost_rollup.csv", "cost_rollup.parquet", "cost_rollup.xlsx", "defects_by_element.csv", "report.html"}
    silent = [card.find("h2").text_content() for card in _page(folder).find_class("card") if not card.find_class("empty")]
    assert silent == [], "each card says that there is no data yet"


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 7), (-3.3, 0), (-20, 1234567), (0.001, 0.004)])
def test_an_axis_reaches_over_the_values_in_few_steps(low: float, high: float) -> None:
    ticks = axis(low, high)
    assert ticks[0] <= min(low, 0)
    assert ticks[-1] >= max(high, 0)
    assert 2 <= len(ticks) <= 7
    assert 0 in ticks


def test_a_credit_hangs_below_the_zero_line() -> None:
    picture = stacked_columns(Monthly(("2025-01",), (Series(UNIT, (Decimal(-50),)),)), UNIT)
    tree: Any = html.fromstring(picture)
    zero = next(float(line.get("y1")) for line in tree.iter("line") if line.get("class") == "zero")
    assert [float(rect.get("y")) for rect in tree.iter("rect")] == [pytest.approx(zero, abs=0.1)]


def test_bars_are_as_long_as_their_values() -> None:
    tree: Any = html.fromstring(bars([Item(Label("甲", "a"), Decimal(200)), Item(Label("乙", "b"), Decimal(50))], UNIT))
    long, short = (float(rect.get("width")) for rect in tree.iter("rect"))
    assert long == pytest.approx(4 * short, rel=0.01)
