"""What people see for a code: the lexicon's labels, and those of the codes that only costs have."""

from mappings.lexicon import Label, lexicon

_UNLINKED = Label("未关联工单", "not linked to a ticket")
_UNKNOWN = Label("未识别", "not recognised")

_OF_COSTS = {
    ("component", "UNLINKED"): _UNLINKED,
    ("defect_type", "UNLINKED"): _UNLINKED,
    ("component", "UNKNOWN"): _UNKNOWN,
    ("defect_type", "UNKNOWN"): _UNKNOWN,
    ("link_method", "NO_REFERENCE"): Label("无工单号", "no ticket number"),
    ("link_method", "UNKNOWN_TICKET"): Label("工单号不存在", "unknown ticket number"),
    ("link_method", "AMBIGUOUS"): Label("多个工单号", "several ticket numbers"),
}


def label(code_set: str, code: str | None) -> Label:
    """The labels of e.g. ``("component", "C25")``; empty for no code, the code itself where nobody has named it."""
    if not code:
        return Label("", "")
    return _OF_COSTS.get((code_set, code)) or lexicon().label(code_set, code)
