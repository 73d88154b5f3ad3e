"""Floor plans: every storey of a model cut at 1.2 m, each room and element a shape with its GlobalId, coloured by damage."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from connectors.bim.meshes import NO_MESHES, Meshes, read_meshes
from connectors.bim.section import outlines
from mappings.lexicon import Label
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.errors import ConfigError, StopError
from warranty_hub.reports.bim.damage import Damage, Scale, damage_by_step, scale_of
from warranty_hub.reports.bim.plan_svg import Part, drawn
from warranty_hub.reports.queries import lead_currency

CUT = 1.2  # metres above a storey's floor, as drawings are cut
NEAR = 0.3  # metres above the floor of the next storey, where a lower one is cut instead
UNDER = 0.5  # metres below a storey's floor, where its floor's layers lie
EDGE = 0.1  # of its height below the top of what lies under the cut: there it is drawn
KINDS = {
    "IfcWall": "wall", "IfcWallStandardCase": "wall", "IfcCurtainWall": "wall", "IfcColumn": "column", "IfcDoor": "door",
    "IfcWindow": "window", "IfcStair": "stair", "IfcStairFlight": "stair", "IfcRailing": "stair", "IfcRamp": "stair",
}  # fmt: skip
NOT_DRAWN = ("IfcCovering", "IfcSlab", "IfcRoof", "IfcSite", "IfcGeographicElement")
"""They would cover the plan; drawn only where something is broken on them."""


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
    items = db.execute(text(_ITEMS), {"revision": revision.revision_id}).all()
    names = {storey.step_id: storey.name for storey in storeys}
    shown = [(item, _shown(item, names, damage.get(item.step_id, Damage()))) for item in items]
    return ModelPlans(
        revision.file_name,
        revision.project_code,
        scale,
        list(_plans(revision, artefacts, storeys, items, damage if heat else {}, scale if heat else None)),
        [row for item, row in shown if item.ifc_class == "IfcSpace"],
        sorted((row for item, row in shown if item.ifc_class != "IfcSpace" and row.damage.total), key=_worst_first),
    )


def _shown(item: Any, storeys: Mapping[int, str | None], damage: Damage) -> Shown:
    return Shown(item.ifc_class, item.name or f"#{item.step_id}", item.tag, item.guid, storeys.get(item.storey_step), damage)


def _worst_first(row: Shown) -> tuple[Any, ...]:
    return -row.damage.open, -row.damage.cost, -row.damage.total, row.name, row.guid or ""


def _plans(
    revision: Any,
    artefacts: ArtefactStore,
    storeys: Sequence[Any],
    items: Sequence[Any],
    damage: Mapping[int, Damage],
    scale: Scale | None,
) -> Iterator[Plan]:
    try:
        meshes = read_meshes(io.BytesIO(artefacts.get(revision.meshes))) if revision.meshes else NO_MESHES
    except StopError:
        yield Plan(0, "–", None, Label("几何文件已丢失,请重新读取模型", "its triangles are lost: read the model again"))
        return
    if not storeys or not len(meshes.element_step):
        missing = Label("楼层", "storeys") if len(meshes.element_step) else Label("几何", "geometry")
        yield Plan(0, "–", None, Label(f"模型没有{missing.zh}", f"the model has no {missing.en}"))
        return
    for number, (storey, above) in enumerate(zip(storeys, [*storeys[1:], None], strict=True), start=1):
        yield _plan(number, storey, above, items, meshes, damage, scale)


def _plan(
    number: int,
    storey: Any,
    above: Any,
    items: Sequence[Any],
    meshes: Meshes,
    damage: Mapping[int, Damage],
    scale: Scale | None,
) -> Plan:
    name = storey.name or f"#{storey.step_id}"
    level = storey.level if storey.level is not None else storey.elevation
    if level is None:
        return Plan(number, name, None, Label("楼层没有标高", "the storey has no height"))
    height = level + CUT if above is None or above.level is None else min(level + CUT, max(above.level - NEAR, level + NEAR))
    parts = [part for item in items if (part := _part(item, meshes, level, height, damage.get(item.step_id, Damage())))]
    if all(part.kind == "below" for part in parts):
        return Plan(number, name, None, Label(f"楼面以上{CUT}米处没有构件", f"nothing stands {CUT} m above its floor"))
    return Plan(number, name, drawn(name, parts, scale))


def _part(item: Any, meshes: Meshes, level: float, height: float, damage: Damage) -> Part | None:
    """An item as the plan shows it; None where it has no part in it."""
    if item.step_id not in meshes or item.z_min is None:
        return None
    room, laid, harmed = item.ifc_class == "IfcSpace", item.ifc_class in NOT_DRAWN, damage.open or damage.cost
    if item.z_min < height < item.z_max and not laid:
        kind = "room" if room else KINDS.get(item.ifc_class, "element")
        cut = height
    elif level - UNDER < item.z_min and item.z_max <= height and not room and (harmed or not laid):
        kind, cut = "below", item.z_max - EDGE * (item.z_max - item.z_min)
    else:
        return None
    found = outlines(meshes.mesh(item.step_id), cut)
    label = item.name or "" if kind == "room" else ""
    return Part(kind, item.guid or "", item.name or item.ifc_class, label, found, damage) if found else None


_DAMAGED = """
    SELECT r.model_id FROM hub.bim_revision r
    WHERE r.current AND (
        EXISTS (SELECT FROM hub.defect d JOIN hub.bim_element_revision e ON e.element_key = d.element_key
                WHERE d.project_code = r.project_code AND e.revision_id = r.revision_id)
        OR EXISTS (SELECT FROM hub.defect d JOIN hub.bim_space s ON s.place_id = d.place_id
                   WHERE d.project_code = r.project_code AND s.revision_id = r.revision_id))
    ORDER BY r.model_id"""

_REVISION = """
    SELECT revision_id, project_code, file_name, meshes FROM hub.bim_revision WHERE model_id = :model AND current"""

_STOREYS = """
    SELECT step_id, name, level, elevation FROM hub.bim_storey
    WHERE revision_id = :revision ORDER BY coalesce(level, elevation), step_id"""

_ITEMS = """
    SELECT step_id, guid, ifc_class, name, tag, storey_step, z_min, z_max FROM hub.bim_element_revision
    WHERE revision_id = :revision
    UNION ALL
    SELECT step_id, guid, 'IfcSpace', coalesce(long_name, name), NULL, storey_step, z_min, z_max FROM hub.bim_space
    WHERE revision_id = :revision
    ORDER BY step_id"""
