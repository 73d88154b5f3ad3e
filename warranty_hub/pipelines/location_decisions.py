"""What a person decides of a defect's location: on which element or elements it is, or at which place. Append-only.

The latest decision about a defect holds over every later run of `locate`; all are kept, each with what was shown to the person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, insert, text

from mappings.elements import Decided
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.aliases import learn_alias
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import LocationVerdict
from warranty_hub.warehouse.tables import location_decision


class DefectKey(NamedTuple):
    """A defect: its ticket as the source knows it, and its number there."""

    source_system: str
    ticket_id: str
    seq: int


@dataclass(frozen=True)
class LocationDecision:
    """A person's word on a defect. ``element_keys`` for ELEMENT, ``place_id`` for PLACE; an element may have its place too."""

    defect: DefectKey
    verdict: LocationVerdict
    person: str
    reason: str
    element_keys: tuple[UUID, ...] = ()
    place_id: str | None = None


def decide_location(hub: Hub, decision: LocationDecision) -> bool:
    """Keep a decision, and propose the name that it teaches; False if the same holds already.

    Raises ConfigError for a defect, an element or a place that the hub does not know.
    """
    with hub.transactions() as db:
        shown = _shown(db, decision.defect)
        _check(db, shown.project_code, decision)
        if _holds(db, decision):
            return False
        said = _said(decision)
        about = {"project_code": shown.project_code, **decision.defect._asdict()}
        why = {"person": decision.person, "reason": decision.reason, "shown": shown.shown}
        db.execute(insert(location_decision).values(**about, **said, **why))
        _propose_alias(db, shown, decision)
    return True


def holds(hub: Hub, decision: LocationDecision) -> bool:
    """Whether the latest decision about the defect says the same."""
    with hub.transactions() as db:
        return _holds(db, decision)


def decisions_of(db: Connection, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str, int], Decided]:
    """The decision that holds for each defect of these tickets, its elements by the keys that they have now."""
    systems, tickets = [key[0] for key in keys], [key[1] for key in keys]
    rows = db.execute(text(_HOLDING), {"systems": systems, "tickets": tickets})
    return {
        (row.source_system, row.ticket_id, row.seq): Decided(row.person, tuple(row.keys), row.place_id, row.place_shown)
        for row in rows
    }


def _shown(db: Connection, key: DefectKey) -> Row[Any]:
    found = db.execute(text(_SHOWN), key._asdict()).one_or_none()
    if found is None:
        remedy = "`warranty-hub defects review` lists those that wait, with their numbers."
        raise ConfigError(f"The hub has no defect {key.seq} of ticket {key.ticket_id} in {key.source_system}", remedy=remedy)
    return found


def _holds(db: Connection, decision: LocationDecision) -> bool:
    latest = db.execute(text(_LATEST), decision.defect._asdict()).one_or_none()
    return latest is not None and dict(latest._mapping) == _said(decision)


def _said(decision: LocationDecision) -> dict[str, Any]:
    return {"verdict": decision.verdict, "element_keys": list(decision.element_keys), "place_id": decision.place_id}


def _check(db: Connection, project: str, decision: LocationDecision) -> None:
    """An element decision names elements of the project, a place decision a place of it, one to look again neither."""
    wanted = {
        LocationVerdict.ELEMENT: bool(decision.element_keys),
        LocationVerdict.PLACE: bool(decision.place_id) and not decision.element_keys,
        LocationVerdict.OPEN: not decision.place_id and not decision.element_keys,
    }
    if not wanted[decision.verdict]:
        raise ConfigError(f"A decision {decision.verdict} does not fit what it names", remedy="Name elements, or a place.")
    named = {"project": project, "keys": list(decision.element_keys), "place": decision.place_id}
    if unknown := db.execute(text(_UNKNOWN), named).scalars().all():
        raise ConfigError(
            f"{', '.join(unknown)} is in no model or register of {project}",
            remedy="`warranty-hub defects review` shows elements; a place is written such as P01/3/U2/1501.",
        )


