"""What a project's defects were located in last: the difference tells which tickets have to be located again."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "located_ground",
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column(
            "places",
            sa.Text(),
            nullable=False,
            comment="JSON: the register as it was when the project was located last",
        ),
        sa.Column("marks", sa.LargeBinary(), nullable=False, comment="of its elements: mappings/elements/moved.py"),
        sa.PrimaryKeyConstraint("project_code", name=op.f("pk_located_ground")),
        schema="hub",
    )
