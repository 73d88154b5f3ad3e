"""Costs arrive at the ticket, the parts sum to the whole, and nothing is dropped because it cannot be linked."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.fake import FakeSource, fake_hub
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.cost_review import decide_link, proposals
from warranty_hub.pipelines.cost_weights import decide_weights
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.records.codes import LinkVerdict
from warranty_hub.warehouse.tables import cost_line, defect, fact_tables

commitment = fact_tables["commitment"]


@pytest.fixture
def hub(warehouse: Engine) -> Hub:
    hub = fake_hub(warehouse, FakeSource([]))
    _ticket(hub, "WX2024-1")
    _cost(hub, "100/1", "WX2024-1", "100.00")
    _cost(hub, "100/2", None, "7.77")
    return hub


def _ticket(hub: Hub, number: str, source: str = "wms", project: str = "P01") -> None:
    with hub.engine.begin() as db:
        db.execute(
            fact_tables["ticket"]
            .insert()
            .values(
                source_system=source,
                source_id=number,
                ticket_no=number,
                project_code=project,
                description="渗水",
                urgency="NORMAL",
                reported_state="CLOSED",
                reported_at=text("now()"),
                changed_at=text("now()"),
                run_id=1,
            )
        )
        for seq, component in ((1, "C25"), (2, "C02"), (3, "C29")):
            db.execute(
                defect.insert().values(
                    source_system=source,
                    ticket_id=number,
                    seq=seq,
                    ticket_no=number,
                    project_code=project,
                    component_code=component,
                    defect_type_code="D01",
                    method="ROOM",
                    confidence=1,
                    state="AUTO",
                    reason="",
                    rule_version="1",
                    generation=1,
                )
            )


def _cost(hub: Hub, source_id: str, ticket_no: str | None, amount: str, **changes: Any) -> None:
    values = {
        "source_system": "sap", "source_id": source_id, "fact_version": 1, "company_code": "1000", "fiscal_year": "2025",
        "category": "SUBCONTRACT",
        "document_no": "100", "item_no": "1", "account": "6401", "stage": "ACTUAL", "posting_date": "2025-03-05",
        "period": "2025-03",
        "amount": Decimal(amount), "currency": "CNY", "base_amount": Decimal(amount), "base_currency": "CNY",
        "project_code": "P01",
        "assignment": ticket_no, "is_reversed": False, "run_id": 1, **changes,
    }  # fmt: skip
    with hub.engine.begin() as db:
        db.execute(cost_line.insert().values(values))


def _share(hub: Hub, version: int, shares: dict[str, int], source: str = "wms") -> None:
    with hub.engine.begin() as db:
        for party, points in shares.items():
            db.execute(
                fact_tables["responsibility"]
                .insert()
                .values(
                    source_system=source,
                    source_id=f"{version}/{party}",
                    ticket_no="WX2024-1",
                    version=version,
                    party_code=party,
                    cause="CONSTRUCTION",
                    share_bp=points,
                    finality="FINAL",
                    changed_at=text("now()"),
                    run_id=1,
                )
            )


def _months(hub: Hub) -> list[tuple[Any, ...]]:
    query = "SELECT period, component_code, cause, party_code, amount FROM mart.cost_month ORDER BY 1, 2, 3, 4"
    with hub.engine.connect() as db:
        return [tuple(row) for row in db.execute(text(query))]


def test_a_line_is_split_over_the_defects_and_an_unlinked_one_is_published_as_such(hub: Hub) -> None:
    roll_up_costs(hub)
    assert _months(hub) == [
        ("2025-03", "C02", "UNKNOWN", "", Decimal("33.330000")),
        ("2025-03", "C25", "UNKNOWN", "", Decimal("33.340000")),
        ("2025-03", "C29", "UNKNOWN", "", Decimal("33.330000")),
        ("2025-03", "UNLINKED", "UNKNOWN", "", Decimal("7.770000")),
    ]


def _linked(hub: Hub) -> dict[str, tuple[str | None, str]]:
    """The source of each line's ticket, and the method."""
    with hub.engine.connect() as db:
        links = {row.source_id: (row.ticket_system, row.method) for row in db.execute(text("SELECT * FROM hub.cost_link"))}
        parts = db.execute(text("SELECT DISTINCT source_id, ticket_system FROM hub.allocation ORDER BY 1")).all()
    assert [(line, system) for line, (system, _) in sorted(links.items())] == [tuple(row) for row in parts]
    return links


