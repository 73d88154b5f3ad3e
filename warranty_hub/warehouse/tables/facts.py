"""Facts of other systems: their tables take their columns from warranty_hub/records/facts.py."""

import types
import typing
from datetime import date
from decimal import Decimal
from enum import Enum

from pydantic import AwareDatetime
from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text, text
from sqlalchemy.types import TypeEngine

from warranty_hub.records.facts import FACTS, Fact
from warranty_hub.warehouse.tables.base import Instant, Money, changed_tx, metadata

VERSIONED = frozenset({"cost_line"})
"""Facts whose changed content is a new version, never an update."""


_SQL_TYPES: dict[type, TypeEngine[typing.Any]] = {
    str: Text(),
    int: Integer(),
    bool: Boolean(),
    Decimal: Money,
    AwareDatetime: Instant,
    date: Date(),
}


def _column(name: str, annotation: object) -> Column[typing.Any]:
    options = [option for option in typing.get_args(annotation) if option is not types.NoneType]
    nullable = types.NoneType in typing.get_args(annotation)
    python_type = options[0] if nullable else annotation
    while hasattr(python_type, "__metadata__"):
        python_type = typing.get_args(python_type)[0]
    if isinstance(python_type, type) and issubclass(python_type, Enum):
        python_type = str
    return Column(name, _SQL_TYPES[typing.cast("type", python_type)], nullable=nullable)


def _fact_table(name: str, fact: type[Fact]) -> Table:
    hints = typing.get_type_hints(fact, include_extras=True)
    version = [Column("fact_version", Integer, primary_key=True)] if name in VERSIONED else []
    return Table(
        name,
        metadata,
        Column("source_system", Text, primary_key=True),
        Column("source_id", Text, primary_key=True),
        *version,
        *(_column(field, hints[field]) for field in fact.model_fields),
        Column("run_id", BigInteger, nullable=False),
        Column("recorded_at", Instant, nullable=False, server_default=text("now()")),
        Column("deleted_at", Instant),
        changed_tx(),
        Index(f"ix_{name}_changed_tx", "changed_tx", postgresql_using="brin"),
        schema="hub",
    )


fact_tables: dict[str, Table] = {name: _fact_table(name, fact) for name, fact in FACTS.items()}
ticket = fact_tables["ticket"]
cost_line = fact_tables["cost_line"]
repair_plan = fact_tables["repair_plan"]
approval = fact_tables["approval"]
responsibility = fact_tables["responsibility"]

Index("ix_ticket_ticket_no", ticket.c.ticket_no)
Index("ix_responsibility_ticket_no", responsibility.c.ticket_no)
Index("ix_repair_plan_state", repair_plan.c.state)
Index("ix_approval_plan_no", approval.c.plan_no)
Index("ix_cost_line_period", cost_line.c.period)
Index("ix_cost_line_order_no", cost_line.c.order_no)
Index("ix_cost_line_document_no", cost_line.c.document_no)
Index("ix_cost_line_reverses_document", cost_line.c.reverses_document)
Index("ix_commitment_order_no", fact_tables["commitment"].c.order_no)
Index("ix_recovery_line_ticket_no", fact_tables["recovery_line"].c.ticket_no)
Index("ix_recovery_line_recovery_no", fact_tables["recovery_line"].c.recovery_no)
Index("ix_dwelling_project_code", fact_tables["dwelling"].c.project_code)
Index("ix_ticket_event_ticket_no", fact_tables["ticket_event"].c.ticket_no)
Index("ix_ticket_comment_ticket_no", fact_tables["ticket_comment"].c.ticket_no)
