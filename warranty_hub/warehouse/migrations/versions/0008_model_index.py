"""The whole index of a model: units and place on the map, systems, buildings and their parts, storeys and rooms by geometry."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

TEXTS = postgresql.ARRAY(sa.Text())
ADDED = {
    "bim_revision": (
        sa.Column("unit_scale", sa.Double(), comment="metres per length unit of the file"),
        sa.Column(
            "georeference",
            postgresql.JSONB(),
            comment="map conversion, metres and degrees; applied_twice: the model stands on the map itself",
        ),
        sa.Column(
            "extent",
            postgresql.ARRAY(sa.Double()),
            comment="box of all elements in the model's coordinates: x, y, z min, x, y, z max, metres",
        ),
        sa.Column("meshes", sa.Text(), comment="the artefact with its triangles (connectors/bim/meshes.py)"),
        sa.Column(
            "file_stamp", sa.Text(), comment="size and time of change of the file that was read, or its mark in an object store"
        ),
        sa.Column(
            "index_version",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="of the reader; a newer one reads the file again",
        ),
    ),
    "bim_element_revision": (
        sa.Column("classifications", TEXTS, server_default="{}", nullable=False, comment="system:code"),
        sa.Column("storey_source", sa.Text(), comment="IFC or GEOMETRY: who says on which storey it is"),
        sa.Column("geometry_error", sa.Text(), comment="why it has a geometry and no box"),
    ),
    "bim_storey": (
        sa.Column("level", sa.Double(), comment="height of its placement in the model's coordinates, metres"),
        sa.Column("building_step", sa.Integer()),
    ),
    "bim_space": (
        sa.Column("storey_source", sa.Text(), comment="IFC or GEOMETRY"),
        sa.Column("building_step", sa.Integer()),
    ),
    "space_element": (sa.Column("distance", sa.Double(), comment="of an adjacent one from the room, metres"),),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column, schema="hub")
    op.alter_column(
        "space_element", "relation", comment="contained, boundary, covers, serves; adjacent: by geometry", schema="hub"
    )
    op.alter_column("bim_storey", "elevation", comment="as the file states it, metres", schema="hub")
    op.create_table(
        "bim_building",
        *_of_revision("step_id"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="SITE, BUILDING or UNIT: a part of a building, such as a stairwell's dwellings",
        ),
        sa.Column("parent_step", sa.Integer(), comment="the building or site that it is a part of"),
        sa.Column("guid", sa.Text()),
        sa.Column("name", sa.Text()),
        schema="hub",
    )
    op.create_table(
        "bim_system",
        *_of_revision("step_id"),
        sa.Column("guid", sa.Text()),
        sa.Column("ifc_class", sa.Text(), nullable=False),
        sa.Column("predefined_type", sa.Text()),
        sa.Column("name", sa.Text()),
        schema="hub",
    )
    op.create_table("system_element", *_of_revision("system_step", "element_step"), schema="hub")


def _of_revision(*steps: str) -> tuple[sa.schema.SchemaItem, ...]:
    """A table's key: the revision and the STEP ids in it."""
    comments = {"step_id": "the row's identity inside its file"}
    return (
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        *(sa.Column(step, sa.Integer(), nullable=False, comment=comments.get(step)) for step in steps),
        sa.ForeignKeyConstraint(["revision_id"], ["hub.bim_revision.revision_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("revision_id", *steps),
    )
