"""The ERP's books of one entity, its tickets and approvals, as the hub has synced them: what the feed is tried with."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from tests.pipelines.fake import NOW, FakeSource, fake_hub
from warranty_hub.pipelines.feed import publish_feed
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.rollup import roll_up_costs
from warranty_hub.warehouse.tables import cost_line, fact_tables

period = fact_tables["period"]
ticket = fact_tables["ticket"]
responsibility = fact_tables["responsibility"]


class Books:
    """The ERP's books of entity 1000 as the hub has synced them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        hub = fake_hub(engine, FakeSource([]))
        self.hub: Hub = replace(hub, settings=hub.settings.model_copy(update={"folder": folder}))
        self.landed = folder / "feed/1000"
        for month in range(1, 7):
            self.set_period(f"2025-{month:02d}", "OPEN" if month >= 5 else "CLOSED")
        self.report("WX1")

    def set_period(self, name: str, status: str, first: str | None = None, last: str | None = None) -> None:
        values = {"source_system": "sap", "source_id": name, "company_code": "1000", "period": name, "run_id": 1}
        values |= {"first_day": first or f"{name}-01", "last_day": last}
        with self.hub.engine.begin() as db:
            db.execute(text("DELETE FROM hub.period WHERE source_id = :name"), {"name": name})
            db.execute(period.insert().values(**values, status=status))

    def post(self, document: str, amount: str, name: str = "2025-05", version: int = 1, **changes: Any) -> None:
        values = {
            "source_system": "sap", "source_id": document, "fact_version": version, "company_code": "1000",
            "fiscal_year": "2025", "document_no": document, "item_no": "1", "account": "6401",
            "category": "SUBCONTRACT", "stage": "ACTUAL",
            "posting_date": f"{name}-05", "period": name, "amount": Decimal(amount), "currency": "CNY",
            "base_amount": Decimal(amount), "base_currency": "CNY", "project_code": "P01", "assignment": "WX1",
            "is_reversed": False, "run_id": 1, **changes,
        }  # fmt: skip
        with self.hub.engine.begin() as db:
            db.execute(cost_line.insert().values(values))

    def blame(self, party: str, version: int = 1) -> None:
        with self.hub.engine.begin() as db:
            db.execute(responsibility.insert().values(_share(party, version)))

    def report(self, number: str, state: str = "CLOSED", **changes: Any) -> None:
        with self.hub.engine.begin() as db:
            db.execute(ticket.insert().values(_ticket(number, state) | changes))

    def approve(self, number: str, amount: str, day: str = "2025-05-20") -> None:
        """A plan for a ticket, and the OA's word on it."""
        names = {"plan_no": f"FA-{number}", "ticket_no": number, "run_id": 1}
        plan = {"source_system": "wms", "source_id": number, "version": 1, "text": "重做防水", "currency": "CNY"}
        decided = {"decided_at": f"{day}T10:00+08:00", "title": "维修方案", "state": "APPROVED", "amount": Decimal(amount)}
        with self.hub.engine.begin() as db:
            db.execute(
                fact_tables["repair_plan"]
                .insert()
                .values(**names, **plan, amount=Decimal(amount), state="SUBMITTED", approval_id=number, changed_at=NOW)
            )
            db.execute(fact_tables["approval"].insert().values(**names, **decided, source_system="oa", source_id=number))

    def balance(self, account: str, name: str, debit: str) -> None:
        values = {"source_system": "sap", "source_id": f"{account}/{name}", "company_code": "1000", "run_id": 1}
        moved = {"account": account, "period": name, "currency": "CNY", "debit": Decimal(debit), "credit": 0}
        with self.hub.engine.begin() as db:
            db.execute(fact_tables["gl_balance"].insert().values(**values, **moved))

    def publish(self, **how: Any) -> None:
        roll_up_costs(self.hub)
        publish_feed(self.hub, "1000", **how)

    def findings(self) -> list[str]:
        """What the gate found last."""
        return [
            words
            for (words,) in self.rows(
                "SELECT DISTINCT jsonb_array_elements_text(findings) FROM hub.feed_batch WHERE state = 'HELD' ORDER BY 1"
            )
        ]

    def lines(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT b.period, b.seq, l.kind, l.facts_period, l.party_code, l.amount FROM hub.feed_line l "
            "JOIN hub.feed_batch b USING (batch_id) ORDER BY b.batch_id, l.amount, l.party_code"
        )

    def batches(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT period, seq, state, lines FROM hub.feed_batch ORDER BY batch_id")

    def published(self) -> dict[str, Decimal]:
        rows = self.rows("SELECT source_id, sum(amount) FROM hub.feed_line GROUP BY 1 HAVING sum(amount) <> 0")
        return dict(rows)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.hub.engine.connect() as db:
            return [tuple(row) for row in db.execute(text(query))]


def _ticket(number: str, state: str) -> dict[str, Any]:
    moment = {"reported_at": NOW, "changed_at": NOW, "run_id": 1}
    names = {"source_system": "wms", "source_id": number, "ticket_no": number, "project_code": "P01", "building_code": "3"}
    return {**names, **moment, "description": "渗水", "urgency": "NORMAL", "reported_state": state}


def _share(party: str, version: int) -> dict[str, Any]:
    names = {"source_system": "wms", "source_id": f"{version}/{party}", "ticket_no": "WX1", "party_code": party}
    return {
        **names,
        "version": version,
        "cause": "CONSTRUCTION",
        "share_bp": 10_000,
        "finality": "FINAL",
        "changed_at": NOW,
        "run_id": 1,
    }
