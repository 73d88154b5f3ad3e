"""Accruals, commitments and estimates give way to what follows them, in the rollup and in what finance has received."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.pipelines.books import Books
from tests.pipelines.fake import NOW
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.warehouse.ledger import SAID, chain, content_hash, falsified, line_id
from warranty_hub.warehouse.tables import cost_line, coverage, defect, fact_tables, place

NOW_TOUCHED = text("pg_current_xact_id()::text::bigint")


@pytest.fixture
def books(warehouse: Engine, tmp_path: Path) -> Books:
    return Books(warehouse, tmp_path)


def _accrue(books: Books, document: str = "SB1", amount: str = "100.00", **changes: Any) -> None:
    books.post(document, amount, "2025-05", stage="ACCRUED", supplier_code="GC", **changes)


def _invoice(books: Books, document: str = "KR1", amount: str = "95.00", **changes: Any) -> None:
    books.post(document, amount, "2025-06", supplier_code="GC", **changes)


def _change(books: Books, source_id: str, **values: Any) -> None:
    with books.hub.engine.begin() as db:
        where = cost_line.c.source_id == source_id
        db.execute(cost_line.update().where(where).values(**values, changed_tx=NOW_TOUCHED))


def _published(books: Books) -> list[tuple[Any, ...]]:
    return books.rows("""
        SELECT l.source_id, b.period, l.facts_period, l.kind, l.stage, l.amount, coalesce(accrual.source_id, '')
        FROM hub.feed_line l JOIN hub.feed_batch b USING (batch_id)
        LEFT JOIN hub.feed_line accrual ON accrual.line_id = l.settles_line AND accrual.kind = 'NEW'
        ORDER BY b.batch_id, l.source_id DESC, l.kind DESC, l.amount""")


def _sums(books: Books) -> dict[tuple[str, str], Decimal]:
    """What the published lines come to, by facts' period and stage."""
    rows = books.rows("SELECT facts_period, stage, sum(amount) FROM hub.feed_line GROUP BY 1, 2 HAVING sum(amount) <> 0")
    return {(period, stage): amount for period, stage, amount in rows}


def test_an_accrual_stays_published_beside_its_invoice_or_its_month_is_rewritten(books: Books) -> None:
    _accrue(books)
    books.publish()
    books.set_period("2025-05", "CLOSED")
    _invoice(books)
    books.publish()
    assert _published(books) == [
        ("SB1", "2025-05", "2025-05", "NEW", "ACCRUED", Decimal(100), ""),
        ("SB1", "2025-06", "2025-06", "NEW", "ACCRUED", Decimal(-100), "SB1"),
        ("KR1", "2025-06", "2025-06", "NEW", "ACTUAL", Decimal(95), ""),
    ]
    months = books.rows("SELECT period, stage, sum(amount) FROM mart.cost_month GROUP BY 1, 2 ORDER BY 1, 2")
    assert months == [("2025-05", "ACCRUED", 100), ("2025-06", "ACCRUED", -100), ("2025-06", "ACTUAL", 95)]
    with books.hub.engine.connect() as db:
        assert list(falsified(db, "1000")) == []


def test_an_accrual_whose_invoice_vanished_stays_taken_back(books: Books) -> None:
    _accrue(books)
    _invoice(books)
    books.publish()
    _change(books, "KR1", deleted_at=NOW)
    books.publish()
    assert _sums(books) == {("2025-05", "ACCRUED"): Decimal(100)}
    _change(books, "KR1", deleted_at=None)
    books.publish()
    assert _sums(books) == {
        ("2025-05", "ACCRUED"): Decimal(100),
        ("2025-06", "ACCRUED"): Decimal(-100),
        ("2025-06", "ACTUAL"): Decimal(95),
    }


def test_an_accrual_is_taken_back_by_the_erp_and_by_us(books: Books) -> None:
    _accrue(books)
    _invoice(books)
    books.publish()
    _change(books, "SB1", is_reversed=True)
    books.post("SB2", "-100.00", "2025-06", stage="ACCRUED", supplier_code="GC", reverses_document="SB1")
    books.publish()
    assert _sums(books)["2025-06", "ACCRUED"] == -100
    assert books.published() == {"SB1": Decimal(100), "SB2": Decimal(-100), "KR1": Decimal(95)}


def test_a_decision_after_the_settlement_leaves_a_part_with_the_wrong_party(books: Books) -> None:
    _accrue(books)
    _invoice(books)
    books.publish()
    books.blame("GC")
    books.publish()
    left = books.rows("""
        SELECT coalesce(party_code, ''), stage, sum(amount) FROM hub.feed_line GROUP BY 1, 2 HAVING sum(amount) <> 0""")
    assert left == [("GC", "ACTUAL", 95)]
    dangling = books.rows("""
        SELECT s.line_id FROM hub.feed_line s JOIN hub.feed_line a ON a.line_id = s.settles_line
        WHERE NOT EXISTS (SELECT FROM hub.feed_line r WHERE r.corrects_line = s.line_id)
          AND EXISTS (SELECT FROM hub.feed_line r WHERE r.corrects_line = a.line_id)""")
    assert dangling == []