def test_a_ticket_of_another_source_with_the_same_number_gets_no_cost_that_is_not_its_own(hub: Hub) -> None:
    _ticket(hub, "WX2024-1", source="zendesk", project="P02")
    _cost(hub, "600/1", "WX2024-1", "5.00", document_no="600", project_code="P02")
    roll_up_costs(hub)
    known = _linked(hub)
    assert (known["100/1"], known["600/1"]) == (("wms", "ASSIGNMENT"), ("zendesk", "ASSIGNMENT"))


def test_a_number_of_two_tickets_in_one_project_waits_for_a_person_who_says_which(hub: Hub) -> None:
    roll_up_costs(hub)
    assert _linked(hub)["100/1"] == ("wms", "ASSIGNMENT")
    _ticket(hub, "WX2024-1", source="zendesk")
    roll_up_costs(hub)
    assert _linked(hub)["100/1"] == (None, "AMBIGUOUS")
    assert [(row.source_id, row.ticket_no, row.ticket_system) for row in proposals(hub)] == [
        ("100/1", "WX2024-1", "wms"),
        ("100/1", "WX2024-1", "zendesk"),
    ]
    with pytest.raises(
        ConfigError, match=r"2 tickets have the number WX2024-1, of these sources: wms \(project P01\), zendesk"
    ):
        decide_link(hub, ("sap", "100/1"), "WX2024-1", LinkVerdict.ACCEPTED, "li")
    decide_link(hub, ("sap", "100/1"), "WX2024-1", LinkVerdict.ACCEPTED, "li", "zendesk")
    roll_up_costs(hub)
    assert _linked(hub)["100/1"] == ("zendesk", "REVIEWED")


def test_a_responsibility_is_of_its_own_sources_ticket_and_of_none_where_it_does_not_say_which(hub: Hub) -> None:
    _ticket(hub, "WX2024-1", source="zendesk", project="P02")
    _cost(hub, "600/1", "WX2024-1", "5.00", document_no="600", project_code="P02")
    _share(hub, 1, {"GC": 10_000})
    _share(hub, 2, {"SUP": 10_000}, source="oa")
    roll_up_costs(hub)
    with hub.engine.connect() as db:
        liable = db.execute(text("SELECT DISTINCT source_id, party_code FROM hub.allocation ORDER BY 1")).all()
    assert [tuple(row) for row in liable] == [("100/1", "GC"), ("100/2", None), ("600/1", None)]


def test_a_later_responsibility_moves_the_cost_to_the_liable_parties(hub: Hub) -> None:
    roll_up_costs(hub)
    _share(hub, 1, {"GC": 10_000})
    _share(hub, 2, {"GC": 3_333, "SUP": 6_667})
    roll_up_costs(hub)
    by_party: dict[str, Decimal] = {}
    for *_, party, amount in _months(hub):
        by_party[party] = by_party.get(party, Decimal(0)) + amount
    assert by_party == {"": Decimal("7.77"), "GC": Decimal("33.33"), "SUP": Decimal("66.67")}


def test_a_changed_line_replaces_its_older_version_in_the_figures(hub: Hub) -> None:
    roll_up_costs(hub)
    _cost(hub, "100/1", "WX2024-1", "50.00", fact_version=2, period="2025-04")
    roll_up_costs(hub)
    assert sum(amount for period, *_, amount in _months(hub) if period == "2025-03") == Decimal("7.77")
    assert sum(amount for period, *_, amount in _months(hub) if period == "2025-04") == Decimal("50.00")


def test_a_line_waits_for_its_ticket_and_is_linked_when_it_arrives(hub: Hub) -> None:
    _cost(hub, "200/1", "WX2024-2", "9.99", document_no="200")
    roll_up_costs(hub)
    assert _methods(hub)["200/1"] == "UNKNOWN_TICKET"
    _ticket(hub, "WX2024-2")
    roll_up_costs(hub)
    assert _methods(hub)["200/1"] == "ASSIGNMENT"


def _order(hub: Hub, order_no: str, item_no: str, ticket_no: str, **changes: Any) -> None:
    values = {
        "source_system": "sap", "source_id": f"{order_no}/{item_no}", "company_code": "1000", "kind": "ORDER",
        "order_no": order_no,
        "item_no": item_no, "amount": Decimal("500.00"), "currency": "CNY", "assignment": ticket_no, "is_closed": False,
        "project_code": "P01", "ordered_on": "2025-02-01", "run_id": 1, **changes,
    }  # fmt: skip
    with hub.engine.begin() as db:
        db.execute(commitment.insert().values(values))


def test_a_line_without_a_reference_stays_unlinked_though_its_order_names_the_ticket(hub: Hub) -> None:
    _cost(hub, "300/1", None, "5.00", document_no="300", order_no="4500001")
    _cost(hub, "301/1", None, "6.00", document_no="301", order_no="4500001", company_code="2000")
    roll_up_costs(hub)
    assert _methods(hub)["300/1"] == "NO_REFERENCE"
    _order(hub, "4500001", "10", "WX2024-1")
    roll_up_costs(hub)
    assert (_methods(hub)["300/1"], _methods(hub)["301/1"]) == ("ORDER", "NO_REFERENCE")


