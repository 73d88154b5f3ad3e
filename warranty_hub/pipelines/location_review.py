"""Defects whose element a person has to choose, what a decision on each is worth, and the candidates side by side.

Worth, the most first: the cost on the defect times the doubt about its element (1 − confidence), which is the money that may
stand on a wrong element; then how many defects wait for the same choice, for a decision teaches how those are judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.location_decisions import DefectKey
from warranty_hub.rules.privacy import mask


@dataclass(frozen=True)
class Choice:
    """A candidate as its model shows it; ``number`` is how a person names it. The box is in metres."""

    number: int
    element_key: UUID
    ifc_class: str
    name: str | None
    tag: str | None
    guid: str | None
    room: str | None
    box: tuple[float, ...] | None
    file_name: str
    confidence: Decimal

    @property
    def size(self) -> str:
        """Width × depth × height along the axes of the model; empty without a shape."""
        return " × ".join(f"{high - low:.2f}" for low, high in self._sides)

    @property
    def middle(self) -> str:
        """Where it is in the model; empty without a shape."""
        return " ".join(f"{(low + high) / 2:.2f}" for low, high in self._sides)

    @property
    def _sides(self) -> list[tuple[float, float]]:
        return list(zip(self.box[:3], self.box[3:], strict=True)) if self.box else []

    def __str__(self) -> str:
        tag, size = self.tag and f"tag {self.tag}", self.size and f"{self.size} m"
        return " ".join(word for word in (self.ifc_class, self.name, tag, self.room, size) if word)


@dataclass(frozen=True)
class WaitingDefect:
    """A defect that waits for a person. ``said``: its ticket's text, masked; ``alike``: how many wait for the same choice.

    ``decisions``: how many have been made about it.
    """

    key: DefectKey
    project_code: str
    ticket_no: str
    said: str
    component: str | None
    place_id: str | None
    method: str
    reason: str
    cost: Decimal
    currency: str
    doubt: Decimal
    alike: int
    decisions: int
    choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        """What people call it: ticket and number, WX2025-00017/1."""
        return f"{self.ticket_no}/{self.key.seq}"

    def choice(self, number: int) -> Choice:
        """The candidate of this number. Raises ConfigError where there is none."""
        found = next((choice for choice in self.choices if choice.number == number), None)
        if found is None:
            raise ConfigError(f"{self.name} has no candidate {number}", remedy="`warranty-hub defects show` lists them.")
        return found


def waiting_defects(hub: Hub, project: str | None = None, limit: int | None = None) -> list[WaitingDefect]:
    """Those that wait, project by project, what is worth most first."""
    with hub.transactions() as db:
        return list(_defects(db, "d.state = 'REVIEW'", project=project, limit=limit))


def defect_named(hub: Hub, name: str) -> WaitingDefect:
    """The defect of a name such as WX2025-00017/1 (the first, without a number), whether it waits or not.

    Raises ConfigError where there is none, or two systems have such a ticket.
    """
    ticket_no, _, seq = name.rpartition("/") if name.rpartition("/")[2].isdecimal() else (name, "", "1")
    with hub.transactions() as db:
        named = list(_defects(db, "d.ticket_no = :ticket_no AND d.seq = :seq", ticket_no=ticket_no, seq=int(seq)))
    if len(named) != 1:
        message = f"{len(named)} systems have a defect {name}" if named else f"The hub has no defect {name}"
        raise ConfigError(message, remedy="`warranty-hub defects review` lists those that wait, each by its name.")
    return named[0]


def _defects(db: Connection, chosen: str, **values: Any) -> Iterator[WaitingDefect]:
    rows = db.execute(text(_WAITING.format(chosen=chosen)), {"project": None, "limit": None, **values})
    for _, of_defect in groupby(rows, lambda row: row.place_in_queue):
        first, *others = of_defect
        choices = tuple(_choice(row) for row in (first, *others) if row.element_key)
        key = DefectKey(first.source_system, first.ticket_id, first.seq)
        yield WaitingDefect(
            key, first.project_code, first.ticket_no, mask(first.description), first.component_code, first.place_id,
            first.method, first.reason, first.cost, first.currency or "", first.doubt, first.alike, first.decisions,
            choices,
        )  # fmt: skip


def _choice(row: Row[Any]) -> Choice:
    corners = (row.x_min, row.y_min, row.z_min, row.x_max, row.y_max, row.z_max)
    box = None if None in corners else corners
    return Choice(
        row.rank, row.element_key, row.ifc_class, row.name, row.tag, row.guid, row.room, box, row.file_name, row.confidence
    )


_WAITING = """
    WITH waiting AS (
        SELECT d.*, t.description, 1 - coalesce(best.confidence, 0) AS doubt, choice.keys,
               coalesce(spent.amount, 0) AS cost, spent.currency,
               (SELECT count(*) FROM hub.location_decision
                WHERE (source_system, ticket_id, seq) = (d.source_system, d.ticket_id, d.seq)) AS decisions
        FROM hub.defect d
        JOIN hub.ticket t ON (t.source_system, t.source_id) = (d.source_system, d.ticket_id) AND t.deleted_at IS NULL
        LEFT JOIN hub.defect_element best
          ON (best.source_system, best.ticket_id, best.seq, best.generation, best.rank)
           = (d.source_system, d.ticket_id, d.seq, d.generation, 1)
        CROSS JOIN LATERAL (SELECT array_agg(element_key ORDER BY element_key) AS keys FROM hub.defect_element
            WHERE (source_system, ticket_id, seq, generation) = (d.source_system, d.ticket_id, d.seq, d.generation)) AS choice
        LEFT JOIN (SELECT ticket_system, ticket_id, defect_seq, sum(amount) AS amount, min(currency) AS currency
                   FROM hub.allocation WHERE ticket_id IS NOT NULL GROUP BY 1, 2, 3) AS spent
          ON (spent.ticket_system, spent.ticket_id, spent.defect_seq) = (d.source_system, d.ticket_id, d.seq)
        WHERE {chosen} AND d.project_code = coalesce(:project, d.project_code)
    ), queue AS (
        SELECT *, row_number() OVER (
            ORDER BY project_code, cost * doubt DESC, alike DESC, doubt DESC, ticket_no, source_system, seq) AS place_in_queue
        FROM (SELECT *, count(*) OVER (PARTITION BY project_code, component_code, keys) - 1 AS alike FROM waiting) AS counted
        ORDER BY place_in_queue LIMIT :limit
    )
    SELECT q.*, c.rank, c.element_key, c.confidence, e.*
    FROM (SELECT place_in_queue, source_system, ticket_id, seq, generation, project_code, ticket_no, description,
                 component_code, place_id, method, reason, cost, currency, doubt, alike, decisions FROM queue) AS q
    LEFT JOIN hub.defect_element c USING (source_system, ticket_id, seq, generation)
    LEFT JOIN LATERAL (
        SELECT r.file_name, i.ifc_class, i.name, i.tag, i.guid, i.x_min, i.y_min, i.z_min, i.x_max, i.y_max, i.z_max,
               concat_ws(' / ', storey.name, space.name, space.long_name) AS room
        FROM hub.bim_element_revision i JOIN hub.bim_revision r USING (revision_id)
        LEFT JOIN hub.bim_storey storey ON storey.revision_id = i.revision_id AND storey.step_id = i.storey_step
        LEFT JOIN hub.bim_space space ON space.revision_id = i.revision_id AND space.step_id = i.space_step
        WHERE i.element_key = (SELECT same_as FROM hub.bim_element WHERE element_key = c.element_key)
        ORDER BY r.current DESC, i.revision_id DESC LIMIT 1) AS e ON true
    ORDER BY q.place_in_queue, c.rank"""
