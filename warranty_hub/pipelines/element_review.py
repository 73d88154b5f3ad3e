"""What a person decides of an old element and a new one: the same, or different. Append-only; the latest about a pair holds."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy.dialects.postgresql import insert

from warranty_hub.errors import ConfigError, DecisionRefusedError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.identity import lock_identities, settle
from warranty_hub.pipelines.identity_queries import BETWEEN, LINKED_MATCHES, OPEN_MATCHES, SHOWN_TWICE, SIDE_BY_SIDE
from warranty_hub.records.codes import Verdict
from warranty_hub.warehouse.tables import THIS_TRANSACTION, bim_element, bim_revision, element_decision, element_match


@dataclass(frozen=True)
class Side:
    """One element as its model shows it, or showed it last."""

    file_name: str
    ifc_class: str
    name: str | None
    tag: str | None
    guid: str | None
    room: str | None
    box: tuple[float, ...] | None


@dataclass(frozen=True)
class ReviewPair:
    """An old element and a new one that may be the same."""

    match_id: int
    project_code: str
    state: str
    method: str
    distance: float | None
    old: Side
    new: Side


@dataclass(frozen=True)
class Decision:
    """What a person said of a pair, and why."""

    match_id: int
    verdict: Verdict
    person: str
    reason: str


def open_pairs(hub: Hub, project: str | None = None) -> list[ReviewPair]:
    """The pairs that wait for a person, those of one new element together."""
    return _pairs(hub, f"SELECT match_id FROM ({OPEN_MATCHES}) AS open", project)


def linked_pairs(hub: Hub, project: str | None = None) -> list[ReviewPair]:
    """The pairs that were linked by themselves: what a person may still reject."""
    return _pairs(hub, LINKED_MATCHES, project)


def pair_of(hub: Hub, match_id: int) -> ReviewPair | None:
    """One pair, whatever became of it."""
    return next(iter(_pairs(hub, "SELECT CAST(:match_id AS bigint)", None, match_id=match_id)), None)


def decide_open(hub: Hub, decision: Decision) -> bool:
    """As `decide`, but only while the pair waits: what was settled meanwhile is not overruled by who did not know of it."""
    with hub.transactions() as db:
        waits = db.execute(text(f"SELECT FROM ({OPEN_MATCHES}) AS open WHERE match_id = :pair"), {"pair": decision.match_id})
        if waits.first() is None:
            _refuse_overruling(db, decision)
        return write_decision(db, decision)


def _refuse_overruling(db: Connection, decision: Decision) -> None:
    """Saying the same again is harmless, and so is saying that two are different of which nobody said anything."""
    by_number = select(element_decision).join(
        element_match,
        (element_match.c.new_key == element_decision.c.new_key) & (element_match.c.old_key == element_decision.c.old_key),
    )
    latest = by_number.where(element_match.c.match_id == decision.match_id).order_by(element_decision.c.decision_id.desc())
    said = db.execute(latest.limit(1)).one_or_none()
    if decision.verdict == (said.verdict if said else Verdict.DIFFERENT):
        return
    why = f"{said.person} decided {said.verdict}" if said else "a decision about another pair or a newer model settled it"
    raise DecisionRefusedError(f"Pair {decision.match_id} waits no more: {why}")


def decide(hub: Hub, decision: Decision) -> bool:
    """Write a decision and let keys follow; False if the same is decided already.

    Raises ConfigError for an unknown pair, DecisionRefusedError for one that contradicts the files or another decision.
    """
    with hub.transactions() as db:
        return write_decision(db, decision)


def write_decision(db: Connection, decision: Decision) -> bool:
    """See `decide`; in the caller's transaction."""
    found = db.execute(select(element_match).where(element_match.c.match_id == decision.match_id)).one_or_none()
    if found is None:
        raise ConfigError(f"There is no pair {decision.match_id}", remedy="`warranty-hub elements review` lists them.")
    lock_identities(db, found.project_code)
    if _latest(db, found.new_key, found.old_key) == decision.verdict:
        return False
    pair = {"new_key": found.new_key, "old_key": found.old_key}
    said = {"verdict": decision.verdict, "person": decision.person, "reason": decision.reason}
    db.execute(insert(element_decision).values(project_code=found.project_code, **pair, **said))
    settle(db, pair.values())
    if decision.verdict is Verdict.SAME:
        _refuse_contradictions(db, decision.match_id, **pair)
    db.execute(
        update(bim_revision)
        .where(bim_revision.c.project_code == found.project_code, bim_revision.c.current)
        .values(changed_tx=text(THIS_TRANSACTION))
    )
    return True


def _latest(db: Connection, new_key: UUID, old_key: UUID) -> str | None:
    about = (element_decision.c.new_key == new_key, element_decision.c.old_key == old_key)
    latest = select(element_decision.c.verdict).where(*about).order_by(element_decision.c.decision_id.desc()).limit(1)
    return db.execute(latest).scalar_one_or_none()


def _refuse_contradictions(db: Connection, match_id: int, new_key: UUID, old_key: UUID) -> None:
    """What the keys became tells whether the decision can hold."""
    elements = select(bim_element.c.same_as).where(bim_element.c.element_key.in_([new_key, old_key])).distinct()
    if len(db.execute(elements).all()) > 1:
        between = db.execute(text(BETWEEN), {"new_key": new_key, "old_key": old_key}).scalars()
        raise DecisionRefusedError(f"Pair {match_id} cannot be the same: {'; '.join(between) or 'a file shows both'}")
    files = db.execute(text(SHOWN_TWICE), {"new_key": new_key}).scalars().first()
    if files:
        raise DecisionRefusedError(f"Pair {match_id} cannot be the same: both stand in {files}")


def _pairs(hub: Hub, chosen: str, project: str | None, **values: int) -> list[ReviewPair]:
    with hub.transactions() as db:
        rows = db.execute(text(SIDE_BY_SIDE.format(chosen=chosen)), {"project": project, **values})
        return [_pair(row) for row in rows]


def _pair(row: Row[Any]) -> ReviewPair:
    known = row._mapping
    old, new = (_side({name: known[f"{which}_{name}"] for name in _FIELDS}) for which in ("old", "new"))
    return ReviewPair(row.match_id, row.project_code, row.state, row.method, row.distance, old, new)


_CORNERS = ("x_min", "y_min", "z_min", "x_max", "y_max", "z_max")
_FIELDS = ("file_name", "ifc_class", "name", "tag", "guid", "room", *_CORNERS)


def _side(known: dict[str, Any]) -> Side:
    corners = tuple(known.pop(name) for name in _CORNERS)
    return Side(**known, box=None if None in corners else corners)