def test_a_proposal_links_by_itself_or_a_decision_is_forgotten_by_the_next_run(hub: Hub) -> None:
    _share(hub, 1, {"GC": 10_000})
    today = datetime.now(tz=UTC).date()
    _cost(hub, "500/1", None, "9.00", document_no="500", supplier_code="GC", posting_date=today + timedelta(days=20))
    _cost(hub, "501/1", None, "9.00", document_no="501", supplier_code="GC", posting_date=today - timedelta(days=20))
    roll_up_costs(hub)
    assert [(row.source_id, row.ticket_no) for row in proposals(hub)] == [("500/1", "WX2024-1")]
    assert _methods(hub)["500/1"] == "NO_REFERENCE"
    decide_link(hub, ("sap", "500/1"), "WX2024-1", LinkVerdict.ACCEPTED, "li")
    roll_up_costs(hub)
    _cost(hub, "500/1", None, "8.00", document_no="500", fact_version=2)
    roll_up_costs(hub)
    assert _methods(hub)["500/1"] == "REVIEWED"
    decide_link(hub, ("sap", "500/1"), "WX2024-1", LinkVerdict.REJECTED, "wang")
    roll_up_costs(hub)
    assert (_methods(hub)["500/1"], proposals(hub)) == ("NO_REFERENCE", [])


@pytest.mark.parametrize("reversal_first", [True, False])
def test_a_reversal_leaves_cost_behind_where_the_decision_moved_in_between(hub: Hub, reversal_first: bool) -> None:
    original = {"document_no": "400", "stage": "ACCRUED", "is_reversed": True}
    back = {"document_no": "401", "reverses_document": "400", "text": "WX2024-9", "project_code": "P02"}

    def post(reversal: bool) -> None:
        if reversal:
            _cost(hub, "401/1", None, "-100.01", period="2025-04", **back)
        else:
            _cost(hub, "400/1", "WX2024-1", "100.01", **original)

    post(reversal_first)
    roll_up_costs(hub)
    _share(hub, 1, {"GC": 3_333, "SUP": 6_667})
    post(not reversal_first)
    roll_up_costs(hub)
    assert _left(hub, "400/1", "401/1") == []
    _share(hub, 2, {"GC": 10_000})
    roll_up_costs(hub)
    assert _left(hub, "400/1", "401/1") == []


def _left(hub: Hub, *source_ids: str) -> list[tuple[Any, ...]]:
    """What the lines leave, by all that a part says."""
    query = """
        SELECT project_code, ticket_no, defect_seq, cause, party_code, stage, sum(amount) FROM hub.allocation
        WHERE source_id = ANY(:ids) GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(amount) <> 0 OR count(*) <> 2"""
    with hub.engine.connect() as db:
        return [tuple(row) for row in db.execute(text(query), {"ids": list(source_ids)})]


def test_nothing_new_means_nothing_to_do(hub: Hub) -> None:
    roll_up_costs(hub)
    before = _months(hub)
    assert roll_up_costs(hub).details["lines"] == 0
    assert _months(hub) == before


def _methods(hub: Hub) -> dict[str, str]:
    with hub.engine.connect() as db:
        return {row.source_id: row.method for row in db.execute(text("SELECT source_id, method FROM hub.cost_link"))}


def test_a_parents_cost_is_not_that_of_its_children_when_the_tree_was_another(hub: Hub) -> None:
    units = (("HQ", None, None, None), ("EAST", "HQ", None, "2025-03-30"), ("EAST", "GONE", "2025-03-31", None))
    with hub.engine.begin() as db:
        for number, (code, parent, first, last) in enumerate(units):
            values = {"source_system": "wms", "source_id": str(number), "name": code, "level": "REGION", "run_id": 1}
            place = {"code": code, "parent_code": parent, "valid_from": first, "valid_to": last}
            db.execute(fact_tables["org_unit"].insert().values(**values, **place))
        project = {"source_system": "wms", "source_id": "P01", "code": "P01", "name": "云湖", "org_code": "EAST", "run_id": 1}
        db.execute(fact_tables["project"].insert().values(project))
    _cost(hub, "600/1", "WX2024-1", "5.00", document_no="600", period="2025-02")
    roll_up_costs(hub)
    query = "SELECT period, org_code, parent_code, own, amount FROM mart.cost_org_month ORDER BY 1, 2"
    with hub.engine.begin() as db:
        assert [tuple(row) for row in db.execute(text(query))] == [
            ("2025-02", "EAST", "HQ", 0, 5),
            ("2025-02", "HQ", None, 0, 5),
            ("2025-02", "P01", "EAST", 5, 5),
            ("2025-03", "EAST", "UNKNOWN", 0, Decimal("107.77")),
            ("2025-03", "P01", "EAST", Decimal("107.77"), Decimal("107.77")),
            ("2025-03", "UNKNOWN", None, 0, Decimal("107.77")),
        ]
        db.execute(text("UPDATE hub.project SET org_code = NULL, changed_tx = pg_current_xact_id()::text::bigint"))
    roll_up_costs(hub)
    with hub.engine.connect() as db:
        assert [row.org_code for row in db.execute(text(query))] == ["P01", "P01"]


