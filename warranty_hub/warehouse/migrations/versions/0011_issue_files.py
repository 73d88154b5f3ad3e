"""what is said about tickets; files of BCF that were taken."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "ticket_comment",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("ticket_system", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=False),
        sa.Column("defect_seq", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("source_system", "source_id", name=op.f("pk_ticket_comment")),
        schema="hub",
    )
    op.create_index(
        "ix_ticket_comment_changed_tx", "ticket_comment", ["changed_tx"], unique=False, schema="hub", postgresql_using="brin"
    )
    op.create_index("ix_ticket_comment_ticket_no", "ticket_comment", ["ticket_no"], unique=False, schema="hub")
    op.create_table(
        "taken_file",
        sa.Column("unit", sa.Text(), nullable=False, comment="whose inbox it lay in"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("unit", "sha256", name=op.f("pk_taken_file")),
        schema="ops",
    )
