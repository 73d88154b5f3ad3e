"""Floor plans: every storey of a model cut at 1.2 m, each room and element a shape with its GlobalId, coloured by damage."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from connectors.bim.cuts import CUT, LAID, SPACE, Cuts, read_cuts
from mappings.lexicon import Label
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.errors import ConfigError, StopError
from warranty_hub.reports.bim.damage import Damage, Scale, damage_by_step, scale_of
from warranty_hub.reports.bim.plan_svg import Part, drawn
from warranty_hub.reports.queries import lead_currency

KINDS = {
    "IfcWall": "wall", "IfcWallStandardCase": "wall", "IfcCurtainWall": "wall", "IfcColumn": "column", "IfcDoor": "door",
    "IfcWindow": "window", "IfcStair": "stair", "IfcStairFlight": "stair", "IfcRailing": "stair", "IfcRamp": "stair",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """A storey's plan; without one ``svg`` is None and ``reason`` says why. ``number``: counted from the lowest."""

    number: int
    storey: str
    svg: str | None
    reason: Label | None = None

    @property
    def file_name(self) -> str:
        """The storey's name without what a file's name must not hold; two storeys may have one name."""
        clean = re.sub(r"[^\w.+-]+", "_", self.storey).strip("._")
        return f"{self.number:02}-{clean}.svg"


@dataclass(frozen=True)
class Shown:
    """One room or element of a model in a table."""

    ifc_class: str
    name: str
    tag: str | None
    guid: str | None
    storey: str | None
    damage: Damage


@dataclass(frozen=True)
class ModelPlans:
    """A model's current revision: its plans, all its rooms, and the elements with defects, the worst first."""

    file_name: str
    project_code: str
    scale: Scale
    plans: Sequence[Plan]
    rooms: Sequence[Shown]
    elements: Sequence[Shown]


def damaged_models(db: Connection) -> list[str]:
    """The models whose current revision shows something that a ticket is about."""
    return list(db.execute(text(_DAMAGED)).scalars())


def model_plans(db: Connection, artefacts: ArtefactStore, model_id: str, *, heat: bool = True) -> ModelPlans:
    """Of the current revision, the lowest storey first. Without ``heat``, no colours. Raises ConfigError where it has none."""
    revision = db.execute(text(_REVISION), {"model": model_id}).one_or_none()
    if revision is None:
        raise ConfigError(f"No current revision of a model {model_id!r} is known", remedy="`warranty-hub models` lists them.")
    currency = lead_currency(db)
    damage = damage_by_step(db, revision.revision_id, currency)
    scale = scale_of(damage.values(), currency)
    storeys = db.execute(text(_STOREYS), {"revision": revision.revision_id}).all()
    items = {row.step_id: row for row in db.execute(text(_ITEMS), {"revision": revision.revision_id})}
    names = {storey.step_id: storey.name for storey in storeys}
    shown = [(item, _shown(item, names, damage.get(step, Damage()))) for step, item in items.items()]
    return ModelPlans(
        revision.file_name,
        revision.project_code,
        scale,
        list(_plans(revision, artefacts, storeys, items, damage if heat else {}, scale if heat else None)),
        [row for item, row in shown if item.ifc_class == SPACE],
        sorted((row for item, row in shown if item.ifc_class != SPACE and row.damage.total), key=_worst_first),
    )


def _shown(item: Any, storeys: Mapping[int, str | None], damage: Damage) -> Shown:
    return Shown(item.ifc_class, item.name or f"#{item.step_id}", item.tag, item.guid, storeys.get(item.storey_step), damage)


def _worst_first(row: Shown) -> tuple[Any, ...]:
    return -row.damage.open, -row.damage.cost, -row.damage.total, row.name, row.guid or ""


def _plans(
    revision: Any,
    artefacts: ArtefactStore,
    storeys: Sequence[Any],
    items: Mapping[int, Any],
    damage: Mapping[int, Damage],
    scale: Scale | None,
) -> Iterator[Plan]:
    if not storeys or revision.extent is None:
        missing = Label("几何", "geometry") if revision.extent is None else Label("楼层", "storeys")
        yield Plan(0, "–", None, Label(f"模型没有{missing.zh}", f"the model has no {missing.en}"))
        return
    try:
        cuts = read_cuts(io.BytesIO(artefacts.get(revision.cuts))) if revision.cuts else None
    except StopError:
        cuts = None
    if cuts is None:
        yield Plan(0, "–", None, Label("平面轮廓已丢失,请重新读取模型", "its outlines are lost: read the model again"))
        return
    for number, storey in enumerate(storeys, start=1):
        yield _plan(number, storey, list(_parts(cuts, storey, items, damage)), scale)


def _plan(number: int, storey: Any, parts: Sequence[Part], scale: Scale | None) -> Plan:
    name = storey.name or f"#{storey.step_id}"
    if storey.level is None and storey.elevation is None:
        return Plan(number, name, None, Label("楼层没有标高", "the storey has no height"))
    if all(part.kind == "below" for part in parts):
        return Plan(number, name, None, Label(f"楼面以上{CUT}米处没有构件", f"nothing stands {CUT} m above its floor"))
    return Plan(number, name, drawn(name, parts, scale))


def _parts(cuts: Cuts, storey: Any, items: Mapping[int, Any], damage: Mapping[int, Damage]) -> Iterator[Part]:
    """What a storey's plan shows; what would cover all else only where something is broken on it."""
    for step, below, outlines in cuts.of(storey.step_id):
        item, harm = items[step], damage.get(step, Damage())
        if item.ifc_class in LAID and not (harm.open or harm.cost):
            continue
        room = item.ifc_class == SPACE
        kind = "below" if below else "room" if room else KINDS.get(item.ifc_class, "element")
        yield Part(kind, item.guid or "", item.name or item.ifc_class, item.name or "" if room else "", outlines, harm)


_DAMAGED = """
    SELECT r.model_id FROM hub.bim_revision r
    WHERE r.current AND (
        EXISTS (SELECT FROM hub.defect d JOIN hub.bim_element_revision e ON e.element_key = d.element_key
                WHERE d.project_code = r.project_code AND e.revision_id = r.revision_id)
        OR EXISTS (SELECT FROM hub.defect d JOIN hub.bim_space s ON s.place_id = d.place_id
                   WHERE d.project_code = r.project_code AND s.revision_id = r.revision_id))
    ORDER BY r.model_id"""

_REVISION = """
    SELECT revision_id, project_code, file_name, extent, cuts FROM hub.bim_revision WHERE model_id = :model AND current"""

_STOREYS = """
    SELECT step_id, name, level, elevation FROM hub.bim_storey
    WHERE revision_id = :revision ORDER BY coalesce(level, elevation), step_id"""

_ITEMS = """
    SELECT step_id, guid, ifc_class, name, tag, storey_step FROM hub.bim_element_revision
    WHERE revision_id = :revision
    UNION ALL
    SELECT step_id, guid, 'IfcSpace', coalesce(long_name, name), NULL, storey_step FROM hub.bim_space
    WHERE revision_id = :revision
    ORDER BY step_id"""
