"""Cost by component and project as finance would lay it out by hand: one table a currency and stage, with totals both ways."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, text

from mappings.lexicon import label

TOTAL = "合计 Total"


@dataclass(frozen=True)
class CrossTable:
    """One table: components down, projects across, the last row and column their totals. Cells are exact ``Decimal``."""

    currency: str
    stage: str
    cells: pd.DataFrame


def cross_tables(db: Connection) -> Iterator[CrossTable]:
    """A table for each currency and stage, since these are never added together."""
    rows = db.execute(text(_CELLS)).all()
    costs = pd.DataFrame(rows, columns=["currency", "stage", "component", "project", "amount"], dtype=object)
    for (currency, stage), part in costs.groupby(["currency", "stage"]):
        named = part.assign(component=part["component"].map(_component))
        cells = named.pivot_table(
            index="component", columns="project", values="amount", aggfunc="sum", margins=True, margins_name=TOTAL
        )
        yield CrossTable(str(currency), str(stage), cells.where(cells.notna(), None))


def _component(code: str) -> str:
    shown = label("component", code)
    return f"{shown.zh} {shown.en}"


_CELLS = """
    SELECT currency, stage, component_code, project_code, sum(amount)
    FROM mart.cost_month GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