def test_a_ticket_that_no_line_names_makes_lines_be_looked_at_again(hub: Hub) -> None:
    _cost(hub, "700/1", "WX2024-7", "1.00", document_no="700")
    _cost(hub, "701/1", "WX2024-8", "1.00", document_no="701", text="WX2024-7 WX2024-9")
    roll_up_costs(hub)
    _ticket(hub, "WX2024-6")
    assert roll_up_costs(hub).details["lines"] == 0
    _ticket(hub, "WX2024-9")
    assert roll_up_costs(hub).details["lines"] == 1
    assert _methods(hub)["701/1"] == "TEXT"
    _ticket(hub, "WX2024-7")
    assert roll_up_costs(hub).details["lines"] == 2
    assert (_methods(hub)["700/1"], _methods(hub)["701/1"]) == ("ASSIGNMENT", "AMBIGUOUS")
    _ticket(hub, "WX2024-8")
    roll_up_costs(hub)
    assert _methods(hub)["701/1"] == "ASSIGNMENT"


def test_a_line_that_names_the_plan_instead_of_the_ticket_stays_unlinked(hub: Hub) -> None:
    _cost(hub, "800/1", None, "1.00", document_no="800", order_no="4500009")
    _order(hub, "4500009", "10", "FA-77")
    roll_up_costs(hub)
    assert _methods(hub)["800/1"] == "UNKNOWN_TICKET"
    values = {
        "source_system": "wms", "source_id": "77", "plan_no": "FA-77", "ticket_no": "WX2024-1", "version": 1, "text": "防水",
        "amount": Decimal(500), "currency": "CNY", "state": "SUBMITTED", "changed_at": datetime.now(tz=UTC), "run_id": 1,
    }  # fmt: skip
    with hub.engine.begin() as db:
        db.execute(fact_tables["repair_plan"].insert().values(values))
    roll_up_costs(hub)
    assert _methods(hub)["800/1"] == "ORDER"


def _components(hub: Hub) -> dict[str, Decimal]:
    return {component: amount for _, component, _, _, amount in _months(hub)}


def test_a_persons_weights_split_the_cost_until_its_defects_are_others(hub: Hub) -> None:
    roll_up_costs(hub)
    decide_weights(hub, "WX2024-1", {1: 7, 3: 3}, "li")
    roll_up_costs(hub)
    assert _components(hub) == {"C25": Decimal(70), "C29": Decimal(30), "UNLINKED": Decimal("7.77")}
    with hub.engine.begin() as db:
        db.execute(text("UPDATE hub.defect SET seq = seq + 10, changed_tx = pg_current_xact_id()::text::bigint"))
    roll_up_costs(hub)
    even = {"C25": Decimal("33.34"), "C02": Decimal("33.33"), "C29": Decimal("33.33"), "UNLINKED": Decimal("7.77")}
    assert _components(hub) == even
    decide_weights(hub, "WX2024-1", {12: 1}, "li")
    roll_up_costs(hub)
    assert _components(hub) == {"C02": Decimal(100), "UNLINKED": Decimal("7.77")}
    decide_weights(hub, "WX2024-1", {}, "wang")
    roll_up_costs(hub)
    assert _components(hub) == even


@pytest.mark.parametrize(
    ("ticket_no", "weights", "complaint"),
    [
        ("WX2024-1", {4: 1}, "Ticket WX2024-1 has no defect 4; it has: 1, 2, 3"),
        ("WX2024-1", {1: 0, 2: 0}, "The weights of ticket WX2024-1 are 0, 0"),
        ("WX2024-1", {1: 3, 2: -1}, "The weights of ticket WX2024-1 are 3, -1"),
        ("WX2024-9", {1: 1}, "The hub knows no ticket WX2024-9"),
    ],
)
def test_weights_that_mean_nothing_are_kept(hub: Hub, ticket_no: str, weights: dict[int, int], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        decide_weights(hub, ticket_no, weights, "li")
