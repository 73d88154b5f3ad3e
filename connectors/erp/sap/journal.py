"""Postings to SAP S/4HANA: SOAP service "Journal Entry - Post (Synchronous)", JournalEntryCreateRequestConfirmation_In.

An answer with status 200 says whether it was posted in its log: severity 3 and document 0000000000 is a refusal. Whether SAP
refuses a message ID that it has seen is not documented, so a posting is never repeated on trust: our key, shortened to the
sixteen characters that DocumentReferenceID can hold, is looked up among the cost lines. The elements differ by release; the
WSDL is the customer's own (connectors.soap).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from connectors.contract import OutboxItem, Reply
from connectors.erp.payloads import entry_of
from connectors.erp.sap.odata import ODataService
from connectors.erp.sap.streams import COST_KEY, COST_SERVICE, COST_SET
from connectors.http import BasicLogin, HttpOptions, HttpSession, base_url
from connectors.options import Options
from connectors.soap import SoapService, judge_soap_status
from warranty_hub.errors import BusinessError, LookupImpossibleError, ProtocolError
from warranty_hub.records.effects import JournalEntry, JournalLine
from warranty_hub.settings import Connection

OPERATION = "JournalEntryCreateRequestConfirmation_In"
PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
NO_DOCUMENT = ("", "0000000000")
ERROR = "3"
MOST_NOTES = 3
MARK_BYTES = 10
HEADER_TEXT, ITEM_TEXT = 25, 50  # characters
Account = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}$")]


class SapSinkOptions(Options):
    """The options of a sink of system ``sap_s4``."""

    client: str | None = Field(None, pattern=r"^\d{3}$", description="SAP client; default the system's own")
    document_type: str = Field("SA", pattern=r"^[A-Z0-9]{2}$", description="Accounting document type of our postings")
    created_by: str | None = Field(None, max_length=12, description="CreatedByUser; default the connection's user")
    payables: tuple[Account, ...] = Field(
        (), description="Reconciliation accounts: a line on one is posted to its supplier, SAP finds the account"
    )
    assign_to: Literal["WBSElement", "OrderID", "CostCenter", "ProfitCenter"] = Field(
        "WBSElement", description="What carries a line's project in SAP"
    )
    assignments: dict[str, str] = Field(
        {}, description="Project → its WBS element, order or centre; default the project's own code"
    )
    negative_credits: bool = Field(True, description="Whether credit amounts carry a minus sign besides their code H")
    path: str = Field(PATH, description="Where the service is; its WSDL is at ?wsdl")
    http: HttpOptions = HttpOptions()


class SapJournal:
    """A Sink (connectors.contract) for ``post_journal``: one accounting document per item.

    A reply's reference is ``company/year/document``.
    """

    def __init__(self, connection: Connection, options: SapSinkOptions) -> None:
        self._options = options
        self._user = options.created_by or connection.login
        headers = {"sap-client": options.client} if options.client else {}
        http = HttpSession(
            base_url(connection), options.http, login=BasicLogin(connection), judge=judge_soap_status, headers=headers
        )
        self._soap = SoapService(http, options.path)
        self._cost_lines = ODataService(connection, COST_SERVICE, options.http, options.client)
        self._host = http.host

    def perform(self, item: OutboxItem) -> Reply:
        """Post the document, once."""
        entry, mark = entry_of(item, "SAP"), mark_of(item.idempotency_key)
        header = {"ID": mark, "CreationDateTime": datetime.now(UTC).replace(microsecond=0)}
        request = [{"MessageHeader": header, "JournalEntry": self._journal_entry(entry, mark)}]
        return self._read_answer(self._soap.call(OPERATION, header, request, idempotent=False), entry)

    def lookup(self, item: OutboxItem) -> Reply | None:
        """Look for the item's mark among the documents of its company code.

        Raises LookupImpossibleError where this user cannot ask for cost lines by DocumentReferenceID, or two documents bear it.
        """
        entry, mark = entry_of(item, "SAP"), mark_of(item.idempotency_key)
        query = {"$filter": f"CompanyCode eq '{entry.company_code}' and DocumentReferenceID eq '{mark}'"}
        try:
            pages = list(self._cost_lines.pages(COST_SET, query, COST_KEY))
        except ProtocolError as error:
            raise LookupImpossibleError(f"SAP at {self._host} cannot be asked for {mark}: {error.message}") from None
        records = [record for page in pages for record in page.records]
        documents = sorted({"/".join(str(record.get(part)) for part in COST_KEY[:3]) for record in records})
        if len(documents) > 1:
            raise LookupImpossibleError(f"SAP at {self._host} holds {mark} more than once: {', '.join(documents)}")
        return Reply(documents[0], {"mark": mark}) if documents else None

    def _journal_entry(self, entry: JournalEntry, mark: str) -> dict[str, Any]:
        """The document; its header text is what people call it."""
        lines = list(enumerate(entry.lines, 1))
        return {
            "OriginalReferenceDocumentType": "BKPFF",
            "BusinessTransactionType": "RFBU",
            "AccountingDocumentType": self._options.document_type,
            "DocumentReferenceID": mark,
            "DocumentHeaderText": entry.reference[:HEADER_TEXT],
            "CreatedByUser": self._user,
            "CompanyCode": entry.company_code,
            "DocumentDate": entry.document_date,
            "PostingDate": entry.posting_date,
            "Item": [self._ledger_item(n, line, entry) for n, line in lines if not self._is_payable(line)],
            "CreditorItem": [self._creditor_item(n, line, entry) for n, line in lines if self._is_payable(line)],
        }

    def _is_payable(self, line: JournalLine) -> bool:
        return line.supplier_code is not None and line.account in self._options.payables

    def _ledger_item(self, number: int, line: JournalLine, entry: JournalEntry) -> dict[str, Any]:
        options = self._options
        target = line.project_code and options.assignments.get(line.project_code, line.project_code)
        assignment = {"AccountAssignment": {options.assign_to: target}} if target else {}
        return {"GLAccount": {"_value_1": line.account}, **self._amount(number, line, entry), **assignment}

    def _creditor_item(self, number: int, line: JournalLine, entry: JournalEntry) -> dict[str, Any]:
        return {"Creditor": line.supplier_code, **self._amount(number, line, entry)}

    def _amount(self, number: int, line: JournalLine, entry: JournalEntry) -> dict[str, Any]:
        amount = line.amount if self._options.negative_credits else abs(line.amount)
        return {
            "ReferenceDocumentItem": str(number),
            "AmountInTransactionCurrency": {"_value_1": amount, "currencyCode": entry.currency},
            "DebitCreditCode": "S" if line.amount >= 0 else "H",
            "DocumentItemText": (line.text or entry.text)[:ITEM_TEXT],
        }

    def _read_answer(self, answer: Mapping[str, Any], entry: JournalEntry) -> Reply:
        """The document's number, or why there is none."""
        confirmations = answer.get("JournalEntryCreateConfirmation") or [{}]
        made = confirmations[0].get("JournalEntryCreateConfirmation") or {}
        logs = [log for log in (confirmations[0].get("Log"), answer.get("Log")) if log]
        notes = _notes(logs)
        document = made.get("AccountingDocument") or ""
        if document not in NO_DOCUMENT:
            return Reply(f"{made['CompanyCode']}/{made['FiscalYear']}/{document}", {"notes": notes})
        severity = max((str(log.get("MaximumLogItemSeverityCode") or "") for log in logs), default="")
        if severity >= ERROR:
            raise BusinessError(f"SAP refused {entry.reference}: {'; '.join(notes) or 'no reason given'}", reply_code=severity)
        raise ProtocolError(f"SAP at {self._host} answered the posting of {entry.reference} with no document and no error")


def mark_of(idempotency_key: str) -> str:
    """A key as sixteen letters and digits, which is all that DocumentReferenceID holds."""
    return base64.b32encode(hashlib.sha256(idempotency_key.encode()).digest()[:MARK_BYTES]).decode()


def _notes(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the logs say, each once, SAP's own number behind."""
    items = [item for log in logs for item in log.get("Item") or []]
    return list(dict.fromkeys(f"{item.get('Note')} ({item.get('TypeID')})" for item in items))[:MOST_NOTES]
