"""Roll up costs: link each changed line to its ticket, split it exactly, and sum the periods it touches.

Rules decide per line (warranty_hub/rules); SQL sums. A consumer of our own tables: it reads what changed since its own cursor.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from warranty_hub.errors import CountingError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.rules.allocation import UNKNOWN, UNKNOWN_DEFECT, UNLINKED_DEFECT, DefectDimension, LiableShare, allocate
from warranty_hub.rules.linking import Link, LinkMethod, link, references
from warranty_hub.warehouse.changes import floor, remember, since
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import allocation, cost_link

UNIT = Unit("rollup", "costs")
CHUNK = 5_000


@dataclass(frozen=True)
class TicketFacts:
    """What the rules need to know of a ticket."""

    project_code: str
    defects: Sequence[DefectDimension]
    shares: Sequence[LiableShare]


class Borne(NamedTuple):
    """A line, and the one that says where it belongs: itself, or the one it reverses, so that the two take each other back.

    Ticket, split, project and stage follow ``grounds``, whatever was decided in between.
    """

    line: Any
    grounds: Any


def roll_up_costs(hub: Hub) -> RunReport:
    """Bring links, allocations and the monthly rollup up to date. One transaction: readers see the old figures or the new."""
    with hub.recorded(UNIT) as run:
        with hub.transactions() as db:
            seen = floor(db)
            keys = _touched_lines(db, since(db, UNIT))
            periods = _periods(db, keys)
            for chunk in _chunks(keys):
                _reallocate(db, chunk)
            periods |= _periods(db, keys)
            _sum_months(db, periods)
            _check_sums(db, periods)
            remember(db, UNIT, seen)
        run.note(lines=len(keys), periods=len(periods))
    return hub.report(run.run_id)


Key = tuple[str, str]


def _touched_lines(db: Connection, seen: int) -> list[Key]:
    """Lines that changed themselves, whose ticket's defects or responsibility changed, or whose ticket may have arrived.

    What reverses such a line comes with it.
    """
    rows = db.execute(text(_TOUCHED), {"seen": seen})
    return [(row.source_system, row.source_id) for row in rows]


def _periods(db: Connection, keys: Sequence[Key]) -> set[str]:
    found: set[str] = set()
    for chunk in _chunks(keys):
        found |= set(db.execute(text(f"SELECT DISTINCT a.period FROM hub.allocation a JOIN {_KEYS}"), _arrays(chunk)).scalars())
    return found


def _reallocate(db: Connection, keys: Sequence[Key]) -> None:
    originals = {(row.source_system, row.reversing_id): row for row in db.execute(text(_ORIGINALS), _arrays(keys))}
    lines = [Borne(line, originals.get(_key(line), line)) for line in db.execute(text(_LINES), _arrays(keys))]
    grounds = [_key(line.grounds) for line in lines]
    ordered = _ordered(db, grounds)
    accepted = {_key(row): row.ticket_no for row in db.execute(text(_ACCEPTED), _arrays(grounds))}
    named = {reference for line in lines for reference in references(line.grounds.assignment, line.grounds.text)}
    tickets = _ticket_facts(db, named.union(accepted.values(), *ordered.values()))
    links = [(line, _link(line.grounds, tickets, ordered, accepted)) for line in lines]
    db.execute(text(f"DELETE FROM hub.allocation a USING {_UNNEST} WHERE {_MATCH}"), _arrays(keys))
    db.execute(text(f"DELETE FROM hub.cost_link a USING {_UNNEST} WHERE {_MATCH}"), _arrays(keys))
    copy_rows(db, cost_link, ("source_system", "source_id", "ticket_no", "method", "confidence"), map(_link_row, links))
    copy_rows(db, allocation, _ALLOCATION_COLUMNS, _allocation_rows(links, tickets))


def _link(
    grounds: Any, tickets: Mapping[str, TicketFacts], ordered: Mapping[Key, set[str]], accepted: Mapping[Key, str]
) -> Link:
    """A person's word first, as long as that ticket stands; else by what the line states."""
    ticket_no = accepted.get(_key(grounds))
    if ticket_no in tickets:
        return Link(ticket_no, LinkMethod.REVIEWED, Decimal(1))
    return link(grounds.assignment, grounds.text, tickets, ordered[_key(grounds)])


