"""A cost line finds its order, and a reversal what it reverses, by index."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index("ix_cost_line_order_no", "cost_line", ["order_no"], schema="hub")
    op.create_index("ix_cost_line_document_no", "cost_line", ["document_no"], schema="hub")
    op.create_index("ix_cost_line_reverses_document", "cost_line", ["reverses_document"], schema="hub")
    op.create_index("ix_commitment_order_no", "commitment", ["order_no"], schema="hub")
