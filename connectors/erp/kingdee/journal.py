"""What is written to Kingdee: a journal entry becomes a voucher, in three calls: Save, Submit, Audit.

Our key stands in a text field of the voucher's head, where a query finds it. So a voucher that was left halfway is found, and
taken up where it stands.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from connectors.contract import OutboxItem, Reply
from connectors.erp.kingdee.api import KingdeeApi
from connectors.erp.kingdee.bills import VOUCHER
from connectors.erp.kingdee.login import KingdeeOptions
from connectors.erp.kingdee.wire import bill_query, read_rows
from connectors.erp.payloads import entry_of
from connectors.options import read_options
from warranty_hub.errors import BusinessError, LookupImpossibleError, ProtocolError
from warranty_hub.records.effects import JournalEntry, JournalLine
from warranty_hub.settings import Connection

MOST_LINES = 2000
FOUND = ("FVOUCHERID", "FBillNo", "FVOUCHERGROUPNO", "FDocumentStatus")
_TO_SUBMIT = dict.fromkeys("ZAD", "Submit")
NEXT_STEP: Mapping[str, Mapping[str, str]] = {
    "saved": {},
    "submitted": _TO_SUBMIT,
    "audited": {**_TO_SUBMIT, "B": "Audit"},
}
"""Where a voucher shall end → FDocumentStatus (Z draft, A made, B in approval, C audited, D to be done again) → next step."""


class KingdeeSinkOptions(KingdeeOptions):
    """The options of a sink of system ``kingdee``."""

    key_field: str = Field(
        pattern=r"^[A-Za-z_]\w*$", description="Text field in the voucher's head, made for it, where our key stands"
    )
    account_books: dict[str, str] = Field({}, description="Company code → account book, where they differ")
    voucher_group: str = Field("PRE001", description="Voucher group (凭证字)")
    currency: str = Field("CNY", pattern="^[A-Z]{3}$", description="Currency of the account books; others are refused")
    currency_number: str = Field("PRE001", description="That currency's number in Kingdee")
    rate_type: str = Field("HLTX01_SYS", description="Exchange rate type")
    project_dimension: str | None = Field(
        None, description="Slot of the dimension (核算维度) with the project; default not sent"
    )
    supplier_dimension: str | None = Field(None, description="Slot of the dimension with the supplier; default not sent")
    until: Literal["saved", "submitted", "audited"] = Field(
        "audited", description="How far a voucher is taken; people do the rest"
    )


def build_sink(connection: Connection, options: Mapping[str, Any]) -> "KingdeeSink":
    """Raises ConfigError."""
    return KingdeeSink(connection, read_options(KingdeeSinkOptions, "kingdee", options))


class KingdeeSink:
    """A Sink (connectors.contract) for ``post_journal``: one voucher per item. A reply's reference is its FVOUCHERID."""

    def __init__(self, connection: Connection, options: KingdeeSinkOptions) -> None:
        self._options = options
        self._api = KingdeeApi(connection, options)

    def perform(self, item: OutboxItem) -> Reply:
        """Save the voucher unless it is there, then take it as far as it shall go."""
        entry = entry_of(item, "Kingdee")
        voucher = self._find(item) or self._save(item, entry)
        while step := NEXT_STEP[self._options.until].get(voucher["FDocumentStatus"]):
            voucher = self._take(step, voucher, item)
        return _reply(voucher)

    def lookup(self, item: OutboxItem) -> Reply | None:
        """The voucher once it is where it shall be; None when there is none or it stands halfway, for `perform` to go on."""
        voucher = self._find(item)
        halfway = voucher is not None and voucher["FDocumentStatus"] in NEXT_STEP[self._options.until]
        return None if voucher is None or halfway else _reply(voucher)

    def _find(self, item: OutboxItem) -> dict[str, Any] | None:
        key = item.idempotency_key.replace("'", "''")
        question = bill_query(VOUCHER, FOUND, f"{self._options.key_field}='{key}'", ("FVOUCHERID",), 0, MOST_LINES)
        found = {row["FVOUCHERID"]: row for row in read_rows(self._api.query("ExecuteBillQuery", question), FOUND)}
        if len(found) > 1:
            raise LookupImpossibleError(
                f"{len(found)} vouchers in Kingdee have {item.idempotency_key!r} in {self._options.key_field}",
                remedy="Somebody copied one: empty the field in the copies, then retry the item.",
            )
        return next(iter(found.values()), None)

    def _save(self, item: OutboxItem, entry: JournalEntry) -> dict[str, Any]:
        data = {
            "NeedUpDateFields": [],
            "NeedReturnFields": [],
            "IsDeleteEntry": "false",
            "IsVerifyBaseDataField": "true",
            "Model": self._voucher(item, entry),
        }
        self._api.change("Save", VOUCHER, data)
        voucher = self._find(item)
        if voucher is None:
            raise ProtocolError(
                f"Kingdee at {self._api.host} saved a voucher, and {self._options.key_field} does not hold its key",
                remedy="Delete the new voucher there; make the field a text of 200 characters that a person cannot change.",
            )
        return voucher

    def _take(self, step: str, voucher: dict[str, Any], item: OutboxItem) -> dict[str, Any]:
        try:
            self._api.change(step, VOUCHER, {"Ids": str(voucher["FVOUCHERID"])})
        except BusinessError as error:
            error.remedy = f"Voucher {voucher['FBillNo']} stands in Kingdee, unaudited: put it right, then retry the item."
            raise
        after = self._find(item)
        if after is None or after["FDocumentStatus"] == voucher["FDocumentStatus"]:
            raise ProtocolError(f"Kingdee at {self._api.host}: {step} left voucher {voucher['FBillNo']} as it was")
        return after

    def _voucher(self, item: OutboxItem, entry: JournalEntry) -> dict[str, Any]:
        options = self._options
        if entry.currency != options.currency:
            raise BusinessError(
                f"{entry.reference} is in {entry.currency}, and the hub knows no rate to {options.currency}",
                remedy="Post it in the account book's currency.",
            )
        return {
            "FVOUCHERID": 0,
            "FAccountBookID": {"FNumber": options.account_books.get(entry.company_code, entry.company_code)},
            "FDate": entry.posting_date.isoformat(),
            "FBUSDATE": entry.document_date.isoformat(),
            "FVOUCHERGROUPID": {"FNumber": options.voucher_group},
            options.key_field: item.idempotency_key,
            "FEntity": [self._line(entry, line) for line in entry.lines],
        }

    def _line(self, entry: JournalEntry, line: JournalLine) -> dict[str, Any]:
        """Amounts as text: a JSON number would pass through a float."""
        options = self._options
        dimensions = {options.project_dimension: line.project_code, options.supplier_dimension: line.supplier_code}
        return {
            "FEXPLANATION": f"{line.text or entry.text} ({entry.reference})",
            "FACCOUNTID": {"FNumber": line.account},
            "FCURRENCYID": {"FNumber": options.currency_number},
            "FEXCHANGERATETYPE": {"FNumber": options.rate_type},
            "FEXCHANGERATE": 1,
            "FAMOUNTFOR": f"{abs(line.amount):f}",
            "FDEBIT": f"{max(line.amount, 0):f}",
            "FCREDIT": f"{max(-line.amount, 0):f}",
            "FDetailID": {f"FDETAILID__{slot}": {"FNumber": code} for slot, code in dimensions.items() if slot and code},
        }


def _reply(voucher: Mapping[str, Any]) -> Reply:
    return Reply(str(voucher["FVOUCHERID"]), dict(voucher))