def test_a_moved_invoice_leaves_the_accrual_of_its_former_ticket_taken_back(books: Books) -> None:
    books.report("WX2")
    _accrue(books)
    _invoice(books)
    books.publish()
    _change(books, "KR1", assignment="WX2")
    books.publish()
    assert _sums(books) == {("2025-05", "ACCRUED"): Decimal(100), ("2025-06", "ACTUAL"): Decimal(95)}


def _order(books: Books, item: str, amount: str, **changes: Any) -> None:
    values = {
        "source_system": "sap", "source_id": f"45/{item}/{changes.get('kind', '')}", "company_code": "1000", "kind": "ORDER",
        "order_no": "45", "item_no": item, "ordered_on": "2025-05-03", "amount": Decimal(amount), "currency": "CNY",
        "supplier_code": "GC", "assignment": "FA-WX2", "is_closed": False, "run_id": 1, **changes,
    }  # fmt: skip
    with books.hub.engine.begin() as db:
        db.execute(fact_tables["commitment"].insert().values(values))


def _stages(books: Books) -> dict[str, Decimal]:
    roll_up_costs(books.hub)
    return dict(books.rows("SELECT stage, sum(amount) FROM mart.cost_month GROUP BY 1 HAVING sum(amount) <> 0"))


def test_a_plan_its_order_and_its_invoice_are_counted_beside_each_other(books: Books) -> None:
    books.report("WX2", "IN_REPAIR")
    books.approve("WX2", "1000.00")
    assert _stages(books) == {"ESTIMATE": 1000}
    _order(books, "10", "600.00")
    _order(books, "20", "300.00")
    assert _stages(books) == {"ESTIMATE": 100, "COMMITTED": 900}
    _accrue(books, amount="250.00", assignment=None, order_no="45")
    assert _stages(books) == {"ESTIMATE": 100, "COMMITTED": 650, "ACCRUED": 250}
    _invoice(books, amount="270.00", assignment=None, order_no="45")
    assert _stages(books) == {"ESTIMATE": 100, "COMMITTED": 630, "ACTUAL": 270}
    with books.hub.engine.begin() as db:
        db.execute(text("UPDATE hub.ticket SET reported_state = 'CLOSED', changed_tx = pg_current_xact_id()::text::bigint"))
        db.execute(text("UPDATE hub.commitment SET is_closed = true, changed_tx = pg_current_xact_id()::text::bigint"))
    assert _stages(books) == {"ACTUAL": 270}
    assert books.batches() == []


def test_an_invoice_for_an_order_is_a_commitment_of_its_own(books: Books) -> None:
    _order(books, "10", "600.00")
    _order(books, "10", "150.00", kind="ORDER_INVOICE", is_closed=True)
    _order(books, "10", "200.00", kind="ORDER_INVOICE", source_id="parked")
    _order(books, "1", "40.00", kind="INVOICE", order_no="5100001")
    assert _stages(books) == {"COMMITTED": 490}


def test_a_plan_that_was_turned_down_or_an_older_version_of_one_is_an_estimate(books: Books) -> None:
    books.report("WX2", "IN_REPAIR")
    books.approve("WX2", "1000.00")
    with books.hub.engine.begin() as db:
        db.execute(
            text("""
            INSERT INTO hub.repair_plan (source_system, source_id, plan_no, ticket_no, version, text, amount, currency, state,
                                         changed_at, run_id)
            SELECT source_system, 'second', plan_no, ticket_no, 2, text, 700, currency, state, changed_at, run_id
            FROM hub.repair_plan""")
        )
    assert _stages(books) == {"ESTIMATE": 700}
    with books.hub.engine.begin() as db:
        db.execute(
            text(
                "UPDATE hub.approval SET state = 'REJECTED', plan_version = 2, changed_tx = pg_current_xact_id()::text::bigint"
            )
        )
    assert _stages(books) == {}


def _defect(books: Books, ticket_no: str, state: str) -> None:
    """A leaking window in the bedroom, covered or not."""
    key = {"source_system": "wms", "ticket_id": ticket_no, "seq": 1}
    found = {"method": "ROOM", "confidence": 1, "state": "AUTO", "reason": "", "rule_version": "1", "generation": 1}
    words = {"component_code": "C25", "defect_type_code": "D01", "place_id": "P01/3/U2/1501/主卧"}
    clock = {"clock": "CONTRACTOR", "rule_id": "CN-02", "liable": "GC", "reported_on": NOW, "rules_version": "1"}
    with books.hub.engine.begin() as db:
        db.execute(defect.insert().values(**key, ticket_no=ticket_no, project_code="P01", **words, **found))
        db.execute(coverage.insert().values(**key, project_code="P01", state=state, **clock))


