"""What the points of a project's tickets are located in: the boxes of its models, and the frames that hub.yaml names."""

import hashlib
from typing import Any

from sqlalchemy import Connection, Row, Table, exists, select

from mappings.elements.points.frames import Grid, Placement
from mappings.elements.points.layout import Layout, Told, parts_of
from warranty_hub.records.points import Point, PointFrame
from warranty_hub.settings import Settings
from warranty_hub.warehouse.tables import bim_element_revision, bim_revision, bim_space, ticket

ACCURACY = {PointFrame.MODEL: 0.3, PointFrame.GRID: 0.3, PointFrame.WGS84: 10.0}
"""How far off points are where hub.yaml does not say, metres: a pin set on a plan or in a model; a phone's belief."""


def layout_of(db: Connection, project: str, settings: Settings) -> Layout:
    """Where the elements and rooms of a project's current models lie; nothing, as long as no ticket carries a point."""
    if not db.execute(select(exists().where(ticket.c.project_code == project, ticket.c.point.is_not(None)))).scalar_one():
        return Layout(())
    return whole_layout(db, project, settings)


def whole_layout(db: Connection, project: str, settings: Settings) -> Layout:
    """The same whether or not a ticket carries a point."""
    elements, rooms = (_boxes(db, project, table, name) for table, name in _SHOWN)
    grid = settings.grids.get(project)
    return Layout(parts_of(elements, rooms), Grid(**grid.model_dump()) if grid else None)


_SHOWN: tuple[tuple[Table, str], ...] = ((bim_element_revision, "element_key"), (bim_space, "place_id"))


def _boxes(db: Connection, project: str, table: Table, name: str) -> list[tuple[Placement | None, Any, tuple[float, ...]]]:
    box = [table.c[f"{axis}_{end}"] for end in ("min", "max") for axis in "xyz"]
    query = (
        select(bim_revision.c.georeference, table.c[name], *box)
        .join(bim_revision, bim_revision.c.revision_id == table.c.revision_id)
        .where(bim_revision.c.project_code == project, bim_revision.c.current, box[0].is_not(None), table.c[name].is_not(None))
        .order_by(table.c[name])
    )
    return [(Placement.of(row[0]), row[1], tuple(row[2:])) for row in db.execute(query)]


def told_by(row: Row[Any], settings: Settings) -> Told | None:
    """The point of a ticket, as exact as its source's are."""
    if row.point is None:
        return None
    point = Point.parse(row.point)
    source = settings.sources.get(row.source_system)
    return Told(point, (source and source.point_accuracy) or ACCURACY[point.frame])


def points_version(project: str, settings: Settings) -> str:
    """A digest of what hub.yaml says of points: where that changes, tickets are read anew. Empty where it says nothing."""
    accuracies = {name: source.point_accuracy for name, source in settings.sources.items() if source.point_accuracy}
    grid = settings.grids.get(project)
    if not accuracies and grid is None:
        return ""
    return hashlib.sha256(f"{sorted(accuracies.items())} {grid}".encode()).hexdigest()[:8]
