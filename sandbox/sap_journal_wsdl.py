"""The WSDL of the sandbox's "Journal Entry - Post (Synchronous)", made from short tables of its types, by release.

Only the two roots are in the service's namespace (there is no elementFormDefault), amounts and accounts carry attributes, and
newer releases demand an element in the answer that those of 2020 did not have. Its name is misspelt in SAP's own.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

Release = Literal["2020", "2023"]
NAMESPACE = "http://sap.com/xi/SAPSCORE/SFIN"
OPERATION = "JournalEntryCreateRequestConfirmation_In"
ACTION = f"{NAMESPACE}/{OPERATION}/{OPERATION}Request"
REQUEST, CONFIRMATION = "JournalEntryBulkCreateRequest", "JournalEntryBulkCreateConfirmation"
ORIGIN = "ConfirmationInterfaceOrignName"
STRING, TOKEN, DAY = "xsd:string", "xsd:token", "xsd:date"

TYPES: Mapping[str, Mapping[str, str]] = {
    "MessageHeader": {
        "ID?": TOKEN, "UUID?": TOKEN, "ReferenceID?": TOKEN, "ReferenceUUID?": TOKEN, "CreationDateTime": "xsd:dateTime",
        "TestDataIndicator?": "xsd:boolean", "SenderBusinessSystemID?": TOKEN,
    },
    REQUEST: {"MessageHeader": "tns:MessageHeader", "JournalEntryCreateRequest+": "tns:CreateRequest"},
    "CreateRequest": {"MessageHeader": "tns:MessageHeader", "JournalEntry": "tns:JournalEntry"},
    "JournalEntry": {
        "OriginalReferenceDocumentType": TOKEN, "OriginalReferenceDocument?": TOKEN,
        "OriginalReferenceDocumentLogicalSystem?": TOKEN, "BusinessTransactionType": TOKEN, "AccountingDocumentType": TOKEN,
        "AccountingDocument?": TOKEN, "DocumentReferenceID?": "tns:Text16", "DocumentHeaderText?": "tns:Text25",
        "ReversalReason?": TOKEN, "ReversalReferenceDocument?": TOKEN, "ReversalDate?": DAY, "CreatedByUser": "tns:Text12",
        "CompanyCode": TOKEN, "DocumentDate": DAY, "PostingDate": DAY, "PostingFiscalPeriod?": TOKEN, "TaxReportingDate?": DAY,
        "TaxDeterminationDate?": DAY, "ExchangeRateDate?": DAY, "Item*": "tns:Item", "DebtorItem*": "tns:DebtorItem",
        "CreditorItem*": "tns:CreditorItem",
    },
    "Item": {
        "ReferenceDocumentItem?": TOKEN, "ItemGroup?": TOKEN, "CompanyCode?": TOKEN, "GLAccount": "tns:GLAccount",
        "AmountInTransactionCurrency": "tns:Amount", "DebitCreditCode?": TOKEN, "DocumentItemText?": "tns:Text50",
        "AssignmentReference?": "tns:Text18", "Tax?": "tns:Tax", "AccountAssignment?": "tns:AccountAssignment",
    },
    "DebtorItem": {
        "ReferenceDocumentItem": TOKEN, "Debtor": TOKEN, "AmountInTransactionCurrency": "tns:Amount",
        "DebitCreditCode?": TOKEN, "DocumentItemText?": "tns:Text50",
    },
    "CreditorItem": {
        "ReferenceDocumentItem": TOKEN, "Creditor": TOKEN, "AmountInTransactionCurrency": "tns:Amount",
        "DebitCreditCode?": TOKEN, "AltvRecnclnAccts?": TOKEN, "DocumentItemText?": "tns:Text50",
        "Reference1IDByBusinessPartner?": TOKEN, "Reference2IDByBusinessPartner?": TOKEN,
        "Reference3IDByBusinessPartner?": TOKEN,
    },
    "Tax": {"TaxCode?": TOKEN},
    "AccountAssignment": {
        "AccountAssignmentType?": TOKEN, "OrderID?": TOKEN, "ProfitCenter?": TOKEN, "Segment?": TOKEN, "CostCenter?": TOKEN,
        "WBSElement?": TOKEN, "WorkItem?": TOKEN, "SalesOrder?": TOKEN,
    },
    CONFIRMATION: {
        "MessageHeader": "tns:MessageHeader", ORIGIN: TOKEN, "JournalEntryCreateConfirmation*": "tns:CreateConfirmation",
        "Log": "tns:Log",
    },
    "CreateConfirmation": {
        "MessageHeader": "tns:MessageHeader", "JournalEntryCreateConfirmation": "tns:Confirmed", "Log": "tns:Log",
    },
    "Confirmed": {"AccountingDocument?": TOKEN, "CompanyCode?": TOKEN, "FiscalYear?": TOKEN},
    "Log": {"MaximumLogItemSeverityCode?": TOKEN, "Item*": "tns:LogItem"},
    "LogItem": {"TypeID?": TOKEN, "SeverityCode?": TOKEN, "Note": STRING, "WebURI?": "xsd:anyURI"},
}  # fmt: skip
"""Elements in the order of the wire, and how often: ``?`` at most once, ``*`` any number, ``+`` at least once."""
OCCURS = {"?": ' minOccurs="0"', "*": ' minOccurs="0" maxOccurs="unbounded"', "+": ' maxOccurs="unbounded"'}
ATTRIBUTES = {"Amount": ("xsd:decimal", "currencyCode"), "GLAccount": (TOKEN, "listID")}


def wsdl(address: str, release: Release) -> str:
    """The whole document, for a service that answers at ``address``."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions targetNamespace="{NAMESPACE}" xmlns:tns="{NAMESPACE}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<wsdl:types><xsd:schema targetNamespace="{NAMESPACE}">
