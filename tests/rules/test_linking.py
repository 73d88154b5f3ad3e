"""A line is linked by what it says, or not at all."""

import pytest

from warranty_hub.rules.linking import LinkMethod, link

KNOWN = {"WX2024-00001", "WX2024-00002"}


@pytest.mark.parametrize(
    ("assignment", "text", "ticket", "method"),
    [
        ("WX2024-00001", None, "WX2024-00001", LinkMethod.ASSIGNMENT),
        (" WX2024-00001 ", "WX2024-00002", "WX2024-00001", LinkMethod.ASSIGNMENT),
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
