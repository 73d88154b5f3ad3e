"""What is read from SAP S/4HANA: cost lines, supplier invoices, maintenance orders and maintenance notifications.

Each stream is one entity set of one OData service (`STREAMS`). Services tell a change to the day, to the second, or not at all,
so no stream is ordered: a window reads everything that one of the set's change fields puts into it, days being whole days of
the zone in which SAP keeps its dates. Supplier invoices know no change at all: what they say today is seen by reading those of
the last two months again (`AGAIN`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from connectors.contract import Page, Record, Stream, Window
from connectors.erp.sap.odata import ODataService, one_of_each
from connectors.http import HttpOptions
from connectors.options import Options, read_options
from warranty_hub.errors import ConfigError, MalformedAnswerError
from warranty_hub.settings import Connection, ZoneName

COST_SERVICE = "API_OPLACCTGDOCITEMCUBE_SRV"
COST_SET = "A_OperationalAcctgDocItemCube"
COST_KEY = ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem")
INVOICE_KEY = ("SupplierInvoice", "FiscalYear")
LATE_POSTINGS = timedelta(days=3)
AGAIN = timedelta(days=62)

StreamName = Literal["cost_lines", "supplier_invoices", "order_invoices", "maintenance_orders", "notifications"]
CompanyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4}$")]
Accounts = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}(-[A-Z0-9]{1,10})?$")]
DocumentType = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")]
ChangeDate = Literal["LastChangeDate", "AccountingDocumentCreationDate"]


@dataclass(frozen=True)
class EntityStream:
    """Where a stream's records stand, and which fields tell a change.

    ``days`` are Edm.DateTime, ``moments`` Edm.DateTimeOffset, the cursor is the first of them. ``parts`` leads from an entity
    down to those of its parts that are the records, identified by ``part_key``; each carries the fields of what it is part of,
    and where both have one the part's.
    """

    service: str
    entity_set: str
    key: tuple[str, ...]
    days: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    lookback: timedelta = timedelta(hours=1)
    parts: tuple[str, ...] = ()
    part_key: tuple[str, ...] = ()
    nothing: str = "nothing is in these company codes yet"


STREAMS: Mapping[StreamName, EntityStream] = {
    "cost_lines": EntityStream(
        COST_SERVICE,
        COST_SET,
        COST_KEY,
        days=("LastChangeDate", "AccountingDocumentCreationDate"),  # a line that was never changed may have only the second
        lookback=LATE_POSTINGS,
        nothing="no line is on these accounts in these company codes yet",
    ),
    "supplier_invoices": EntityStream(
        "API_SUPPLIERINVOICE_PROCESS_SRV",
        "A_SupplierInvoice",
        INVOICE_KEY,
        days=("CreationDate", "PostingDate"),
        lookback=AGAIN,
        parts=("to_SupplierInvoiceItemGLAcct",),
        part_key=(*INVOICE_KEY, "SupplierInvoiceItem"),
    ),
    "order_invoices": EntityStream(
        "API_SUPPLIERINVOICE_PROCESS_SRV",
        "A_SupplierInvoice",
        INVOICE_KEY,
        days=("CreationDate", "PostingDate"),
        lookback=AGAIN,
        parts=("to_SuplrInvcItemPurOrdRef", "to_SupplierInvoiceItmAcctAssgmt"),
        part_key=(*INVOICE_KEY, "SupplierInvoiceItem", "OrdinalNumber"),
    ),
    "maintenance_orders": EntityStream(
        "API_MAINTENANCEORDER",
        "MaintenanceOrder",
        ("MaintenanceOrder",),
        moments=("LastChangeDateTime",),
        parts=("to_MaintenanceOrderOperation", "to_MaintOrderOpComponent"),
        part_key=("MaintenanceOrder", "MaintOrderComponentInternalID"),
    ),
    "notifications": EntityStream(
        "API_MAINTNOTIFICATION",
        "MaintenanceNotification",
        ("MaintenanceNotification",),
        moments=("LastChangeDateTime",),
        days=("LastChangeDate", "CreationDate"),  # old ones have no LastChangeDateTime
    ),
}


class SapOptions(Options):
    """The options of a source of system ``sap_s4``."""

    zone: ZoneName
    reads: tuple[StreamName, ...] = Field(("cost_lines",), min_length=1, description="Streams that this user may read")
    company_codes: tuple[CompanyCode, ...] = Field(min_length=1, description="Company codes whose records are ours")
    accounts: tuple[Accounts, ...] = Field(
        (), validate_default=True, description="G/L accounts of costs and invoices, one or a range: 6601000000-6601999999"
    )
    order_types: tuple[DocumentType, ...] = Field((), description="Types of maintenance orders; default all")
    notification_types: tuple[DocumentType, ...] = Field((), description="Types of notifications; default all")
    client: str | None = Field(None, pattern=r"^\d{3}$", description="SAP client; default the system's own")
    changed_by: tuple[ChangeDate, ...] = Field(
        ("LastChangeDate", "AccountingDocumentCreationDate"),
        min_length=1,
        description="Dates that tell a new or changed cost line; not every release fills both",
    )
    http: HttpOptions = HttpOptions()

    @field_validator("accounts")
    @classmethod
    def _needed(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        on_accounts = {"cost_lines", "supplier_invoices", "order_invoices"} & set(info.data.get("reads", ()))
        if on_accounts and not value:
            raise ValueError(f"{', '.join(sorted(on_accounts))} need at least one account")
        return value


def build_source(connection: Connection, options: Mapping[str, Any]) -> "SapSource":
    """Raises ConfigError."""
    return SapSource(connection, read_options(SapOptions, "sap_s4", options))


class SapSource:
    """A Source (connectors.contract) with the streams that `reads` names: OData entities, their dates and amounts as text."""

    def __init__(self, connection: Connection, options: SapOptions) -> None:
        self._connection = connection
        self._options = options

    def streams(self) -> Mapping[str, Stream]:
        """SAP reverses, cancels and flags, but deletes nothing that was ever ours, so there is nothing to sweep."""
        return {name: self._stream(name) for name in self._options.reads}

    def _stream(self, name: StreamName) -> Stream:
        read = STREAMS[name]
        cursor = (*read.moments, *self._days(name))[0]
        return Stream(name, read.part_key or read.key, cursor, lookback=read.lookback, uniform=True)

    def check(self) -> str:
        """Read one entity of each stream."""
        answers = [self._check(name) for name in self._options.reads]
        return f"SAP at {self._service(self._options.reads[0]).host}: {'; '.join(answers)}"

    def _check(self, name: StreamName) -> str:
        query = {"$filter": one_of_each(self._ours(name)), "$top": "1"}
        found = self._service(name).first_page(STREAMS[name].entity_set, query)
        return f"{name.replace('_', ' ')} can be read" if found else STREAMS[name].nothing

    def now(self) -> datetime | None:
        """SAP tells no clock here, and days need none."""
        return None

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """The entities that were created or changed in the window, or the parts of those."""
        name = self._known(stream)
        read = STREAMS[name]
        for page in self._service(name).pages(read.entity_set, self._query(name, window), read.key):
            if not read.parts:
                yield page
            elif parts := [part for entity in page.records for part in _parts(entity, read.parts) if self._is_ours(part)]:
                yield Page(parts, page.position)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Not offered: `streams` says so."""
        raise ConfigError(f"{stream} cannot be swept: SAP reverses documents, it deletes none")

    def _known(self, stream: str) -> StreamName:
        for name in self._options.reads:
            if name == stream:
                return name
        raise ConfigError(f"sap_s4 does not read {stream!r}", remedy="Add it to options.reads in hub.yaml.")

    def _service(self, name: StreamName) -> ODataService:
        return ODataService(self._connection, STREAMS[name].service, self._options.http, self._options.client)

    def _query(self, name: StreamName, window: Window) -> dict[str, str]:
        read, conditions = STREAMS[name], self._ours(name)
        if window.start is not None:
            moments = (_moment(moment) for moment in (window.start, window.end))
            days = (_day(moment, self._options.zone) for moment in (window.start, window.end))
            within = [*_between(read.moments, *moments), *_between(self._days(name), *days)]
            conditions.append(within)
        expand = {"$expand": "/".join(read.parts)} if read.parts else {}
        return {"$filter": one_of_each(conditions), **expand}

    def _days(self, name: StreamName) -> tuple[str, ...]:
        return self._options.changed_by if name == "cost_lines" else STREAMS[name].days

    def _ours(self, name: StreamName) -> list[list[str]]:
        """What SAP can leave out for us: other companies, and other accounts or types where they stand in the entity itself."""
        options = self._options
        others = {
            "cost_lines": [_account(account) for account in options.accounts],
            "maintenance_orders": [f"MaintenanceOrderType eq '{kind}'" for kind in options.order_types],
            "notifications": [f"NotificationType eq '{kind}'" for kind in options.notification_types],
        }.get(name, [])
        companies = [f"CompanyCode eq '{code}'" for code in options.company_codes]
        return [companies, others] if others else [companies]

    def _is_ours(self, part: Record) -> bool:
        """An invoice may hold items of ours beside others, which stand on other accounts."""
        account = part.get("GLAccount")
        return account is None or any(_covers(accounts, account) for accounts in self._options.accounts)


def _parts(entity: Record, path: Sequence[str]) -> Iterator[Record]:
    """The entities at the end of a path, each with the fields of those above it. Raises MalformedAnswerError."""
    if not path:
        yield entity
        return
    above = {name: value for name, value in entity.items() if not isinstance(value, list)}
    if path[0] not in entity:
        raise MalformedAnswerError(f"SAP did not expand {path[0]}, or has no such navigation in this release")
    for part in entity[path[0]]:
        yield from _parts({**above, **part}, path[1:])


def _account(account: str) -> str:
    first, _, last = account.partition("-")
    return f"(GLAccount ge '{first}' and GLAccount le '{last}')" if last else f"GLAccount eq '{first}'"


def _covers(accounts: str, account: str) -> bool:
    first, _, last = accounts.partition("-")
    return first <= account <= (last or first)


def _between(fields: Sequence[str], first: str, last: str) -> list[str]:
    return [f"({field} ge {first} and {field} le {last})" for field in fields]


def _day(moment: datetime, zone: str) -> str:
    return f"datetime'{moment.astimezone(ZoneInfo(zone)).date()}T00:00:00'"


def _moment(moment: datetime) -> str:
    return f"datetimeoffset'{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
