"""The sandbox's Kingdee as it gives a report: 科目余额表, what accounts moved in a period, made from the audited vouchers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.kingdee_filter import EXCEPTION, RefusedError

REPORT = "GL_RPT_AccountBalance"
COLUMNS = ("FBALANCEID", "FBALANCENAME", "FDEBITLOCAL", "FCREDITLOCAL")
Sides = tuple[Decimal, Decimal]


def account_balances(
    form: str, question: Mapping[str, Any], vouchers: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
) -> Any:
    """The answer of GetSysReportData: amounts as people read them, ``1,200.50`` and blank for zero, sums between the rows."""
    if form != REPORT:
        raise RefusedError(EXCEPTION, "报表不存在")
    names = [name.strip() for name in str(question["FieldKeys"]).split(",")]
    if unknown := set(names) - set(COLUMNS):
        return {"Result": {"IsSuccess": False, "Message": f"字段 {min(unknown)} 不存在"}}
    model = question["Model"]
    book, year, period = model["FACCTBOOKID"]["FNumber"], int(model["FSTARTYEAR"]), int(model["FSTARTPERIOD"])
    lines = [
        line
        for head, own in vouchers
        if (head.get("FAccountBookID.FNumber"), head.get("FYEAR"), head.get("FPERIOD")) == (book, year, period)
        for line in own
    ]
    rows = list(_rows(lines))
    start, limit = int(question["StartRow"]), int(question["Limit"])
    return {"Result": {"IsSuccess": True, "RowCount": len(rows), "Rows": rows[start : start + limit]}}


def _rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Every account, those above it, and at the end the sum of all."""
    moved: dict[str, Sides] = {}
    for line in lines:
        account = str(line["FACCOUNTID.FNumber"])
        parts = account.split(".")
        for depth in range(1, len(parts) + 1):
            above = ".".join(parts[:depth])
            debit, credit = moved.get(above, (Decimal(0), Decimal(0)))
            moved[above] = (debit + (line.get("FDEBIT") or 0), credit + (line.get("FCREDIT") or 0))
    yield from ([account, f"科目{account}", *map(_shown, sides)] for account, sides in sorted(moved.items()))
    if moved:
        leaves = [moved[str(account)] for account in {line["FACCOUNTID.FNumber"] for line in lines}]
        yield ["合计", "", *(_shown(sum(side, Decimal(0))) for side in zip(*leaves, strict=True))]


def _shown(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount else ""
