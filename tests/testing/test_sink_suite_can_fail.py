"""Each check of the sinks' suite fails for the defect it is there for, and for no other reason."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from _pytest.outcomes import Failed
from sqlalchemy import Engine

from tests.testing import broken_sinks as broken
from warranty_hub.testing.sink_suite import Delivery, SinkSuite
from warranty_hub.testing.suite import Suite

CASES: tuple[tuple[type[broken.WholeSink], str], ...] = (
    (broken.TakesElevenForOne, "test_what_was_made_is_found_by_its_key"),
    (broken.TakesARefusalForAHiccup, "test_a_refusal_is_final"),
    (broken.MakesAnything, "test_another_kind_is_not_performed"),
    (broken.TakesAWrongLoginForAHiccup, "test_a_wrong_login_leaves_the_item_for_later"),
    (broken.SendsAgainWhenCut, "test_http_an_answer_lost_on_the_way_back"),
    (broken.SendsAgainWhenItCannotRead, "test_http_half_an_answer"),
    (broken.TakesSilenceForARefusal, "test_http_silence"),
    (broken.Takes500ForARefusal, "test_http_500"),
    (broken.Takes503ForARefusal, "test_http_503"),
    (broken.Takes429ForARefusal, "test_http_429"),
    (broken.TakesAPageForAReceipt, "test_http_login_page_instead_of_an_answer"),
    (broken.TakesNothingForAReceipt, "test_http_empty_answer"),
)
ONCE = "test_an_item_is_performed_once"
CHECKS: dict[str, Callable[[Any, Delivery], None]] = {
    name: check
    for name, check in inspect.getmembers(SinkSuite, inspect.isfunction)
    if name.startswith("test_") and not hasattr(Suite, name)
}


def failing(engine: Engine, defect: type[broken.WholeSink]) -> set[str]:
    return {name for name in CHECKS if not passes(engine, defect, name)}


def passes(engine: Engine, defect: type[broken.WholeSink], check: str) -> bool:
    with broken.PlanServer() as server:
        try:
            CHECKS[check](None, Delivery(engine, broken.PlansForTests(server, defect)))
        except (Exception, Failed):  # an error that the check did not expect fails it as well, as in pytest
            return False
    return True


@pytest.mark.parametrize(("defect", "check"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_defect_passes_the_suite_of_sinks(shared_warehouse: Engine, defect: type[broken.WholeSink], check: str) -> None:
    assert failing(shared_warehouse, defect) == {check}


def test_a_sink_that_makes_two_passes(shared_warehouse: Engine) -> None:
    """Nor does it pass most other checks, which count as well."""
    assert not passes(shared_warehouse, broken.MakesTwo, ONCE)


def test_a_whole_sink_does_not_pass(shared_warehouse: Engine) -> None:
    assert failing(shared_warehouse, broken.WholeSink) == set()


def test_a_check_has_no_defect_that_fails_it() -> None:
    assert {check for _, check in CASES} | {ONCE} == CHECKS.keys()
