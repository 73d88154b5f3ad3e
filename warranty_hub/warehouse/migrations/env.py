"""Alembic's entry: migrates the schemas of warehouse/tables/ over the connection that `migrate` hands in."""

from alembic import context

from warranty_hub.warehouse.tables import metadata

SCHEMAS = ("hub", "ops", "mart")

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name in SCHEMAS,
    version_table="migration",
    version_table_schema="ops",
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
