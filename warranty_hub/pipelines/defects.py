"""Writing what tickets tell: their defects with place and element, and what they mention that is no defect.

Only what differs from the last answer is written, each new answer as a further generation of its defect. A ticket that tells of
fewer defects than before loses the last ones; the others then count as changed, for its costs are split over fewer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, literal_column, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from mappings.elements import Location, Role
from mappings.lexicon import Mention
from mappings.places import DefectReading, TicketReading
from warranty_hub.records.codes import LocateState
from warranty_hub.warehouse.tables import THIS_TRANSACTION, defect, defect_element, mention

Key = tuple[str, str]
Values = dict[str, Any]


@dataclass(frozen=True)
class LocatedTicket:
    """A ticket's row, what was read in it, the location of each of its defects, and by which rules and words."""

    row: Row[Any]
    reading: TicketReading
    locations: tuple[Location, ...]
    rules: str

    @property
    def key(self) -> Key:
        """Source system and id."""
        return self.row.source_system, self.row.source_id

    @property
    def unmapped(self) -> int:
        """The defects whose words the lexicon does not know: without type or without component."""
        return sum(not (told.mention.defect_type and told.mention.component) for told in self.reading.defects)


def write_defects(db: Connection, run_id: int, tickets: Sequence[LocatedTicket]) -> int:
    """Bring the defects of these tickets up to date. Returns how many were written or removed."""
    known = _known(db, [ticket.key for ticket in tickets])
    fresh: list[Values] = []
    candidates: list[Values] = []
    for ticket in tickets:
        for seq, answer in enumerate(_answers(ticket), start=1):
            generation, before = known[ticket.key].get(seq, (0, None))
            if answer != before:
                key = {**_key(ticket), "seq": seq, "generation": generation + 1}
                fresh.append({**key, **answer})
                candidates += [
                    {**key, **values, "run_id": run_id} for values in _candidates(ticket.locations[seq - 1], ticket.rules)
                ]
    _upsert(db, fresh)
    if candidates:
        db.execute(insert(defect_element), candidates)
    _write_mentions(db, tickets)
    return len(fresh) + _remove_surplus(db, tickets, known)


def _answers(ticket: LocatedTicket) -> Iterator[Values]:
    for told, location in zip(ticket.reading.defects, ticket.locations, strict=True):
        yield {
            "ticket_no": ticket.row.ticket_no,
            "project_code": ticket.row.project_code,
            **_codes(told.mention),
            **_places(ticket, told, location),
            "element_key": location.element_key,
            "method": str(location.method),
            "places": list(location.places),
            "confidence": _confidence(location.confidence),
            "signs": list(map(str, location.signs)),
            "state": str(location.state) if location.state else None,
            "reason": location.reason,
            "rule_version": ticket.rules,
        }


def _codes(told: Mention) -> Values:
    return {"component_code": told.component, "defect_type_code": told.defect_type, "room_code": told.room}


def _places(ticket: LocatedTicket, told: DefectReading, location: Location) -> Values:
    return {
        "place_id": location.place_id,
        "cause_place_id": told.cause.place_id if told.cause else None,
        "unknown_place": ticket.reading.unknown,
    }


def _candidates(location: Location, rules: str) -> Iterable[Values]:
    """Every candidate in its order; equally good ones share a confidence, never a row."""
    for order, candidate in enumerate(location.candidates, start=1):
        primary = candidate.role is Role.PRIMARY
        yield {
            "rank": order,
            "element_key": candidate.element_key,
            "role": str(candidate.role),
            "method": str(location.method),
            "confidence": _confidence(candidate.confidence),
            "signs": list(map(str, candidate.signs)),
            "state": str(location.state if primary else LocateState.REVIEW),
            "rule_version": rules,
        }


def _confidence(value: float) -> Decimal:
    return Decimal(f"{value:.3f}")


def _key(ticket: LocatedTicket) -> Values:
    return {"source_system": ticket.row.source_system, "ticket_id": ticket.row.source_id}


# ------------------------------------------------------------------------------------------------ the tables
def _known(db: Connection, keys: Sequence[Key]) -> Mapping[Key, dict[int, tuple[int, Values]]]:
    """The defects that the hub has of these tickets, by sequence number: generation and answer."""
    hidden = {"source_system", "ticket_id", "seq", "generation", "changed_tx"}
    known: dict[Key, dict[int, tuple[int, Values]]] = defaultdict(dict)
    for row in db.execute(select(defect).where(_of(defect, keys))):
        answer = {name: value for name, value in row._mapping.items() if name not in hidden}
        known[row.source_system, row.ticket_id][row.seq] = (row.generation, answer)
    return known


def _upsert(db: Connection, fresh: Sequence[Values]) -> None:
    if not fresh:
        return
    statement = insert(defect)
    changes = {name: statement.excluded[name] for name in (*fresh[0], "changed_tx")}
    db.execute(statement.on_conflict_do_update(index_elements=["source_system", "ticket_id", "seq"], set_=changes), fresh)


def _remove_surplus(db: Connection, tickets: Sequence[LocatedTicket], known: Mapping[Key, Mapping[int, Any]]) -> int:
    removed = 0
    for ticket in tickets:
        count = len(ticket.locations)
        if len(known[ticket.key]) > count:
            here = _of(defect, [ticket.key])
            removed += db.execute(delete(defect).where(here, defect.c.seq > count)).rowcount
            db.execute(update(defect).where(here).values(changed_tx=literal_column(THIS_TRANSACTION)))
    return removed


def _write_mentions(db: Connection, tickets: Sequence[LocatedTicket]) -> None:
    db.execute(delete(mention).where(_of(mention, [ticket.key for ticket in tickets])))
    rows = [
        {**_key(ticket), "seq": seq, "standing": str(told.standing), **_codes(told)}
        for ticket in tickets
        for seq, told in enumerate(ticket.reading.others, start=1)
    ]
    if rows:
        db.execute(insert(mention), rows)


def _of(table: Table, keys: Sequence[Key]) -> Any:
    return tuple_(table.c.source_system, table.c.ticket_id).in_(keys)
