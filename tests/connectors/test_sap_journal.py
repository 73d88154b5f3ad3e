"""Postings to SAP: what arrives there, what its 200 really says, and that nothing is ever posted twice."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract import OutboxItem, Window
from connectors.erp.sap.journal import PATH, SapJournal, SapSinkOptions, mark_of
from connectors.erp.sap.odata import ROOT
from connectors.erp.sap.source import SapOptions, SapSource
from connectors.http import HttpOptions
from sandbox.sap_journal_wsdl import NAMESPACE, Release, wsdl
from sandbox.sap_s4 import SapServer
from sandbox.sap_sets import COST_LINES
from sandbox.web import Answer, Request
from tests.connectors.misbehaving import Script, cut_off, reply, reply_json
from tests.sandbox.systems import http_connection
from warranty_hub.errors import (
    BusinessError,
    ConfigError,
    HubError,
    LoginError,
    LookupImpossibleError,
    MalformedAnswerError,
    ProtocolError,
    SystemUnreachableError,
)
from warranty_hub.settings import Connection

QUICK = HttpOptions(attempts=2, longest_wait=0.02, read_timeout=20)
PROVISION: dict[str, Any] = {
    "company_code": "1000", "posting_date": "2025-06-30", "document_date": "2025-06-29", "currency": "CNY",
    "reference": "PROV-2025-06 华南区域 保修准备金 第二次", "text": "保修准备金计提",
    "lines": [
        {"account": "6601050000", "amount": "8000.01", "project_code": "P03", "text": "星河公馆"},
        {"account": "2241000000", "amount": "-7000"},
        {"account": "2202000000", "amount": "-1000.01", "supplier_code": "V001"},
    ],
}  # fmt: skip
ITEM = OutboxItem("provision:2025-06:P03:1", "post_journal", PROVISION)


@pytest.fixture
def sap() -> Iterator[SapServer]:
    with SapServer([], "HUB", "x") as server:
        yield server


def sink(sap: SapServer, **options: Any) -> SapJournal:
    given = {"payables": ["2202000000"], "http": QUICK, **options}
    return SapJournal(http_connection("sap", sap, "HUB", "x"), SapSinkOptions.model_validate(given))


def posted(sap: SapServer) -> list[Mapping[str, Any]]:
    """What our own source then reads."""
    options = {"zone": "Asia/Shanghai", "company_codes": ["1000"], "accounts": ["0-ZZZZZZZZZZ"]}
    reader = SapSource(http_connection("sap", sap, "HUB", "x"), SapOptions.model_validate(options))
    return [
        line for page in reader.pages("cost_lines", Window(None, datetime(2026, 1, 1, tzinfo=UTC))) for line in page.records
    ]


@pytest.mark.parametrize("release", ["2020", "2023"])
def test_an_entry_arrives_changed(sap: SapServer, release: Release) -> None:
    sap.journal.release = release
    reply = sink(sap, assignments={"P03": "C-P03-01"}).perform(ITEM)
    assert reply.reference == "1000/2025/0100000000"
    assert reply.details["notes"] == ["Document posted successfully: BKPFF 010000000010002025 S4H100 (605(RW))"]
    cost, provision, payable = posted(sap)
    assert [(line["DebitCreditCode"], Decimal(line["AmountInTransactionCurrency"])) for line in (cost, provision, payable)] == [
        ("S", Decimal("8000.01")),
        ("H", Decimal(-7000)),
        ("H", Decimal("-1000.01")),
    ]
    assert (cost["GLAccount"], cost["Project"], cost["DocumentItemText"]) == ("6601050000", "C-P03-01", "星河公馆")
    assert (provision["GLAccount"], provision["Project"], provision["DocumentItemText"]) == ("2241000000", "", "保修准备金计提")
    assert (payable["Supplier"], payable["AccountingDocumentItemType"]) == ("V001", "K")
    assert cost["AccountingDocumentHeaderText"] == "PROV-2025-06 华南区域 保修准备金 第"
    assert cost["PostingDate"] == f"/Date({int(datetime(2025, 6, 30, tzinfo=UTC).timestamp()) * 1000})/"


def test_a_project_hangs_on_another_object_than_the_customers(sap: SapServer) -> None:
    sink(sap, assign_to="OrderID").perform(ITEM)
    assert [(line["OrderID"], line["Project"]) for line in posted(sap)] == [("P03", ""), ("", ""), ("", "")]


def test_a_supplier_named_on_a_cost_account_is_paid(sap: SapServer) -> None:
    sink(sap, payables=[]).perform(ITEM)
    assert [line["AccountingDocumentItemType"] for line in posted(sap)] == ["S", "S", "S"]


# -------------------------------------------------------------------------------------------------- what the 200 really says
def test_a_refusal_with_status_200_passes_for_a_posting(sap: SapServer) -> None:
    sap.journal.open_since = date(2025, 7, 1)
    with pytest.raises(BusinessError, match=r"SAP refused PROV-2025-06 .*Posting period is not open \(201\(F5\)\)") as caught:
        sink(sap).perform(ITEM)
    assert caught.value.reply_code == "3"
    assert posted(sap) == []
    assert sink(sap).lookup(ITEM) is None


def test_signs_that_this_sap_does_not_take_are_not_told(sap: SapServer) -> None:
    with pytest.raises(BusinessError, match="Balance in transaction currency"):
        sink(sap, negative_credits=False).perform(ITEM)


def confirmation(document: str | None, severity: str, *, origin: bool = True) -> bytes:
    """An answer as SAP writes it; without a document there is no confirmation at all."""
    header = "<MessageHeader><CreationDateTime>2025-06-30T00:00:00Z</CreationDateTime></MessageHeader>"
    log = f"<Log><MaximumLogItemSeverityCode>{severity}</MaximumLogItemSeverityCode></Log>"
    made = f"<AccountingDocument>{document}</AccountingDocument><CompanyCode>1000</CompanyCode><FiscalYear>2025</FiscalYear>"
    inner = f"<JournalEntryCreateConfirmation>{made}</JournalEntryCreateConfirmation>"
    one = f"<JournalEntryCreateConfirmation>{header}{inner}{log}</JournalEntryCreateConfirmation>"
    named = "<ConfirmationInterfaceOrignName>X</ConfirmationInterfaceOrignName>" if origin else ""
    body = f"{header}{named}{'' if document is None else one}{log}"
    return (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n:JournalEntryBulkCreateConfirmation '
        f'xmlns:n="{NAMESPACE}">{body}</n:JournalEntryBulkCreateConfirmation></e:Body></e:Envelope>'
    ).encode()


def xml(body: bytes | str, status: int = 200) -> Any:
    return reply(status, body, "text/xml; charset=utf-8")


def scripted_sink(connection: Connection, **options: Any) -> SapJournal:
    return SapJournal(connection, SapSinkOptions.model_validate({"http": QUICK, **options}))


@pytest.fixture
def scripted(script: Script, connection: Connection) -> SapJournal:
    """The newer release's WSDL comes first; the test says what follows."""
    script.then(xml(wsdl(script.url + PATH, "2023")))
    return scripted_sink(connection)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (confirmation("0000000000", "3"), BusinessError),
        (confirmation("", "3"), BusinessError),
        (confirmation(None, "3"), BusinessError),
        (confirmation("", "1"), ProtocolError),
        (confirmation("0000000000", ""), ProtocolError),
        (confirmation(None, "1"), ProtocolError),
        (confirmation("0100000000", "1", origin=False), MalformedAnswerError),
        (b"<html>", MalformedAnswerError),
    ],
)
def test_no_document_passes_for_one(script: Script, scripted: SapJournal, answer: bytes, error: type[HubError]) -> None:
    script.then(xml(answer))
    with pytest.raises(HubError) as caught:
        scripted.perform(ITEM)
    assert type(caught.value) is error


