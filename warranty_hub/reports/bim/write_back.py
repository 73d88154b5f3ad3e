"""What a model is told about its elements' warranty and defects, as property sets by STEP id."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from connectors.bim.write_back import Properties
from mappings.lexicon import label
from warranty_hub.money import quantise
from warranty_hub.rules.tickets import NOT_COUNTED, SETTLED

OWN_SET = "WarrantyHub_Defects"
"""Not ``Pset_``: buildingSMART keeps that prefix for its own."""


def element_facts(db: Connection, model_id: str) -> dict[int, dict[str, Properties]]:
    """The sets of every element of the model's current revision that has a certain defect; no person stands in them."""
    asked = {"model": model_id, "done": sorted(SETTLED), "not_counted": sorted(NOT_COUNTED)}
    costs: dict[int, dict[str, str]] = {}
    for row in db.execute(text(_COSTS), asked):
        costs.setdefault(row.step_id, {})[f"ActualCost{row.currency}"] = str(quantise(row.amount, row.currency))
    return {row.step_id: _sets(row, costs.get(row.step_id, {})) for row in db.execute(text(_ELEMENTS), asked)}


def _sets(row: Any, costs: Mapping[str, str]) -> dict[str, Properties]:
    defect = label("defect_type", row.defect_type_code)
    last = " ".join(filter(None, (defect.zh, defect.en)))
    own = {"OpenDefects": row.open, "ClosedDefects": row.closed, "LastDefect": last, "LastReportedOn": row.reported_on, **costs}
    condition = {
        "AssessmentDate": row.reported_on,
        "AssessmentCondition": "DEFECTIVE" if row.open else "REPAIRED",
        "AssessmentDescription": last,
    }
    return {"Pset_Condition": condition, OWN_SET: own, **_warranty(row)}


def _warranty(row: Any) -> dict[str, Properties]:
    """Of the contractor's clock; where no date is known nothing is said."""
    if row.first_day is None and row.last_day is None:
        return {}
    said = {
        "WarrantyIdentifier": row.rule_id,
        "WarrantyStartDate": row.first_day,
        "WarrantyEndDate": row.last_day,
        "IsExtendedWarranty": "+" in row.rule_id,
        "PointOfContact": row.liable,
    }
    return {"Pset_Warranty": {name: value for name, value in said.items() if value is not None}}


_DEFECTS = """
    SELECT e.step_id, d.source_system, d.ticket_id, d.ticket_no, d.seq, d.defect_type_code, t.reported_at,
           t.reported_state = ANY(:done) AS done
    FROM hub.bim_revision r
    JOIN hub.bim_element_revision e ON e.revision_id = r.revision_id
    JOIN hub.defect d ON d.element_key = e.element_key
    JOIN hub.ticket t ON t.source_system = d.source_system AND t.source_id = d.ticket_id AND t.deleted_at IS NULL
    WHERE r.model_id = :model AND r.current AND NOT t.reported_state = ANY(:not_counted)"""

_ELEMENTS = f"""
    WITH defect AS ({_DEFECTS}),
    newest AS (SELECT DISTINCT ON (step_id) * FROM defect ORDER BY step_id, reported_at DESC, source_system, ticket_id, seq)
    SELECT n.step_id, n.defect_type_code, c.rule_id, c.liable, c.first_day::text, c.last_day::text,
           coalesce(c.reported_on, n.reported_at::date)::text AS reported_on,
           (SELECT count(*) FROM defect WHERE step_id = n.step_id AND NOT done) AS open,
           (SELECT count(*) FROM defect WHERE step_id = n.step_id AND done) AS closed
    FROM newest n
    LEFT JOIN hub.coverage c ON (c.source_system, c.ticket_id, c.seq) = (n.source_system, n.ticket_id, n.seq)
        AND c.clock = 'CONTRACTOR'
    ORDER BY n.step_id"""

_COSTS = f"""
    WITH defect AS ({_DEFECTS})
    SELECT defect.step_id, a.currency, sum(a.amount) AS amount
    FROM defect JOIN hub.allocation a ON a.stage = 'ACTUAL'
        AND (a.ticket_system, a.ticket_id, a.defect_seq) = (defect.source_system, defect.ticket_id, defect.seq)
    GROUP BY defect.step_id, a.currency ORDER BY 1, 2"""
