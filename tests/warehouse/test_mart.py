"""BI tools find the columns that the page promises, and a figure leads down to voucher, ticket and element."""

from pathlib import Path

from sqlalchemy import Engine, text

from warranty_hub.warehouse.database import migrate
from warranty_hub.warehouse.mart import VIEWS, page

ROOT = Path(__file__).parents[2]


def test_the_page_promises_other_views_than_there_are() -> None:
    assert (ROOT / "docs/mart.md").read_text(encoding="utf-8") == page()


def test_a_view_lacks_a_promised_column_or_a_column_its_meaning(warehouse: Engine) -> None:
    query = """
        SELECT c.table_name, c.column_name, d.description AS meaning
        FROM information_schema.columns c
        JOIN pg_description d ON d.objoid = format('mart.%I', c.table_name)\\:\\:regclass AND d.objsubid = c.ordinal_position
        WHERE c.table_schema = 'mart' AND c.table_name = ANY(:views)
        ORDER BY c.table_name, c.ordinal_position"""
    with warehouse.connect() as db:
        rows = db.execute(text(query), {"views": [view.name for view in VIEWS]}).all()
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row.table_name, {})[row.column_name] = row.meaning
    assert found == {view.name: {name: f"{zh} | {en}" for name, (zh, en) in view.columns.items()} for view in VIEWS}


def test_every_view_can_be_read_by_the_reader_and_made_twice(warehouse: Engine) -> None:
    with warehouse.begin() as db:
        if not db.execute(text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_reader')")).scalar_one():
            db.execute(text("CREATE ROLE hub_reader"))
    migrate(warehouse)
    with warehouse.begin() as db:
        db.execute(text("SET LOCAL ROLE hub_reader"))
        for view in VIEWS:
            assert db.execute(text(f"SELECT * FROM mart.{view.name}")).all() == []
