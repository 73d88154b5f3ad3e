"""raw pages that are kept for a replay; the pace at which a system may be called."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "raw_page",
        sa.Column("raw_page_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that read it from the source"),
        sa.Column("address", sa.Text(), nullable=False, comment="where the artefact store has it"),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("raw_page_id", name=op.f("pk_raw_page")),
        schema="ops",
    )
    op.create_index("ix_raw_page_unit", "raw_page", ["unit", "raw_page_id"], unique=False, schema="ops")
    op.create_index("ix_raw_page_address", "raw_page", ["address"], unique=False, schema="ops")
    op.create_table(
        "pace",
        sa.Column("system", sa.Text(), nullable=False, comment="source or sink of hub.yaml"),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False, comment="when the next call may go out"),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_pace")),
        schema="ops",
    )
