"""Give a new revision's elements the keys that they have: docs/identity.md. Part of the transaction that makes it current."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import insert

from mappings.elements.identity import CONFIDENCE, Pair, Snapshots, content_of, match, split_and_merged
from warranty_hub.pipelines.identity_queries import (
    ANALYSE_ARRIVED,
    ANALYSE_LEFT,
    APART,
    BEAR,
    CHANGES,
    COUNTED,
    DOUBTFUL_NAMES,
    FRESH,
    JOIN,
    KEPT,
    KIN,
    LEAD,
    LEAD_ALL,
    LINKS,
    LONE_TAGS,
    OCCUPY,
    RENAME,
    SAME_NAME,
    SEE_AGAIN,
    TURN_OUT,
    TWINS,
    VACANT,
    VACATE,
    WAITING,
)
from warranty_hub.pipelines.own_keys import key_of_row
from warranty_hub.records.codes import ElementChange, MatchState
from warranty_hub.rules.identity import elements_of_keys
from warranty_hub.warehouse.tables import element_change, element_match

TOGETHER = "TOGETHER"  # the evidence of a refutation: one file shows both
MANY = 2_000  # elements that come or leave before the server should be told; to tell it takes most of a second


def lock_identities(db: Connection, project: str) -> None:
    """Until the transaction ends nobody else gives out keys in this project: two files must not claim one element."""
    db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('identity ' || :project, 0))"), {"project": project})


def kept_own_keys(db: Connection, model_id: str, sha256: str) -> dict[int, UUID]:
    """The own keys that this very file had when it was read before, by STEP id."""
    rows = db.execute(text(KEPT), {"model_id": model_id, "sha256": sha256})
    return {row.step_id: row.own_key for row in rows}


def carry_keys(
    db: Connection, run_id: int, revision_id: int, superseded: Sequence[int], *, elements: int, new_file: bool
) -> dict[str, int]:
    """Lead the rows of a new revision to the elements known before, and write down what changed.

    ``superseded``: the revisions that were current until now; ``elements``: how many this one has. Returns the counts for the
    run's report.
    """
    this = {"run_id": run_id, "revision": revision_id, "superseded": list(superseded)}
    if superseded and elements > MANY:
        db.execute(text(ANALYSE_ARRIVED))
    if new_file and superseded:
        _follow_names(db, this)
    born = db.execute(text(BEAR), this).rowcount
    if born < elements:  # else each leads to itself
        db.execute(text(LEAD), this)
        _refute_twins(db, this)
    left = db.execute(text(VACATE), this).rowcount
    if left > MANY:
        db.execute(text(ANALYSE_LEFT))
    counts = _recognise(db, this)
    if superseded or born < elements or counts:  # else nothing of it was here before
        db.execute(text(CHANGES), this)
        db.execute(text(OCCUPY), this)
    return counts | _changes(db, run_id)


# ------------------------------------------------------------------------------------------------ own keys
def _follow_names(db: Connection, this: Mapping[str, Any]) -> None:
    """A name leads to what it named in the revision before; not where it named two, or the tag says that it moved."""
    db.execute(text(SAME_NAME), this)
    for row in db.execute(text(DOUBTFUL_NAMES), this).all():
        own_key = key_of_row(row.model_id, row.sha256, row.step_id)
        db.execute(text(RENAME), {**this, "step_id": row.step_id, "own_key": own_key})


def _refute_twins(db: Connection, this: Mapping[str, Any]) -> None:
    """Two rows of one file with one key: they were taken for one element and are not."""
    twins = db.execute(text(TWINS), this).all()
    if not twins:
        return
    values = [
        {"project_code": row.project_code, "new_key": row.new_key, "old_key": row.old_key, "state": MatchState.REFUTED,
         "method": TOGETHER, "confidence": 1, "run_id": this["run_id"]}
        for row in twins
    ]  # fmt: skip
    db.execute(insert(element_match).on_conflict_do_nothing(), values)
    settle(db, {key for row in twins for key in (row.new_key, row.old_key)})


# ------------------------------------------------------------------------------------------------ recognition
def _recognise(db: Connection, this: Mapping[str, Any]) -> dict[str, int]:
    """Match what nobody has seen before with what no current model shows."""
    old = db.execute(text(VACANT), this).all()
    new = db.execute(text(FRESH), this).all() if old else []
    if not old or not new:
        return {}
    lone_tags = {(*row,) for row in db.execute(text(LONE_TAGS), {"revisions": [*{row.revision_id for row in (*old, *new)}]})}
    waiting = frozenset(db.execute(text(WAITING)).scalars())
    before, after = (_snapshots(rows, lone_tags, waiting) for rows in (old, new))
    found = match(before, after)
    project = old[0].project_code
    _write_matches(db, this, project, MatchState.AUTO, found.sure, old, new)
    _write_matches(db, this, project, MatchState.REVIEW, found.doubtful, old, new)
    db.execute(text(JOIN), this)
    db.execute(text(LEAD), this)
    _write_parts(db, this, old, new, split_and_merged(before, after, found))
    methods = Counter(f"by_{pair.method.lower()}" for pair in found.sure)
    return {**methods, **({"to_review": len({pair.new for pair in found.doubtful})} if found.doubtful else {})}


def _snapshots(rows: Sequence[Row[Any]], lone_tags: Container[tuple[Any, ...]], waiting: Container[UUID]) -> Snapshots:
    """Rows of `VACANT` or `FRESH`, in columns."""
    boxes = [[row.x_min, row.y_min, row.z_min, row.x_max, row.y_max, row.z_max] for row in rows]
    return Snapshots(
        files=[row.model_id for row in rows],
        classes=[row.ifc_class for row in rows],
        guids=[row.guid for row in rows],
        tags=[row.tag for row in rows],
        tag_is_unique=np.array([(row.revision_id, row.ifc_class, row.tag) in lone_tags for row in rows], np.bool_),
        contents=[
            content_of(row.name, row.object_type, row.type_name, row.material, property_sets=row.property_sets) for row in rows
        ],
        rooms=[row.room for row in rows],
        boxes=np.array(boxes, np.float64).reshape(-1, 6),
        reserved=np.array([row.element_key in waiting for row in rows], np.bool_),
    )


def _write_matches(
    db: Connection, this: Mapping[str, Any], project: str, state: MatchState, pairs: Iterable[Pair],
    old: Sequence[Row[Any]], new: Sequence[Row[Any]],
) -> None:  # fmt: skip
    values = [
        {"project_code": project, "new_key": new[pair.new].own_key, "old_key": old[pair.old].element_key, "state": state,
         "method": pair.method, "confidence": CONFIDENCE[pair.method] if state is MatchState.AUTO else 0.5,
         "distance": pair.distance, "run_id": this["run_id"]}
        for pair in pairs
    ]  # fmt: skip
    if values:
        db.execute(insert(element_match).on_conflict_do_nothing(), values)


def _write_parts(
    db: Connection, this: Mapping[str, Any], old: Sequence[Row[Any]], new: Sequence[Row[Any]],
    parts: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:  # fmt: skip
    values = [
        {"run_id": this["run_id"], "revision_id": this["revision"], "element_key": old[one].element_key,
         "other_key": new[other].own_key, "change": change}
        for change, pairs in zip((ElementChange.SPLIT, ElementChange.MERGED), parts, strict=True)
        for one, other in pairs
    ]  # fmt: skip
    if values:
        db.execute(insert(element_change).on_conflict_do_nothing(), values)


def _changes(db: Connection, run_id: int) -> dict[str, int]:
    return {row.change.lower(): row.elements for row in db.execute(text(COUNTED), {"run_id": run_id})}


# ------------------------------------------------------------------------------------------------ from facts to keys
def settle(db: Connection, own_keys: Iterable[UUID]) -> None:
    """Work out anew which elements these own keys, and all that were taken for the same, are; rows and vacancies follow."""
    keys = list(db.execute(text(KIN), {"keys": list(own_keys)}).scalars())
    links = [tuple(row) for row in db.execute(text(LINKS), {"keys": keys})]
    apart = [tuple(row) for row in db.execute(text(APART), {"keys": keys})]
    elements = elements_of_keys(keys, links, apart)
    db.execute(text(TURN_OUT), [{"own_key": key, "element": element} for key, element in elements.items()])
    db.execute(text(LEAD_ALL), {"keys": keys})
    db.execute(text(SEE_AGAIN), {"keys": keys})