def test_a_document_posted_with_warnings_is_taken_for_refused(script: Script, scripted: SapJournal) -> None:
    script.then(xml(confirmation("0100000007", "2")))
    assert scripted.perform(ITEM).reference == "1000/2025/0100000007"


# ----------------------------------------------------------------------------------------------------------- never twice
@pytest.mark.parametrize(
    ("step", "error"),
    [(xml("", 503), SystemUnreachableError), (cut_off(), MalformedAnswerError), (xml("", 401), LoginError)],
)
def test_a_posting_that_may_have_happened_is_sent_again(
    script: Script, scripted: SapJournal, step: Any, error: type[HubError]
) -> None:
    script.then(step)
    with pytest.raises(error):
        scripted.perform(ITEM)
    assert [seen.method for seen in script.seen] == ["GET", "POST"]


def test_a_posting_whose_answer_got_lost_is_made_a_second_time(sap: SapServer) -> None:
    """The document stands; the answer broke off, or is another release's than the WSDL. The next run has to find it."""
    sender = sink(sap)
    assert sender.lookup(ITEM) is None

    def older(request: Request) -> Answer:
        sap.journal.release = "2020" if request.method == "POST" else "2023"
        return sap.answer(request)

    sap.respond = older
    with pytest.raises(MalformedAnswerError, match="cannot be read"):
        sender.perform(ITEM)
    found = sink(sap).lookup(ITEM)
    assert found is not None
    assert (found.reference, len(sap.journal.posted)) == ("1000/2025/0100000000", 1)


