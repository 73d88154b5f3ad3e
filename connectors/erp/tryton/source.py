"""Tryton 7 and 8 as a source: what repairs cost, what was ordered for them, and what the accounts moved, read over JSON-RPC.

A line says little of itself: number, day and period stand at its invoice or entry, and posting changes only those. So a
window asks for what was created or written in it at either of the two. Such times have no common order, hence no stream is
ordered; but pages follow the ids, behind the last one seen, so that what comes or goes meanwhile shifts nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from connectors.contract import Page, Record, Stream, Window
from connectors.erp.tryton.rpc import Tryton, TrytonOptions
from connectors.options import read_options
from warranty_hub.errors import BusinessError, ConfigError, PageOrderError
from warranty_hub.settings import Connection, ZoneName

Account = Annotated[str, StringConstraints(pattern=r"^[^\s%_*\\]+\*?$")]
ModelStream = Literal["cost_lines", "purchase_lines", "parties", "periods"]
COST_LINES, BALANCES = "cost_lines", "balances"
INVOICE_LINE = "account.invoice.line"
PERIOD = ("name", "start_date", "end_date", "state", "fiscalyear.name", "company.party.code", "company.currency.code")
WRITTEN = ("create_date", "write_date")


class TrytonSourceOptions(TrytonOptions):
    """The options of a source of system ``tryton``."""

    zone: ZoneName
    accounts: tuple[Account, ...] = Field(
        min_length=1, description="Accounts that are ours, by code, or all that begin alike: 660105, 6601*"
    )
    costs_from: Literal["entries", "invoices", "analytic"] = Field(
        "entries",
        description="What makes a cost line: a line posted on the accounts, one of suppliers' invoices, or an analytic line",
    )
    analytic_root: str | None = Field(
        None,
        validate_default=True,
        description="Code of the analytic axis whose accounts are projects; needed with `costs_from: analytic`",
    )
    extra_fields: dict[ModelStream, tuple[str, ...]] = Field(
        {}, description="More fields to read by stream, for modules of one's own; a dot leads on: project.code"
    )
    page_size: int = Field(500, ge=1, description="Records per call")

    @field_validator("analytic_root")
    @classmethod
    def _one_axis(cls, root: str | None, info: ValidationInfo) -> str | None:
        if (info.data.get("costs_from") == "analytic") != (root is not None):
            raise ValueError("an axis is for costs_from: analytic, which needs one: each axis tells all costs once more")
        return root


@dataclass(frozen=True)
class _Model:
    """Which records of a model make a stream, and the times that tell that one has changed.

    ``accounts``: the field by which only those on our accounts are read; ``entry``: the field with the entry they stand in.
    """

    name: str
    fields: tuple[str, ...]
    key: tuple[str, ...] = ("id",)
    domain: tuple[Any, ...] = ()
    changed: tuple[str, ...] = WRITTEN
    accounts: str = ""
    entry: str = ""
    sweepable: bool = False


ENTRY_LINE = (
    *("account.code", "party.code", "description", "origin", "state", "move.date", "move.description", "move.state"),
    *("move.origin", "move.journal.code", "move.journal.type", "move.period.name", "move.period.fiscalyear.name"),
    *("move.company.party.code", "move.company.currency.code"),
)
"""What a line of an entry tells, beside its amounts."""

COSTS: dict[str, _Model] = {
    "entries": _Model(
        "account.move.line",
        ("debit", "credit", "amount_second_currency", "second_currency.code", *ENTRY_LINE),
        domain=(["move.state", "=", "posted"],),
        changed=(*WRITTEN, "move.write_date"),
        accounts="account.code",
        entry="move",
    ),
    "analytic": _Model(
        "analytic_account.line",
        ("debit", "credit", "account.code", *(f"move_line.{field}" for field in ENTRY_LINE)),
        domain=(["move_line.move.state", "=", "posted"],),
        changed=(*WRITTEN, "move_line.move.write_date"),
        accounts="move_line.account.code",
        entry="move_line.move",
        sweepable=True,
    ),
    "invoices": _Model(
        INVOICE_LINE,
        (
            *("amount", "account.code", "description", "origin", "invoice.number", "invoice.reference", "invoice.state"),
            *("invoice.invoice_date", "invoice.description", "invoice.party.code", "invoice.currency.code", "invoice.type"),
            *("invoice.move.date", "invoice.move.period.name", "invoice.move.period.fiscalyear.name"),
            *("invoice.company.party.code", "invoice.company.currency.code"),
        ),
        key=("invoice.id", "id"),
        domain=(["type", "=", "line"], ["invoice.type", "=", "in"], ["invoice.move.state", "=", "posted"]),
        changed=(*WRITTEN, "invoice.write_date"),
        accounts="account.code",
    ),
}
"""What costs are made from, by option `costs_from`. An invoice is posted as an entry, and an entry is analysed: to read two of
them would count everything twice."""

MODELS: dict[str, _Model] = {
    "purchase_lines": _Model(
        "purchase.line",
        (
            *("amount", "description", "purchase.number", "purchase.reference", "purchase.state", "purchase.purchase_date"),
            *("purchase.description", "purchase.party.code", "purchase.currency.code", "purchase.company.party.code"),
        ),
        domain=(["type", "=", "line"], ["purchase.state", "in", ["confirmed", "processing", "done", "cancelled"]]),
        changed=(*WRITTEN, "purchase.write_date"),
        sweepable=True,
    ),
    "parties": _Model("party.party", ("code", "name", "active"), sweepable=True),
    "periods": _Model("account.period", (*PERIOD, "type"), sweepable=True),
}


def build_source(connection: Connection, options: Mapping[str, Any]) -> "TrytonSource":
    """Raises ConfigError."""
    return TrytonSource(connection, read_options(TrytonSourceOptions, "tryton", options))


class TrytonSource:
    """A Source (connectors.contract). Records are Tryton's, with those they point to inside: ``{"move": {"date": …}}``.

    Lines of entries and invoices have three fields more, cost positive: ``amount`` in ``currency``, the one of the document,
    and ``base_amount`` in the company's. Lines of entries have ``text`` and the ``invoice_line`` they came from, too. An
    analytic line is its entry's line with its own share of the amount, and its account as ``analytic``.
    """

    def __init__(self, connection: Connection, options: TrytonSourceOptions) -> None:
        self._options = options
        self._models = {COST_LINES: COSTS[options.costs_from], **MODELS}
        self._tryton = Tryton(connection, options)

    def streams(self) -> Mapping[str, Stream]:
        """``cost_lines``, one for each of `MODELS`, and ``balances``, which are listed as a whole: they have no time of change.

        What was posted is never deleted in Tryton, only cancelled by another entry: only analytic lines need a sweep.
        """
        offered = {
            name: Stream(name, model.key, "changed_at", sweepable=model.sweepable, uniform=True)
            for name, model in self._models.items()
        }
        return {**offered, BALANCES: Stream(BALANCES, ("id",), uniform=True)}

    def check(self) -> str:
        """Log in, and look for the accounts."""
        try:
            found = self._tryton.call("account.account", "search_count", _accounts("code", self._options.accounts))
        except BusinessError as error:
            error.remedy = "Put this user into groups that may read accounts and their entries."
            raise
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
        model = self._models[stream]
        fields = [*model.fields, *model.changed, *self._options.extra_fields.get(stream, ())]  # type: ignore[call-overload]
        if model.entry:
            fields.append(f"{model.entry}.{self._tryton.move_number}")
        for records in self._page_through(model.name, [*self._domain(model), _changed(model.changed, window)], fields):
            timed = [{**record, "changed_at": _newest(record, model.changed)} for record in records]
            yield Page(self._completed(model, timed), f"id {records[-1]['id']}")

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """The ids of all records that the stream would read."""
        if not self.streams()[stream].sweepable:
            raise ConfigError(f"{stream} cannot be swept: Tryton cancels what was posted, it deletes nothing")
        return self._ids(self._models[stream])

    def _ids(self, model: _Model) -> Iterator[Sequence[str]]:
        for records in self._page_through(model.name, self._domain(model), ()):
            yield [str(record["id"]) for record in records]

    def _domain(self, model: _Model) -> list[Any]:
        accounts = [_accounts(model.accounts, self._options.accounts)] if model.accounts else []
        axis = [["account.root.code", "=", self._options.analytic_root]] if model is COSTS["analytic"] else []
        return [*model.domain, *accounts, *axis]

    def _page_through(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], **context: Any
    ) -> Iterator[list[dict[str, Any]]]:
        size, last = self._options.page_size, 0
        while True:
            records = self._tryton.search_read(model, [*domain, ["id", ">", last]], fields, limit=size, **context)
            if records:
                if records[0]["id"] <= last:
                    raise PageOrderError(f"Tryton at {self._tryton.host} gives {model} {records[0]['id']} after {last}")
                yield records
                last = records[-1]["id"]
            if len(records) < size:
                return

    def _completed(self, model: _Model, records: Sequence[dict[str, Any]]) -> Sequence[Record]:
        if model is COSTS["entries"]:
            return self._entry_lines(records)
        if model is COSTS["analytic"]:
            return self._entry_lines([_share(record) for record in records])
        return self._invoice_lines(records) if model is COSTS["invoices"] else records

    def _entry_lines(self, records: Sequence[dict[str, Any]]) -> Sequence[Record]:
        """With the words of the invoice line from which an entry's line came: it has none of its own then."""
        lines = {record["id"]: _invoice_line_of(record) for record in records}
        wanted = sorted({number for number in lines.values() if number})
        fields = ("description", "invoice.reference", "invoice.number")
        found = self._tryton.search_read(INVOICE_LINE, [["id", "in", wanted]], fields) if wanted else []
        invoiced = {line["id"]: line for line in found}
        return [self._entry_line(record, invoiced.get(lines[record["id"]])) for record in records]

    def _entry_line(self, record: dict[str, Any], invoiced: Mapping[str, Any] | None) -> Record:
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


def _share(record: Mapping[str, Any]) -> dict[str, Any]:
    """An analytic line as the part of its entry's line that it is, in the company's currency."""
    own = {name: record[name] for name in ("id", "debit", "credit", "changed_at")}
    return {**record["move_line"], **own, "second_currency": None, "analytic": record["account"]}


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
    told = [_at(record, time) for time in times]
    return max((time for time in told if time), default=None)


def _at(record: Mapping[str, Any], path: str) -> Any:
    first, _, rest = path.partition(".")
    return _at(record[first], rest) if rest else record[first]
