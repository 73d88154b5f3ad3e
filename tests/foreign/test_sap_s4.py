"""mock-sap, an SAP that we did not write, is read by our connector; pyodata reads our sandbox, and npm's soap posts to it."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.contract import Record, Window
from connectors.erp.sap.source import SapOptions, SapSource
from connectors.erp.sap.streams import COST_KEY
from connectors.http import HttpOptions
from mappings.fields.transforms import sap_day, sap_signed_amount
from sandbox.sap_journal import PATH as JOURNAL
from sandbox.sap_journal_wsdl import OPERATION, Release
from sandbox.sap_s4 import SapServer
from sandbox.sap_sets import COST_LINES, MAINTENANCE_ORDERS, NOTIFICATIONS, EntitySet
from tests.foreign.counterparts import ENVIRONMENTS, free_port, listening, printed, program
from tests.sandbox.systems import http_connection
from warranty_hub.errors import LoginError, ProtocolError
from warranty_hub.settings import Connection

pytestmark = pytest.mark.foreign

COUNTERPARTS = ("mock-sap", "pyodata", "npm soap")
ALL = Window(None, datetime(2027, 1, 1, tzinfo=UTC))
PASSWORD = "canary-password"


# ---------------------------------------------------------------------------------------------- mock-sap, read by us
@dataclass(frozen=True)
class MockSap:
    """A running mock-sap, and what its own database says of its accounting documents."""

    port: int
    lines: dict[str, tuple[Any, ...]]

    def source(self, password: str = PASSWORD, **options: Any) -> SapSource:
        connection = Connection("sap", "http", "127.0.0.1", self.port, "http", "HUB", SecretStr(password))
        accounts = ["0000000000-0099999999"]
        given = {
            "zone": "UTC",
            "client": "100",
            "company_codes": ["1710"],
            "accounts": accounts,
            "http": HttpOptions(attempts=1),
        }
        return SapSource(connection, SapOptions.model_validate({**given, **options}))


@pytest.fixture(scope="module")
def mock_sap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockSap]:
    folder, port = tmp_path_factory.mktemp("mock_sap"), free_port()
    database = folder / "sap.sqlite"
    command = [program("mock_sap", "mock-sap"), "--port", port, "--db", database, "--auth", f"HUB:{PASSWORD}", "-q"]
    with listening(command, port, folder / "log"):
        yield MockSap(port, _told(database))


def _told(database: Path) -> dict[str, tuple[Any, ...]]:
    columns = (
        f"{', '.join(COST_KEY)}, GLAccount, DebitCreditCode, AmountInTransactionCurrency, TransactionCurrency, PostingDate"
    )
    reader = sqlite3.connect(database)
    try:
        rows = reader.execute(f"SELECT {columns} FROM A_JournalEntryItem").fetchall()
    finally:
        reader.close()
    return {"/".join(row[:4]): (row[4], _signed(row[6], row[5]), row[7], date.fromisoformat(row[8][:10])) for row in rows}


def _signed(amount: str, side: str) -> Decimal:
    return Decimal(amount) if side == "S" else -Decimal(amount)


def read(source: SapSource, window: Window = ALL) -> list[Record]:
    return [record for page in source.pages("cost_lines", window) for record in page.records]


def test_we_miss_or_change_a_line_of_mock_sap(mock_sap: MockSap) -> None:
    found = {
        "/".join(record[part] for part in COST_KEY): (
            record["GLAccount"],
            sap_signed_amount(record["AmountInTransactionCurrency"], record["DebitCreditCode"]),
            record["TransactionCurrency"],
            sap_day(record["PostingDate"]),
        )
        for record in read(mock_sap.source())
    }
    assert len(mock_sap.lines) > 10
    assert found == mock_sap.lines
    assert sum(amount for _, amount, _, _ in found.values() if amount) == 0, "debit and credit of whole documents"


def test_mock_sap_understands_other_accounts_than_we_meant(mock_sap: MockSap) -> None:
    account = sorted({line[0] for line in mock_sap.lines.values()})[0]
    found = read(mock_sap.source(accounts=[account]))
    assert len(found) == sum(line[0] == account for line in mock_sap.lines.values())
    assert "no line is on these accounts" in mock_sap.source(company_codes=["9999"]).check()
    assert "cost lines can be read" in mock_sap.source().check()


def test_mock_saps_refusals_are_not_told_in_its_words(mock_sap: MockSap) -> None:
    with pytest.raises(LoginError, match="401"):
        mock_sap.source("wrong").check()
    with pytest.raises(ProtocolError, match=r"400: .*[Cc]lient"):
        mock_sap.source(client="200").check()
    with pytest.raises(ProtocolError, match="LastChangeDate"):  # which this cube does not have
        read(mock_sap.source(), Window(datetime(2026, 1, 1, tzinfo=UTC), ALL.end))
    with pytest.raises(ProtocolError, match="404"):
        mock_sap.source(reads=["notifications"]).check()


# ------------------------------------------------------------------------------------------- our sandbox, read by pyodata
READ = """
import json, sys
import pyodata, requests

