"""Places, defects with the elements they sit on, and what tickets mention of defects that are not there."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from warranty_hub.warehouse.tables.base import Instant, changed_tx, metadata

place = Table(
    "place",
    metadata,
    Column("place_id", Text, primary_key=True, comment="project/building/unit/storey|dwelling/room"),
    Column("project_code", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("parent_id", Text),
    Column("building", Text),
    Column("unit", Text),
    Column("storey", Text),
    Column("dwelling", Text),
    Column("room_code", Text),
    Column("name", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False, server_default="{}"),
    Column("origin", Text, nullable=False, comment="MASTER: ticket store; MODEL: IFC spaces and storeys"),
    changed_tx(),
    schema="hub",
)

place_alias = Table(
    "place_alias",
    metadata,
    Column("project_code", Text, primary_key=True),
    Column("alias", Text, primary_key=True, comment="as people write it, in one way of writing"),
    Column("place_id", Text, primary_key=True),
    Column("state", Text, nullable=False, comment="PROPOSED, CONFIRMED or REJECTED; only confirmed ones are used"),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False, server_default=text("now()")),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    changed_tx(),
    schema="hub",
)

located_ground = Table(
    "located_ground",
    metadata,
    Column("project_code", Text, primary_key=True),
    Column("places", Text, nullable=False, comment="JSON: the register as it was when the project was located last"),
    Column("marks", LargeBinary, nullable=False, comment="of its elements: mappings/elements/moved.py"),
    schema="hub",
)

defect = Table(
    "defect",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("ticket_no", Text, nullable=False, index=True),
    Column("project_code", Text, nullable=False),
    Column("component_code", Text),
    Column("defect_type_code", Text),
    Column("room_code", Text),
    Column("place_id", Text, comment="the most exact place that is certain"),
    Column("cause_place_id", Text, comment="where it comes from, where that is another place than where it shows"),
    Column("unknown_place", Text, comment="what the ticket names and no register knows"),
    Column("element_key", Uuid, comment="set when exactly one element is certain"),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    Column("state", Text, comment="AUTO, REVIEW or CONFIRMED; null when there is no element to link, only a place"),
    Column("reason", Text, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("generation", Integer, nullable=False, comment="counts the different answers given over time"),
    changed_tx(),
    Index("ix_defect_project_code", "project_code"),
    Index("ix_defect_changed_tx", "changed_tx"),
    schema="hub",
)

location_decision = Table(
    "location_decision",
    metadata,
    Column("decision_id", BigInteger, Identity(), primary_key=True),
    Column("project_code", Text, nullable=False),
    Column("source_system", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("element_keys", ARRAY(Uuid), nullable=False, comment="one: the element; several: the set that it is"),
    Column("place_id", Text),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("shown", JSONB, nullable=False, comment="the defect and its candidates as the person saw them"),
    Column("decided_at", Instant, nullable=False, server_default=text("now()")),
    changed_tx(),
    CheckConstraint("verdict IN ('ELEMENT', 'PLACE', 'OPEN')", name="verdict"),
    Index("ix_location_decision_defect", "source_system", "ticket_id", "seq"),
    schema="hub",
    comment="append-only; the latest about a defect holds",
)

mention = Table(
    "mention",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("standing", Text, nullable=False, comment="NEGATED, PAST or FEARED: no defect, but not lost"),
    Column("component_code", Text),
    Column("defect_type_code", Text),
    Column("room_code", Text),
    schema="hub",
)

defect_element = Table(
    "defect_element",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("element_key", Uuid, nullable=False, index=True),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    Column("state", Text, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("recorded_at", Instant, nullable=False, server_default=text("now()")),
    schema="hub",
)
