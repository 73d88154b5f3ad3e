"""Which entities of SAP S/4HANA make a stream: one entity set of one OData V2 service each.

Names of services, sets and fields are those of SAP's published specifications (OP_API_… on api.sap.com).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

COST_SERVICE = "API_OPLACCTGDOCITEMCUBE_SRV"
COST_SET = "A_OperationalAcctgDocItemCube"
COST_KEY = ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem")
INVOICE_SERVICE = "API_SUPPLIERINVOICE_PROCESS_SRV"
INVOICE_KEY = ("SupplierInvoice", "FiscalYear")
INVOICE_DAYS = ("CreationDate", "PostingDate")
LATE_POSTINGS = timedelta(days=3)
AGAIN = timedelta(days=62)

StreamName = Literal[
    "cost_lines",
    "balances",
    "supplier_invoices",
    "order_invoices",
    "retentions",
    "purchase_orders",
    "maintenance_orders",
    "notifications",
    "suppliers",
]


@dataclass(frozen=True)
class EntityStream:
    """Where a stream's records stand, and which fields tell a change.

    ``days`` are Edm.DateTime, ``moments`` Edm.DateTimeOffset, the cursor is the first of them; a set with neither is read whole
    each time. ``parts`` leads from an entity down to those of its parts that are the records, identified by ``part_key``; each
    carries the fields of what it is part of, and where both have one the part's, unless that is null. Of the parts of a record
    under ``agreed`` it carries what they agree in. ``select``: the only fields that are asked for, where not all are.
    ``only``: what else must hold, in OData's words.
    """

    service: str
    entity_set: str
    key: tuple[str, ...]
    days: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    lookback: timedelta = timedelta(hours=1)
    parts: tuple[str, ...] = ()
    part_key: tuple[str, ...] = ()
    agreed: str = ""
    select: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    of_companies: bool = True
    of_accounts: bool = False
    nothing: str = "nothing is in these company codes yet"

    @property
    def expand(self) -> str:
        """What comes with an entity."""
        return "/".join((*self.parts, *([self.agreed] if self.agreed else [])))


STREAMS: Mapping[StreamName, EntityStream] = {
    "cost_lines": EntityStream(
        COST_SERVICE,
        COST_SET,
        COST_KEY,
        days=("LastChangeDate", "AccountingDocumentCreationDate"),  # a line that was never changed may have only the second
        lookback=LATE_POSTINGS,
        of_accounts=True,
        nothing="no line is on these accounts in these company codes yet",
    ),
    # An analytical set: it sums its measures over whatever dimensions are selected, and its own key ID cannot be sorted by.
    "balances": EntityStream(
        "API_JOURNALENTRYITEMBASIC_SRV",
        "A_JournalEntryItemBasic",
        ("CompanyCode", "GLAccount", "LedgerFiscalYear", "FiscalPeriod"),
        select=(
            *("CompanyCode", "GLAccount", "LedgerFiscalYear", "FiscalPeriod", "CompanyCodeCurrency"),
            "AmountInCompanyCodeCurrency",
        ),
        only=("FiscalPeriod ne '000'",),  # what was carried forward from the year before
        of_accounts=True,
        nothing="nothing was posted to these accounts in these company codes yet",
    ),
    "supplier_invoices": EntityStream(
        INVOICE_SERVICE,
        "A_SupplierInvoice",
        INVOICE_KEY,
        days=INVOICE_DAYS,
        lookback=AGAIN,
        parts=("to_SupplierInvoiceItemGLAcct",),
        part_key=(*INVOICE_KEY, "SupplierInvoiceItem"),
        of_accounts=True,
    ),
    "order_invoices": EntityStream(
        INVOICE_SERVICE,
        "A_SupplierInvoice",
        INVOICE_KEY,
        days=INVOICE_DAYS,
        lookback=AGAIN,
        parts=("to_SuplrInvcItemPurOrdRef", "to_SupplierInvoiceItmAcctAssgmt"),
        part_key=(*INVOICE_KEY, "SupplierInvoiceItem", "OrdinalNumber"),
        of_accounts=True,
    ),
    "retentions": EntityStream(
        INVOICE_SERVICE,
        "A_SupplierInvoice",
        INVOICE_KEY,
        days=INVOICE_DAYS,
        lookback=AGAIN,
        parts=("to_SuplrInvcItemPurOrdRef",),
        part_key=(*INVOICE_KEY, "SupplierInvoiceItem"),
        agreed="to_SupplierInvoiceItmAcctAssgmt",
        only=("SupplierInvoiceStatus eq '5'",),  # of an invoice that is not posted nothing is kept back yet
    ),
    "purchase_orders": EntityStream(
        "API_PURCHASEORDER_PROCESS_SRV",
        "A_PurchaseOrder",
        ("PurchaseOrder",),
        moments=("LastChangeDateTime",),
        days=("CreationDate",),
        parts=("to_PurchaseOrderItem",),
        part_key=("PurchaseOrder", "PurchaseOrderItem"),
        agreed="to_AccountAssignment",
        of_accounts=True,
    ),
    "maintenance_orders": EntityStream(
        "API_MAINTENANCEORDER",
        "MaintenanceOrder",
        ("MaintenanceOrder",),
        moments=("LastChangeDateTime",),
        parts=("to_MaintenanceOrderOperation", "to_MaintOrderOpComponent"),
        part_key=("MaintenanceOrder", "MaintOrderComponentInternalID"),
    ),
    "notifications": EntityStream(
        "API_MAINTNOTIFICATION",
        "MaintenanceNotification",
        ("MaintenanceNotification",),
        moments=("LastChangeDateTime",),
        days=("LastChangeDate", "CreationDate"),  # old ones have no LastChangeDateTime
    ),
    "suppliers": EntityStream(
        "API_BUSINESS_PARTNER",
        "A_Supplier",
        ("Supplier",),
        select=("Supplier", "SupplierName", "SupplierAccountGroup"),  # no bank, tax or birth dates
        of_companies=False,
        nothing="there is no supplier in these groups yet",
    ),
}
