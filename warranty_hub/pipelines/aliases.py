"""Names of places that people use and no register has: proposed from decisions, used once a person has confirmed them.

An alias is a text in one way of writing (``老3栋``, ``9号楼2单元1501室``) for a place of a project. Whoever decides where a
ticket with an unknown place belongs proposes one (`learn_alias`); a person confirms or rejects it, and that decision stands.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from mappings.places.normal import fold
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import AliasState
from warranty_hub.warehouse.tables import THIS_TRANSACTION, defect, place, place_alias, ticket


class UnknownPlace(NamedTuple):
    """A place that tickets name and no register knows."""

    project_code: str
    said: str
    tickets: int
    last_reported: datetime
    example: str


def unknown_places(hub: Hub, project: str | None = None) -> Sequence[UnknownPlace]:
    """All such places, those that most tickets name first; ``example`` is the number of one of the tickets."""
    same = (ticket.c.source_system == defect.c.source_system) & (ticket.c.source_id == defect.c.ticket_id)
    count = func.count(ticket.c.ticket_no.distinct())
    query = (
        select(
            defect.c.project_code,
            defect.c.unknown_place,
            count,
            func.max(ticket.c.reported_at),
            func.min(ticket.c.ticket_no),
        )
        .join(ticket, same)
        .where(defect.c.unknown_place.is_not(None), ticket.c.deleted_at.is_(None))
        .where(defect.c.project_code == project if project else literal_column("true"))
        .group_by(defect.c.project_code, defect.c.unknown_place)
        .order_by(count.desc(), defect.c.project_code, defect.c.unknown_place)
    )
    with hub.transactions() as db:
        return [UnknownPlace(*row) for row in db.execute(query)]


def learn_alias(db: Connection, project: str, said: str, place_id: str, by: str) -> None:
    """Propose that ``said`` means a place; an alias that is known already, in whatever state, is left as it is."""
    if not db.execute(select(place.c.place_id).where(place.c.place_id == place_id, place.c.project_code == project)).first():
        raise ConfigError(f"{place_id} is no place of {project}", remedy="Name a place of the register, such as P01/3/U2/1501.")
    values = {"project_code": project, "alias": fold(said), "place_id": place_id, "proposed_by": by}
    db.execute(insert(place_alias).values(state=AliasState.PROPOSED, **values).on_conflict_do_nothing())


def decide_alias(hub: Hub, project: str, said: str, place_id: str, state: AliasState, by: str) -> None:
    """A person's decision on a proposal. Raises ConfigError where there is none."""
    decided = {"state": state, "decided_by": by, "decided_at": hub.clock(), "changed_tx": literal_column(THIS_TRANSACTION)}
    here = (place_alias.c.project_code == project, place_alias.c.alias == fold(said), place_alias.c.place_id == place_id)
    with hub.transactions() as db:
        if db.execute(update(place_alias).where(*here).values(**decided)).rowcount == 0:
            remedy = "`warranty-hub places aliases` lists all; `warranty-hub places propose` makes one."
            raise ConfigError(f"Nobody has proposed that {said!r} means {place_id} in {project}", remedy=remedy)


def aliases(hub: Hub, project: str | None = None) -> Sequence[Row[Any]]:
    """All aliases, those that wait for a decision first."""
    waiting = place_alias.c.state != AliasState.PROPOSED
    query = select(place_alias).order_by(waiting, place_alias.c.project_code, place_alias.c.alias, place_alias.c.place_id)
    with hub.transactions() as db:
        return db.execute(query.where(place_alias.c.project_code == project) if project else query).all()


def confirmed_aliases(db: Connection, project: str) -> dict[str, tuple[str, ...]]:
    """The aliases in use, by place id."""
    query = (
        select(place_alias.c.place_id, place_alias.c.alias)
        .where(place_alias.c.project_code == project, place_alias.c.state == AliasState.CONFIRMED)
        .order_by(place_alias.c.place_id, place_alias.c.alias)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in db.execute(query):
        found[row.place_id] = (*found.get(row.place_id, ()), row.alias)
    return found