def _propose_alias(db: Connection, shown: Row[Any], decision: LocationDecision) -> None:
    """What the ticket calls a place that no register knows means the place decided: proposed, for a person to confirm."""
    if not shown.unknown_place or decision.verdict is LocationVerdict.OPEN:
        return
    named = {"keys": list(decision.element_keys), "place": decision.place_id}
    places = db.execute(text(_ROOM_AND_HOME), named).all()
    if len({row.home for row in places}) != 1:
        return
    said, place_id = shown.unknown_place, places[0].home
    if place_id == shown.place_id and len(places) == 1:  # the home was known, its room was not
        said, place_id = said.rpartition(" ")[2], places[0].place_id
    if place_id != shown.place_id:
        learn_alias(db, shown.project_code, said, place_id, decision.person)


_SHOWN = """
    SELECT d.project_code, d.place_id, d.unknown_place,
           to_jsonb(d) || jsonb_build_object('candidates', coalesce((
               SELECT jsonb_agg(to_jsonb(c) ORDER BY c.rank) FROM hub.defect_element c
               WHERE (c.source_system, c.ticket_id, c.seq, c.generation)
                   = (d.source_system, d.ticket_id, d.seq, d.generation)), '[]')) AS shown
    FROM hub.defect d WHERE (source_system, ticket_id, seq) = (:source_system, :ticket_id, :seq)"""

_LATEST = """
    SELECT verdict, element_keys, place_id FROM hub.location_decision
    WHERE (source_system, ticket_id, seq) = (:source_system, :ticket_id, :seq) ORDER BY decision_id DESC LIMIT 1"""

_HOLDING = """
    SELECT source_system, ticket_id, seq, person, place_id, shown ->> 'place_id' AS place_shown, keys
    FROM (SELECT DISTINCT ON (source_system, ticket_id, seq) * FROM hub.location_decision
          JOIN unnest(CAST(:systems AS text[]), CAST(:tickets AS text[])) AS asked (source_system, ticket_id)
          USING (source_system, ticket_id)
          ORDER BY source_system, ticket_id, seq, decision_id DESC) AS latest
    CROSS JOIN LATERAL (SELECT coalesce(array_agg(DISTINCT same_as ORDER BY same_as), '{}') AS keys
                        FROM hub.bim_element WHERE element_key = ANY(element_keys)) AS now
    WHERE verdict <> 'OPEN'"""

_UNKNOWN = """
    SELECT CAST(key AS text) FROM unnest(CAST(:keys AS uuid[])) AS key
    WHERE NOT EXISTS (SELECT FROM hub.bim_element_revision i JOIN hub.bim_revision r USING (revision_id)
                      WHERE r.project_code = :project AND (i.element_key = key OR i.own_key = key))
    UNION ALL
    SELECT :place WHERE CAST(:place AS text) IS NOT NULL
      AND NOT EXISTS (SELECT FROM hub.place WHERE place_id = :place AND project_code = :project)"""

_ROOM_AND_HOME = """
    WITH meant AS (
        SELECT :place AS place_id WHERE CAST(:place AS text) IS NOT NULL
        UNION
        SELECT s.place_id FROM hub.bim_element_revision i JOIN hub.bim_revision r ON r.revision_id = i.revision_id AND r.current
        JOIN hub.space_element b ON b.revision_id = i.revision_id AND b.element_step = i.step_id
        JOIN hub.bim_space s ON s.revision_id = b.revision_id AND s.step_id = b.space_step
        WHERE i.element_key = ANY(:keys) AND CAST(:place AS text) IS NULL)
    SELECT p.place_id, CASE WHEN p.kind = 'ROOM' AND p.dwelling IS NOT NULL THEN p.parent_id ELSE p.place_id END AS home
    FROM meant JOIN hub.place p USING (place_id) ORDER BY 1"""
