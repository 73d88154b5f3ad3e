"""The register of places: what the masters name, from building to dwelling, and what models add, above all rooms."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Row, Table, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from mappings.lexicon import Words, read
from mappings.places import Place, Register
from mappings.places.normal import storey
from warranty_hub.pipelines.aliases import confirmed_aliases
from warranty_hub.records.codes import PlaceKind
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import fact_tables, place

MASTER = "MASTER"
MODEL = "MODEL"


def register_of(db: Connection, project: str, words: Words | None = None) -> Register:
    """All places of a project with the names learnt for them, for the resolver; texts are read by these words (none: ours)."""
    learnt = confirmed_aliases(db, project)
    rows = db.execute(select(place).where(place.c.project_code == project).order_by(place.c.place_id))
    places = (
        Place(
            place_id=row.place_id,
            kind=PlaceKind(row.kind),
            parent_id=row.parent_id,
            name=row.name,
            building=row.building,
            unit=row.unit,
            storey=row.storey,
            dwelling=row.dwelling,
            room_code=row.room_code or _room_code(row, words),
            aliases=(*row.aliases, *learnt.get(row.place_id, ())),
        )
        for row in rows
    )
    return Register(places, words)


def _room_code(row: Row[Any], words: Words | None) -> str | None:
    """The kind of a room that our words did not tell when its model was read: the company's may, and may have changed since."""
    return read(" ".join((row.name, *row.aliases)), words).room if words and row.kind == PlaceKind.ROOM else None


def place_id(*parts: str | None) -> str:
    """A place's id: its codes from the project down, joined by slashes; a slash inside a code becomes a bar."""
    return "/".join(part.replace("/", "|") for part in parts if part)


def refresh_master_places(db: Connection, project: str) -> int:
    """Bring the places that follow from the masters up to date. Returns how many were written."""
    return merge_places(db, project, MASTER, _master_places(db, project))


def merge_places(db: Connection, project: str, origin: str, places: Iterable[Place]) -> int:
    """Write places that are new or differ; those of the masters win over those of a model. Returns how many were written."""
    rows = [
        (
            item.place_id, project, item.kind.value, item.parent_id, item.building, item.unit, item.storey, item.dwelling,
            item.room_code, item.name, list(item.aliases), origin,
        )
        for item in {item.place_id: item for item in places}.values()
    ]  # fmt: skip
    if not rows:
        return 0
    _STAGE.create(db)
    copy_rows(db, _STAGE, _STAGE.c.keys(), rows)
    written = db.execute(_merge()).rowcount
    _STAGE.drop(db)
    return written


_STAGE = Table(
    "stage_place", MetaData(), *(Column(c.name, c.type) for c in place.c if c.name != "changed_tx"), prefixes=["TEMP"]
)
"""A model has thousands of rooms: they are copied and merged at once."""


def _merge() -> Insert:
    statement = insert(place).from_select(_STAGE.c.keys(), select(_STAGE))
    fields = [column for column in place.c if column.name not in ("place_id", "changed_tx")]
    new = {column.name: statement.excluded[column.name] for column in fields}
    differs = func.row(*fields).is_distinct_from(func.row(*new.values()))
    allowed = (place.c.origin != MASTER) | (statement.excluded.origin == MASTER)
    return statement.on_conflict_do_update(
        index_elements=["place_id"], set_={**new, "changed_tx": statement.excluded.changed_tx}, where=differs & allowed
    )


def _master_places(db: Connection, project: str) -> Iterator[Place]:
    projects, buildings, dwellings = (fact_tables[name] for name in ("project", "building", "dwelling"))
    for row in db.execute(select(projects).where(projects.c.code == project, projects.c.deleted_at.is_(None))):
        yield Place(place_id(project), PlaceKind.PROJECT, None, row.name)
    for row in db.execute(select(buildings).where(buildings.c.project_code == project, buildings.c.deleted_at.is_(None))):
        yield Place(place_id(project, row.code), PlaceKind.BUILDING, place_id(project), row.name, building=row.code)
    flats = db.execute(select(dwellings).where(dwellings.c.project_code == project, dwellings.c.deleted_at.is_(None))).all()
    yield from _units_and_storeys(project, flats)
    for row in flats:
        yield _dwelling(project, row)


def _units_and_storeys(project: str, flats: Iterable[Row[Any]]) -> Iterator[Place]:
    for building, unit in Counter((row.building_code, row.unit_code) for row in flats if row.unit_code):
        yield unit_place(project, building, unit)
    for building, level in Counter((row.building_code, storey(row.storey)) for row in flats):
        yield storey_place(project, building, level)


def unit_place(project: str, building: str, unit: str) -> Place:
    """A unit (staircase) of a building."""
    return Place(
        place_id(project, building, f"U{unit}"), PlaceKind.UNIT, place_id(project, building), f"{unit}单元",
        building=building, unit=unit, aliases=(f"Unit {unit}",),
    )  # fmt: skip


def storey_place(project: str, building: str, name: str, *aliases: str) -> Place:
    """A storey of a building, by any of the ways to write it."""
    key = storey(name)
    return Place(
        place_id(project, building, f"F{key}"), PlaceKind.STOREY, place_id(project, building), name,
        building=building, storey=key, aliases=aliases,
    )  # fmt: skip


def dwelling_id(project: str, building: str, unit: str | None, room_no: str) -> str:
    """The id of a dwelling, whether or not the masters know it yet."""
    return place_id(project, building, f"U{unit}" if unit else None, room_no)


def _dwelling(project: str, row: Row[Any]) -> Place:
    unit = place_id(project, row.building_code, f"U{row.unit_code}" if row.unit_code else None)
    return Place(
        dwelling_id(project, row.building_code, row.unit_code, row.room_no), PlaceKind.DWELLING, unit,
        f"{row.unit_code}-{row.room_no}" if row.unit_code else row.room_no,
        building=row.building_code, unit=row.unit_code, storey=storey(row.storey), dwelling=row.room_no,
    )  # fmt: skip
