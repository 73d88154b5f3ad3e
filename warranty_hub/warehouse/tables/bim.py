"""The index of models: revisions, elements, the spatial tree, systems, property sets.

The rows of a revision have no foreign key to it: checking it took the server as long as writing the rows and all their indexes
(hundreds of thousands, in the transaction that writes the revision itself). `warranty_hub.pipelines.model_rows` writes and
removes them together.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from warranty_hub.warehouse.tables.base import Instant, changed_tx, metadata

bim_revision = Table(
    "bim_revision",
    metadata,
    Column("revision_id", BigInteger, Identity(), primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("project_code", Text, nullable=False),
    Column("building_code", Text),
    Column("discipline", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("status", Text, nullable=False, comment="INDEXED or REFUSED"),
    Column("reason", Text),
    Column("ifc_schema", Text),
    Column("authoring_app", Text),
    Column("header_time", Text),
    Column("ifc_project_guid", Text),
    Column("unit_scale", Double, comment="metres per length unit of the file"),
    Column(
        "georeference", JSONB, comment="map conversion, metres and degrees; applied_twice: the model stands on the map itself"
    ),
    Column("extent", ARRAY(Double), comment="box of all elements in the model's coordinates: x, y, z min, x, y, z max, metres"),
    Column("meshes", Text, comment="the artefact with its triangles (connectors/bim/meshes.py)"),
    Column("cuts", Text, comment="the artefact with the outlines of its floor plans (connectors/bim/cuts.py)"),
    Column("file_stamp", Text, comment="size and time of change of the file that was read, or its mark in an object store"),
    Column(
        "index_version", Integer, nullable=False, server_default="0", comment="of the reader; a newer one reads the file again"
    ),
    Column("counts", JSONB, nullable=False, server_default="{}"),
    Column("findings", JSONB, nullable=False, server_default="[]"),
    Column("run_id", BigInteger, nullable=False),
    Column("indexed_at", Instant, nullable=False, server_default=text("now()")),
    Column("current", Boolean, nullable=False, comment="the newest good revision of its model"),
    changed_tx(),
    UniqueConstraint("model_id", "sha256"),
    schema="hub",
)

bim_element = Table(
    "bim_element",
    metadata,
    Column("element_key", Uuid, primary_key=True, comment="an own key: what a file says of an element by itself"),
    Column("model_id", Text, nullable=False),
    Column("ifc_class", Text, nullable=False),
    Column("guid", Text, comment="as first seen; not unique"),
    Column("born_revision_id", BigInteger, comment="the revision that showed the key first"),
    Column(
        "same_as",
        Uuid,
        nullable=False,
        index=True,
        comment="the element that it is; its own key where nothing was known before",
    ),
    Column("left_revision_id", BigInteger, comment="where the element stood last, once no current model shows it"),
    Column("left_step_id", Integer),
    Index("ix_bim_element_left_revision_id", "left_revision_id", postgresql_where=text("left_revision_id IS NOT NULL")),
    schema="hub",
)


def _revision_key() -> tuple[Column[int], Column[int]]:
    return (
        Column("revision_id", BigInteger, primary_key=True),
        Column("step_id", Integer, primary_key=True, comment="the row's identity inside its file"),
    )


def _box() -> tuple[Column[float], ...]:
    return tuple(Column(f"{axis}_{end}", Double, comment="metres") for end in ("min", "max") for axis in "xyz")


bim_element_revision = Table(
    "bim_element_revision",
    metadata,
    *_revision_key(),
    Column("element_key", Uuid, nullable=False, index=True),
    Column("guid", Text),
    Column("ifc_class", Text, nullable=False),
    Column("predefined_type", Text),
    Column("name", Text),
    Column("object_type", Text),
    Column("tag", Text),
    Column("type_name", Text),
    Column("material", Text),
    Column("storey_step", Integer),
    Column("space_step", Integer),
    Column("is_external", Boolean),
    Column("load_bearing", Boolean),
    Column("property_sets", ARRAY(Text), nullable=False, server_default="{}"),
    Column("classifications", ARRAY(Text), nullable=False, server_default="{}", comment="system:code"),
    Column("storey_source", Text, comment="IFC or GEOMETRY: who says on which storey it is"),
    Column("geometry_error", Text, comment="why it has a geometry and no box"),
    *_box(),
    Column("own_key", Uuid, nullable=False, index=True, comment="what leads to element_key: bim_element.same_as"),
    schema="hub",
)

bim_building = Table(
    "bim_building",
    metadata,
    *_revision_key(),
    Column(
        "kind", Text, nullable=False, comment="SITE, BUILDING or UNIT: a part of a building, such as a stairwell's dwellings"
    ),
    Column("parent_step", Integer, comment="the building or site that it is a part of"),
    Column("guid", Text),
    Column("name", Text),
    schema="hub",
)

bim_storey = Table(
    "bim_storey",
    metadata,
    *_revision_key(),
    Column("guid", Text),
    Column("name", Text),
    Column("elevation", Double, comment="as the file states it, metres"),
    Column("level", Double, comment="height of its placement in the model's coordinates, metres"),
    Column("building_step", Integer),
    Column("place_id", Text),
    schema="hub",
)

bim_space = Table(
    "bim_space",
    metadata,
    *_revision_key(),
    Column("guid", Text),
    Column("name", Text),
    Column("long_name", Text),
    Column("storey_step", Integer),
    Column("storey_source", Text, comment="IFC or GEOMETRY"),
    Column("building_step", Integer),
    Column("zones", ARRAY(Text), nullable=False, server_default="{}"),
    Column("place_id", Text, index=True),
    *_box(),
    schema="hub",
)

space_element = Table(
    "space_element",
    metadata,
    Column("revision_id", BigInteger, primary_key=True),
    Column("space_step", Integer, primary_key=True),
    Column(
        "element_revision_id",
        BigInteger,
        primary_key=True,
        comment="of the element: another than the room's where another file shows it",
    ),
    Column("element_step", Integer, primary_key=True),
    Column("relation", Text, primary_key=True, comment="contained, boundary, covers, serves; adjacent: by geometry"),
    Column("distance", Double, comment="of an adjacent one from the room, metres"),
    Index("ix_space_element_element", "element_revision_id", "element_step"),
    schema="hub",
)

bim_system = Table(
    "bim_system",
    metadata,
    *_revision_key(),
    Column("guid", Text),
    Column("ifc_class", Text, nullable=False),
    Column("predefined_type", Text),
    Column("name", Text),
    schema="hub",
)

system_element = Table(
    "system_element",
    metadata,
    Column("revision_id", BigInteger, primary_key=True),
    Column("system_step", Integer, primary_key=True),
    Column("element_step", Integer, primary_key=True),
    schema="hub",
)

property_set = Table(
    "property_set",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("properties", JSONB, nullable=False),
    schema="hub",
)