def test_who_pays_or_the_third_time_is_not_said_in_rollup_mart_and_ledger(books: Books) -> None:
    with books.hub.engine.begin() as db:
        values = {"place_id": "P01/3/U2/1501/主卧", "kind": "ROOM", "project_code": "P01", "name": "主卧", "origin": "MODEL"}
        db.execute(place.insert().values(values))
    books.blame("GC")
    books.post("A", "100.00", supplier_code="SUP")
    _defect(books, "WX1", "EXPIRED")
    for number in ("WX0", "WX00"):
        books.report(number)
        _defect(books, number, "COVERED")
    books.publish()
    assert roll_up_costs(books.hub).details["lines"] == 0
    said = "party_code, repairer_code, payer, finality"
    for table in ("mart.cost_month", "mart.cost_line_detail", "hub.feed_line", "mart.published_cost"):
        assert books.rows(f"SELECT {said} FROM {table}") == [("GC", "SUP", "OWNER", "FINAL")]
    assert books.rows("SELECT is_repeat FROM mart.cost_month") == [(True,)]
    assert books.rows("SELECT repeat_no, responsibility_version, share_bp FROM hub.feed_line") == [(3, 1, 10_000)]
    assert books.rows("SELECT ticket_no, repeat_no FROM mart.repeat_defect ORDER BY 2") == [("WX00", 2), ("WX1", 3)]
    with books.hub.engine.begin() as db:
        db.execute(
            text(
                "UPDATE hub.ticket SET reported_state = 'DUPLICATE', changed_tx = pg_current_xact_id()::text::bigint "
                "WHERE ticket_no = 'WX00'"
            )
        )
    roll_up_costs(books.hub)
    assert books.rows("SELECT is_repeat FROM mart.cost_month") == [(False,)]


def test_the_basis_changes_with_the_settings_or_the_gate_ties_the_wrong_amount(books: Books) -> None:
    gross = books.hub.settings.model_copy(update={"costs": type(books.hub.settings.costs)(basis={"1000": "GROSS"})})
    books.post("A", "100.00", tax_amount=Decimal("9.00"))
    books.post("B", "100.00", tax_amount=Decimal("9.00"), is_deductible=False)
    books.publish()
    object.__setattr__(books.hub, "settings", gross)
    books.post("C", "100.00", tax_amount=Decimal("9.00"))
    books.balance("6401", "2025-05", "318.00")
    with books.hub.engine.begin() as db:
        db.execute(text("UPDATE hub.ticket SET changed_tx = pg_current_xact_id()::text::bigint"))
    books.publish()
    assert books.published() == {"A": Decimal(100), "B": Decimal(109), "C": Decimal(109)}
    assert books.findings() == []
    assert books.rows("SELECT document_no, basis, net, tax, gross, cost FROM mart.voucher_line ORDER BY 1") == [
        ("A", "NET", 100, 9, 109, 100), ("B", "GROSS", 100, 9, 109, 109), ("C", "GROSS", 100, 9, 109, 109),
    ]  # fmt: skip


def test_a_batch_that_was_sealed_when_lines_said_less_does_not_prove_any_more(books: Books) -> None:
    books.post("A", "100.00")
    books.publish()
    with books.hub.engine.begin() as db:
        db.execute(text("SET session_replication_role = replica"))  # make of it what version 1 would have sealed
        db.execute(text("UPDATE hub.feed_batch SET schema_version = 1"))
        before = ""
        for batch in db.execute(text("SELECT * FROM hub.feed_batch ORDER BY batch_id")).all():
            for line in db.execute(text("SELECT * FROM hub.feed_line WHERE batch_id = :id"), {"id": batch.batch_id}).all():
                said = [getattr(line, column) for column in SAID[1]]
                db.execute(
                    text("UPDATE hub.feed_line SET line_id = :new, payer = NULL, category = NULL WHERE line_id = :old"),
                    {"old": line.line_id, "new": line_id(batch.period, batch.seq, said)},
                )
            content = content_hash(db, batch.batch_id)
            before = chain(before, batch.period, batch.seq, content)
            values = {"content": content, "chain": before, "id": batch.batch_id}
            db.execute(
                text("UPDATE hub.feed_batch SET content_hash = :content, chain_hash = :chain WHERE batch_id = :id"), values
            )
        db.execute(text("SET session_replication_role = DEFAULT"))
    books.post("B", "7.00")
    books.publish()
    with books.hub.engine.connect() as db:
        assert list(falsified(db, "1000")) == []
    assert {version for (version,) in books.rows("SELECT schema_version FROM hub.feed_batch")} == {1, 2}


def test_a_plan_of_a_number_that_two_sources_share_is_lost_or_goes_to_one_of_them(books: Books) -> None:
    for source, project in (("north", "P01"), ("south", "P02")):
        books.report("R-1", "IN_REPAIR", source_system=source, project_code=project)
    books.approve("R-1", "1000.00")
    _order(books, "1", "300.00", assignment="R-1", project_code="P02")
    assert _stages(books) == {"ESTIMATE": 1000, "COMMITTED": 300}
    assert books.rows("SELECT stage, ticket_system, component_code FROM hub.outlook ORDER BY 1") == [
        ("COMMITTED", "south", "UNKNOWN"),
        ("ESTIMATE", None, "UNLINKED"),
    ]
