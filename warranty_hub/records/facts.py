"""The shapes of the facts that come from other systems. A field map turns a source record into exactly one of these.

The tables of the warehouse take their columns from here (warehouse/tables/), so a field is declared once. Names of fields
are our words; constraints are what PostgreSQL can hold, so that a bad value becomes a quarantine row and not a failed page.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from warranty_hub.records.codes import (
    ApprovalState,
    Cause,
    Clock,
    CommitmentKind,
    CostCategory,
    CostStage,
    Finality,
    PartyRole,
    PeriodMeasure,
    PeriodStatus,
    PlanState,
    RecoveryKind,
    RecoveryStep,
    TicketState,
    Urgency,
)
from warranty_hub.records.points import PointText

SourceId = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern="^[^\\x00\ufffd]*$")]
"""A record's key in its source; a longer one may not fit into an index of PostgreSQL, U+FFFD stands where a key was damaged."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Money = Annotated[Decimal, Field(max_digits=23, decimal_places=6)]
Area = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=3)]
Rate = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=6)]
"""So many units of one currency for one of another."""
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=8, decimal_places=6)]
Count = Annotated[int, Field(ge=0, le=2_147_483_647)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
Instant = Annotated[AwareDatetime, Field(ge=datetime(1, 1, 2, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC))]
"""Within what Python can read back in any zone: other systems write 0001-01-01 for none, and 9999-12-31 for ever."""
Day = date


class Fact(BaseModel):
    """One record of another system in our words."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrgUnit(Fact):
    """A node of the organisation tree, valid for a time."""

    code: Code
    name: Text
    level: Code
    parent_code: Code | None
    valid_from: Day | None
    valid_to: Day | None


class Project(Fact):
    """A building project under warranty."""

    code: Code
    name: Text
    org_code: Code | None
    city: Text | None


class Building(Fact):
    """One building (单位工程): the contractor's clock starts at its acceptance."""

    project_code: Code
    code: Code
    name: Text
    gfa_m2: Area | None
    acceptance_date: Day | None
    design_life_years: Count | None


class Dwelling(Fact):
    """One flat: the home buyer's clock starts at its delivery."""

    project_code: Code
    building_code: Code
    unit_code: Code | None
    storey: Code
    room_no: Code
    area_m2: Area | None
    delivery_date: Day | None


class Party(Fact):
    """A company."""

    code: Code
    name: Text
    role: PartyRole


class Contract(Fact):
    """What a party contracted for in a project."""

    contract_no: Code
    project_code: Code
    party_code: Code
    scope: Text | None
    retention_rate: Share | None
    settlement_amount: Money | None
    currency: Currency | None


class WarrantyTerm(Fact):
    """What a contract promises beside the law; without a building for all of the project, without a category for all."""

    contract_no: Code
    line_no: Code
    project_code: Code
    building_code: Code | None
    clock: Clock
    category: Code | None
    value: Count
    measure: PeriodMeasure


class Person(Fact):
    """The only home of personal data; everything else refers to it by id."""

    name: Text | None
    phone: Text | None
    id_number: Text | None


class Ticket(Fact):
    """One report of something broken, as the ticket store tells it."""

    ticket_no: Code
    project_code: Code
    building_code: Code | None
    address_text: Text | None
    description: Text
    element_ref: Text | None
    point: PointText | None
    urgency: Urgency
    reported_state: TicketState
    channel: Code | None
    reporter_id: Code | None
    reported_at: Instant
    promised_at: Instant | None
    score: Count | None
    changed_at: Instant


class TicketEvent(Fact):
    """One step in a ticket's life; the state follows from replaying them in source time."""

    ticket_no: Code
    seq: Count
    kind: Code
    at: Instant
    changed_at: Instant


class TicketComment(Fact):
    """What somebody said about a ticket, or about one of its defects. An edited comment is another fact."""

    ticket_system: Code
    ticket_no: Code
    defect_seq: Count | None
    author_id: Code | None
    text: Text
    at: Instant
    changed_at: Instant


class Responsibility(Fact):
    """One party's share in the cause of a ticket's defects, by version of the decision."""

    ticket_no: Code
    version: Count
    party_code: Code | None
    cause: Cause
    share_bp: BasisPoints
    finality: Finality
    changed_at: Instant


class RepairPlan(Fact):
    """One version of a plan to repair; each version is approved by itself."""

    plan_no: Code
    ticket_no: Code
    version: Count
    text: Text
    amount: Money
    currency: Currency
    state: PlanState
    approval_id: Code | None
    changed_at: Instant


class Approval(Fact):
    """One OA instance: what it was asked, what it decided."""

    title: Text
    plan_no: Code | None
    ticket_no: Code | None
    plan_version: Count | None
    amount: Money | None
    content_hash: Text | None
    state: ApprovalState
    node: Text | None
    submitted_at: Instant | None
    decided_at: Instant | None


class CostLine(Fact):
    """One line of an accounting document; positive is cost; ``base_amount`` is ``amount`` in the ledger's currency.

    ``tax_amount`` is what comes on top of ``amount``, null where tax stands on lines of its own. ``is_deductible`` null: the
    source does not say. ``rate`` and ``rate_date`` null: the two amounts tell it.
    """

    company_code: Code
    fiscal_year: Code
    document_no: Code
    item_no: Code
    account: Code
    category: CostCategory
    stage: CostStage
    posting_date: Day
    document_date: Day | None
    period: Code
    amount: Money
    currency: Currency
    base_amount: Money
    base_currency: Currency
    tax_amount: Money | None
    tax_code: Text | None
    is_deductible: bool | None
    rate: Rate | None
    rate_date: Day | None
    project_code: Code | None
    supplier_code: Code | None
    order_no: Code | None
    assignment: Text | None
    text: Text | None
    reverses_document: Code | None
    is_reversed: bool


class Commitment(Fact):
    """One item of an order, or of an invoice. ``amount`` is the whole item, net; ``is_closed``: it binds nothing more."""

    company_code: Code
    kind: CommitmentKind
    order_no: Code
    item_no: Code
    ordered_on: Day | None
    amount: Money
    invoiced_amount: Money | None
    currency: Currency
    supplier_code: Code | None
    project_code: Code | None
    assignment: Text | None
    text: Text | None
    is_closed: bool


class Retention(Fact):
    """What is kept back from an item of a supplier's invoice until the warranty ends (质量保证金).

    ``amount`` is positive, of a credit memo negative; ``rate`` is its share of the item, ``due_on`` the day to pay it out.
    """

    company_code: Code
    fiscal_year: Code
    invoice_no: Code
    item_no: Code
    invoiced_on: Day
    amount: Money
    currency: Currency
    rate: Share | None
    due_on: Day | None
    order_no: Code | None
    supplier_code: Code | None
    project_code: Code | None
    text: Text | None
    is_reversed: bool


class RecoveryLine(Fact):
    """One step of getting cost back: so much was claimed, agreed, received or written off, on a day, by a document.

    The lines of a recovery share its number. ``amount`` is positive; negative takes an earlier line of that step back.
    ``cost_document`` is the voucher of the cost that is recovered, ``approval_id`` who agreed to it.
    """

    company_code: Code
    recovery_no: Code
    kind: RecoveryKind
    step: RecoveryStep
    amount: Money
    currency: Currency
    day: Day
    period: Code
    party_code: Code | None
    ticket_no: Code | None
    project_code: Code | None
    cost_document: Code | None
    document_no: Text | None
    approval_id: Code | None


class GlBalance(Fact):
    """What an account moved in a period, in the ledger's currency; debit and credit are both positive.

    A source that tells only the net movement fills one of the two.
    """

    company_code: Code
    account: Code
    period: Code
    debit: Money
    credit: Money
    currency: Currency


class Period(Fact):
    """An accounting period and whether it is still open."""

    company_code: Code
    period: Code
    first_day: Day | None
    last_day: Day | None
    status: PeriodStatus


FACTS: dict[str, type[Fact]] = {
    "org_unit": OrgUnit,
    "project": Project,
    "building": Building,
    "dwelling": Dwelling,
    "party": Party,
    "contract": Contract,
    "warranty_term": WarrantyTerm,
    "person": Person,
    "ticket": Ticket,
    "ticket_event": TicketEvent,
    "ticket_comment": TicketComment,
    "responsibility": Responsibility,
    "repair_plan": RepairPlan,
    "approval": Approval,
    "cost_line": CostLine,
    "commitment": Commitment,
    "retention": Retention,
    "recovery_line": RecoveryLine,
    "gl_balance": GlBalance,
    "period": Period,
}
"""Every fact by the name of its table."""