<xsd:element name="{REQUEST}" type="tns:{REQUEST}"/><xsd:element name="{CONFIRMATION}" type="tns:{CONFIRMATION}"/>
{"".join(_types(release))}</xsd:schema></wsdl:types>
<wsdl:message name="{REQUEST}"><wsdl:part name="{REQUEST}" element="tns:{REQUEST}"/></wsdl:message>
<wsdl:message name="{CONFIRMATION}"><wsdl:part name="{CONFIRMATION}" element="tns:{CONFIRMATION}"/></wsdl:message>
<wsdl:portType name="{OPERATION}"><wsdl:operation name="{OPERATION}">
<wsdl:input message="tns:{REQUEST}"/><wsdl:output message="tns:{CONFIRMATION}"/>
</wsdl:operation></wsdl:portType>
{_binding("binding", "soap")}{_binding("binding_soap12", "soap12")}
<wsdl:service name="service">
<wsdl:port name="binding" binding="tns:binding"><soap:address location="{address}"/></wsdl:port>
<wsdl:port name="binding_soap12" binding="tns:binding_soap12"><soap12:address location="{address}"/></wsdl:port>
</wsdl:service>
</wsdl:definitions>"""


def _types(release: Release) -> Iterator[str]:
    for length in (12, 16, 18, 25, 50):
        limit = f'<xsd:restriction base="xsd:string"><xsd:maxLength value="{length}"/></xsd:restriction>'
        yield f'<xsd:simpleType name="Text{length}">{limit}</xsd:simpleType>'
    for name, (base, attribute) in ATTRIBUTES.items():
        extension = f'<xsd:extension base="{base}"><xsd:attribute name="{attribute}" type="{TOKEN}"/></xsd:extension>'
        yield f'<xsd:complexType name="{name}"><xsd:simpleContent>{extension}</xsd:simpleContent></xsd:complexType>'
    for name, elements in TYPES.items():
        known = {element: kind for element, kind in elements.items() if element != ORIGIN or release != "2020"}
        yield f'<xsd:complexType name="{name}"><xsd:sequence>{"".join(_elements(known))}</xsd:sequence></xsd:complexType>'


def _elements(elements: Mapping[str, str]) -> Iterator[str]:
    for name, kind in elements.items():
        yield f'<xsd:element name="{name.rstrip("?*+")}" type="{kind}"{OCCURS.get(name[-1], "")}/>'


def _binding(name: str, soap: str) -> str:
    body = f'<{soap}:body use="literal"/>'
    return f"""<wsdl:binding name="{name}" type="tns:{OPERATION}">
<{soap}:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>
<wsdl:operation name="{OPERATION}"><{soap}:operation soapAction="{ACTION}" style="document"/>
<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation></wsdl:binding>"""
