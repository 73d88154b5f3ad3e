"""Tickets, and anything else, out of any SQL database that SQLAlchemy speaks with. It only ever reads.

Streams are declared in hub.yaml. The next page is found by its place behind the last record, in (cursor, key) order, so rows
that come, go or change meanwhile neither hide others nor shift them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Float,
    MetaData,
    Row,
    Table,
    and_,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy import Connection as Database
from sqlalchemy.exc import NoSuchTableError

from connectors.contract import Page, Record, Stream, Window
from connectors.options import Options, read_options
from connectors.tickets.database import open_database, reading
from warranty_hub.errors import ConfigError, PageOrderError
from warranty_hub.settings import Connection, ZoneName

ODD_CLOCK = timedelta(minutes=5)


class SqlStream(Options):
    """One table or view to read."""

    table: str = Field(description="Table or view, with its schema if needed: wms.ticket")
    columns: tuple[str, ...] = Field((), description="Columns to read besides key and cursor; default all")
    key: tuple[str, ...] = Field(min_length=1, description="Columns that identify a record")
    cursor: str | None = Field(None, description="Column with the time of the last change; default none: always read all")
    ordered: bool = Field(True, description="Whether the cursor column can be trusted to order the records")
    zone: ZoneName | None = Field(None, description="Zone of its times without one; default the source's")
    sweepable: bool = Field(True, description="Whether the table holds every record, so that a missing one was deleted")


class SqlOptions(Options):
    """The options of a source of system ``sql_tickets``."""

    zone: ZoneName
    streams: dict[str, SqlStream] = Field(min_length=1)
    page_size: int = Field(1000, ge=1, description="Records per query")


def _offered(name: str, stream: SqlStream) -> Stream:
    ordered = stream.ordered and bool(stream.cursor)
    return Stream(name, stream.key, stream.cursor, ordered, sweepable=stream.sweepable, uniform=True)


def build_source(connection: Connection, options: Mapping[str, Any]) -> "SqlSource":
    """Raises ConfigError."""
    return SqlSource(connection, read_options(SqlOptions, "sql_tickets", options))


class SqlSource:
    """A Source (connectors.contract) over one database. Records are rows by column name; their times carry a zone."""

    def __init__(self, connection: Connection, options: SqlOptions) -> None:
        self._name = connection.id
        self._options = options
        self._engine = open_database(connection)

    def streams(self) -> Mapping[str, Stream]:
        """As declared in hub.yaml."""
        return {name: _offered(name, stream) for name, stream in self._options.streams.items()}

    def check(self) -> str:
        """Look for every table and column, read a row of each, and compare clocks."""
        with reading(self._engine, self._name) as db:
            for name in self._options.streams:
                table = self._describe(db, name)
                db.execute(select(*table.columns).limit(1)).all()
        return f"{self._engine.dialect.name}: {', '.join(self._options.streams)} can be read{self._clock_warning()}"

    def _clock_warning(self) -> str:
        now = self.now()
        ahead = now - datetime.now(UTC) if now else timedelta()
        if abs(ahead) < ODD_CLOCK:
            return ""
        direction = "ahead" if ahead > timedelta() else "behind"
        return f"; but its clock seems {abs(ahead)} {direction}: is {self._options.zone} its zone?"

    def now(self) -> datetime | None:
        """The server's clock; a time without a zone is taken to be in the source's. A file (SQLite) has no clock."""
        if self._engine.dialect.name == "sqlite":
            return None
        with reading(self._engine, self._name) as db:
            moment: datetime = db.execute(select(func.now())).scalar_one()
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self._options.zone))

    def pages(self, stream: str, window: Window) -> Iterator[Page]:
        """The records of a window in (cursor, key) order, those without a time first; a full read has these only."""
        with reading(self._engine, self._name) as db:
            table = self._describe(db, stream)
            for condition, order in table.parts(window):
                for rows in self._page_through(db, table.columns, condition, order):
                    yield Page([table.record(row) for row in rows], table.position(rows[-1]))

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        """Every key, as our source id: its parts joined with "/"."""
        with reading(self._engine, self._name) as db:
            table = self._describe(db, stream)
            for rows in self._page_through(db, table.key, table.named, table.key):
                yield [table.source_id(row) for row in rows]

    def _page_through(
        self, db: Database, columns: Sequence[Column[Any]], condition: ColumnElement[bool], order: Sequence[Column[Any]]
    ) -> Iterator[Sequence[Row[Any]]]:
        query = select(*columns).where(condition).order_by(*order)
        size = self._options.page_size
        rows = db.execute(query.limit(size) if order else query).all()
        while rows:
            yield rows
            if len(rows) < size or not order:
                return
            last = [rows[-1]._mapping[column] for column in order]
            rows = db.execute(query.where(_behind(order, last)).limit(size)).all()
            if rows and [rows[-1]._mapping[column] for column in order] == last:  # a time read back coarser than it is stored
                raise PageOrderError(f"Database {self._name!r} gives the same page again after {last[-1]}")

    def _describe(self, db: Database, name: str) -> "_Table":
        """Ask the database what a stream's table looks like. Raises ConfigError for what is not there."""
        stream = self._options.streams[name]
        schema, _, table_name = stream.table.rpartition(".")
        try:
            table = Table(table_name, MetaData(), schema=schema or None, autoload_with=db, resolve_fks=False)
        except NoSuchTableError:
            raise self._wrong(name, f"table {stream.table} does not exist, or its user may not see it") from None
        named = (*stream.key, *([stream.cursor] if stream.cursor else []), *stream.columns)
        missing = [column for column in named if column not in table.c]
        if missing:
            raise self._wrong(name, f"table {stream.table} has no column {', '.join(missing)}")
        if stream.cursor and db.dialect.name == "sqlite":
            raise self._wrong(name, "SQLite keeps times as text, which cannot be compared; leave out `cursor` to read all")
        if stream.cursor and not isinstance(table.c[stream.cursor].type, DateTime | Date):
            raise self._wrong(name, f"cursor {stream.cursor} is {table.c[stream.cursor].type!r}, not a time or a date")
        return _Table(table, stream, ZoneInfo(stream.zone or self._options.zone))

    def _wrong(self, stream: str, problem: str) -> ConfigError:
        return ConfigError(
            f"Stream {stream} of database {self._name!r}: {problem}", remedy=f"Correct options.streams.{stream} in hub.yaml."
        )


