"""The side effects that the hub has performed in other systems: what an outbox item of each kind says, in our words."""

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from warranty_hub.records.codes import OrderKind
from warranty_hub.records.facts import Code, Count, Currency, Money, Text

SUBMIT_PLAN = "submit_plan"
POST_JOURNAL = "post_journal"
REFER_ORDER = "refer_order"


class PlanToApprove(BaseModel):
    """The payload of ``submit_plan``: one version of a repair plan. ``content_hash`` is what its approval is bound to."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    plan_no: Code
    ticket_no: Code
    version: Count
    project_code: Code
    text: Text
    amount: Money
    currency: Currency
    content_hash: Text


class JournalLine(BaseModel):
    """One side of an entry: a positive amount is debit, a negative one credit."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    account: Code
    amount: Money
    project_code: Code | None = None
    supplier_code: Code | None = None
    text: Text | None = None


class JournalEntry(BaseModel):
    """The payload of ``post_journal``: one balanced accounting document in one currency.

    ``reference`` is what people call it (a provision run, a back-charge); a sink adds the item's idempotency key where it
    can find it again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    company_code: Code
    posting_date: date
    document_date: date
    currency: Currency
    reference: Code
    text: Text
    lines: tuple[JournalLine, ...]

    @model_validator(mode="after")
    def _balanced(self) -> Self:
        if len(self.lines) < 2 or sum(line.amount for line in self.lines) != 0:
            raise ValueError("debit and credit differ")
        return self


class OrderReference(BaseModel):
    """The payload of ``refer_order``: our own number on an order of the ERP, so that what is charged to it finds its ticket."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: OrderKind
    order_no: Code
    reference: Code
