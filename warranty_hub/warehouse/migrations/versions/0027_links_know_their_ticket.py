"""A cost line is linked to a ticket by its key: tickets of two sources may have one number."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

SYSTEM = "with ticket_id the ticket's key: two sources may have one number"


def upgrade() -> None:
    op.add_column("cost_link", sa.Column("ticket_system", sa.Text(), comment=SYSTEM), schema="hub")
    op.add_column("cost_link", sa.Column("ticket_id", sa.Text()), schema="hub")
    op.create_index("ix_cost_link_ticket", "cost_link", ["ticket_system", "ticket_id"], schema="hub")
    recon = "with ticket_id, that ticket: two sources may have one number"
    op.add_column("recon_item", sa.Column("ticket_system", sa.Text(), comment=recon), schema="hub")
    op.add_column("recon_item", sa.Column("ticket_id", sa.Text()), schema="hub")
    op.alter_column("recon_item", "ticket_no", comment="null: a cost line that belongs to none", schema="hub")
    for table in ("allocation", "outlook", "recovery"):
        op.alter_column(
            table, "ticket_system", comment="the ticket's source: two may have one number; null as ticket_no", schema="hub"
        )
        op.alter_column(
            table, "ticket_id", comment="with ticket_system the ticket's key, and with defect_seq the defect's", schema="hub"
        )
    _decisions()
    op.execute("UPDATE ops.cursor SET position_tx = 0 WHERE step = 'rollup'")  # the next rollup links all lines anew


def _decisions() -> None:
    """Of a number that two tickets have, a person meant the one in the line's project, else that of the first source."""
    op.add_column("link_decision", sa.Column("ticket_system", sa.Text(), comment=SYSTEM), schema="hub")
    op.add_column("link_decision", sa.Column("ticket_id", sa.Text()), schema="hub")
    op.execute("""
        UPDATE hub.link_decision d SET (ticket_system, ticket_id) = (
            SELECT coalesce(max(t.source_system), 'UNKNOWN'), coalesce(max(t.source_id), d.ticket_no) FROM (
                SELECT t.source_system, t.source_id FROM hub.ticket t WHERE t.ticket_no = d.ticket_no
                ORDER BY EXISTS (SELECT FROM hub.cost_line l WHERE (l.source_system, l.source_id, l.project_code)
                                    = (d.source_system, d.source_id, t.project_code)) DESC, t.source_system, t.source_id
                LIMIT 1) t)""")
    op.alter_column("link_decision", "ticket_system", nullable=False, schema="hub")
    op.alter_column("link_decision", "ticket_id", nullable=False, schema="hub")
