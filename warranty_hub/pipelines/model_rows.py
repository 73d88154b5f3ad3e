"""The rows of a model that was read, and how they get into the warehouse."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from connectors.bim.assemblies import with_assemblies
from connectors.bim.cuts import SPACE, Cuts, cut_storeys
from connectors.bim.findings import finding
from connectors.bim.geometry import Geometry
from connectors.bim.neighbours import Adjacent, Bodies, adjacent
from connectors.bim.placing import applied_twice, extent, storeys_by_height
from connectors.bim.shapes import Box, Element, Finding, ModelIndex
from warranty_hub.pipelines.model_places import ModelPlaces
from warranty_hub.pipelines.places import MODEL
from warranty_hub.records.codes import PlaceKind
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import (
    bim_building,
    bim_element_revision,
    bim_revision,
    bim_space,
    bim_storey,
    bim_system,
    place,
    property_set,
    space_element,
    system_element,
)

OF_REVISION = (bim_building, bim_storey, bim_space, bim_element_revision, space_element, bim_system, system_element)
NO_BOX: tuple[None, ...] = (None,) * 6
IFC, GEOMETRY = "IFC", "GEOMETRY"
NAMED_FAILURES = 3  # in the finding; each element has its own reason beside it


@dataclass(frozen=True)
class ReadModel:
    """A model as read, with its geometry."""

    index: ModelIndex
    geometry: Geometry

    @cached_property
    def boxes(self) -> Mapping[int, Box]:
        """Of elements, assemblies among them, and spaces."""
        return with_assemblies(self.geometry.boxes, self.index.elements)

    @cached_property
    def storeys(self) -> Mapping[int, int]:
        """By geometry, of the elements and spaces of which the file says none."""
        lost = {row.step_id for rows in (self.index.elements, self.index.spaces) for row in rows if row.storey_step is None}
        boxes = {step: box for step, box in self.boxes.items() if step in lost}
        return storeys_by_height(self.index.storeys, self.geometry.levels, boxes)

    @cached_property
    def extent(self) -> Box | None:
        """The box around all of it."""
        return extent(self.boxes.values())

    @property
    def rooms(self) -> Bodies:
        """Its spaces that have a geometry."""
        return self._bodies(row.step_id for row in self.index.spaces)

    @property
    def elements(self) -> Bodies:
        """Its elements that have a geometry."""
        return self._bodies(row.step_id for row in self.index.elements)

    def _bodies(self, steps: Iterable[int]) -> Bodies:
        return Bodies({step: self.boxes[step] for step in steps if step in self.boxes}, self.geometry.meshes)

    @property
    def adjacent(self) -> Iterator[Adjacent]:
        """The elements at each room, by geometry."""
        return adjacent(self.rooms, self.elements, {row.step_id: row.ifc_class for row in self.index.elements})

    def cuts(self, known: Cuts | None) -> tuple[Cuts, int]:
        """What the plan of each storey shows, and how many parts of it the last revision did not show alike."""
        classes = {row.step_id: row.ifc_class for row in self.index.elements}
        classes |= dict.fromkeys((row.step_id for row in self.index.spaces), SPACE)
        return cut_storeys(self.index.storeys, self.geometry.levels, classes, self.boxes, self.geometry.meshes, known)

    @property
    def georeference(self) -> dict[str, Any] | None:
        """How it lies on the map, and whether that has been applied to it already."""
        stated = self.index.georeference
        return {**stated._asdict(), "applied_twice": applied_twice(stated, self.extent)} if stated else None

    @property
    def findings(self) -> Iterator[Finding]:
        """What there is to say beyond the file's own words."""
        yield from self.index.findings
        geometry = self.geometry
        if geometry.reason:
            yield finding("GEOMETRY_STOPPED", 1, geometry.reason)
        if geometry.failures and not geometry.reason:
            yield finding("GEOMETRY_FAILED", len(geometry.failures), self._failed())
        if self.storeys:
            yield finding("STOREY_BY_GEOMETRY", len(self.storeys))
        if self.georeference and self.georeference["applied_twice"]:
            yield finding("GEOREFERENCED_TWICE", 1)

    def _failed(self) -> str:
        """The first few, by class, name and reason."""
        rows = (row for row in self.index.elements if row.step_id in self.geometry.failures)
        told = (f"{row.ifc_class} {row.guid or row.name}: {self.geometry.failures[row.step_id]}" for row in rows)
        return "; ".join(islice(told, NAMED_FAILURES))

    def storey(self, row: Any) -> tuple[int | None, str | None]:
        """The storey of an element or space, and who says so."""
        if row.storey_step is not None:
            return row.storey_step, IFC
        found = self.storeys.get(row.step_id)
        return found, GEOMETRY if found is not None else None


