"""Several defects in one ticket reach the tables, and change with the ticket."""

from typing import Any

from sqlalchemy import Engine, text

from tests.pipelines.test_models import hub_of, report, rows
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.locate import locate_defects


def defects(hub: Hub) -> list[tuple[Any, ...]]:
    locate_defects(hub, "P03")
    query = "SELECT seq, component_code, defect_type_code, room_code, generation FROM hub.defect ORDER BY ticket_no, seq"
    return [tuple(row.values()) for row in rows(hub, query)]


def rewrite(hub: Hub, description: str) -> None:
    with hub.engine.begin() as db:
        values = {"words": description}
        db.execute(text("UPDATE hub.ticket SET description = :words, changed_tx = pg_current_xact_id()::text::bigint"), values)


def test_each_defect_of_a_ticket_is_a_row(warehouse: Engine) -> None:
    hub = hub_of(warehouse)
    report(hub, "WX1", "主卧飘窗渗水，次卧墙面开裂")
    assert defects(hub) == [(1, "C25", "D01", "R02", 1), (2, "C84", "D02", "R03", 1)]


def test_what_is_denied_past_or_feared_is_no_defect_and_is_not_lost(warehouse: Engine) -> None:
    hub = hub_of(warehouse)
    report(hub, "WX1", "主卧没有漏水，以前厨房漏过，阳台栏杆松动")
    assert defects(hub) == [(1, "C13", "D13", "R09", 1)]
    kept = rows(hub, "SELECT seq, standing, defect_type_code, room_code FROM hub.mention ORDER BY seq")
    assert [list(row.values()) for row in kept] == [[1, "NEGATED", "D01", "R02"], [2, "PAST", "D01", "R05"]]


def test_a_ticket_rewritten_with_fewer_defects_loses_them_and_its_costs_are_split_anew(warehouse: Engine) -> None:
    hub = hub_of(warehouse)
    report(hub, "WX1", "主卧飘窗渗水，次卧墙面开裂")
    defects(hub)
    before = rows(hub, "SELECT max(changed_tx) AS tx FROM hub.defect")[0]["tx"]
    rewrite(hub, "主卧飘窗渗水")
    assert defects(hub) == [(1, "C25", "D01", "R02", 1)]
    assert rows(hub, "SELECT max(changed_tx) AS tx FROM hub.defect")[0]["tx"] > before


def test_a_ticket_that_is_read_again_unchanged_keeps_its_answer(warehouse: Engine) -> None:
    hub = hub_of(warehouse)
    report(hub, "WX1", "主卧飘窗渗水，次卧墙面开裂，没有发霉")
    first = defects(hub)
    rewrite(hub, "主卧飘窗渗水，次卧墙面开裂，没有发霉")
    assert defects(hub) == first
    assert rows(hub, "SELECT count(*) AS n FROM hub.mention")[0]["n"] == 1


def test_tickets_of_two_systems_with_one_number_do_not_share_defects(warehouse: Engine) -> None:
    hub = hub_of(warehouse)
    report(hub, "WX1", "主卧飘窗渗水，次卧墙面开裂")
    report(hub, "WX1", "马桶松动", source_system="other")
    defects(hub)
    counted = rows(hub, "SELECT source_system, count(*) AS n FROM hub.defect GROUP BY 1 ORDER BY 1")
    assert [list(row.values()) for row in counted] == [["other", 1], ["wms", 2]]


def test_words_that_the_lexicon_does_not_know_are_counted(warehouse: Engine) -> None:
    hub = hub_of(warehouse)
    report(hub, "WX1", "主卧飘窗渗水，次卧没电")
    report(hub, "WX2", "阿巴阿巴")
    assert locate_defects(hub, "P03").details["unmapped"] == 2
