"""Tickets may carry a point: where somebody set a pin."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("point", sa.Text()), schema="hub")
