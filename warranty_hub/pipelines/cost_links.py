"""Link cost lines to tickets: by a person's word, else by what the line and its order state. The rule: rules/linking.py."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from warranty_hub.pipelines.cost_keys import KEYS, MATCH, NEWEST, UNNEST, Key, arrays, key_of
from warranty_hub.pipelines.cost_tickets import tickets_named
from warranty_hub.rules.linking import Link, LinkMethod, Named, link, references
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import cost_link, cost_reference


class Borne(NamedTuple):
    """A line, and the one that says where it belongs: itself, or the one it reverses, so that the two take each other back.

    Ticket, split, project and stage follow ``grounds``, whatever was decided in between.
    """

    line: Any
    grounds: Any


class Stated(NamedTuple):
    """What is stated of a line: by its order's items, and by a person, who names a ticket's key and number."""

    ordered: set[str]
    accepted: tuple[str, str, str] | None


def link_lines(db: Connection, keys: Sequence[Key]) -> None:
    """Link these lines anew, and remember what else they name, for the day on which a ticket of that number arrives."""
    originals = {(row.source_system, row.reversing_id): row for row in db.execute(text(_ORIGINALS), arrays(keys))}
    lines = [Borne(line, originals.get(key_of(line), line)) for line in db.execute(text(NEWEST), arrays(keys))]
    stated = _stated(db, [key_of(line.grounds) for line in lines])
    numbers = {number for line in lines for number in _numbers(line.grounds, stated)}
    known = tickets_named(db, numbers)
    links = [(line, _link(line.grounds, known, stated[key_of(line.grounds)])) for line in lines]
    for table in ("cost_link", "cost_reference"):
        db.execute(text(f"DELETE FROM hub.{table} a USING {UNNEST} WHERE {MATCH}"), arrays(keys))
    columns = ("source_system", "source_id", "follows", "ticket_system", "ticket_id", "ticket_no", "method", "confidence")
    copy_rows(db, cost_link, columns, map(_row, links))
    copy_rows(db, cost_reference, ("number", "source_system", "source_id"), _open_references(links, stated))


def _link(grounds: Any, known: Mapping[str, Sequence[Named]], stated: Stated) -> Link:
    """A person's word first, as long as that ticket stands; else by what the line states."""
    for ticket in known.get(stated.accepted[2], ()) if stated.accepted else ():
        if ticket[:3] == stated.accepted:
            return Link(ticket, LinkMethod.REVIEWED, Decimal(1))
    return link(grounds.assignment, grounds.text, known, stated.ordered, grounds.project_code)


def _stated(db: Connection, keys: Sequence[Key]) -> Mapping[Key, Stated]:
    rows = db.execute(text(_ACCEPTED), arrays(keys))
    accepted = {key_of(row): (row.ticket_system, row.ticket_id, row.ticket_no) for row in rows}
    ordered = defaultdict[Key, set[str]](set)
    for row in db.execute(text(_ORDERED), arrays(keys)):
        ordered[key_of(row)].update(references(row.assignment, row.text))
    return {key: Stated(ordered[key], accepted.get(key)) for key in keys}


def _numbers(grounds: Any, stated: Mapping[Key, Stated]) -> set[str]:
    """All that may be the number of the line's ticket."""
    ordered, accepted = stated[key_of(grounds)]
    return {*references(grounds.assignment, grounds.text), *ordered, *([accepted[2]] if accepted else [])}


def _row(linked: tuple[Borne, Link]) -> tuple[Any, ...]:
    (line, grounds), found = linked
    follows = grounds.source_id if grounds is not line else None
    system, ticket_id, ticket_no, _ = found.ticket or (None, None, None, None)
    return *key_of(line), follows, system, ticket_id, ticket_no, found.method.value, found.confidence


def _open_references(links: Sequence[tuple[Borne, Link]], stated: Mapping[Key, Stated]) -> Iterator[tuple[str, str, str]]:
    for (line, grounds), found in links:
        for number in _numbers(grounds, stated) - {found.ticket.ticket_no if found.ticket else None}:
            yield number, *key_of(line)


_ORIGINALS = f"""
    SELECT DISTINCT ON (a.source_system, a.source_id) a.source_id AS reversing_id, o.*
    FROM ({NEWEST}) a
    JOIN LATERAL (
        SELECT DISTINCT ON (source_id) * FROM hub.cost_line
        WHERE (source_system, company_code, document_no) = (a.source_system, a.company_code, a.reverses_document)
          AND deleted_at IS NULL
        ORDER BY source_id, fact_version DESC) o
      ON o.account = a.account AND o.fiscal_year <= a.fiscal_year AND o.base_currency = a.base_currency
    WHERE NOT a.is_reversed AND o.base_amount * a.base_amount < 0
    ORDER BY a.source_system, a.source_id, o.base_amount = -a.base_amount DESC, o.item_no = a.item_no DESC,
             o.fiscal_year DESC, o.source_id"""

_ACCEPTED = f"""
    SELECT DISTINCT ON (source_system, source_id) source_system, source_id, ticket_system, ticket_id, ticket_no FROM (
        SELECT DISTINCT ON (a.source_system, a.source_id, a.ticket_system, a.ticket_id) a.*
        FROM hub.link_decision a JOIN {KEYS}
        ORDER BY a.source_system, a.source_id, a.ticket_system, a.ticket_id, a.decision_id DESC) latest
    WHERE verdict = 'ACCEPTED' ORDER BY source_system, source_id, decision_id DESC"""

_ORDERED = f"""
    SELECT DISTINCT a.source_system, a.source_id, c.assignment, c.text
    FROM hub.cost_line a JOIN {KEYS}
    JOIN hub.commitment c ON (c.source_system, c.company_code, c.order_no) = (a.source_system, a.company_code, a.order_no)
    WHERE a.deleted_at IS NULL AND c.deleted_at IS NULL"""