def test_another_entrys_document_is_taken_for_ours(sap: SapServer) -> None:
    other = OutboxItem("provision:2025-06:P03:11", "post_journal", PROVISION)
    sink(sap).perform(other)
    assert sink(sap).lookup(ITEM) is None
    assert len(mark_of(ITEM.idempotency_key)) == 16


def test_the_same_key_in_another_company_is_taken_for_ours(sap: SapServer) -> None:
    sink(sap).perform(OutboxItem(ITEM.idempotency_key, "post_journal", {**PROVISION, "company_code": "2000"}))
    assert sink(sap).lookup(ITEM) is None


def test_a_document_that_somebody_posted_twice_passes_for_one(sap: SapServer) -> None:
    for _ in range(2):
        sink(sap).perform(ITEM)
    with pytest.raises(LookupImpossibleError, match="more than once: 1000/2025/0100000000, 1000/2025/0100000001"):
        sink(sap).lookup(ITEM)


@pytest.mark.parametrize(("status", "error"), [(404, LookupImpossibleError), (400, LookupImpossibleError), (403, LoginError)])
def test_a_lookup_that_cannot_be_made_passes_for_nothing_found(
    script: Script, connection: Connection, status: int, error: type[HubError]
) -> None:
    script.then(reply_json({"error": {"code": "X", "message": {"value": "no"}}}, status))
    with pytest.raises(error):
        scripted_sink(connection).lookup(ITEM)
    assert script.seen[0].path.startswith(ROOT + COST_LINES.service)


# ------------------------------------------------------------------------------------------------------------ what is ours
def test_a_plan_is_posted(sap: SapServer) -> None:
    with pytest.raises(ConfigError, match="'submit_plan'"):
        sink(sap).perform(OutboxItem("k", "submit_plan", {}))


def test_the_client_or_the_user_is_another_one(script: Script, connection: Connection) -> None:
    script.then(xml(wsdl(script.url + PATH, "2023")), xml(confirmation("0100000000", "1")))
    scripted_sink(connection, client="200", created_by="HUB_POST", document_type="SB").perform(ITEM)
    sent = script.seen[1]
    assert sent.headers["sap-client"] == "200"
    assert b"<CreatedByUser>HUB_POST</CreatedByUser>" in sent.body
    assert b"<AccountingDocumentType>SB</AccountingDocumentType>" in sent.body
    assert NAMESPACE.encode() not in sent.body.partition(b"<MessageHeader>")[2], "only the root is in the namespace"
