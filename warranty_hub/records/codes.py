"""The enumerations of our facts: stable codes. Labels in both languages stand in mappings/lexicon.

`UNMAPPED` is what a source value becomes that its field map does not know; it is counted, never taken for OTHER.
"""

from enum import StrEnum

UNMAPPED = "UNMAPPED"


class Urgency(StrEnum):
    """How fast someone has to come."""

    NORMAL = "NORMAL"
    URGENT = "URGENT"
    EMERGENCY = "EMERGENCY"
    UNMAPPED = UNMAPPED


class TicketState(StrEnum):
    """Where a ticket stands in the five steps: registered, surveyed, plan approved, repaired, accepted."""

    REGISTERED = "REGISTERED"
    TRIAGED = "TRIAGED"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    SURVEYED = "SURVEYED"
    PLAN_DRAFT = "PLAN_DRAFT"
    PLAN_IN_APPROVAL = "PLAN_IN_APPROVAL"
    PLAN_APPROVED = "PLAN_APPROVED"
    PLAN_REJECTED = "PLAN_REJECTED"
    IN_REPAIR = "IN_REPAIR"
    SUSPENDED = "SUSPENDED"
    REPAIRED = "REPAIRED"
    ACCEPTED = "ACCEPTED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"
    CANCELLED = "CANCELLED"
    UNMAPPED = UNMAPPED


class Cause(StrEnum):
    """Why the defect arose; who pays follows from it."""

    DESIGN = "DESIGN"
    CONSTRUCTION = "CONSTRUCTION"
    MATERIAL = "MATERIAL"
    MISUSE = "MISUSE"
    THIRD_PARTY = "THIRD_PARTY"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    MAINTENANCE = "MAINTENANCE"
    UNKNOWN = "UNKNOWN"
    UNMAPPED = UNMAPPED


class Finality(StrEnum):
    """Whether a responsibility is decided for good."""

    PRELIMINARY = "PRELIMINARY"
    FINAL = "FINAL"
    UNMAPPED = UNMAPPED


class PlanState(StrEnum):
    """Where a repair plan stands in the ticket store."""

    DRAFT = "DRAFT"
    TO_SUBMIT = "TO_SUBMIT"
    SUBMITTED = "SUBMITTED"
    UNMAPPED = UNMAPPED


class ApprovalState(StrEnum):
    """What the OA decided."""

    DRAFT = "DRAFT"
    RUNNING = "RUNNING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    VOIDED = "VOIDED"
    UNMAPPED = UNMAPPED


class CostStage(StrEnum):
    """How far a cost has become real; stages are never added together."""

    ESTIMATE = "ESTIMATE"
    COMMITTED = "COMMITTED"
    ACCRUED = "ACCRUED"
    ACTUAL = "ACTUAL"
    REVERSED = "REVERSED"
    UNMAPPED = UNMAPPED


class CostCategory(StrEnum):
    """What a cost was spent on."""

    LABOUR = "LABOUR"
    MATERIAL = "MATERIAL"
    MACHINE = "MACHINE"
    SUBCONTRACT = "SUBCONTRACT"
    APPRAISAL = "APPRAISAL"
    COMPENSATION = "COMPENSATION"
    TEMP_HOUSING = "TEMP_HOUSING"
    LOGISTICS = "LOGISTICS"
    ADMIN_FEE = "ADMIN_FEE"
    TAX_ADJUSTMENT = "TAX_ADJUSTMENT"
    OTHER = "OTHER"
    UNMAPPED = UNMAPPED


class CostBasis(StrEnum):
    """What of an invoice is cost; BOOKED: the ERP keeps tax apart, so what stands on the cost account is all of it."""

    NET = "NET"
    GROSS = "GROSS"
    BOOKED = "BOOKED"


class Payer(StrEnum):
    """Who is to bear a cost in the end. REPAIRER: for the time being, as long as no cause is decided."""

    LIABLE_PARTY = "LIABLE_PARTY"
    EMPLOYER = "EMPLOYER"
    OWNER = "OWNER"
    USER = "USER"
    THIRD_PARTY = "THIRD_PARTY"
    REPAIRER = "REPAIRER"
    UNDECIDED = "UNDECIDED"


class CommitmentKind(StrEnum):
    """What binds money: an order's item. An invoice for one lessens it; an invoice without one binds until it is posted."""

    ORDER = "ORDER"
    ORDER_INVOICE = "ORDER_INVOICE"
    INVOICE = "INVOICE"


class RecoveryKind(StrEnum):
    """From where cost comes back."""

    BACK_CHARGE = "BACK_CHARGE"
    SUPPLIER_CLAIM = "SUPPLIER_CLAIM"
    DESIGNER_CLAIM = "DESIGNER_CLAIM"
    INSURANCE = "INSURANCE"
    RETENTION_DEDUCTION = "RETENTION_DEDUCTION"
    OWNER_PAID = "OWNER_PAID"
    UNMAPPED = UNMAPPED


class RecoveryStep(StrEnum):
    """How far a recovery has come; what is claimed is not agreed, what is agreed is not received."""

    CLAIMED = "CLAIMED"
    AGREED = "AGREED"
    RECEIVED = "RECEIVED"
    WRITTEN_OFF = "WRITTEN_OFF"
    UNMAPPED = UNMAPPED


