"""A part of an amount knows its defect by the ticket's key: tickets of two sources may have one number."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    for table in ("allocation", "outlook", "recovery"):
        for name, comment in (
            ("ticket_system", "the ticket's source: two may have one number; null as defect_seq"),
            ("ticket_id", "with ticket_system and defect_seq the defect's key"),
        ):
            op.add_column(table, sa.Column(name, sa.Text(), comment=comment), schema="hub")
        op.execute(f"""
            UPDATE hub.{table} a SET ticket_system = d.source_system, ticket_id = d.ticket_id
            FROM (SELECT DISTINCT ON (ticket_no, seq) ticket_no, seq, source_system, ticket_id FROM hub.defect
                  ORDER BY ticket_no, seq, source_system, ticket_id) d
            WHERE (d.ticket_no, d.seq) = (a.ticket_no, a.defect_seq)""")
