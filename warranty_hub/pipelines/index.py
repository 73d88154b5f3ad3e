"""Index a BIM model: each new file once, by its content hash; a file that cannot be used is listed as refused, and why."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert

from connectors.bim.shapes import Box, Element, ModelIndex
from warranty_hub.errors import ConfigError, RefusedModelError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.model_places import ModelPlaces, places_of_model
from warranty_hub.pipelines.places import MODEL, merge_places
from warranty_hub.records.codes import PlaceKind
from warranty_hub.settings import ModelSettings
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import (
    THIS_TRANSACTION,
    bim_element,
    bim_element_revision,
    bim_revision,
    bim_space,
    bim_storey,
    place,
    property_set,
    space_element,
)

STEP = "index"
ELEMENT_KEYS = UUID("6f2d9c1e-8a51-5c0e-9a50-0e4a7f3b2d11")
GEOMETRY_SECONDS = 1_800
GEOMETRY_MEGABYTES = 8_192
NO_BOX: tuple[None, ...] = (None,) * 6


@dataclass(frozen=True)
class Indexed:
    """A model as read, with its boxes, ready to be written."""

    model_id: str
    settings: ModelSettings
    sha256: str
    index: ModelIndex
    boxes: Mapping[int, Box]
    geometry_note: str | None


def index_model(hub: Hub, model_id: str) -> RunReport:
    """Index the model's file if it is new. An unchanged file costs only its hash; a refused one ends in a REFUSED revision."""
    settings = hub.settings.models.get(model_id)
    if settings is None:
        raise ConfigError(f"hub.yaml has no model {model_id!r}", remedy=f"It has: {', '.join(hub.settings.models) or 'none'}.")
    with hub.recorded(Unit(STEP, model_id)) as run:
        run.note(**_index(hub, run.run_id, model_id, settings))
    return hub.report(run.run_id)


def _index(hub: Hub, run_id: int, model_id: str, settings: ModelSettings) -> dict[str, Any]:
    path = hub.settings.path(settings.file)
    if not path.is_file():
        raise ConfigError(
            f"Model {model_id}: {path.name} does not exist", remedy=f"Correct models.{model_id}.file in hub.yaml."
        )
    sha256 = _sha256(path)
    with hub.transactions() as db:
        if _is_current(db, model_id, settings, sha256):
            return {"unchanged": 1}
    try:
        indexed = _read(model_id, settings, path, sha256)
    except RefusedModelError as error:
        with hub.transactions() as db:
            _write_refused(db, run_id, model_id, settings, sha256, error)
        return {"refused": error.message}
    with hub.transactions() as db:
        _write(db, run_id, indexed)
    return {"elements": len(indexed.index.elements), "spaces": len(indexed.index.spaces), "boxes": len(indexed.boxes)}


def _is_current(db: Connection, model_id: str, settings: ModelSettings, sha256: str) -> bool:
    """Whether this very file is what the model shows now: not so an older one put back, nor one moved to another building."""
    same = (
        bim_revision.c.model_id == model_id,
        bim_revision.c.sha256 == sha256,
        bim_revision.c.current,
        bim_revision.c.project_code == settings.project,
        bim_revision.c.building_code.is_not_distinct_from(settings.building),
        bim_revision.c.discipline == settings.discipline,
    )
    return bool(db.execute(select(exists().where(*same))).scalar_one())


def _read(model_id: str, settings: ModelSettings, path: Path, sha256: str) -> Indexed:
    from connectors.bim.assemblies import with_assemblies
    from connectors.bim.geometry import element_boxes
    from connectors.bim.ifc import read_model

    index = read_model(path)
    result = element_boxes(path, timeout_s=GEOMETRY_SECONDS, memory_mb=GEOMETRY_MEGABYTES)
    return Indexed(model_id, settings, sha256, index, with_assemblies(result.boxes, index.elements), result.reason)


def _write_refused(
    db: Connection, run_id: int, model_id: str, settings: ModelSettings, sha256: str, error: RefusedModelError
) -> None:
    values = {**_revision(run_id, model_id, settings, sha256), "status": "REFUSED", "reason": str(error), "current": False}
    db.execute(insert(bim_revision).values(values).on_conflict_do_update(index_elements=["model_id", "sha256"], set_=values))


def _write(db: Connection, run_id: int, indexed: Indexed) -> None:
    model = indexed.index
    building = indexed.settings.building or indexed.model_id
    places = places_of_model(model, indexed.settings.project, building)
    merge_places(db, indexed.settings.project, MODEL, places.places)
    revision_id = _write_revision(db, run_id, indexed)
    keys = element_keys(indexed.model_id, model.elements)
    _write_elements(db, indexed.model_id, model.elements, keys)
    copy_rows(db, bim_element_revision, _names(bim_element_revision), _element_rows(revision_id, indexed, keys))
    copy_rows(db, bim_storey, _names(bim_storey), _storey_rows(revision_id, model, places))
    copy_rows(db, bim_space, _names(bim_space), _space_rows(revision_id, indexed, places))
    copy_rows(db, space_element, _names(space_element), sorted({(revision_id, *relation) for relation in model.relations}))
    _write_property_sets(db, model)
    _forget_places(db, indexed.settings.project)


