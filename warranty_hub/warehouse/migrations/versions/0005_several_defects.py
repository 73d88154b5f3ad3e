"""several defects a ticket, what it mentions that is none, aliases of places."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "defect",
        sa.Column("cause_place_id", sa.Text(), comment="where it comes from, where that is another place than where it shows"),
        schema="hub",
    )
    op.add_column(
        "defect", sa.Column("unknown_place", sa.Text(), comment="what the ticket names and no register knows"), schema="hub"
    )
    op.create_table(
        "mention",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False, comment="NEGATED, PAST or FEARED: no defect, but not lost"),
        sa.Column("component_code", sa.Text()),
        sa.Column("defect_type_code", sa.Text()),
        sa.Column("room_code", sa.Text()),
        sa.PrimaryKeyConstraint("source_system", "ticket_id", "seq", name=op.f("pk_mention")),
        schema="hub",
    )
    op.create_table(
        "place_alias",
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False, comment="as people write it, in one way of writing"),
        sa.Column("place_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="PROPOSED, CONFIRMED or REJECTED; only confirmed ones are used"),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("project_code", "alias", "place_id", name=op.f("pk_place_alias")),
        schema="hub",
    )
