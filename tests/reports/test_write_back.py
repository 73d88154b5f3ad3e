"""What a model is told about an element is what the hub knows about it, and names nobody."""

from sqlalchemy import Engine, text

from tests.reports.facts import NAME, PHONE
from warranty_hub.reports.bim.write_back import OWN_SET, element_facts


def test_an_element_learns_of_defects_costs_and_cover(seeded: Engine) -> None:
    with seeded.begin() as db:
        db.execute(
            text(
                "INSERT INTO hub.coverage (source_system, ticket_id, seq, clock, project_code, rule_id, liable, first_day,"
                " last_day, reported_on, state, rules_version)"
                " VALUES ('wms', 'WX1', 1, 'CONTRACTOR', 'P01', 'CN-02', 'GENERAL_CONTRACTOR', '2023-01-01', '2027-12-31',"
                " '2025-04-01', 'COVERED', '1')"
            )
        )
        db.execute(text("DELETE FROM hub.allocation"))
        db.execute(
            text(
                "INSERT INTO hub.allocation (source_system, source_id, part, fact_version, period, ticket_no, ticket_system,"
                " ticket_id, defect_seq, component_code, defect_type_code, cause, stage, currency, amount)"
                " VALUES ('erp', '1', 0, 1, '2025-05', 'WX1', 'wms', 'WX1', 1, 'C25', 'D01', 'UNKNOWN', 'ACTUAL', 'CNY',"
                " 1200.5)"
            )
        )
        facts = element_facts(db, "p01-3")
    assert list(facts) == [1], "only the element that is certain"
    sets = facts[1]
    assert sets["Pset_Warranty"] == {
        "WarrantyIdentifier": "CN-02",
        "WarrantyStartDate": "2023-01-01",
        "WarrantyEndDate": "2027-12-31",
        "IsExtendedWarranty": False,
        "PointOfContact": "GENERAL_CONTRACTOR",
    }
    assert sets["Pset_Condition"]["AssessmentCondition"] == "DEFECTIVE"
    assert sets[OWN_SET]["ActualCostCNY"] == "1200.50"
    assert (sets[OWN_SET]["OpenDefects"], sets[OWN_SET]["ClosedDefects"]) == (1, 0)
    assert NAME not in str(facts)
    assert PHONE not in str(facts)


def test_an_element_whose_cover_is_unknown_is_told_dates(seeded: Engine) -> None:
    with seeded.begin() as db:
        assert "Pset_Warranty" not in element_facts(db, "p01-3")[1]
