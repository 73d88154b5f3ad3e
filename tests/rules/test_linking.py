"""A line is linked by what it says, or not at all."""

import pytest

from warranty_hub.rules.linking import LinkMethod, link

KNOWN = {"WX2024-00001": "WX2024-00001", "WX2024-00002": "WX2024-00002", "FA-7": "WX2024-00002"}


@pytest.mark.parametrize(
    ("assignment", "text", "ticket", "method"),
    [
        ("WX2024-00001", None, "WX2024-00001", LinkMethod.ASSIGNMENT),
        (" WX2024-00001 ", "WX2024-00002", "WX2024-00001", LinkMethod.ASSIGNMENT),
        ("FA-7", "WX2024-00001", "WX2024-00002", LinkMethod.ASSIGNMENT),
        (None, "FA-7 WX2024-00002", "WX2024-00002", LinkMethod.TEXT),
        ("", "维修 WX2024-00002 防水", "WX2024-00002", LinkMethod.TEXT),
        ("PO-77", "工单WX2024-00002", "WX2024-00002", LinkMethod.TEXT),
        (None, "WX2024-00001 与 WX2024-00002", None, LinkMethod.AMBIGUOUS),
        ("WX2099-99999", None, None, LinkMethod.UNKNOWN_TICKET),
        (None, "零星维修", None, LinkMethod.NO_REFERENCE),
    ],
)
def test_a_line_goes_to_the_ticket_it_names_and_never_to_a_guess(
    assignment: str | None, text: str | None, ticket: str | None, method: LinkMethod
) -> None:
    found = link(assignment, text, KNOWN)
    assert (found.ticket_no, found.method) == (ticket, method)


@pytest.mark.parametrize(
    ("assignment", "text", "ordered", "ticket", "method"),
    [
        ("WX2024-00001", None, {"WX2024-00002"}, "WX2024-00001", LinkMethod.ASSIGNMENT),
        ("4500001", "WX2024-00001", {"WX2024-00002", "gone"}, "WX2024-00002", LinkMethod.ORDER),
        (None, "WX2024-00001", {"WX2024-00001", "WX2024-00002"}, "WX2024-00001", LinkMethod.TEXT),
        (None, None, {"WX2024-00001", "WX2024-00002"}, None, LinkMethod.AMBIGUOUS),
        (None, None, {"WX2099-99999"}, None, LinkMethod.UNKNOWN_TICKET),
    ],
)
def test_the_order_speaks_before_the_text_and_an_order_for_several_tickets_does_not_decide(
    assignment: str | None, text: str | None, ordered: set[str], ticket: str | None, method: LinkMethod
) -> None:
    found = link(assignment, text, KNOWN, ordered)
    assert (found.ticket_no, found.method) == (ticket, method)
