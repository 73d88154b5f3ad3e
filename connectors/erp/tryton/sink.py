"""Tryton 7 and 8 as a sink: accounting entries, posted into its ledger over JSON-RPC."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field

from connectors.contract import OutboxItem, Reply
from connectors.erp.payloads import entry_of
from connectors.erp.tryton.rpc import Tryton, TrytonOptions
from connectors.options import read_options
from warranty_hub.errors import BusinessError
from warranty_hub.records.effects import JournalEntry, JournalLine
from warranty_hub.settings import Connection

REFERRED = {"company.company": ("currency.code",), "account.account": ("party_required",)}
"""What must be known of a record that an entry refers to."""


class TrytonSinkOptions(TrytonOptions):
    """The options of a sink of system ``tryton``."""

    journal: str = Field(description="Code of the journal in which entries are posted")


def build_sink(connection: Connection, options: Mapping[str, Any]) -> "TrytonSink":
    """Raises ConfigError."""
    return TrytonSink(connection, read_options(TrytonSinkOptions, "tryton", options))


class TrytonSink:
    """A Sink (connectors.contract) for ``post_journal``: one posted entry per item, in the company's own currency.

    The item's key stands in brackets at the end of the entry's description. An entry is made as a draft and then posted; a
    draft that an interruption left behind is found by the key, and posted by the next `perform`.
    """

    def __init__(self, connection: Connection, options: TrytonSinkOptions) -> None:
        self._options = options
        self._tryton = Tryton(connection, options)

    def perform(self, item: OutboxItem) -> Reply:
        """Make the entry and post it; a draft that cannot be posted is removed again."""
        entry = entry_of(item, "Tryton")
        found = self._find(item)
        if found and found["state"] == "posted":
            return self._reply(found["id"])
        move = found["id"] if found else self._draft(entry, _description(entry, item))
        try:
            self._tryton.call("account.move", "post", [move], idempotent=False)
        except BusinessError:
            self._tryton.call("account.move", "delete", [move], idempotent=False)
            raise
        return self._reply(move)

    def lookup(self, item: OutboxItem) -> Reply | None:
        """Look for the item's key among all entries. A draft is nothing done yet: `perform` goes on from it."""
        found = self._find(item)
        return self._reply(found["id"]) if found and found["state"] == "posted" else None

    def _find(self, item: OutboxItem) -> Mapping[str, Any] | None:
        """By the text between its brackets, compared here again: a pattern may mean more than it says."""
        near = self._tryton.search_read("account.move", [["description", "like", f"%{_mark(item)}"]], ("description", "state"))
        return next((move for move in near if move["description"].endswith(_mark(item))), None)

    def _reply(self, move: int) -> Reply:
        number = self._tryton.move_number
        (found,) = self._tryton.search_read("account.move", [["id", "=", move]], (number, "period.name"))
        return Reply(str(found[number]), {"move": move, "period": found["period"]["name"]})

    def _draft(self, entry: JournalEntry, description: str) -> int:
        company = self._one(
            "company.company", f"company with the code {entry.company_code}", {"party.code": entry.company_code}
        )
        currency = company["currency"]["code"]
        if currency != entry.currency:
            raise BusinessError(
                f"Company {entry.company_code} keeps its ledger in {currency}, the entry is in {entry.currency}",
                remedy="Post the entry in the company's currency.",
            )
        period = self._one(
            "account.period",
            f"open period for {entry.posting_date} in company {entry.company_code}",
            {"company": company["id"], "state": "open", "type": "standard"},
            ["start_date", "<=", entry.posting_date],
            ["end_date", ">=", entry.posting_date],
        )
        journal = self._one("account.journal", f"journal {self._options.journal}", {"code": self._options.journal})
        values = {
            "company": company["id"],
            "journal": journal["id"],
            "period": period["id"],
            "date": entry.posting_date,
            "description": description,
            "lines": [["create", [self._line(line, company["id"]) for line in entry.lines]]],
        }
        made = self._tryton.call("account.move", "create", [values], company=company["id"], idempotent=False)
        return int(made[0])

    def _line(self, line: JournalLine, company: int) -> Mapping[str, Any]:
        """Tryton wants a party on the accounts that say so, and on no other."""
        account = self._one("account.account", f"account {line.account}", {"company": company, "code": line.account})
        party = None
        if account["party_required"]:
            party = self._one("party.party", f"party {line.supplier_code}", {"code": line.supplier_code})["id"]
        return {
            "account": account["id"],
            "party": party,
            "debit": max(line.amount, Decimal(0)),
            "credit": max(-line.amount, Decimal(0)),
            "description": " ".join(part for part in (line.project_code, line.text) if part) or None,
        }

    def _one(self, model: str, what: str, equal: Mapping[str, Any], *more: Any) -> Mapping[str, Any]:
        """Exactly one record; BusinessError otherwise, when nothing was written yet."""
        domain = [*([name, "=", value] for name, value in equal.items()), *more]
        found = self._tryton.search_read(model, domain, REFERRED.get(model, ()))
        if len(found) != 1:
            raise BusinessError(
                f"Tryton at {self._tryton.host} has {len(found) or 'no'} {what}{' at once' if found else ''}",
                remedy="Correct it in Tryton or in the entry, then retry the item.",
            )
        return found[0]


def _description(entry: JournalEntry, item: OutboxItem) -> str:
    return f"{entry.reference} {entry.text} {_mark(item)}"


def _mark(item: OutboxItem) -> str:
    """The key in brackets, so that run 1 is not found in run 11."""
    return f"[{item.idempotency_key}]"
