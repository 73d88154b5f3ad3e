"""What a person decides of a defect's location, with what was shown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "location_decision",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column(
            "element_keys",
            sa.ARRAY(sa.Uuid()),
            nullable=False,
            comment="one: the element; several: the set that it is",
        ),
        sa.Column("place_id", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shown", postgresql.JSONB(), nullable=False, comment="the defect and its candidates as the person saw them"),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.CheckConstraint("verdict IN ('ELEMENT', 'PLACE', 'OPEN')", name=op.f("ck_location_decision_verdict")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_location_decision")),
        schema="hub",
        comment="append-only; the latest about a defect holds",
    )
    op.create_index("ix_location_decision_defect", "location_decision", ["source_system", "ticket_id", "seq"], schema="hub")
    states = "AUTO, REVIEW or CONFIRMED; null when there is no element to link, only a place"
    op.alter_column("defect", "state", comment=states, schema="hub")