address, service, entity_set, wanted, options = sys.argv[1:]
session = requests.Session()
session.auth = ("HUB", "canary-password")
client = pyodata.Client(f"{address}/sap/opu/odata/sap/{service}", session)
query = getattr(client.entity_sets, entity_set).get_entities()
for name, value in json.loads(options).items():
    query = getattr(query, name)(value)
found, pages = [], 0
while True:
    answer = query.execute()
    pages += 1
    found += answer
    if not answer.next_url:
        break
    query = getattr(client.entity_sets, entity_set).get_entities().next_url(answer.next_url)

def told(entity, path):
    first, _, rest = path.partition("/")
    value = getattr(entity, first)
    return [told(part, rest) for part in value] if rest else str(value)

print(json.dumps({"pages": pages, "entities": [[told(entity, path) for path in json.loads(wanted)] for entity in found]}))
"""


def ask_pyodata(sap: SapServer, entity_set: EntitySet, *wanted: str, **options: str) -> tuple[int, list[list[Any]]]:
    """How many pages it read, and of each entity what stands at the paths that are wanted."""
    given = [sap.address, entity_set.service, entity_set.name, json.dumps(wanted), json.dumps(options)]
    answer = json.loads(printed(program("pyodata", "python"), "-c", READ, *given))
    return answer["pages"], answer["entities"]


@pytest.fixture
def sandbox() -> Iterator[SapServer]:
    """Five notifications of a second each, an order with two components, three cost lines."""
    lines = [
        {
            "CompanyCode": "1000", "FiscalYear": "2025", "AccountingDocument": f"{n:010d}", "AccountingDocumentItem": "001",
            "GLAccount": "6601050000", "PostingDate": date(2025, 3, n), "AmountInCompanyCodeCurrency": Decimal(f"{n}.10"),
        }
        for n in (1, 2, 3)
    ]  # fmt: skip
    with SapServer(lines, "HUB", PASSWORD, page_size=2) as server:
        for n in range(1, 6):
            changed = datetime(2025, 5, 30, 6, 0, n, tzinfo=UTC)
            values = {"LastChangeDateTime": changed, "CreationTime": clock(8, 30, n), "NotificationText": "主卧飘窗渗水"}
            server.put({"MaintenanceNotification": str(n), "CompanyCode": "1000", **values}, NOTIFICATIONS)
        parts = [{"MaintenanceOrderComponent": f"{n:04d}", "MaintOrderOpComponentPrice": Decimal(n)} for n in (1, 2)]
        operation = {"MaintenanceOrderOperation": "0010", "to_MaintOrderOpComponent": parts}
        server.put({"MaintenanceOrder": "4", "to_MaintenanceOrderOperation": [operation]}, MAINTENANCE_ORDERS)
        yield server


def test_pyodata_finds_other_notifications_in_our_sandbox_than_stand_there(sandbox: SapServer) -> None:
    pages, found = ask_pyodata(
        sandbox, NOTIFICATIONS, "MaintenanceNotification", "LastChangeDateTime", "CreationTime", "NotificationText",
        filter="LastChangeDateTime ge datetimeoffset'2025-05-30T06:00:02Z' and CompanyCode eq '1000'",
    )  # fmt: skip
    assert pages == 2
    assert [number for number, *_ in found] == ["2", "3", "4", "5"]
    assert found[0][1:] == ["2025-05-30 06:00:02+00:00", "PT08H30M02S", "主卧飘窗渗水"]


def test_pyodata_cannot_expand_an_order_of_our_sandbox(sandbox: SapServer) -> None:
    operations, components = "to_MaintenanceOrderOperation", "to_MaintenanceOrderOperation/to_MaintOrderOpComponent"
    number, price = f"{operations}/MaintenanceOrderOperation", f"{components}/MaintOrderOpComponentPrice"
    _, found = ask_pyodata(sandbox, MAINTENANCE_ORDERS, number, price, expand=components)
    assert found == [[["0010"], [["1", "2"]]]]


def test_pyodata_reads_other_amounts_in_our_sandbox(sandbox: SapServer) -> None:
    _, found = ask_pyodata(sandbox, COST_LINES, "AmountInCompanyCodeCurrency", "PostingDate", order_by="PostingDate desc")
    assert [amount for amount, _ in found] == ["3.10", "2.10", "1.10"]
    assert found[0][1] == "2025-03-03 00:00:00+00:00"


# ---------------------------------------------------------------------------------------- our sandbox, posted to by npm soap
POST = """
const soap = require("soap");
const [wsdl, operation, posts] = process.argv.slice(1);
const [user, password] = ["HUB", "canary-password"];
const basic = "Basic " + Buffer.from(`${user}:${password}`).toString("base64");

