"""How the cost of a ticket is split over its defects: evenly, until a person says otherwise."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, text

from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.cost_tickets import ticket_called, ticket_facts
from warranty_hub.pipelines.hub import Hub
from warranty_hub.rules.allocation import DefectDimension
from warranty_hub.warehouse.tables import weight_decision


def weighed_defects(hub: Hub, ticket_no: str, ticket_system: str | None) -> list[DefectDimension]:
    """The defects of a ticket with their weights in its cost. Raises ConfigError as ``ticket_called``."""
    with hub.transactions() as db:
        key = ticket_called(db, ticket_no, ticket_system)
        return list(ticket_facts(db, [key])[key].defects)


def decide_weights(hub: Hub, ticket_no: str, weights: Mapping[int, int], person: str, ticket_system: str | None = None) -> None:
    """Keep a person's weights, by the number of the defect; the next rollup follows them. Without any: evenly again.

    A defect that is not named bears nothing. Raises ConfigError as ``ticket_called``, for a weight below 0, if none is above,
    or for a defect that the ticket has not.
    """
    with hub.transactions() as db:
        key = ticket_called(db, ticket_no, ticket_system)
        if weights:
            _check(db, key, ticket_no, weights)
        values = {"ticket_system": key[0], "ticket_id": key[1], "weights": weights, "person": person}
        db.execute(insert(weight_decision).values(values))


def _check(db: Connection, key: tuple[str, str], ticket_no: str, weights: Mapping[int, int]) -> None:
    known = list(db.execute(text(_DEFECTS), {"system": key[0], "id": key[1]}).scalars())
    unknown = [seq for seq in weights if seq not in known]
    if unknown:
        told = ", ".join(map(str, known)) or "none"
        raise ConfigError(
            f"Ticket {ticket_no} has no defect {unknown[0]}; it has: {told}",
            remedy=f"`warranty-hub costs weigh {ticket_no}` shows its defects.",
        )
    if min(weights.values()) < 0 or max(weights.values()) == 0:
        told = ", ".join(map(str, weights.values()))
        raise ConfigError(
            f"The weights of ticket {ticket_no} are {told}: none may be below 0, and one must be above",
            remedy="Give whole numbers, e.g. 1=70 2=30; --even splits evenly again.",
        )


_DEFECTS = "SELECT seq FROM hub.defect WHERE (source_system, ticket_id) = (:system, :id) ORDER BY seq"
