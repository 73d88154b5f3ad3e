"""Which warranty category a defect of a component falls under: a function of both, never of the component alone.

A leaking window is waterproofing (5 years), the same window with a bad handle is finish work (2 years). The periods of each
category and clock are rules (warranty_hub/rules/coverage.py); here is only the category.
"""

from mappings.lexicon.terms import lexicon

WATERPROOFING = "WATERPROOF_5Y"
FINISH = "FINISH_2Y"

_LEAKAGE = "D01"
_LEAK_DECIDES = "LEAK_5Y_ELSE_2Y"
_OF_THE_COMPONENT = "BY_COMPONENT"
_NO_PERIOD = frozenset({"HANDOVER", "CONTRACT", "ROOT_CAUSE"})
_WHATEVER_THE_DEFECT = frozenset({"MEP_2Y", "HVAC_2SEASON", "LIFT_2Y", "AGREED", "ENERGY_5Y_LOCAL", WATERPROOFING})


def warranty_category(component: str | None, defect_type: str | None) -> str | None:
    """The category of a defect type on a component (codes C.. and D..).

    None: nobody can say yet. Either the codes are unknown, or the defect is a matter of handover or contract, or its root
    cause must be found first (mould). Source: 建设工程质量管理条例 art. 40, read with the dictionaries' own columns.
    """
    terms = lexicon()
    part = terms.components.get(component or "")
    fault = terms.defect_types.get(defect_type or "")
    if fault is None or fault.warranty_category in _NO_PERIOD:
        return None
    if part is None:
        return None if fault.warranty_category == _OF_THE_COMPONENT else fault.warranty_category
    if part.warranty_category in _WHATEVER_THE_DEFECT:
        return part.warranty_category
    if fault.code == _LEAKAGE:
        return WATERPROOFING
    if fault.warranty_category != _OF_THE_COMPONENT:
        return fault.warranty_category
    return FINISH if part.warranty_category == _LEAK_DECIDES else part.warranty_category
