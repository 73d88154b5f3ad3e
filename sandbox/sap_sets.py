"""The entity sets of the sandbox's SAP, as data: keys, properties with their types, and what an entity can be expanded to.

Names, types and lengths are a selection of what SAP's own specifications of these services give; where they give no length, it
is SAP's usual one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

ROOT = "/sap/opu/odata/sap/"
Type = type | int
"""What a property holds: date, datetime (with a zone), time, Decimal, bool, or text of at most so many characters."""


@dataclass(frozen=True)
class EntitySet:
    """One entity set of one service. ``parts``: its navigations to many, by name.

    ``sums``: its measures, where it is an analytical set, which sums them over the other properties that are selected.
    ``open``: the properties that a client may change.
    """

    service: str
    name: str
    key: tuple[str, ...]
    properties: Mapping[str, Type]
    parts: "Mapping[str, EntitySet]" = field(default_factory=dict)
    sums: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """Of its service, on the server."""
        return ROOT + self.service


COST_LINES = EntitySet(
    "API_OPLACCTGDOCITEMCUBE_SRV",
    "A_OperationalAcctgDocItemCube",
    ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem"),
    {
        "CompanyCode": 4, "FiscalYear": 4, "AccountingDocument": 10, "AccountingDocumentItem": 3, "AccountingDocumentType": 2,
        "AccountingDocumentItemType": 1, "AccountingDocumentHeaderText": 25, "AssignmentReference": 18, "DocumentItemText": 50,
        "DocumentReferenceID": 16, "InvoiceReference": 10, "FiscalPeriod": 3, "Ledger": 2, "DebitCreditCode": 1,
        "PostingKey": 2, "FinancialAccountType": 1, "SpecialGLCode": 1, "GLAccount": 10, "GLAccountName": 30,
        "OperationalGLAccount": 10, "CostCenter": 10, "ProfitCenter": 10, "Project": 24, "WBSElementInternalID": 8,
        "OrderID": 12, "ProjectNetwork": 12, "RealEstateObject": 40, "Supplier": 10, "SupplierName": 80, "Customer": 10,
        "PurchasingDocument": 10, "PurchasingDocumentItem": 5, "PaymentTerms": 4, "PaymentBlockingReason": 1,
        "ClearingAccountingDocument": 10, "TaxCode": 2, "ReverseDocument": 10, "CompanyCodeCurrency": 5,
        "TransactionCurrency": 5, "PostingDate": date, "DocumentDate": date, "NetDueDate": date, "DueCalculationBaseDate": date,
        "ClearingDate": date, "AccountingDocumentCreationDate": date, "LastChangeDate": date,
        "AmountInCompanyCodeCurrency": Decimal, "AmountInTransactionCurrency": Decimal, "TaxAmount": Decimal,
        "TaxBaseAmountInTransCrcy": Decimal, "IsCleared": bool, "ClearingIsReversed": bool, "IsReversal": bool,
        "IsReversed": bool,
    },
)  # fmt: skip

JOURNAL_ITEMS = EntitySet(
    "API_JOURNALENTRYITEMBASIC_SRV",
    "A_JournalEntryItemBasic",
    ("ID",),
    {
        "ID": 1000, "Ledger": 2, "LedgerFiscalYear": 4, "FiscalPeriod": 3, "CompanyCode": 4, "GLAccount": 10, "CostCenter": 10,
        "ProfitCenter": 10, "Project": 24, "OrderID": 12, "CompanyCodeCurrency": 5, "AmountInCompanyCodeCurrency": Decimal,
    },
    sums=frozenset({"AmountInCompanyCodeCurrency"}),
)  # fmt: skip

INVOICES = "API_SUPPLIERINVOICE_PROCESS_SRV"
INVOICE_ASSIGNMENTS = EntitySet(
    INVOICES,
    "A_SuplrInvcItemAcctAssgmt",
    ("SupplierInvoice", "FiscalYear", "SupplierInvoiceItem", "OrdinalNumber"),
    {
        "SupplierInvoice": 10, "FiscalYear": 4, "SupplierInvoiceItem": 6, "OrdinalNumber": 4, "CostCenter": 10, "GLAccount": 10,
        "WBSElement": 24, "DocumentCurrency": 5, "SuplrInvcAcctAssignmentAmount": Decimal, "TaxCode": 2, "DebitCreditCode": 1,
        "InternalOrder": 12, "ProjectNetwork": 12, "CompanyCode": 4, "SuplrInvcAccountAssignmentText": 50,
    },
)  # fmt: skip
INVOICE_ORDER_ITEMS = EntitySet(
    INVOICES,
    "A_SuplrInvcItemPurOrdRef",
    ("SupplierInvoice", "FiscalYear", "SupplierInvoiceItem"),
    {
        "SupplierInvoice": 10, "FiscalYear": 4, "SupplierInvoiceItem": 6, "PurchaseOrder": 10, "PurchaseOrderItem": 5,
        "Plant": 4, "TaxCode": 2, "DocumentCurrency": 5, "SupplierInvoiceItemAmount": Decimal, "SupplierInvoiceItemText": 50,
        "RetentionAmountInDocCurrency": Decimal, "RetentionPercentage": Decimal, "RetentionDueDate": date,
    },
    {"to_SupplierInvoiceItmAcctAssgmt": INVOICE_ASSIGNMENTS},
)  # fmt: skip
INVOICE_ACCOUNT_ITEMS = EntitySet(
    INVOICES,
    "A_SupplierInvoiceItemGLAcct",
    ("SupplierInvoice", "FiscalYear", "SupplierInvoiceItem"),
    {
        "SupplierInvoice": 10, "FiscalYear": 4, "SupplierInvoiceItem": 4, "CompanyCode": 4, "CostCenter": 10, "GLAccount": 10,
        "WBSElement": 24, "InternalOrder": 12, "ProjectNetwork": 12, "DocumentCurrency": 5, "DebitCreditCode": 1,
        "SupplierInvoiceItemAmount": Decimal, "TaxCode": 2, "AssignmentReference": 18, "SupplierInvoiceItemText": 50,
    },
)  # fmt: skip
SUPPLIER_INVOICES = EntitySet(
    INVOICES,
    "A_SupplierInvoice",
    ("SupplierInvoice", "FiscalYear"),
    {
        "SupplierInvoice": 10, "FiscalYear": 4, "CompanyCode": 4, "DocumentDate": date, "PostingDate": date,
        "CreationDate": date, "SupplierInvoiceIDByInvcgParty": 16, "InvoicingParty": 10, "DocumentCurrency": 5,
        "InvoiceGrossAmount": Decimal, "DocumentHeaderText": 25, "PaymentTerms": 4, "DueCalculationBaseDate": date,
        "PaymentBlockingReason": 1, "AccountingDocumentType": 2, "SupplierInvoiceStatus": 1, "AssignmentReference": 18,
        "SupplierInvoiceIsCreditMemo": 1, "RetentionDueDate": date, "ReverseDocument": 10, "IsReversed": bool,
    },
    {"to_SupplierInvoiceItemGLAcct": INVOICE_ACCOUNT_ITEMS, "to_SuplrInvcItemPurOrdRef": INVOICE_ORDER_ITEMS},
)  # fmt: skip

PURCHASES = "API_PURCHASEORDER_PROCESS_SRV"
PURCHASE_ASSIGNMENTS = EntitySet(
    PURCHASES,
    "A_PurOrdAccountAssignment",
    ("PurchaseOrder", "PurchaseOrderItem", "AccountAssignmentNumber"),
    {
        "PurchaseOrder": 10, "PurchaseOrderItem": 5, "AccountAssignmentNumber": 2, "IsDeleted": bool, "Quantity": Decimal,
        "MultipleAcctAssgmtDistrPercent": Decimal, "GLAccount": 10, "CostCenter": 10, "WBSElement": 24, "OrderID": 12,
    },
)  # fmt: skip
PURCHASE_ITEMS = EntitySet(
    PURCHASES,
    "A_PurchaseOrderItem",
    ("PurchaseOrder", "PurchaseOrderItem"),
    {
        "PurchaseOrder": 10, "PurchaseOrderItem": 5, "PurchasingDocumentDeletionCode": 1, "PurchaseOrderItemText": 40,
        "Plant": 4, "OrderQuantity": Decimal, "PurchaseOrderQuantityUnit": 3, "OrderPriceUnit": 3, "DocumentCurrency": 5,
        "OrderPriceUnitToOrderUnitNmrtr": Decimal, "OrdPriceUnitToOrderUnitDnmntr": Decimal, "NetPriceAmount": Decimal,
        "NetPriceQuantity": Decimal, "TaxCode": 2, "IsCompletelyDelivered": bool, "IsFinallyInvoiced": bool,
        "PurchaseOrderItemCategory": 1, "AccountAssignmentCategory": 1, "IsReturnsItem": bool,
        "ExpectedOverallLimitAmount": Decimal, "OverallLimitAmount": Decimal,
    },
    {"to_AccountAssignment": PURCHASE_ASSIGNMENTS},
)  # fmt: skip
PURCHASE_ORDERS = EntitySet(
    PURCHASES,
    "A_PurchaseOrder",
    ("PurchaseOrder",),
    {
        "PurchaseOrder": 10, "CompanyCode": 4, "PurchaseOrderType": 4, "PurchasingDocumentDeletionCode": 1,
        "PurchasingProcessingStatus": 2, "CreationDate": date, "LastChangeDateTime": datetime, "Supplier": 10,
        "PurchaseOrderDate": date, "DocumentCurrency": 5, "CorrespncExternalReference": 12, "CorrespncInternalReference": 12,
    },
    {"to_PurchaseOrderItem": PURCHASE_ITEMS},
    open=frozenset({"CorrespncExternalReference", "CorrespncInternalReference"}),
)  # fmt: skip

SUPPLIERS = EntitySet(
    "API_BUSINESS_PARTNER",
    "A_Supplier",
    ("Supplier",),
    {
        "Supplier": 10, "SupplierName": 80, "SupplierFullName": 220, "SupplierAccountGroup": 4, "CreationDate": date,
        "PostingIsBlocked": bool, "PurchasingIsBlocked": bool, "DeletionIndicator": bool, "IsNaturalPerson": 1,
        "VATRegistration": 20, "TaxNumber1": 16, "BirthDate": date,
    },
)  # fmt: skip

ORDERS = "API_MAINTENANCEORDER"
ORDER_COMPONENTS = EntitySet(
    ORDERS,
    "MaintenanceOrderComponent",
    ("MaintenanceOrder", "MaintenanceOrderOperation", "MaintenanceOrderSubOperation", "MaintenanceOrderComponent"),
    {
        "MaintenanceOrder": 12, "MaintenanceOrderOperation": 4, "MaintenanceOrderSubOperation": 4,
        "MaintenanceOrderComponent": 4, "Reservation": 10, "ReservationItem": 4, "Product": 40,
        "MaintOrdOperationComponentText": 40, "MaintOrdOpCompRequiredQuantity": Decimal, "BaseUnit": 3,
        "QuantityInUnitOfEntry": Decimal, "UnitOfEntry": 3, "RequirementDate": date, "Supplier": 10,
        "ReservationIsFinallyIssued": bool, "MaintOrdOpComponentGLAccount": 10, "MaintOrderOpComponentPrice": Decimal,
        "MaintOrdOpComponentCurrency": 5, "MaintOrderComponentInternalID": 22,
    },
)  # fmt: skip
ORDER_OPERATIONS = EntitySet(
    ORDERS,
    "MaintenanceOrderOperation",
    ("MaintenanceOrder", "MaintenanceOrderOperation", "MaintenanceOrderSubOperation"),
    {
        "MaintenanceOrder": 12, "MaintenanceOrderOperation": 4, "MaintenanceOrderSubOperation": 4, "OperationDescription": 40,
        "OperationSupplier": 10, "ActualWorkQuantity": Decimal, "PurchaseRequisition": 10, "IsMarkedForDeletion": bool,
    },
    {"to_MaintOrderOpComponent": ORDER_COMPONENTS},
)  # fmt: skip
MAINTENANCE_ORDERS = EntitySet(
    ORDERS,
    "MaintenanceOrder",
    ("MaintenanceOrder",),
    {
        "MaintenanceOrder": 12, "MaintenanceOrderType": 4, "MaintenanceOrderDesc": 40, "MaintOrdBasicStartDate": date,
        "MaintOrdBasicEndDate": date, "MaintOrdBasicStartDateTime": datetime, "MaintOrdBasicEndDateTime": datetime,
        "MaintenanceNotification": 12, "MaintOrdProcessPhaseCode": 4, "MaintOrdProcessSubPhaseCode": 4, "MaintenancePlant": 4,
        "CompanyCode": 4, "CostCenter": 10, "ProfitCenter": 10, "WBSElement": 24, "WBSElementInternalID": 8, "Equipment": 18,
        "FunctionalLocation": 30, "AssetLocation": 10, "AssetRoom": 8, "SystemStatusText": 40, "UserStatusText": 40,
        "LastChangeDateTime": datetime,
    },
    {"to_MaintenanceOrderOperation": ORDER_OPERATIONS},
)  # fmt: skip

NOTIFICATIONS = EntitySet(
    "API_MAINTNOTIFICATION",
    "MaintenanceNotification",
    ("MaintenanceNotification",),
    {
        "MaintenanceNotification": 12, "NotificationType": 2, "NotificationText": 40, "MaintPriority": 1,
        "NotifProcessingPhase": 1, "CreationDate": date, "CreationTime": time, "LastChangeDate": date, "LastChangeTime": time,
        "LastChangeDateTime": datetime, "ReportedByUser": 12, "MalfunctionStartDate": date, "MalfunctionStartTime": time,
        "MalfunctionEndDate": date, "RequiredStartDate": date, "RequiredEndDate": date, "RequiredEndTime": time,
        "FunctionalLocation": 30, "FunctionalLocationLabelName": 40, "TechnicalObject": 40, "TechObjIsEquipOrFuncnlLoc": 10,
        "AssetLocation": 10, "AssetRoom": 8, "CompanyCode": 4, "MaintenancePlant": 4, "MainWorkCenter": 8,
        "MaintenanceOrder": 12, "MaintNotifExtReferenceNumber": 20, "MaintNotifProcessPhaseCode": 4,
        "MaintNotifProcessSubPhaseCode": 4, "NotificationTimeZone": 6,
    },
    open=frozenset({"MaintNotifExtReferenceNumber", "NotificationText"}),
)  # fmt: skip

SETS = (COST_LINES, JOURNAL_ITEMS, SUPPLIER_INVOICES, PURCHASE_ORDERS, MAINTENANCE_ORDERS, NOTIFICATIONS, SUPPLIERS)