class _Table:
    """A stream's table as the database describes it."""

    def __init__(self, table: Table, stream: SqlStream, zone: ZoneInfo) -> None:
        self.key = [table.c[name] for name in stream.key]
        self.cursor = table.c[stream.cursor] if stream.cursor else None
        first = [*self.key, *([self.cursor] if self.cursor is not None else [])]
        rest = [table.c[name] for name in stream.columns] if stream.columns else table.c
        self.columns: list[Column[Any]] = list(dict.fromkeys([*first, *rest]))
        self.named = and_(true(), *[column.is_not(None) for column in self.key if column.nullable])
        self._zone = zone
        self._converters = {c.name: convert for c in self.columns if (convert := _converter(c, zone))}

    def parts(self, window: Window) -> Iterator[tuple[ColumnElement[bool], list[Column[Any]]]]:
        """The queries that make up a window, each with the order in which it is paged through.

        Records without a key have no place in any order: they are asked for apart and all at once.
        """
        for condition, order in self._timed_parts(window):
            if any(column.nullable for column in self.key):
                yield and_(condition, not_(self.named)), []
            yield and_(condition, self.named), order

    def _timed_parts(self, window: Window) -> Iterator[tuple[ColumnElement[bool], list[Column[Any]]]]:
        if self.cursor is None:
            yield true(), self.key
            return
        until = self.cursor <= self._bound(self.cursor, window.end)
        order = [self.cursor, *self.key]
        if window.start is None:
            yield self.cursor.is_(None), self.key
            yield until, order
        else:
            yield and_(self.cursor >= self._bound(self.cursor, window.start), until), order

    def _bound(self, cursor: Column[Any], moment: datetime) -> datetime | date:
        """A window's end as the cursor column writes it."""
        if isinstance(cursor.type, DateTime):
            return moment if cursor.type.timezone else moment.astimezone(self._zone).replace(tzinfo=None)
        return moment.astimezone(self._zone).date()

    def record(self, row: Row[Any]) -> Record:
        """A row by column name."""
        record = {column.name: value for column, value in zip(self.columns, row, strict=True)}
        for name, convert in self._converters.items():
            if record[name] is not None:
                record[name] = convert(record[name])
        return record

    def source_id(self, row: Row[Any]) -> str:
        """The key of a row that begins with its key columns."""
        record = {column.name: value for column, value in zip(self.key, row, strict=False)}
        return "/".join(str(self._converters.get(name, _same)(value)) for name, value in record.items())

    def position(self, row: Row[Any]) -> str:
        """Where in the window a row stands, for people."""
        moment = f"{row._mapping[self.cursor]} " if self.cursor is not None else ""
        return f"{moment}{self.source_id(row)}"


def _behind(order: Sequence[Column[Any]], last: Sequence[Any]) -> ColumnElement[bool]:
    """What comes after ``last``: written out, since not every database compares rows; the first bound is for its index."""
    steps = [
        and_(*[before == value for before, value in zip(order[:place], last[:place], strict=True)], column > last[place])
        for place, column in enumerate(order)
    ]
    return and_(order[0] >= last[0], or_(*steps))


def _converter(column: Column[Any], zone: ZoneInfo) -> Callable[[Any], Any] | None:
    """What must not leave as it is: floats, which are no money, and times without a zone."""
    if isinstance(column.type, Float):
        return lambda value: Decimal(repr(value)) if isinstance(value, float) else value
    if isinstance(column.type, DateTime):  # MySQL's 0000-00-00 comes as text
        return lambda value: value.replace(tzinfo=zone) if isinstance(value, datetime) and not value.tzinfo else value
    return None


def _same(value: Any) -> Any:
    return value