def write_rows(
    db: Connection, revision_id: int, model: ReadModel, places: ModelPlaces, own_key: Callable[[Element], UUID]
) -> None:
    """Everything of a revision but its own row."""
    for table, rows in (
        (bim_building, _buildings(model.index)),
        (bim_storey, _storeys(model, places)),
        (bim_space, _spaces(model, places)),
        (bim_element_revision, _elements(model, own_key)),
        (space_element, _relations(model, revision_id)),
        (bim_system, ((row.step_id, row.guid, row.ifc_class, row.predefined_type, row.name) for row in model.index.systems)),
        (system_element, ((row.step_id, step) for row in model.index.systems for step in row.element_steps)),
    ):
        _copy(db, table, revision_id, rows)
    _write_property_sets(db, model.index)


def _copy(db: Connection, table: Table, revision_id: int, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = tuple(column.name for column in table.c)
    copy_rows(db, table, columns, ((revision_id, *row) for row in rows))


def _buildings(index: ModelIndex) -> Iterator[tuple[Any, ...]]:
    for site in index.sites:
        yield site.step_id, "SITE", None, site.guid, site.name
    for item in index.buildings:
        kind = "BUILDING" if item.whole_step is None else "UNIT"
        yield item.step_id, kind, item.whole_step or item.site_step, item.guid, item.name


def _storeys(model: ReadModel, places: ModelPlaces) -> Iterator[tuple[Any, ...]]:
    levels = model.geometry.levels
    for item in model.index.storeys:
        step = item.step_id
        yield step, item.guid, item.name, item.elevation, levels.get(step), item.building_step, places.of_storey.get(step)


def _spaces(model: ReadModel, places: ModelPlaces) -> Iterator[tuple[Any, ...]]:
    for item in model.index.spaces:
        yield (
            item.step_id, item.guid, item.name, item.long_name, *model.storey(item), item.building_step, list(item.zones),
            places.of_space.get(item.step_id), *model.boxes.get(item.step_id, NO_BOX),
        )  # fmt: skip


def _elements(model: ReadModel, own_key: Callable[[Element], UUID]) -> Iterator[tuple[Any, ...]]:
    geometry = model.geometry
    for item in model.index.elements:
        step, key = item.step_id, own_key(item)
        storey, storey_source = model.storey(item)
        yield (
            step, key, item.guid, item.ifc_class, item.predefined_type, item.name, item.object_type, item.tag,
            item.type_name, item.material, storey, item.space_step, item.external, item.load_bearing, list(item.pset_hashes),
            list(item.classifications), storey_source, geometry.failures.get(step), *model.boxes.get(step, NO_BOX),
            key,
        )  # fmt: skip


def _relations(model: ReadModel, revision_id: int) -> Iterator[tuple[Any, ...]]:
    yield from ((row.space_step, revision_id, row.element_step, row.relation, None) for row in model.index.relations)
    yield from ((row.space_step, revision_id, row.element_step, "adjacent", row.distance) for row in model.adjacent)


def _write_property_sets(db: Connection, model: ModelIndex) -> None:
    values = [
        {"hash": key, "name": item.name, "properties": json.loads(json.dumps(dict(item.properties), default=str))}
        for key, item in model.property_sets.items()
    ]
    if values:
        db.execute(insert(property_set).on_conflict_do_nothing(), values)


def remove_rows(db: Connection, revisions: Sequence[int]) -> None:
    """Everything of revisions whose own rows are gone, at rooms of other models too."""
    for column in *(table.c.revision_id for table in OF_REVISION), space_element.c.element_revision_id:
        db.execute(delete(column.table).where(column.in_(revisions)))


def forget_places(db: Connection, project: str) -> None:
    """Rooms and storeys that no current model shows any more: they would catch the tickets of those that replaced them."""
    shown = (
        select(table.c.place_id)
        .join(bim_revision, bim_revision.c.revision_id == table.c.revision_id)
        .where(bim_revision.c.current, table.c.place_id == place.c.place_id)
        for table in (bim_storey, bim_space)
    )
    gone = (~exists(query.correlate(place)) for query in shown)
    from_models = (place.c.origin == MODEL, place.c.kind.in_([PlaceKind.STOREY, PlaceKind.ROOM]))
    db.execute(delete(place).where(place.c.project_code == project, *from_models, *gone))