def _write_revision(db: Connection, run_id: int, indexed: Indexed) -> int:
    model = indexed.index
    db.execute(delete(bim_revision).where(bim_revision.c.model_id == indexed.model_id, bim_revision.c.sha256 == indexed.sha256))
    db.execute(
        update(bim_revision)
        .where(bim_revision.c.model_id == indexed.model_id, bim_revision.c.current)
        .values(current=False, changed_tx=text(THIS_TRANSACTION))
    )
    findings = [asdict(finding) for finding in model.findings]
    if indexed.geometry_note:
        findings.append({"code": "GEOMETRY", "message_en": indexed.geometry_note, "message_zh": "几何计算未完成", "count": 1})
    values = {
        **_revision(run_id, indexed.model_id, indexed.settings, indexed.sha256),
        "status": "INDEXED",
        "ifc_schema": model.schema,
        "authoring_app": model.authoring_app,
        "header_time": model.header_time,
        "ifc_project_guid": model.ifc_project_guid,
        "counts": {"elements": len(model.elements), "spaces": len(model.spaces), "storeys": len(model.storeys)},
        "findings": findings,
        "current": True,
    }
    return int(db.execute(insert(bim_revision).values(values).returning(bim_revision.c.revision_id)).scalar_one())


def _revision(run_id: int, model_id: str, settings: ModelSettings, sha256: str) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "model_id": model_id,
        "sha256": sha256,
        "project_code": settings.project,
        "building_code": settings.building,
        "discipline": settings.discipline,
        "file_name": Path(settings.file).name,
    }


def element_keys(model_id: str, elements: Iterable[Element]) -> dict[int, tuple[UUID, int]]:
    """Our key of each element, by STEP id, and its ordinal among those that share class and GlobalId.

    The same class and GlobalId in a later file of the model give the same key. Without a GlobalId the Tag, else the name and
    the order in the file stand in.
    """
    seen: Counter[tuple[str, str]] = Counter()
    keys: dict[int, tuple[UUID, int]] = {}
    for element in sorted(elements, key=lambda item: (item.tag or "", item.step_id)):
        identity = element.guid or f"tag:{element.tag}" if element.guid or element.tag else f"name:{element.name}"
        ordinal = seen[element.ifc_class, identity]
        seen[element.ifc_class, identity] += 1
        keys[element.step_id] = uuid5(ELEMENT_KEYS, f"{model_id}\x1f{element.ifc_class}\x1f{identity}\x1f{ordinal}"), ordinal
    return keys


def _write_elements(db: Connection, model_id: str, elements: Iterable[Element], keys: Mapping[int, tuple[UUID, int]]) -> None:
    values = [
        {"element_key": key, "model_id": model_id, "ifc_class": item.ifc_class, "guid": item.guid, "ordinal": ordinal}
        for item in elements
        for key, ordinal in (keys[item.step_id],)
    ]
    if values:
        db.execute(insert(bim_element).on_conflict_do_nothing(), values)


def _element_rows(revision_id: int, indexed: Indexed, keys: Mapping[int, tuple[UUID, int]]) -> Iterator[tuple[Any, ...]]:
    for item in indexed.index.elements:
        yield (
            revision_id, item.step_id, keys[item.step_id][0], item.guid, item.ifc_class, item.predefined_type, item.name,
            item.object_type, item.tag, item.type_name, item.material, item.storey_step, item.space_step, item.external,
            item.load_bearing, list(item.pset_hashes), *indexed.boxes.get(item.step_id, NO_BOX),
        )  # fmt: skip


def _storey_rows(revision_id: int, model: ModelIndex, places: ModelPlaces) -> Iterator[tuple[Any, ...]]:
    for item in model.storeys:
        yield revision_id, item.step_id, item.guid, item.name, item.elevation, places.of_storey.get(item.step_id)


def _space_rows(revision_id: int, indexed: Indexed, places: ModelPlaces) -> Iterator[tuple[Any, ...]]:
    for item in indexed.index.spaces:
        yield (
            revision_id, item.step_id, item.guid, item.name, item.long_name, item.storey_step, list(item.zones),
            places.of_space.get(item.step_id), *indexed.boxes.get(item.step_id, NO_BOX),
        )  # fmt: skip


def _forget_places(db: Connection, project: str) -> None:
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


def _write_property_sets(db: Connection, model: ModelIndex) -> None:
    values = [
        {"hash": key, "name": item.name, "properties": json.loads(json.dumps(dict(item.properties), default=str))}
        for key, item in model.property_sets.items()
    ]
    if values:
        db.execute(insert(property_set).on_conflict_do_nothing(), values)


def _names(table: Any) -> tuple[str, ...]:
    return tuple(column.name for column in table.c)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
