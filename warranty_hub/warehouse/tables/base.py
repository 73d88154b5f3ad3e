"""What every table of the warehouse shares: naming of constraints, types of columns, the id of the writing transaction."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Numeric, text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Instant = DateTime(timezone=True)
Money = Numeric(23, 6)
Rate = Numeric(23, 9)
THIS_TRANSACTION = "pg_current_xact_id()::text::bigint"


def changed_tx() -> Column[int]:
    """The column by which consumers find what changed since they last looked."""
    return Column("changed_tx", BigInteger, nullable=False, server_default=text(THIS_TRANSACTION))
