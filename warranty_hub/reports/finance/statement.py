"""The statement of the reconciliation: both sides of each project and period, and what lies between them."""

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, text

from warranty_hub.records.codes import ReconKind


class Line(NamedTuple):
    """One line of the statement: both sides of a project and period, and which kinds of item lie between them."""

    project_code: str
    period: str
    currency: str
    tickets_amount: Decimal
    matched: Decimal
    timing: Decimal
    amount: Decimal
    only_tickets: Decimal
    only_erp: Decimal
    unstated: Decimal
    erp_amount: Decimal


def statement(db: Connection, entity: str, period: str | None = None) -> list[Line]:
    """The entity's statement: tickets + timing + amount + only in tickets (negative) + only in the ERP + unstated = ERP."""
    return [Line(*row) for row in db.execute(text(_STATEMENT), {"entity": entity, "period": period})]


_KIND = "coalesce(sum({side}) FILTER (WHERE kind = '{kind}'), 0)"
_APART = "erp_amount - tickets_amount"
_STATEMENT = f"""
    SELECT project_code, period, currency, sum(tickets_amount), {_KIND.format(side="tickets_amount", kind="MATCHED")},
           {", ".join(_KIND.format(side=_APART, kind=kind) for kind in ReconKind if kind != ReconKind.MATCHED)}, sum(erp_amount)
    FROM hub.recon_item WHERE entity = :entity AND (CAST(:period AS text) IS NULL OR period = :period)
    GROUP BY 1, 2, 3 ORDER BY 2, 1, 3"""
