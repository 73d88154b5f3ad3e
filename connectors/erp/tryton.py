"""Tryton 7 and 8: what repairs cost and what was ordered for them, read over JSON-RPC; entries posted into its ledger.

A line says little of itself: number, day and period stand at its invoice or entry, and posting changes only those. So a
window asks for what was created or written in it at either of the two. Such times have no common order, hence no stream is
ordered; but pages follow the ids, behind the last one seen, so that what comes or goes meanwhile shifts nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from connectors.contract import OutboxItem, Page, Record, Reply, Stream, Window
from connectors.erp.tryton_rpc import Tryton, TrytonOptions
from connectors.options import read_options
from warranty_hub.errors import BusinessError, ConfigError, ProtocolError
from warranty_hub.records.effects import POST_JOURNAL, JournalEntry, JournalLine
from warranty_hub.settings import Connection, ZoneName

Account = Annotated[str, StringConstraints(pattern=r"^[^\s%_*\\]+\*?$")]
ModelStream = Literal["move_lines", "invoice_lines", "purchase_lines", "parties", "periods"]
BALANCES = "balances"
INVOICE_LINE = "account.invoice.line"
PERIOD = ("name", "start_date", "end_date", "state", "fiscalyear.name", "company.party.code", "company.currency.code")
WRITTEN = ("create_date", "write_date")


class TrytonSourceOptions(TrytonOptions):
    """The options of a source of system ``tryton``."""

    zone: ZoneName
    accounts: tuple[Account, ...] = Field(
        min_length=1, description="Accounts that are ours, by code, or all that begin alike: 660105, 6601*"
    )
    extra_fields: dict[ModelStream, tuple[str, ...]] = Field(
        {}, description="More fields to read by stream, for modules of one's own; a dot leads on: project.code"
    )
    page_size: int = Field(500, ge=1, description="Records per call")


class TrytonSinkOptions(TrytonOptions):
    """The options of a sink of system ``tryton``."""

    journal: str = Field(description="Code of the journal in which entries are posted")


@dataclass(frozen=True)
class _Model:
    """Which records of a model make a stream, and the times that tell that one has changed."""

    name: str
    fields: tuple[str, ...]
    domain: tuple[Any, ...] = ()
    changed: tuple[str, ...] = WRITTEN
    of_accounts: bool = False
    sweepable: bool = False


MODELS: dict[str, _Model] = {
    "move_lines": _Model(
        "account.move.line",
        (
            *("debit", "credit", "amount_second_currency", "second_currency.code", "account.code", "party.code"),
            *("description", "origin", "state", "move.date", "move.description", "move.state", "move.origin"),
            *("move.journal.code", "move.journal.type", "move.period.name", "move.period.fiscalyear.name"),
            *("move.company.party.code", "move.company.currency.code"),
        ),
        (["move.state", "=", "posted"],),
        (*WRITTEN, "move.write_date"),
        of_accounts=True,
    ),
    "invoice_lines": _Model(
        INVOICE_LINE,
        (
            *("amount", "account.code", "description", "origin", "invoice.number", "invoice.reference", "invoice.state"),
            *("invoice.invoice_date", "invoice.description", "invoice.party.code", "invoice.currency.code", "invoice.type"),
            *("invoice.move.date", "invoice.move.period.name", "invoice.move.period.fiscalyear.name"),
            *("invoice.company.party.code", "invoice.company.currency.code"),
        ),
        (["type", "=", "line"], ["invoice.type", "=", "in"], ["invoice.move.state", "=", "posted"]),
        (*WRITTEN, "invoice.write_date"),
        of_accounts=True,
    ),
    "purchase_lines": _Model(
        "purchase.line",
        (
            *("amount", "description", "purchase.number", "purchase.reference", "purchase.state", "purchase.purchase_date"),
            *("purchase.description", "purchase.party.code", "purchase.currency.code", "purchase.company.party.code"),
        ),
        (["type", "=", "line"], ["purchase.state", "in", ["confirmed", "processing", "done", "cancelled"]]),
        (*WRITTEN, "purchase.write_date"),
        sweepable=True,
    ),
    "parties": _Model("party.party", ("code", "name", "active"), sweepable=True),
    "periods": _Model("account.period", (*PERIOD, "type"), sweepable=True),
}


def build_source(connection: Connection, options: Mapping[str, Any]) -> "TrytonSource":
    """Raises ConfigError."""
    return TrytonSource(connection, read_options(TrytonSourceOptions, "tryton", options))


def build_sink(connection: Connection, options: Mapping[str, Any]) -> "TrytonSink":
    """Raises ConfigError."""
    return TrytonSink(connection, read_options(TrytonSinkOptions, "tryton", options))


class TrytonSource:
    """A Source (connectors.contract). Records are Tryton's, with those they point to inside: ``{"move": {"date": …}}``.

    Lines of entries and invoices have three fields more, cost positive: ``amount`` in ``currency``, the one of the document,
    and ``base_amount`` in the company's. Lines of entries have ``text`` and the ``invoice_line`` they came from, too.
    """

    def __init__(self, connection: Connection, options: TrytonSourceOptions) -> None:
        self._options = options
        self._tryton = Tryton(connection, options)

    def streams(self) -> Mapping[str, Stream]:
        """One for each of `MODELS`, and ``balances``, which have no time of change: every window is the whole listing.

        What was posted is never deleted in Tryton, only cancelled by another entry; so its lines need no sweep.
        """
        offered = {
            name: Stream(name, ("id",), "changed_at", sweepable=model.sweepable, uniform=True) for name, model in MODELS.items()
        }
        return {**offered, BALANCES: Stream(BALANCES, ("id",), uniform=True)}

    def check(self) -> str:
        """Log in, and look for the accounts."""
        found = self._tryton.call("account.account", "search_count", _accounts("code", self._options.accounts))
        told = f"{found} accounts are ours" if found else "no account has these codes, or this user may not see them"
        return f"Tryton {self._tryton.version} at {self._tryton.host}: {told}"

    def now(self) -> datetime | None:
        """Tryton tells no time of day."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """Everything whose time of creation or writing lies in the window, in pages by id."""
        if stream == BALANCES:
            yield from self._balances()
            return
        model = MODELS[stream]
        fields = [*model.fields, *model.changed, *self._options.extra_fields.get(stream, ())]  # type: ignore[call-overload]
        if stream == "move_lines":
            fields.append(f"move.{self._tryton.move_number}")
        for records in self._page_through(model.name, [*self._domain(model), _changed(model.changed, window)], fields):
            timed = [{**record, "changed_at": _newest(record, model.changed)} for record in records]
            yield Page(self._completed(stream, timed), f"id {records[-1]['id']}")

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """The ids of all records that the stream would read."""
        if not self.streams()[stream].sweepable:
            raise ConfigError(f"{stream} cannot be swept: Tryton cancels what was posted, it deletes nothing")
        return self._ids(MODELS[stream])

    def _ids(self, model: _Model) -> Iterator[Sequence[str]]:
        for records in self._page_through(model.name, self._domain(model), ()):
            yield [str(record["id"]) for record in records]

    def _domain(self, model: _Model) -> list[Any]:
        accounts = [_accounts("account.code", self._options.accounts)] if model.of_accounts else []
        return [*model.domain, *accounts]

    def _page_through(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], **context: Any
    ) -> Iterator[list[dict[str, Any]]]:
        size, last = self._options.page_size, 0
        while True:
            records = self._tryton.search_read(model, [*domain, ["id", ">", last]], fields, limit=size, **context)
            if records:
                yield records
                if records[-1]["id"] <= last:
                    raise ProtocolError(f"Tryton at {self._tryton.host} gives {model} of before id {last} again")
                last = records[-1]["id"]
            if len(records) < size:
                return

    def _completed(self, stream: str, records: Sequence[dict[str, Any]]) -> Sequence[Record]:
        if stream == "move_lines":
            return self._move_lines(records)
        return self._invoice_lines(records) if stream == "invoice_lines" else records

    def _move_lines(self, records: Sequence[dict[str, Any]]) -> Sequence[Record]:
        """With the words of the invoice line from which an entry's line came: it has none of its own then."""
        lines = {record["id"]: _invoice_line_of(record) for record in records}
        wanted = sorted({number for number in lines.values() if number})
        fields = ("description", "invoice.reference", "invoice.number")
        found = self._tryton.search_read(INVOICE_LINE, [["id", "in", wanted]], fields) if wanted else []
        invoiced = {line["id"]: line for line in found}
        return [self._move_line(record, invoiced.get(lines[record["id"]])) for record in records]

    def _move_line(self, record: dict[str, Any], invoiced: Mapping[str, Any] | None) -> Record:
        """The document's amount stands beside the company's only if their currencies differ."""
        move, net = dict(record["move"]), record["debit"] - record["credit"]
        move["number"] = move.pop(self._tryton.move_number)
        foreign = record["second_currency"]
        own = {"amount": net, "currency": move["company"]["currency"]["code"]}
        shown = {"amount": record["amount_second_currency"], "currency": foreign["code"]} if foreign else own
        text = record["description"] or (invoiced and invoiced["description"]) or move["description"]
        return {**record, "move": move, **shown, "base_amount": net, "text": text, "invoice_line": invoiced}

    def _invoice_lines(self, records: Sequence[dict[str, Any]]) -> Sequence[Record]:
        """An invoice line has no amount in the company's currency: the line of the entry that came from it has."""
        origins = [f"{INVOICE_LINE},{record['id']}" for record in records]
        moves = sorted({record["invoice"]["move"]["id"] for record in records})
        posted = self._tryton.search_read(
            "account.move.line", [["origin", "in", origins], ["move", "in", moves]], ("origin", "debit", "credit")
        )
        net = {line["origin"]: line["debit"] - line["credit"] for line in posted}
        return [
            {**record, "currency": record["invoice"]["currency"]["code"], "base_amount": net.get(origin)}
            for record, origin in zip(records, origins, strict=True)
        ]

    def _balances(self) -> Iterator[Page]:
        """What every account moved in every period: sums that Tryton forms itself, of posted entries only."""
        for periods in self._page_through("account.period", (), PERIOD):
            for period in periods:
                yield from self._balances_of(period)

    def _balances_of(self, period: Mapping[str, Any]) -> Iterator[Page]:
        company = period["company"]["id"]
        domain = [["company", "=", company], ["type", "!=", None], _accounts("code", self._options.accounts)]
        sums = {"company": company, "periods": [period["id"]], "posted": True}
        for accounts in self._page_through("account.account", domain, ("code", "debit", "credit"), **sums):
            records = [{**account, "id": f"{account['id']}/{period['id']}", "period": period} for account in accounts]
            yield Page(records, f"{period['name']}, account {accounts[-1]['code']}")


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
        entry = _entry(item)
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


