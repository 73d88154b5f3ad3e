"""What speaks for and against a located defect, the places it may mean, and what its elements have to do with it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("defect", _texts("places", "those that the text may mean; none is certain"), schema="hub")
    op.add_column("defect", _texts("signs", "what speaks for and against; see weights.csv"), schema="hub")
    op.add_column("defect_element", _texts("signs"), schema="hub")
    op.add_column(
        "defect_element",
        sa.Column(
            "role", sa.Text(), server_default="PRIMARY", nullable=False,
            comment="PRIMARY: what the text is about; CAUSE, AFFECTED",
        ),
        schema="hub",
    )  # fmt: skip
    for table, comment in (
        ("defect", "probability that the candidates hold the element meant"),
        ("defect_element", "the element's share of the answer's"),
    ):
        op.alter_column(
            table, "confidence", existing_type=sa.Numeric(4, 3), existing_nullable=False, comment=comment, schema="hub"
        )


def _texts(name: str, comment: str | None = None) -> sa.Column[list[str]]:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False, comment=comment)