def _ordered(db: Connection, keys: Sequence[Key]) -> Mapping[Key, set[str]]:
    """What the items of each line's order state as their reference, the one in their text included."""
    found: defaultdict[Key, set[str]] = defaultdict(set)
    for row in db.execute(text(_ORDERED), _arrays(keys)):
        found[row.source_system, row.source_id].update(references(row.assignment, row.text))
    return found


def _key(row: Any) -> Key:
    return row.source_system, row.source_id


def _link_row(linked: tuple[Borne, Link]) -> tuple[Any, ...]:
    (line, _), found = linked
    return line.source_system, line.source_id, found.ticket_no, found.method.value, found.confidence


_ALLOCATION_COLUMNS = (
    "source_system", "source_id", "part", "fact_version", "period", "project_code", "ticket_no",
    "defect_seq", "component_code", "defect_type_code", "cause", "party_code", "stage", "currency", "amount",
)  # fmt: skip


def _allocation_rows(links: Iterable[tuple[Borne, Link]], tickets: Mapping[str, TicketFacts]) -> Iterable[tuple[Any, ...]]:
    for (line, grounds), found in links:
        ticket = tickets.get(found.ticket_no) if found.ticket_no else None
        defects = (ticket.defects or [UNKNOWN_DEFECT]) if ticket else [UNLINKED_DEFECT]
        project = grounds.project_code or (ticket.project_code if ticket else UNKNOWN)
        for part, share in enumerate(allocate(line.base_amount, line.base_currency, defects, ticket.shares if ticket else ())):
            yield (
                line.source_system, line.source_id, part, line.fact_version, line.period, project, found.ticket_no,
                share.defect_seq, share.component_code, share.defect_type_code, share.cause, share.party_code,
                grounds.stage, line.base_currency, share.amount,
            )  # fmt: skip


def _ticket_facts(db: Connection, ticket_nos: set[str]) -> dict[str, TicketFacts]:
    named = {"tickets": sorted(ticket_nos)}
    defects: dict[str, list[DefectDimension]] = defaultdict(list)
    for row in db.execute(text(_DEFECTS), named):
        known = DefectDimension(row.component_code or UNKNOWN, row.defect_type_code or UNKNOWN, row.seq)
        defects[row.ticket_no].append(known)
    shares: dict[str, list[LiableShare]] = defaultdict(list)
    for row in db.execute(text(_SHARES), named):
        shares[row.ticket_no].append(LiableShare(row.party_code, row.cause, row.share_bp))
    projects = db.execute(
        text("SELECT ticket_no, project_code FROM hub.ticket WHERE ticket_no = ANY(:tickets) AND deleted_at IS NULL"), named
    )
    return {row.ticket_no: TicketFacts(row.project_code, defects[row.ticket_no], shares[row.ticket_no]) for row in projects}


def _sum_months(db: Connection, periods: set[str]) -> None:
    named = {"periods": sorted(periods)}
    db.execute(text("DELETE FROM mart.cost_month WHERE period = ANY(:periods)"), named)
    db.execute(text(_SUM), named)


def _check_sums(db: Connection, periods: set[str]) -> None:
    """The parts must sum to the whole, for every period and currency."""
    for row in db.execute(text(_COMPARE), {"periods": sorted(periods)}):
        raise CountingError(
            f"Period {row.period}: the lines sum to {row.lines} {row.currency}, the rollup to {row.rolled_up}",
            remedy="This is a defect of the hub: keep the run id and report it. Nothing was changed.",
        )