class ProofGap(StrEnum):
    """What an auditor would miss in a recovery."""

    NO_COST_VOUCHER = "NO_COST_VOUCHER"
    NO_NOTICE = "NO_NOTICE"
    AGREED_ABOVE_CLAIM = "AGREED_ABOVE_CLAIM"
    NO_APPROVAL = "NO_APPROVAL"
    NOT_APPROVED = "NOT_APPROVED"
    RECEIVED_ABOVE_AGREED = "RECEIVED_ABOVE_AGREED"
    NO_RECEIPT = "NO_RECEIPT"
    ABOVE_COST = "ABOVE_COST"
    NOT_THE_CONTRACTORS = "NOT_THE_CONTRACTORS"


class OrderKind(StrEnum):
    """What of an ERP can bear our reference."""

    PURCHASE_ORDER = "PURCHASE_ORDER"
    NOTIFICATION = "NOTIFICATION"


class PeriodStatus(StrEnum):
    """Whether an ERP still takes postings into a period."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    UNMAPPED = UNMAPPED


class PartyRole(StrEnum):
    """What a company does in a project."""

    DESIGN = "DESIGN"
    GENERAL_CONTRACTOR = "GENERAL_CONTRACTOR"
    SUBCONTRACTOR = "SUBCONTRACTOR"
    SUPPLIER = "SUPPLIER"
    OWNER = "OWNER"
    PROPERTY_MANAGER = "PROPERTY_MANAGER"
    UNMAPPED = UNMAPPED


class PlaceKind(StrEnum):
    """The levels of a place, from the whole project to one room."""

    PROJECT = "PROJECT"
    BUILDING = "BUILDING"
    UNIT = "UNIT"
    STOREY = "STOREY"
    DWELLING = "DWELLING"
    ROOM = "ROOM"


class AliasState(StrEnum):
    """Whether a name that the hub has learnt for a place is used."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"


class LocateState(StrEnum):
    """Whether a defect's link to an element stands by itself or waits for a person."""

    AUTO = "AUTO"
    REVIEW = "REVIEW"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"


class MatchState(StrEnum):
    """What became of the evidence that two elements are one; REFUTED: one file shows both."""

    AUTO = "AUTO"
    REVIEW = "REVIEW"
    REFUTED = "REFUTED"


class Verdict(StrEnum):
    """What a person says of an old element and a new one."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"


class LocationVerdict(StrEnum):
    """What a person says of a defect: it is on these elements, only its place is known, or the hub is to look for it again."""

    ELEMENT = "ELEMENT"
    PLACE = "PLACE"
    OPEN = "OPEN"


class LinkVerdict(StrEnum):
    """What a person says of a cost line and a ticket that it may belong to."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


class ElementChange(StrEnum):
    """What a revision did to an element, seen against what the project's models showed before."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    RETURNED = "RETURNED"
    SPLIT = "SPLIT"
    MERGED = "MERGED"


class RunStatus(StrEnum):
    """How a run ended; ABANDONED: its process died and a later run took over."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABANDONED = "ABANDONED"


class QuarantineState(StrEnum):
    """What became of a quarantined record; rows are marked, never removed."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class OutboxState(StrEnum):
    """Where a side effect stands; IN_DOUBT waits for a person and is never sent again by itself."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    DONE = "DONE"
    REFUSED = "REFUSED"
    IN_DOUBT = "IN_DOUBT"


class FeedLineKind(StrEnum):
    """What a published line does; REJECTED takes back a line that the receiver never booked, so neither is booked."""

    NEW = "NEW"
    REVERSAL = "REVERSAL"
    REJECTED = "REJECTED"


class AckStatus(StrEnum):
    """What the receiver made of a published line; ACCEPTED is not yet booked, POSTED is."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    POSTED = "POSTED"


class FeedBatchState(StrEnum):
    """A HELD batch was prepared and may not go out; a SEALED one is published and never changes."""

    HELD = "HELD"
    SEALED = "SEALED"


class ReconKind(StrEnum):
    """How a ticket and the ERP stand to each other; UNSTATED: the ticket states no approved amount to compare with."""

    MATCHED = "MATCHED"
    TIMING = "TIMING"
    AMOUNT = "AMOUNT"
    ONLY_TICKETS = "ONLY_TICKETS"
    ONLY_ERP = "ONLY_ERP"
    UNSTATED = "UNSTATED"


class Clock(StrEnum):
    """Whose liability runs: an element can be outside of one and inside of another."""

    CONTRACTOR = "CONTRACTOR"
    HOMEBUYER = "HOMEBUYER"
    RETENTION = "RETENTION"
    STATUTORY = "STATUTORY"
    INSURER = "INSURER"
    UNMAPPED = UNMAPPED


class PeriodMeasure(StrEnum):
    """What a warranty period is counted in; CONTRACT: only the contract says."""

    DAYS = "DAYS"
    MONTHS = "MONTHS"
    YEARS = "YEARS"
    SEASONS = "SEASONS"
    DESIGN_LIFE = "DESIGN_LIFE"
    CONTRACT = "CONTRACT"
    UNMAPPED = UNMAPPED


class StartEvent(StrEnum):
    """From when a clock runs: acceptance is per building, delivery per dwelling, the report of completion per contract."""

    ACCEPTANCE = "ACCEPTANCE"
    DELIVERY = "DELIVERY"
    COMPLETION_REPORT = "COMPLETION_REPORT"


class CoverageState(StrEnum):
    """In or out, at the day of the report."""

    COVERED = "COVERED"
    EXPIRED = "EXPIRED"
    NOT_STARTED = "NOT_STARTED"
    UNKNOWN = "UNKNOWN"
