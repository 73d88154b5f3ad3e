"""Until when each defect is covered, clock by clock, and the how-manieth of its kind it is."""

from sqlalchemy import Column, Date, Index, Integer, Table, Text

from warranty_hub.warehouse.tables.base import changed_tx, metadata

coverage = Table(
    "coverage",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("clock", Text, primary_key=True),
    Column("project_code", Text, nullable=False),
    Column("category", Text, comment="warranty category of component and defect type; null: nobody can say yet"),
    Column("rule_id", Text, nullable=False, comment="two joined by + where one lengthens the other"),
    Column("liable", Text, nullable=False, comment="role of the party that has to act"),
    Column("first_day", Date),
    Column("last_day", Date, comment="still covered on this day"),
    Column("reported_on", Date, nullable=False, comment="in the organisation's zone; decides"),
    Column("state", Text, nullable=False, comment="COVERED, EXPIRED, NOT_STARTED or UNKNOWN"),
    Column("reason", Text, comment="why it is UNKNOWN"),
    Column("rules_version", Text, nullable=False),
    changed_tx(),
    Index("ix_coverage_project_code", "project_code"),
    schema="hub",
)

defect_repeat = Table(
    "defect_repeat",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("reported_on", Date, nullable=False, comment="in the organisation's zone"),
    Column("spot", Text, nullable=False, index=True, comment="project, element (else room or flat), component, defect type"),
    Column("repeat_no", Integer, nullable=False, comment="1: the first of its kind there within a year"),
    changed_tx(),
    schema="hub",
)
