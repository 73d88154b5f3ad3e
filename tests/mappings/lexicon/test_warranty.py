"""The warranty category: a wrong one makes the contractor or the owner pay for years too long or too short."""

import pytest

from mappings.lexicon import warranty_category


@pytest.mark.parametrize(
    ("component", "defect_type", "category"),
    [
        ("C25", "D01", "WATERPROOF_5Y"),  # a leaking window
        ("C25", "D15", "FINISH_2Y"),  # the same window, its handle
        ("C25", "D11", "FINISH_2Y"),
        ("C01", "D01", "WATERPROOF_5Y"),
        ("C01", "D04", "FINISH_2Y"),  # facade tiles
        ("C06", "D01", "WATERPROOF_5Y"),
        ("C35", "D11", "WATERPROOF_5Y"),  # the membrane itself
        ("C05", "D02", "STRUCTURE_LIFE"),  # a crack follows its host
        ("C02", "D02", "FINISH_2Y"),
        ("C05", "D01", "WATERPROOF_5Y"),
        ("C84", "D25", "STRUCTURE_LIFE"),  # bare reinforcement, wherever it shows
        ("C48", "D01", "MEP_2Y"),  # a leaking pipe is no waterproofing
        ("C59", "D01", "HVAC_2SEASON"),
        ("C75", "D22", "LIFT_2Y"),
        ("C80", "D09", "AGREED"),
        ("C36", "D04", "ENERGY_5Y_LOCAL"),
        (None, "D01", "WATERPROOF_5Y"),
        (None, "D16", "MEP_2Y"),
        (None, "D02", None),  # a crack in what?
        ("C84", "D07", None),  # mould: the cause decides
        ("C25", "D12", None),  # scratches: at handover only
        ("C25", None, None),
        ("C999", "D999", None),
    ],
)
def test_the_category_follows_component_and_defect_together(
    component: str | None, defect_type: str | None, category: str | None
) -> None:
    assert warranty_category(component, defect_type) == category
