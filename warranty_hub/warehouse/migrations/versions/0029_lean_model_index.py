"""The rows of a model's revision lose the foreign keys and the indexes that cost most of the time in which they are written.

Nothing looks elements up by these indexes; of vacant elements, the few that no model shows, theirs stays.
"""

from alembic import op
from sqlalchemy import text

revision = "0029"
down_revision = "0028"

ROWS = ("bim_building", "bim_storey", "bim_space", "bim_element_revision", "space_element", "bim_system", "system_element")
UNUSED = (
    ("bim_element", "model_id"),
    ("bim_element", "guid"),
    ("bim_element", "left_revision_id"),
    ("bim_element_revision", "guid"),
    ("bim_element_revision", "tag"),
)


def upgrade() -> None:
    for table in ROWS:
        op.drop_constraint(f"fk_{table}_revision_id", table, schema="hub", type_="foreignkey")
    op.drop_constraint("fk_space_element_element_revision_id", "space_element", schema="hub", type_="foreignkey")
    for table, column in UNUSED:
        op.drop_index(f"ix_{table}_{column}", table, schema="hub")
    vacant = text("left_revision_id IS NOT NULL")
    op.create_index(
        "ix_bim_element_left_revision_id", "bim_element", ["left_revision_id"], schema="hub", postgresql_where=vacant
    )
