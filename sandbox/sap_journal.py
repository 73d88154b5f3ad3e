"""Postings to the sandbox's SAP: SOAP 1.1, service JournalEntryCreateRequestConfirmation_In.

What it refuses it refuses with status 200, in a log of severity 3, with document 0000000000. It reads its elements where they
belong and without a namespace; any others it ignores, as SAP does. A message ID that it has seen does not stop it: nothing is
documented that would. Debit and credit have to sum to nothing as they stand, signs included. What it posts are cost lines.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from lxml import etree

from sandbox.sap_journal_wsdl import CONFIRMATION, NAMESPACE, ORIGIN, REQUEST, Release, wsdl
from sandbox.web import Answer, Request

PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SEVERITY = "MaximumLogItemSeverityCode"
FIRST_DOCUMENT = 100_000_000
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
Line = dict[str, Any]


@dataclass
class Journal:
    """Takes postings from ``open_since`` on and hands each line to ``post``. ``release`` may change while it serves.

    ``posted``: the documents, each with its DocumentReferenceID.
    """

    post: Callable[[Line], None]
    release: Release = "2023"
    open_since: date = date.min
    posted: dict[str, str] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        """The WSDL, or what became of a posting."""
        if request.method == "GET":
            document = wsdl(f"http://{request.headers['host']}{PATH}", self.release)
            return Answer(200, document.encode(), "text/xml; charset=utf-8")
        try:
            bulk = etree.fromstring(request.body, PARSER).find(f"{{{ENVELOPE}}}Body/{{{NAMESPACE}}}{REQUEST}")
            confirmations = (
                [] if bulk is None else [self._confirm(asked) for asked in bulk.iterfind("JournalEntryCreateRequest")]
            )
        except (etree.XMLSyntaxError, ValueError, ArithmeticError):
            bulk = None
        if bulk is None:
            fault = _node(
                f"{{{ENVELOPE}}}Fault", _node("faultcode", text="soap-env:Client"), _node("faultstring", text="CX_ST")
            )
            return _soap(500, fault)
        origin = [] if self.release == "2020" else [_node(ORIGIN, text="CO_FINS_JOURNAL_ENTRY_BULK_CREATE_C")]
        worst = max((_text(confirmation, f"Log/{SEVERITY}") for confirmation in confirmations), default="")
        log = _node("Log", _node(SEVERITY, text=worst))
        return _soap(200, _node(f"{{{NAMESPACE}}}{CONFIRMATION}", _header(bulk), *origin, *confirmations, log))

    def _confirm(self, asked: etree._Element) -> etree._Element:
        """Post one document or refuse it. Raises ValueError for one that breaks the schema."""
        entry = next(asked.iterfind("JournalEntry"), None)
        if entry is None:
            raise ValueError("no JournalEntry")
        errors = list(self._errors(entry))
        if errors:
            number, company, year = "0000000000", "", "0000"
            log = _log("3", [("609(RW)", "Error in document: BKPFF $ S4H100"), *errors])
        else:
            number, company, year = self._make(entry)
            log = _log("1", [("605(RW)", f"Document posted successfully: BKPFF {number}{company}{year} S4H100")])
        made = {"AccountingDocument": number, "CompanyCode": company, "FiscalYear": year}
        return _node(
            "JournalEntryCreateConfirmation", _header(asked), _node("JournalEntryCreateConfirmation", *_texts(made)), log
        )

    def _errors(self, entry: etree._Element) -> Iterable[tuple[str, str]]:
        amounts = [_amount(item)[0] for item in _items(entry)]
        if sum(amounts) != 0:
            yield "702(F5)", "Balance in transaction currency"
        if date.fromisoformat(_text(entry, "PostingDate")) < self.open_since:
            yield "201(F5)", "Posting period is not open"

    def _make(self, entry: etree._Element) -> tuple[str, str, str]:
        number, company = f"{FIRST_DOCUMENT + len(self.posted):010d}", _text(entry, "CompanyCode")
        day = date.fromisoformat(_text(entry, "PostingDate"))
        head = {
            "CompanyCode": company,
            "FiscalYear": str(day.year),
            "AccountingDocument": number,
            "FiscalPeriod": f"{day.month:03d}",
            "PostingDate": day,
            "DocumentDate": date.fromisoformat(_text(entry, "DocumentDate")),
            "AccountingDocumentCreationDate": datetime.now(UTC).date(),
            "AccountingDocumentType": _text(entry, "AccountingDocumentType"),
            "AccountingDocumentHeaderText": _text(entry, "DocumentHeaderText"),
            "DocumentReferenceID": _text(entry, "DocumentReferenceID"),
        }
        for position, item in enumerate(_items(entry), 1):
            self.post({**head, "AccountingDocumentItem": f"{position:03d}", **_line(item)})
        self.posted[number] = str(head["DocumentReferenceID"])
        return number, company, str(day.year)


def _items(entry: etree._Element) -> list[etree._Element]:
    return [*entry.findall("Item"), *entry.findall("CreditorItem")]


def _amount(item: etree._Element) -> tuple[Decimal, str]:
    amount = next(item.iterfind("AmountInTransactionCurrency"), None)
    if amount is None or not amount.get("currencyCode"):
        raise ValueError("no amount, or none in a currency")
    return Decimal(amount.text or "0"), str(amount.get("currencyCode"))


def _line(item: etree._Element) -> Line:
    value, currency = _amount(item)
    return {
        "GLAccount": _text(item, "GLAccount") or "2202000000",  # what stands in a creditor's master record
        "Supplier": _text(item, "Creditor"),
        "AccountingDocumentItemType": "S" if item.find("GLAccount") is not None else "K",
        "DebitCreditCode": _text(item, "DebitCreditCode"),
        "DocumentItemText": _text(item, "DocumentItemText"),
        "Project": _text(item, "AccountAssignment/WBSElement"),
        "OrderID": _text(item, "AccountAssignment/OrderID"),
        "AmountInTransactionCurrency": value,
        "TransactionCurrency": currency,
        "AmountInCompanyCodeCurrency": value,
        "CompanyCodeCurrency": currency,
    }


# ---------------------------------------------------------------------------------------------------- the wire
def _header(asked: etree._Element) -> etree._Element:
    reference = _text(asked, "MessageHeader/ID")
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return _node("MessageHeader", _node("ReferenceID", text=reference), _node("CreationDateTime", text=now))


def _log(severity: str, notes: Iterable[tuple[str, str]]) -> etree._Element:
    items = (_texts({"TypeID": kind, "SeverityCode": severity, "Note": note}) for kind, note in notes)
    return _node("Log", _node(SEVERITY, text=severity), *(_node("Item", *item) for item in items))


def _text(element: etree._Element, path: str) -> str:
    """What stands there; nothing where it does not."""
    return element.findtext(path) or ""


def _texts(values: Mapping[str, str]) -> list[etree._Element]:
    return [_node(name, text=text) for name, text in values.items()]


def _node(name: str, *children: etree._Element, text: str | None = None) -> etree._Element:
    node = etree.Element(name)
    node.text = text
    node.extend(children)
    return node


def _soap(status: int, content: etree._Element) -> Answer:
    envelope = _node(f"{{{ENVELOPE}}}Envelope", _node(f"{{{ENVELOPE}}}Body", content))
    return Answer(status, etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"), "text/xml; charset=utf-8")
