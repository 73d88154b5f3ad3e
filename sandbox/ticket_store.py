"""The in-house ticket store of the demo group: a database of its own, tables and codes in the words of those who built it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Column, Date, DateTime, Engine, Integer, MetaData, Numeric, Table, Text, func, select, text

from sandbox.group import ORGANISATION, PROJECTS, SPECIALISTS
from sandbox.history import History

READER = "wms_reader"
"""The role that the hub logs in as: it may read, and nothing else."""

metadata = MetaData()
Local = DateTime(timezone=False)  # Asia/Shanghai, as everyone there knows


def _table(table: str, key: str, /, **columns: type[Any] | Any) -> Table:
    return Table(table, metadata, *(Column(column, kind, primary_key=column == key) for column, kind in columns.items()))


org = _table("t_org", "org_no", org_no=Text, org_name=Text, org_level=Text, parent_no=Text)
project = _table("t_project", "project_no", project_no=Text, project_name=Text, org_no=Text, city=Text)
building = _table(
    "t_building", "id", id=Text, project_no=Text, building_no=Text, building_name=Text, gfa=Numeric(12, 1), accept_date=Date
)
house = _table(
    "t_house", "id", id=Text, project_no=Text, building_no=Text, unit_no=Integer, floor_no=Integer, room_no=Text,
    area=Numeric(8, 2), delivery_date=Date,
)  # fmt: skip
company = _table("t_company", "company_no", company_no=Text, company_name=Text, company_type=Text)
contract = _table(
    "t_contract", "contract_no", contract_no=Text, project_no=Text, company_no=Text, scope=Text, retention_percent=Text,
    amount=Numeric(16, 2),
)  # fmt: skip
customer = _table("t_customer", "id", id=Integer, name=Text, phone=Text, id_card=Text)
repair_order = _table(
    "t_repair_order", "id", id=Integer, order_no=Text, project_no=Text, building_no=Text, address=Text, content=Text,
    qr_text=Text, level=Text, status=Text, source=Text, customer_id=Integer, create_time=Local, promise_time=Local,
    score=Integer, update_time=Local,
)  # fmt: skip
repair_log = _table(
    "t_repair_log", "id", id=Integer, order_no=Text, step_no=Integer, action=Text, action_time=Local, update_time=Local
)
duty = _table(
    "t_duty", "id", id=Integer, order_no=Text, version=Integer, company_no=Text, reason=Text, percent=Numeric(5, 2), final=Text,
    update_time=Local,
)  # fmt: skip
repair_plan = _table(
    "t_repair_plan", "id", id=Integer, plan_no=Text, order_no=Text, version=Integer, content=Text, amount=Numeric(12, 2),
    status=Text, oa_id=Text, update_time=Local,
)  # fmt: skip


def fill_ticket_store(engine: Engine, history: History) -> None:
    """Make the tables and their rows, and a role that may only read them; all or nothing."""
    with engine.begin() as db:
        metadata.create_all(db)
        for table, rows in rows_of(history).items():
            values = list(rows)
            if values:
                db.execute(table.insert(), values)
        if not db.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": READER}).first():
            db.execute(text(f"CREATE ROLE {READER} LOGIN"))
        db.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}"))


def is_filled(engine: Engine) -> bool:
    """Whether an earlier demo filled it."""
    with engine.connect() as db:
        if db.execute(select(func.to_regclass("public.t_repair_order"))).scalar_one() is None:
            return False
        return bool(db.execute(select(func.count()).select_from(repair_order)).scalar_one())


def rows_of(history: History) -> Mapping[Table, Iterable[Mapping[str, Any]]]:
    return {
        org: (dict(zip(org.c.keys(), unit, strict=True)) for unit in ORGANISATION),
        project: (
            {"project_no": item.code, "project_name": item.name, "org_no": item.region, "city": item.city} for item in PROJECTS
        ),
        building: _buildings(),
        house: _houses(),
        company: (
            {"company_no": item.code, "company_name": item.name, "company_type": item.role}
            for item in (*(item.contractor for item in PROJECTS), *SPECIALISTS)
        ),
        contract: _contracts(),
        customer: map(asdict, history.customers),
        repair_order: map(asdict, history.orders),
        repair_log: map(asdict, history.steps),
        duty: map(asdict, history.duties),
        repair_plan: map(asdict, history.plans),
    }


def _buildings() -> Iterable[Mapping[str, Any]]:
    for item in PROJECTS:
        for block in item.buildings:
            yield {
                "id": f"{item.code}-{block.number}", "project_no": item.code, "building_no": str(block.number),
                "building_name": block.name, "gfa": block.gfa_m2, "accept_date": block.accepted,
            }  # fmt: skip


def _houses() -> Iterable[Mapping[str, Any]]:
    for item in PROJECTS:
        for block in item.buildings:
            for flat in block.flats():
                yield {
                    "id": f"{item.code}-{block.number}-{flat.unit}-{flat.room_no}", "project_no": item.code,
                    "building_no": str(block.number), "unit_no": flat.unit, "floor_no": flat.storey, "room_no": flat.room_no,
                    "area": flat.area_m2, "delivery_date": flat.delivered,
                }  # fmt: skip


def _contracts() -> Iterable[Mapping[str, Any]]:
    for item in PROJECTS:
        for number, party in enumerate((item.contractor, *item.specialists), start=1):
            yield {
                "contract_no": f"HT-{item.code}-{number:02d}", "project_no": item.code, "company_no": party.code,
                "scope": "总承包" if number == 1 else party.name[2:4], "retention_percent": "3%",
                "amount": 180_000_000 if number == 1 else 6_500_000 + 350_000 * number,
            }  # fmt: skip
