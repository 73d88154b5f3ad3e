"""An element at a room may be in another model's file than the room."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column(
        "space_element",
        sa.Column(
            "element_revision_id",
            sa.BigInteger(),
            comment="of the element: another than the room's where another file shows it",
        ),
        schema="hub",
    )
    op.execute("UPDATE hub.space_element SET element_revision_id = revision_id")
    op.alter_column("space_element", "element_revision_id", nullable=False, schema="hub")
    op.drop_constraint("pk_space_element", "space_element", schema="hub")
    op.create_primary_key(
        "pk_space_element", "space_element", ["revision_id", "space_step", "element_revision_id", "element_step", "relation"],
        schema="hub",
    )  # fmt: skip
    op.create_foreign_key(
        op.f("fk_space_element_element_revision_id"), "space_element", "bim_revision", ["element_revision_id"],
        ["revision_id"], source_schema="hub", referent_schema="hub", ondelete="CASCADE",
    )  # fmt: skip
    op.create_index("ix_space_element_element", "space_element", ["element_revision_id", "element_step"], schema="hub")