REFERRED = {"company.company": ("currency.code",), "account.account": ("party_required",)}
"""What must be known of a record that an entry refers to."""


def _invoice_line_of(record: Mapping[str, Any]) -> int | None:
    """The id in an origin like ``account.invoice.line,7``."""
    model, _, number = (record["origin"] or "").partition(",")
    return int(number) if model == INVOICE_LINE else None


def _accounts(field: str, codes: Sequence[str]) -> list[Any]:
    """Tryton's domain for: one of these codes."""
    return ["OR", *([field, "like", f"{code[:-1]}%"] if code.endswith("*") else [field, "=", code] for code in codes)]


def _changed(times: Sequence[str], window: Window) -> list[Any]:
    """One of the times lies in the window; without a start, all that was there by its end (old rows may not say when)."""
    if window.start is None:
        return ["OR", ["create_date", "<=", window.end], ["create_date", "=", None]]
    return ["OR", *([[time, ">=", window.start], [time, "<=", window.end]] for time in times)]


def _newest(record: Mapping[str, Any], times: Sequence[str]) -> datetime | None:
    """The last of the times that are set: a record that was never written again has no time of writing."""
    told = [record[last] if not first else record[first][last] for first, _, last in (time.rpartition(".") for time in times)]
    return max((time for time in told if time), default=None)


def _entry(item: OutboxItem) -> JournalEntry:
    if item.kind != POST_JOURNAL:
        raise ConfigError(f"Tryton cannot perform {item.kind!r}", remedy=f"Give this sink the kind {POST_JOURNAL} only.")
    try:
        return JournalEntry.model_validate(item.payload)
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise BusinessError(f"Entry {item.idempotency_key} cannot be posted: {reasons}") from None


def _description(entry: JournalEntry, item: OutboxItem) -> str:
    return f"{entry.reference} {entry.text} {_mark(item)}"


def _mark(item: OutboxItem) -> str:
    """The key in brackets, so that run 1 is not found in run 11."""
    return f"[{item.idempotency_key}]"