def _chunks(keys: Sequence[Key]) -> Iterable[Sequence[Key]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def _arrays(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"systems": [system for system, _ in keys], "ids": [source_id for _, source_id in keys]}


_UNNEST = "unnest(CAST(:systems AS text[]), CAST(:ids AS text[])) AS k(source_system, source_id)"
_MATCH = "a.source_system = k.source_system AND a.source_id = k.source_id"
_KEYS = f"{_UNNEST} ON {_MATCH}"

_TOUCHED = """
    WITH ticket_touched AS (
        SELECT ticket_no FROM hub.defect WHERE changed_tx >= :seen
        UNION SELECT ticket_no FROM hub.responsibility WHERE changed_tx >= :seen
        UNION SELECT ticket_no FROM hub.ticket WHERE changed_tx >= :seen
    ), touched AS (
    SELECT source_system, source_id FROM hub.cost_line WHERE changed_tx >= :seen
    UNION
    SELECT l.source_system, l.source_id FROM hub.cost_link l JOIN ticket_touched USING (ticket_no)
    UNION
    SELECT l.source_system, l.source_id FROM hub.cost_line l JOIN hub.commitment c USING (source_system, company_code, order_no)
    WHERE c.changed_tx >= :seen
    UNION
    SELECT source_system, source_id FROM hub.link_decision WHERE changed_tx >= :seen
    UNION
    SELECT source_system, source_id FROM hub.cost_link
    WHERE ticket_no IS NULL AND EXISTS (SELECT FROM ticket_touched)
    )
    SELECT source_system, source_id FROM touched
    UNION
    SELECT r.source_system, r.source_id FROM touched JOIN hub.cost_line o USING (source_system, source_id)
    JOIN hub.cost_line r
      ON (r.source_system, r.company_code, r.reverses_document) = (o.source_system, o.company_code, o.document_no)
    ORDER BY 1, 2"""

_LINES = f"""
    SELECT DISTINCT ON (a.source_system, a.source_id) a.*
    FROM hub.cost_line a JOIN {_KEYS}
    WHERE a.deleted_at IS NULL
    ORDER BY a.source_system, a.source_id, a.fact_version DESC"""

_ORIGINALS = f"""
    SELECT DISTINCT ON (a.source_system, a.source_id) a.source_id AS reversing_id, o.*
    FROM ({_LINES}) a
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
    SELECT DISTINCT ON (source_system, source_id) source_system, source_id, ticket_no FROM (
        SELECT DISTINCT ON (a.source_system, a.source_id, a.ticket_no) a.*
        FROM hub.link_decision a JOIN {_KEYS}
        ORDER BY a.source_system, a.source_id, a.ticket_no, a.decision_id DESC) latest
    WHERE verdict = 'ACCEPTED' ORDER BY source_system, source_id, decision_id DESC"""

_ORDERED = f"""
    SELECT DISTINCT a.source_system, a.source_id, c.assignment, c.text
    FROM hub.cost_line a JOIN {_KEYS}
    JOIN hub.commitment c ON (c.source_system, c.company_code, c.order_no) = (a.source_system, a.company_code, a.order_no)
    WHERE a.deleted_at IS NULL AND c.deleted_at IS NULL"""

_DEFECTS = """
    SELECT ticket_no, seq, component_code, defect_type_code FROM hub.defect
    WHERE ticket_no = ANY(:tickets) ORDER BY ticket_no, source_system, seq"""

_SHARES = """
    SELECT ticket_no, party_code, cause, share_bp
    FROM (SELECT *, max(version) OVER (PARTITION BY ticket_no) AS latest FROM hub.responsibility
          WHERE ticket_no = ANY(:tickets) AND deleted_at IS NULL) r
    WHERE version = latest ORDER BY ticket_no, party_code NULLS LAST, source_id"""

_SUM = """
    INSERT INTO mart.cost_month
    SELECT period, project_code, component_code, defect_type_code, cause, coalesce(party_code, ''), stage, currency,
           sum(amount), count(DISTINCT (source_system, source_id)), count(DISTINCT ticket_no)
    FROM hub.allocation WHERE period = ANY(:periods)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""

_COMPARE = """
    WITH line AS (
        SELECT period, base_currency AS currency, sum(base_amount) AS amount
        FROM (SELECT DISTINCT ON (source_system, source_id) * FROM hub.cost_line
              WHERE deleted_at IS NULL ORDER BY source_system, source_id, fact_version DESC) l
        WHERE period = ANY(:periods) GROUP BY 1, 2
    ), month AS (
        SELECT period, currency, sum(amount) AS amount FROM mart.cost_month WHERE period = ANY(:periods) GROUP BY 1, 2
    )
    SELECT period, currency, coalesce(line.amount, 0) AS lines, coalesce(month.amount, 0) AS rolled_up
    FROM line FULL JOIN month USING (period, currency)
    WHERE coalesce(line.amount, 0) <> coalesce(month.amount, 0)"""
