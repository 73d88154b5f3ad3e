"""Floor plans: every storey of a model cut at 1.2 m, each room and element a shape with its GlobalId, coloured by defects."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from connectors.bim.meshes import Meshes, read_meshes
from connectors.bim.section import Outline, label_point, outlines
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.rules.tickets import NOT_COUNTED, SETTLED

CUT = 1.2  # metres above a storey's floor, as drawings are cut
NEAR = 0.3  # metres above the floor of the next storey, where a lower one is cut instead
LETTER, LABEL = 1 / 50, 0.35  # a letter of title and legend by the plan's width; a room's at most, metres
KINDS = {
    "IfcWall": "wall", "IfcWallStandardCase": "wall", "IfcCurtainWall": "wall", "IfcColumn": "column", "IfcDoor": "door",
    "IfcWindow": "window", "IfcStair": "stair", "IfcStairFlight": "stair", "IfcRailing": "stair", "IfcRamp": "stair",
}  # fmt: skip
LAYERS = ("room", "element", "stair", "wall", "column", "window", "door")
"""From below to above: a door is drawn over the wall that it stands in."""
NOT_DRAWN = ("IfcCovering", "IfcSlab", "IfcRoof", "IfcSite", "IfcGeographicElement")
STEPS = ((1, "#fff3c4", "1"), (2, "#fdb863", "2"), (3, "#e66101", "3–5"), (6, "#b2182b", "≥ 6"))
"""Least number of open defects, its colour, and what the legend says."""
STYLE = """
.room{fill:#f7f7f5;stroke:none} .wall{fill:#4a4a4a} .column{fill:#222} .door{fill:#c8a27a} .window{fill:#8ec3e6}
.stair,.element{fill:#d9d9d9} path{stroke:#333;stroke-width:.015;fill-rule:nonzero}
text{font-family:"Noto Sans CJK SC","Microsoft YaHei",sans-serif;fill:#222}
.label{text-anchor:middle;pointer-events:none;paint-order:stroke;stroke:#fff;stroke-opacity:.7;stroke-width:.2em}"""


class Part(NamedTuple):
    """A room or an element as it is cut; ``label`` for rooms only."""

    kind: str
    guid: str
    name: str
    label: str
    outlines: Sequence[Outline]


@dataclass(frozen=True)
class Plan:
    """A storey's plan; without one ``svg`` is None and ``reason`` says why."""

    storey: str
    svg: str | None
    reason: str | None = None

    @property
    def file_name(self) -> str:
        """The storey's name without what a file's name must not hold."""
        return re.sub(r"[^\w.+-]+", "_", self.storey).strip("._") + ".svg"


def floor_plans(db: Connection, artefacts: ArtefactStore, model_id: str, *, heat: bool) -> Iterator[Plan]:
    """The plan of each storey of the model's current revision, the lowest first. With ``heat``, coloured by open defects."""
    revision = db.execute(text(_REVISION), {"model": model_id}).one_or_none()
    if revision is None or revision.meshes is None:
        yield Plan("–", None, "the model is not indexed" if revision is None else "the model has no geometry")
        return
    meshes = read_meshes(io.BytesIO(artefacts.get(revision.meshes)))
    storeys = db.execute(text(_STOREYS), {"revision": revision.revision_id}).all()
    items = db.execute(text(_ITEMS), {"revision": revision.revision_id}).all()
    asked = {"project": revision.project_code, "done": sorted(SETTLED | NOT_COUNTED)}
    defects = {str(row.guid): int(row.open) for row in db.execute(text(_DEFECTS), asked)}
    for storey, above in zip(storeys, [*storeys[1:], None], strict=True):
        yield _plan(storey, above, items, meshes, defects if heat else None)


def _plan(storey: Any, above: Any, items: Sequence[Any], meshes: Meshes, defects: Mapping[str, int] | None) -> Plan:
    name = storey.name or f"#{storey.step_id}"
    level = storey.level if storey.level is not None else storey.elevation
    if level is None:
        return Plan(name, None, "the storey has no height")
    height = level + CUT if above is None or above.level is None else min(level + CUT, max(above.level - NEAR, level + NEAR))
    parts = list(_parts(items, meshes, height))
    if not parts:
        return Plan(name, None, f"nothing stands {CUT} m above its floor")
    return Plan(name, drawn(name, parts, defects))


def _parts(items: Sequence[Any], meshes: Meshes, height: float) -> Iterator[Part]:
    for item in items:
        crosses = item.step_id in meshes and item.z_min < height < item.z_max
        if found := outlines(meshes.mesh(item.step_id), height) if crosses else []:
            kind = "room" if item.ifc_class == "IfcSpace" else KINDS.get(item.ifc_class, "element")
            yield Part(kind, item.guid or "", item.name or item.ifc_class, item.label or "", found)


# ------------------------------------------------------------------------------------------------ the picture


def drawn(title: str, parts: Sequence[Part], defects: Mapping[str, int] | None) -> str:
    """An SVG in metres; y grows upwards in models and downwards in SVG, so every y is negated.

    ``defects``: open ones by GlobalId; None draws the plan alone.
    """
    corners = np.concatenate([outline for part in parts for outline in part.outlines])
    (left, low), (right, high) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    em = max(right - left, (high - low) / 2, 1.0) * LETTER
    width, height = right - left + 4 * em, high - low + (9 if defects is None else 12) * em
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left - 2 * em:.3f} {-high - 6 * em:.3f} {width:.3f} {height:.3f}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text font-weight="bold" font-size="{1.5 * em:.3f}" x="{left:.3f}" y="{-high - 3 * em:.3f}">{escape(title)}</text>',
        *(_shape(part, defects or {}) for part in sorted(parts, key=lambda part: LAYERS.index(part.kind))),
        *(_label(part) for part in parts if part.label),
        *(_legend(left, -low + 4 * em, em) if defects is not None else ()),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _shape(part: Part, defects: Mapping[str, int]) -> str:
    path = "".join(f"M{' '.join(f'{x:.3f},{-y:.3f}' for x, y in outline.tolist())}Z" for outline in part.outlines)
    count = defects.get(part.guid, 0)
    fill = next((f' style="fill:{color}" data-defects="{count}"' for least, color, _ in reversed(STEPS) if count >= least), "")
    told = f"{part.name} · {count}" if count else part.name
    guid = escape(part.guid)
    return f'<path class="{part.kind}" data-guid="{guid}" d="{path}"{fill}><title>{escape(told)}</title></path>'


def _label(part: Part) -> str:
    """In the room, as small as its width asks for; a Chinese character is as wide as it is high, a Latin one half of it."""
    around = max(part.outlines, key=lambda outline: float(np.ptp(outline[:, 0]) * np.ptp(outline[:, 1])))
    x, y, room = label_point(around)
    ems = sum(1 if ord(letter) > 0x2E7F else 0.62 for letter in part.label)
    size = min(LABEL, 0.9 * room / ems)
    return f'<text class="label" font-size="{size:.3f}" x="{x:.3f}" y="{-y:.3f}">{escape(part.label)}</text>'


def _legend(x: float, y: float, em: float) -> Iterator[str]:
    yield f'<text font-size="{em:.3f}" x="{x:.3f}" y="{y:.3f}">未关闭缺陷 Open defects</text>'
    for position, (_, color, words) in enumerate(STEPS):
        at = x + (14 + 5 * position) * em
        box = f'x="{at:.3f}" y="{y - 0.9 * em:.3f}" width="{em:.3f}" height="{em:.3f}"'
        yield f'<rect {box} fill="{color}" stroke="#333" stroke-width=".015"/>'
        yield f'<text font-size="{em:.3f}" x="{at + 1.4 * em:.3f}" y="{y:.3f}">{words}</text>'


_REVISION = "SELECT revision_id, project_code, meshes FROM hub.bim_revision WHERE model_id = :model AND current"

_STOREYS = """
    SELECT step_id, name, level, elevation FROM hub.bim_storey
    WHERE revision_id = :revision ORDER BY coalesce(level, elevation), step_id"""

_ITEMS = f"""
    SELECT step_id, guid, ifc_class, name, NULL AS label, z_min, z_max FROM hub.bim_element_revision
    WHERE revision_id = :revision AND z_min IS NOT NULL AND ifc_class NOT IN {NOT_DRAWN}
    UNION ALL
    SELECT step_id, guid, 'IfcSpace', coalesce(long_name, name), coalesce(long_name, name), z_min, z_max FROM hub.bim_space
    WHERE revision_id = :revision AND z_min IS NOT NULL
    ORDER BY step_id"""

_DEFECTS = """
    SELECT guid, count(*) AS open FROM (
        SELECT e.guid, d.source_system, d.ticket_id, d.seq, d.project_code
        FROM hub.defect d JOIN hub.bim_element_revision e ON e.element_key = d.element_key
        JOIN hub.bim_revision r ON r.revision_id = e.revision_id AND r.current
        UNION
        SELECT s.guid, d.source_system, d.ticket_id, d.seq, d.project_code
        FROM hub.defect d JOIN hub.bim_space s ON s.place_id = d.place_id
        JOIN hub.bim_revision r ON r.revision_id = s.revision_id AND r.current
    ) shown
    JOIN hub.ticket t ON t.source_system = shown.source_system AND t.source_id = shown.ticket_id
    WHERE shown.project_code = :project AND t.deleted_at IS NULL AND NOT t.reported_state = ANY(:done) AND guid IS NOT NULL
    GROUP BY guid"""
