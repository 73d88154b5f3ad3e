"""How the streams of SAP S/4HANA (connectors/erp/sap/streams.py) are read: windows, company codes and accounts, parts.

Services tell a change to the day, to the second, or not at all,
so no stream is ordered: a window reads everything that one of the set's change fields puts into it, days being whole days of
the zone in which SAP keeps its dates. Supplier invoices know no change at all: what they say today is seen by reading those of
the last two months again (`AGAIN`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from connectors.contract import Page, Record, Stream, Window
from connectors.erp.sap.odata import ODataService, one_of_each
from connectors.erp.sap.streams import STREAMS, EntityStream, StreamName
from connectors.http import HttpOptions
from connectors.options import Options, read_options
from warranty_hub.errors import ConfigError, MalformedAnswerError
from warranty_hub.settings import Connection, ZoneName

CompanyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4}$")]
Accounts = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}(-[A-Z0-9]{1,10})?$")]
DocumentType = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")]
ChangeDate = Literal["LastChangeDate", "AccountingDocumentCreationDate"]


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
    supplier_groups: tuple[DocumentType, ...] = Field((), description="Account groups of suppliers; default all")
    ledger: str = Field("0L", pattern=r"^[A-Z0-9]{2}$", description="Ledger of the balances")
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
        on_accounts = [name for name in info.data.get("reads", ()) if STREAMS[name].of_accounts]
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
        cursor = next(iter((*read.moments, *self._days(name))), None)
        return Stream(name, read.part_key or read.key, cursor, lookback=read.lookback, uniform=True)

    def check(self) -> str:
        """Read one entity of each stream."""
        answers = [self._check(name) for name in self._options.reads]
        return f"SAP at {self._service(self._options.reads[0]).host}: {'; '.join(answers)}"

    def _check(self, name: StreamName) -> str:
        found = self._service(name).first_page(STREAMS[name].entity_set, {**self._asked(name, self._ours(name)), "$top": "1"})
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
            elif parts := [part for entity in page.records for part in self._parts(read, entity)]:
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
            conditions += [within] if within else []
        return self._asked(name, conditions)

    def _asked(self, name: StreamName, conditions: Sequence[Sequence[str]]) -> dict[str, str]:
        read = STREAMS[name]
        asked = {"$filter": one_of_each(conditions), "$select": ",".join(read.select), "$expand": read.expand}
        return {option: value for option, value in asked.items() if value}

    def _days(self, name: StreamName) -> tuple[str, ...]:
        return self._options.changed_by if name == "cost_lines" else STREAMS[name].days

    def _ours(self, name: StreamName) -> list[list[str]]:
        """What SAP can leave out for us: other companies, and other accounts or types where they stand in the entity itself."""
        options, read = self._options, STREAMS[name]
        groups = {
            "cost_lines": [_account(account) for account in options.accounts],
            "balances": [_account(account) for account in options.accounts],
            "maintenance_orders": [f"MaintenanceOrderType eq '{kind}'" for kind in options.order_types],
            "notifications": [f"NotificationType eq '{kind}'" for kind in options.notification_types],
            "suppliers": [f"SupplierAccountGroup eq '{group}'" for group in options.supplier_groups],
        }
        companies = [f"CompanyCode eq '{code}'" for code in options.company_codes] if read.of_companies else []
        ledger = [f"Ledger eq '{options.ledger}'"] if name == "balances" else []
        return [group for group in (companies, groups.get(name, []), ledger, *([one] for one in read.only)) if group]

    def _parts(self, read: EntityStream, entity: Record) -> Iterator[Record]:
        """The parts of an entity that are ours, among others that stand on other accounts."""
        for part in _parts(entity, read.parts):
            each = _navigated(part, read.agreed) if read.agreed else [part]
            if not read.of_accounts or any(self._covers(one.get("GLAccount", "")) for one in each):
                yield {**part, read.agreed: _agreement(each)} if read.agreed else part

    def _covers(self, account: str) -> bool:
        return any(_covers(accounts, account) for accounts in self._options.accounts)


def _parts(entity: Record, path: Sequence[str]) -> Iterator[Record]:
    """The entities at the end of a path, each with the fields of those above it. Raises MalformedAnswerError."""
    if not path:
        yield entity
        return
    above = {name: value for name, value in entity.items() if not isinstance(value, list)}
    for part in _navigated(entity, path[0]):
        told = {name: value for name, value in part.items() if value is not None or name not in above}
        yield from _parts({**above, **told}, path[1:])


def _navigated(entity: Record, navigation: str) -> Sequence[Record]:
    if navigation not in entity:
        raise MalformedAnswerError(f"SAP did not expand {navigation}, or has no such navigation in this release")
    return entity[navigation]  # type: ignore[no-any-return]  # `odata` made lists of entities of what was expanded


def _agreement(parts: Sequence[Record]) -> Record:
    """The fields in which they are all the same: the project of an item, unless it is split between several."""
    first, *others = parts or [{}]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


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
