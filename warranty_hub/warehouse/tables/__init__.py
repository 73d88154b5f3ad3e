"""Every table of the warehouse. Fact tables take their columns from warranty_hub.records, the rest stands here.

Three schemas: ``hub`` (what we keep), ``ops`` (how it came: runs, cursors, quarantine, outbox), ``mart`` (what BI tools read).

Each row of ``hub`` carries ``changed_tx``, the id of the transaction that wrote it last. A consumer reads "everything since my
own cursor" by it (warehouse/changes.py): unlike a clock, it never skips a row that was committed late.
"""

from warranty_hub.warehouse.tables.base import THIS_TRANSACTION, Money, metadata
from warranty_hub.warehouse.tables.bim import (
    bim_building,
    bim_element,
    bim_element_revision,
    bim_revision,
    bim_space,
    bim_storey,
    bim_system,
    property_set,
    space_element,
    system_element,
)
from warranty_hub.warehouse.tables.cost import (
    allocation,
    cost_basis,
    cost_cell,
    cost_link,
    cost_month,
    cost_org_month,
    cost_reference,
    link_decision,
    outlook,
    recovery,
    recovery_case,
    weight_decision,
)
from warranty_hub.warehouse.tables.cover import coverage, defect_repeat
from warranty_hub.warehouse.tables.facts import VERSIONED, approval, cost_line, fact_tables, repair_plan, responsibility, ticket
from warranty_hub.warehouse.tables.feed import feed_ack, feed_batch, feed_line
from warranty_hub.warehouse.tables.identity import element_change, element_decision, element_match
from warranty_hub.warehouse.tables.ops import (
    OUTCOMES,
    alert,
    cursor,
    delivery,
    outbox,
    pace,
    quarantine,
    raw_page,
    run,
    taken_file,
)
from warranty_hub.warehouse.tables.places import (
    defect,
    defect_element,
    located_ground,
    location_decision,
    mention,
    place,
    place_alias,
)
from warranty_hub.warehouse.tables.recon import recon_item

__all__ = [
    "OUTCOMES",
    "THIS_TRANSACTION",
    "VERSIONED",
    "Money",
    "alert",
    "allocation",
    "approval",
    "bim_building",
    "bim_element",
    "bim_element_revision",
    "bim_revision",
    "bim_space",
    "bim_storey",
    "bim_system",
    "cost_basis",
    "cost_cell",
    "cost_line",
    "cost_link",
    "cost_month",
    "cost_org_month",
    "cost_reference",
    "coverage",
    "cursor",
    "defect",
    "defect_element",
    "defect_repeat",
    "delivery",
    "element_change",
    "element_decision",
    "element_match",
    "fact_tables",
    "feed_ack",
    "feed_batch",
    "feed_line",
    "link_decision",
    "located_ground",
    "location_decision",
    "mention",
    "metadata",
    "outbox",
    "outlook",
    "pace",
    "place",
    "place_alias",
    "property_set",
    "quarantine",
    "raw_page",
    "recon_item",
    "recovery",
    "recovery_case",
    "repair_plan",
    "responsibility",
    "run",
    "space_element",
    "system_element",
    "taken_file",
    "ticket",
    "weight_decision",
]
