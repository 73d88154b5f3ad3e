"""A line is linked by what it says, or not at all."""

import pytest

from warranty_hub.rules.linking import LinkMethod, Named, link

ONE, TWO = (Named("wms", number, number, "P01") for number in ("WX2024-00001", "WX2024-00002"))
KNOWN = {"WX2024-00001": [ONE], "WX2024-00002": [TWO], "FA-7": [TWO]}


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
    assert (found.ticket and found.ticket.ticket_no, found.method) == (ticket, method)


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
    assert (found.ticket and found.ticket.ticket_no, found.method) == (ticket, method)


@pytest.mark.parametrize("stated", [{"assignment": "R-0001"}, {"text": "R-0001 防水"}, {"ordered": {"R-0001"}}])
@pytest.mark.parametrize(
    ("project", "source"),
    [("P01", "north"), ("P02", "south"), ("P03", None), (None, None)],
    ids=["one", "other", "third", "none"],
)
def test_a_number_that_two_sources_share_means_the_ticket_of_the_lines_project_or_waits(
    stated: dict[str, str], project: str | None, source: str | None
) -> None:
    shared = [Named("north", "1", "R-0001", "P01"), Named("south", "77", "R-0001", "P02")]
    values = {"assignment": None, "text": None, **stated}
    found = link(known={"R-0001": shared}, project=project, **values)  # type: ignore[arg-type]
    assert (found.ticket and found.ticket.source_system) == source
    assert (found.method is LinkMethod.AMBIGUOUS) == (source is None)


def test_two_tickets_of_one_project_with_one_number_are_never_chosen_from() -> None:
    shared = [Named("north", "1", "R-0001", "P01"), Named("south", "77", "R-0001", "P01")]
    assert link("R-0001", None, {"R-0001": shared}, project="P01").method is LinkMethod.AMBIGUOUS
