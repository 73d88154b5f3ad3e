"""The monthly rollup is what summing every part by hand gives, whatever share a cell."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from warranty_hub.errors import CountingError
from warranty_hub.pipelines.cost_cells import DIMENSIONS, Cells, Place
from warranty_hub.pipelines.cost_months import sum_months
from warranty_hub.pipelines.cost_parts import PART_COLUMNS, said
from warranty_hub.records.codes import Cause, Finality, Payer
from warranty_hub.rules.allocation import DefectDimension, LiableShare, Part
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import allocation, cost_basis, cost_line, fact_tables, outlook, recovery

PERIODS = ("2025-04", "2025-05")
COLUMNS = (
    "source_system", "source_id", "ticket_no", "period", "project_code", "building_code", "category", "repairer_code", "stage",
    "currency", "part", "cell", *PART_COLUMNS,
)  # fmt: skip


def test_a_line_or_ticket_of_several_parts_counts_twice_in_a_cell_or_a_recovery_makes_a_row_of_its_own(
    warehouse: Engine,
) -> None:
    summed = defaultdict[tuple[Any, ...], list[Any]](lambda: [0, 0, 0, 0, set(), set()])
    with warehouse.begin() as db:
        for period, key, measure, amount, line, ticket in _parts_of_everything(db, Random(6)):
            cell = summed[key]
            cell[measure] += amount
            cell[4] |= {line} - {None}
            cell[5] |= {ticket} - {None}
            assert key[0] == period
        sum_months(db, PERIODS)
        rows = {tuple(row)[: len(DIMENSIONS)]: tuple(row)[len(DIMENSIONS) :] for row in db.execute(text(_MONTHS))}
    assert rows == {key: (*cell[:4], len(cell[4]), len(cell[5])) for key, cell in summed.items()}
    assert any(cell[3] and cell[0] for cell in summed.values()), "none where a cost and what came back share a cell"
    assert any(len(cell[4]) > len(cell[5]) > 1 for cell in summed.values()), "none with more lines than tickets"


def test_only_the_periods_that_are_asked_for_are_summed_anew(warehouse: Engine) -> None:
    with warehouse.begin() as db:
        list(_parts_of_everything(db, Random(7)))
        sum_months(db, PERIODS)
        db.execute(text("UPDATE hub.allocation SET amount = 2 * amount"))
        db.execute(text("UPDATE hub.cost_basis SET cost = 2 * cost"))
        before = db.execute(text(_TOTALS)).all()
        sum_months(db, ["2025-05"])
        after = db.execute(text(_TOTALS)).all()
    assert [row for row in after if row.period == "2025-04"] == [row for row in before if row.period == "2025-04"]
    assert [row for row in after if row.period == "2025-05"] != [row for row in before if row.period == "2025-05"]


def test_a_part_that_has_no_cell_is_missing_from_the_months_and_nobody_notices(warehouse: Engine) -> None:
    with warehouse.begin() as db:
        list(_parts_of_everything(db, Random(8)))
        db.execute(
            text("DELETE FROM hub.cost_cell WHERE cell = (SELECT cell FROM hub.allocation ORDER BY amount DESC LIMIT 1)")
        )
        with pytest.raises(CountingError, match="the lines sum to"):
            sum_months(db, PERIODS)


def test_dimensions_that_read_alike_side_by_side_are_one_cell() -> None:
    cells, part = Cells(), _part(Random(1), Decimal(1))
    places = [
        Place("2025-04", project, building, "", None, "ACTUAL", "CNY") for project, building in (("P1", "2"), ("P", "12"))
    ]
    assert len({cells.number(place, part) for place in places}) == 2
    nothing = [
        Place("2025-04", None, None, "", None, "ACTUAL", "CNY"),
        Place("2025-04", "UNKNOWN", "", "", "", "ACTUAL", "CNY"),
    ]
    assert len({cells.number(place, part) for place in nothing}) == 1, "what is not known is told apart from what is not said"


def _parts_of_everything(db: Connection, chance: Random) -> Iterator[tuple[Any, ...]]:
    """Write costs, promises and recoveries in few cells; tells of each part its cell, measure, amount, line and ticket."""
    cells, rows = Cells(), defaultdict[str, list[tuple[Any, ...]]](list)
    for number in range(300):
        table, stage, step = chance.choice(
            [("allocation", "ACTUAL", None)] * 3 + [("outlook", "COMMITTED", None), ("recovery", "ACTUAL", "CLAIMED")]
            + [("recovery", "ACTUAL", "RECEIVED"), ("recovery", "ACTUAL", "WRITTEN_OFF")]
        )  # fmt: skip
        line = (chance.choice(["sap", "kingdee"]), str(number // 2) + table)  # both systems number alike
        if any(line == key for key, *_ in rows[table]):
            continue
        currency, digits = chance.choice([("CNY", 2), ("KWD", 3), ("JPY", 0)])
        project = "P2" if step == "WRITTEN_OFF" else "P1"  # what was written off makes no row
        place = Place(chance.choice(PERIODS), project, None, "UNMAPPED", None, stage, currency)
        ticket = chance.choice([None, "WX1", "WX2", "WX3"])
        amounts = [Decimal(chance.randint(-999, 9999)).scaleb(-digits) for _ in range(3)]
        parts = [_part(chance, amount) for amount in amounts]
        for seq, (part, cell, first) in enumerate(cells.of_line(place, parts)):
            amount = part.amount
            rows[table].append((line, ticket, place, step, seq, cell, part, first))
            if step != "WRITTEN_OFF":
                measure = {None: 0, "CLAIMED": 1, "RECEIVED": 3}[step]
                yield place.period, _key(place, part), measure, amount, line if table == "allocation" else None, ticket
        _voucher(db, table, line, place, step, sum(amounts, Decimal(0)))
    cells.keep(db)
    for target, more, columns in (
        (allocation, lambda row: (1, row[7]), ("fact_version", "first_in_cell")),
        (outlook, lambda _: ("commitment",), ("fact",)),
        (recovery, lambda row: (row[3],), ("step",)),
    ):
        names = [name for name in COLUMNS if name != "stage" or target is not recovery]
        copy_rows(db, target, (*names, *columns), (_row(target is recovery, row[:7], more(row)) for row in rows[target.name]))


def _row(without_stage: bool, row: tuple[Any, ...], more: tuple[Any, ...]) -> tuple[Any, ...]:
    line, ticket, place, _, seq, cell, part = row
    *where, stage, currency = place
    return (*line, ticket, *where, *([] if without_stage else [stage]), currency, seq, cell, *said(part), *more)


def _part(chance: Random, amount: Decimal) -> Part:
    defect = DefectDimension(chance.choice(["C1", "C2"]), "D1", 1, repeat_no=chance.choice([None, 2, 3, 4]))
    return Part(defect, LiableShare(None, Cause.UNKNOWN, 10_000, Finality.PRELIMINARY), Payer.UNDECIDED, amount)


def _key(place: Place, part: Part) -> tuple[Any, ...]:
    repeated = (part.defect.repeat_no or 0) >= 3
    return (
        place.period, "P1", "", part.defect.component_code, "D1", "UNMAPPED", "UNKNOWN", "", "", "UNDECIDED", "PRELIMINARY",
        repeated, place.stage, place.currency,
    )  # fmt: skip


def _voucher(db: Connection, table: str, line: tuple[str, str], place: Place, step: str | None, amount: Decimal) -> None:
    """What the sums are checked against."""
    key = {"source_system": line[0], "source_id": line[1]}
    if table == "allocation":
        told = {
            "fact_version": 1, "company_code": "1000", "fiscal_year": "2025", "document_no": line[1], "item_no": "1",
            "account": "6401", "category": "UNMAPPED", "stage": "ACTUAL", "posting_date": "2025-04-05", "period": place.period,
            "amount": amount, "currency": place.currency, "base_amount": amount, "base_currency": place.currency,
            "is_reversed": False, "run_id": 1,
        }  # fmt: skip
        db.execute(cost_line.insert().values(key | told))
        basis = {"basis": "NET", "net": amount, "cost": amount, "currency": place.currency, "rate_date": "2025-04-05"}
        db.execute(cost_basis.insert().values(key | {"fact_version": 1} | basis))
    elif table == "recovery":
        told = {
            "company_code": "1000", "recovery_no": "R1", "kind": "BACK_CHARGE", "step": step, "amount": amount,
            "currency": place.currency, "day": "2025-04-05", "period": place.period, "run_id": 1,
        }  # fmt: skip
        db.execute(fact_tables["recovery_line"].insert().values(key | told))


_MONTHS = f"SELECT {', '.join(DIMENSIONS)}, amount, claimed, agreed, recovered, lines, tickets FROM mart.cost_month"
_TOTALS = "SELECT period, currency, sum(amount) AS amount FROM mart.cost_month GROUP BY 1, 2 ORDER BY 1, 2"
