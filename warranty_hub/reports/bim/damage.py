"""What has happened to each element and room of a model: defects, open ones, and what they have cost."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, text

from warranty_hub.rules.tickets import NOT_COUNTED, SETTLED

STEPS = (1, 2, 3, 6)
"""Least numbers of open defects of the four colours."""
SHARES = (Decimal(0), Decimal("0.1"), Decimal("0.25"), Decimal("0.5"))
"""Least costs of the four colours, as shares of the scale's end."""


class Damage(NamedTuple):
    """Of one element or room. ``cost``: actual, net, in one currency; of a room also that of its elements' defects."""

    open: int = 0
    total: int = 0
    cost: Decimal = Decimal(0)


class Scale(NamedTuple):
    """The colours of a model's plans: the least cost of each, the same on all storeys, so that they can be compared."""

    currency: str
    costs: tuple[Decimal, ...]

    def by_defects(self, damage: Damage) -> int:
        """0 for none, else 1 to 4."""
        return sum(damage.open >= least for least in STEPS)

    def by_cost(self, damage: Damage) -> int:
        """0 for none (a refund is none), else 1 to 4."""
        return sum(damage.cost >= least for least in self.costs) if damage.cost > 0 else 0


def scale_of(damages: Iterable[Damage], currency: str | None) -> Scale:
    """From nothing to the next round amount above the dearest."""
    most = max((damage.cost for damage in damages), default=Decimal(0))
    power = Decimal(10) ** most.adjusted() if most > 0 else Decimal(1)
    end = next(factor * power for factor in map(Decimal, ("1", "2", "4", "10")) if factor * power >= most)
    return Scale(currency or "", tuple(end * share for share in SHARES))


def damage_by_step(db: Connection, revision_id: int, currency: str | None) -> Mapping[int, Damage]:
    """By STEP id of elements and spaces; those to which nothing has happened are not in it."""
    asked = {
        "revision": revision_id,
        "currency": currency,
        "done": sorted(SETTLED),
        "not_counted": sorted(NOT_COUNTED),
    }
    return {row.step_id: Damage(row.open, row.total, row.cost) for row in db.execute(text(_DAMAGE), asked)}


_DAMAGE = """
    WITH shown AS (
        SELECT e.step_id, d.source_system, d.ticket_id, d.seq
        FROM hub.bim_element_revision e JOIN hub.defect d ON d.element_key = e.element_key
        WHERE e.revision_id = :revision
        UNION
        SELECT s.step_id, d.source_system, d.ticket_id, d.seq
        FROM hub.bim_space s JOIN hub.defect d ON d.place_id = s.place_id
        WHERE s.revision_id = :revision
    ),
    spent AS (
        SELECT a.ticket_system, a.ticket_id, a.defect_seq, sum(a.amount) AS amount
        FROM (SELECT DISTINCT source_system, ticket_id, seq FROM shown) d
        JOIN hub.cost_link k ON (k.ticket_system, k.ticket_id) = (d.source_system, d.ticket_id)
             -- its index leads to a ticket's parts, and to no others
        JOIN hub.allocation a ON (a.source_system, a.source_id) = (k.source_system, k.source_id)
        WHERE (a.ticket_system, a.ticket_id, a.defect_seq) = (d.source_system, d.ticket_id, d.seq)
          AND a.stage = 'ACTUAL' AND a.currency = :currency
        GROUP BY 1, 2, 3
    )
    SELECT shown.step_id, count(*) AS total, count(*) FILTER (WHERE NOT t.reported_state = ANY(:done)) AS open,
           coalesce(sum(spent.amount), 0) AS cost
    FROM shown
    JOIN hub.ticket t ON t.source_system = shown.source_system AND t.source_id = shown.ticket_id
    LEFT JOIN spent
        ON (spent.ticket_system, spent.ticket_id, spent.defect_seq) = (shown.source_system, shown.ticket_id, shown.seq)
    WHERE t.deleted_at IS NULL AND NOT t.reported_state = ANY(:not_counted)
    GROUP BY shown.step_id ORDER BY shown.step_id"""
