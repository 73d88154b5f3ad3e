"""The outlines of a model's floor plans are made when it is read, and kept."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    comment = "the artefact with the outlines of its floor plans (connectors/bim/cuts.py)"
    op.add_column("bim_revision", sa.Column("cuts", sa.Text(), comment=comment), schema="hub")
