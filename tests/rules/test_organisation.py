"""Whatever the tree was on a day, parents are the sums of their children, and nothing is lost or counted twice."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.rules.organisation import Unit, roll_up

CODES = ["HQ", "EAST", "SOUTH", "P01", "P02", "P03"]
DAYS = st.none() | st.dates(date(2024, 1, 1), date(2026, 1, 1))
UNITS = st.builds(Unit, st.sampled_from(CODES), st.none() | st.sampled_from([*CODES, "GONE"]), st.just("ANY"), DAYS, DAYS)
AMOUNTS = st.dictionaries(st.none() | st.sampled_from([*CODES, "NEW"]), st.integers(-(10**6), 10**6).map(Decimal))


@given(AMOUNTS, st.lists(UNITS, max_size=12), st.dates(date(2024, 1, 1), date(2026, 1, 1)))
def test_a_parent_is_not_the_sum_of_its_children_or_an_amount_falls_out_of_the_tree(
    own: dict[str | None, Decimal], units: list[Unit], day: date
) -> None:
    nodes = roll_up(own, units, day)
    for node in nodes:
        children = [child for child in nodes if child.parent_code == node.code]
        assert node.total == node.own + sum(child.total for child in children)
    assert sum(node.total for node in nodes if node.parent_code is None) == sum(own.values())
    assert len({node.code for node in nodes}) == len(nodes)


def test_a_project_that_moved_takes_its_past_to_its_new_region() -> None:
    units = [
        Unit("HQ", None, "HEADQUARTERS", None, None),
        Unit("EAST", "HQ", "REGION", None, None),
        Unit("SOUTH", "HQ", "REGION", None, None),
        Unit("P01", "EAST", "PROJECT", None, date(2025, 6, 30)),
        Unit("P01", "SOUTH", "PROJECT", date(2025, 7, 1), None),
    ]
    own: dict[str | None, Decimal] = {"P01": Decimal(5)}
    assert [node.code for node in roll_up(own, units, date(2025, 6, 30))] == ["EAST", "HQ", "P01"]
    assert [node.code for node in roll_up(own, units, date(2025, 7, 1))] == ["HQ", "P01", "SOUTH"]
    assert [
        (node.code, node.total) for node in roll_up({"P01": Decimal(5), None: Decimal(1)}, units[:1], date(2025, 1, 1))
    ] == [("UNKNOWN", Decimal(6))]
