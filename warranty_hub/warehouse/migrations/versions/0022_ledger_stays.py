"""The published ledger can be neither emptied nor added to: TRUNCATE passes by triggers of rows, INSERT by those of changes."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for table in ("feed_line", "feed_batch", "feed_ack"):
        op.execute(
            f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON hub.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_change()"
        )
    op.execute("""
        CREATE FUNCTION hub.refuse_more_lines() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM added JOIN hub.feed_batch USING (batch_id) WHERE state = 'SEALED') THEN
                RAISE EXCEPTION 'hub.feed_batch is sealed: no line can be added to it' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NULL;
        END $$""")
    op.execute(
        "CREATE TRIGGER sealed_batches_take_no_lines AFTER INSERT ON hub.feed_line REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_more_lines()"
    )
    op.execute(
        "CREATE TRIGGER answers_stay BEFORE UPDATE OR DELETE ON hub.feed_ack FOR EACH ROW EXECUTE FUNCTION hub.refuse_change()"
    )