(async () => {
  const client = await soap.createClientAsync(wsdl, { wsdl_headers: { Authorization: basic } });
  client.setSecurity(new soap.BasicAuthSecurity(user, password));
  const answers = [];
  for (const message of JSON.parse(posts)) {
    try {
      answers.push((await client[operation + "Async"](message))[0]);
    } catch (error) {
      answers.push({ fault: error.root?.Envelope?.Body?.Fault ?? String(error) });
    }
  }
  console.log(JSON.stringify({ ports: Object.keys(client.describe().service), answers }));
})();
"""


def journal_entry(credit: str, day: str = "2025-06-30") -> dict[str, Any]:
    """As npm's soap writes a message; attributes stand under ``attributes``."""

    def item(number: int, account: str, amount: str, side: str) -> dict[str, Any]:
        value = {"attributes": {"currencyCode": "CNY"}, "$value": amount}
        return {
            "ReferenceDocumentItem": number, "GLAccount": account, "AmountInTransactionCurrency": value,
            "DebitCreditCode": side, "DocumentItemText": "保修准备金 <计提>",
        }  # fmt: skip

    header = {"ID": "HUB-1", "CreationDateTime": "2025-06-30T08:00:00Z"}
    entry = {
        "OriginalReferenceDocumentType": "BKPFF", "BusinessTransactionType": "RFBU", "AccountingDocumentType": "SA",
        "DocumentReferenceID": "HUB-1", "CreatedByUser": "HUB", "CompanyCode": "1000", "DocumentDate": day, "PostingDate": day,
        "Item": [item(1, "6601050000", "8000.01", "S"), item(2, "2241000000", credit, "H")],
    }  # fmt: skip
    return {"MessageHeader": header, "JournalEntryCreateRequest": [{"MessageHeader": header, "JournalEntry": entry}]}


def post(sap: SapServer, *messages: dict[str, Any]) -> list[Any]:
    """What npm's soap understands of the answers."""
    node, packages = program("soap", "node"), ENVIRONMENTS / "soap" / "node_modules"
    given = [f"{sap.address}{JOURNAL}?wsdl", OPERATION, json.dumps(messages)]
    answer = json.loads(printed(node, "-e", POST, *given, NODE_PATH=str(packages)))
    assert answer["ports"] == ["binding", "binding_soap12"]
    answers: list[Any] = answer["answers"]
    return answers


def outcome(answer: Any) -> tuple[str, str, list[str]]:
    """The document that was made, how bad the worst of the log is, and what the log says."""
    (confirmed,) = answer["JournalEntryCreateConfirmation"]
    document = confirmed["JournalEntryCreateConfirmation"]["AccountingDocument"]
    notes = [item["Note"] for item in confirmed["Log"]["Item"]]
    return document, answer["Log"]["MaximumLogItemSeverityCode"], notes


@pytest.mark.parametrize("release", ["2020", "2023"])
def test_npm_soap_does_not_understand_our_journal(release: Release) -> None:
    with SapServer([], "HUB", PASSWORD) as sap:
        sap.journal.release, sap.journal.open_since = release, date(2025, 1, 1)
        good, unbalanced, late = post(
            sap, journal_entry("-8000.01"), journal_entry("-8000.00"), journal_entry("-8000.01", "2024-12-31")
        )
        lines = read(our_source(sap))
    assert outcome(good)[:2] == ("0100000000", "1")
    assert outcome(unbalanced) == ("0000000000", "3", ["Error in document: BKPFF $ S4H100", "Balance in transaction currency"])
    assert outcome(late) == ("0000000000", "3", ["Error in document: BKPFF $ S4H100", "Posting period is not open"])
    assert [(line["GLAccount"], Decimal(line["AmountInTransactionCurrency"]), line["DocumentItemText"]) for line in lines] == [
        ("6601050000", Decimal("8000.01"), "保修准备金 <计提>"),
        ("2241000000", Decimal("-8000.01"), "保修准备金 <计提>"),
    ]


def our_source(sap: SapServer) -> SapSource:
    options = {"zone": "UTC", "company_codes": ["1000"], "accounts": ["0-ZZZZZZZZZZ"]}
    return SapSource(http_connection("sap", sap, "HUB", PASSWORD), SapOptions.model_validate(options))


def test_npm_soap_takes_a_broken_message_for_a_posting(sandbox: SapServer) -> None:
    message = journal_entry("-8000.01")
    del message["JournalEntryCreateRequest"][0]["JournalEntry"]["PostingDate"]
    (answer,) = post(sandbox, message)
    assert answer["fault"]["faultcode"] == "soap-env:Client"
