"""Each combination of the rollup's dimensions has a number, and every part carries that of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "cost_cell",
        sa.Column("cell", sa.Uuid(), nullable=False, comment="a hash over all that follows"),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column("building_code", sa.Text(), nullable=False),
        sa.Column("component_code", sa.Text(), nullable=False),
        sa.Column("defect_type_code", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("party_code", sa.Text(), nullable=False),
        sa.Column("repairer_code", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("finality", sa.Text(), nullable=False),
        sa.Column("is_repeat", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cell", name=op.f("pk_cost_cell")),
        schema="hub",
        comment="the combinations of the rollup's dimensions that parts have been in",
    )
    comment = "of the rollup; null: written before there were cells, until the next rollup"
    for table in ("allocation", "outlook", "recovery"):
        op.add_column(table, sa.Column("cell", sa.Uuid(), nullable=True, comment=comment), schema="hub")
    op.execute("UPDATE ops.cursor SET position_tx = 0 WHERE step = 'rollup'")  # the next rollup writes all parts anew
