"""What a BIM engineer says in another tool comes back, once, and nothing of it is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from connectors.bim.bcf import BcfFile, Comment, Topic, read_bcf, write_bcf
from tests.pipelines.fake import FakeSource, fake_hub
from tests.reports.conftest import Publish
from warranty_hub.errors import ConfigError, MalformedAnswerError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.issues import import_issues, open_proposals, projects_with_issue_files, take_issue_files
from warranty_hub.settings import IssueSettings

SAID, LATER = datetime(2025, 6, 2, 9, tzinfo=UTC), datetime(2025, 6, 3, 9, tzinfo=UTC)
ENGINEER = "li.gong@example.com"
GUID = "7c1d2e3f-0000-4000-8000-000000000001"
Edit = Callable[[Topic], Topic]


@pytest.fixture
def hub(seeded: Engine, tmp_path: Path) -> Hub:
    found = fake_hub(seeded, FakeSource([]))
    changes = {"folder": tmp_path, "issues": IssueSettings(inbox="inbox"), "publish_to": "published"}
    return replace(found, settings=found.settings.model_copy(update=changes))


@pytest.fixture
def in_the_tool(folder: Path, publish_now: Publish, tmp_path: Path) -> Callable[[Edit], Path]:
    """Publish, have another tool edit issue WX1, and save it as a file."""

    def edited(edit: Edit) -> Path:
        publish_now()
        bcf = read_bcf(folder / "P01.bcf")
        topics = tuple(edit(topic) if "WX1" in (topic.description or "") else topic for topic in bcf.topics)
        write_bcf(tmp_path / "reviewed.bcf", replace(bcf, topics=topics))
        return tmp_path / "reviewed.bcf"

    return edited


def comments(engine: Engine) -> list[Any]:
    with engine.connect() as db:
        return list(db.execute(text("SELECT ticket_no, defect_seq, author_id, text, at FROM hub.ticket_comment ORDER BY at")))


def said(words: str, guid: str = GUID, **values: Any) -> Edit:
    comment = Comment(guid, SAID, ENGINEER, words, **values)
    return lambda topic: replace(topic, comments=(*topic.comments, comment))


def closed(topic: Topic) -> Topic:
    return replace(topic, topic_status="Closed", modified_date=LATER, modified_author=ENGINEER)


def test_a_comment_made_in_another_tool_is_lost_or_doubled(
    hub: Hub, seeded: Engine, in_the_tool: Callable[[Edit], Path]
) -> None:
    file = in_the_tool(said("窗台防水层开裂"))
    first = import_issues(hub, file)
    assert (first.unit, first.outcomes["new"], first.outcomes["skipped"]) == ("P01", 1, 2), "two comments are our own"
    (row,) = comments(seeded)
    assert (row.ticket_no, row.defect_seq, row.text, row.at) == ("WX1", 1, "窗台防水层开裂", SAID)
    again = import_issues(hub, file)
    assert (again.outcomes["new"], again.outcomes["skipped"]) == (0, 3)
    assert comments(seeded) == [row]


def test_the_address_of_who_commented_leaves_the_hub(
    hub: Hub, seeded: Engine, in_the_tool: Callable[[Edit], Path], publish_now: Publish, folder: Path
) -> None:
    """It stands in hub.person only. What is published has a name that only the hub can resolve, and comes back as known."""
    import_issues(hub, in_the_tool(said(f"请联系 13800138000 或 {ENGINEER}")))
    publish_now()
    (published,) = [item for topic in read_bcf(folder / "P01.bcf").topics for item in topic.comments if item.guid == GUID]
    assert published.text == "请联系 *** 或 ***"
    assert published.date == SAID
    with seeded.connect() as db:
        names = db.execute(text("SELECT source_id, name FROM hub.person WHERE source_system = 'bcf'")).all()
    assert [tuple(row) for row in names] == [(published.author, ENGINEER)]
    assert comments(seeded)[0].author_id == published.author
    assert import_issues(hub, folder / "P01.bcf").outcomes["new"] == 0
    assert comments(seeded)[0].text == f"请联系 13800138000 或 {ENGINEER}"


def test_an_edited_comment_writes_over_what_was_said(hub: Hub, seeded: Engine, in_the_tool: Callable[[Edit], Path]) -> None:
    import_issues(hub, in_the_tool(said("渗水")))
    import_issues(hub, in_the_tool(lambda topic: replace(topic, comments=(edited,))))
    assert [row.text for row in comments(seeded)] == ["渗水", "渗水,两处"]


edited = Comment(GUID, SAID, ENGINEER, "渗水,两处", modified_date=LATER, modified_author=ENGINEER)


def test_only_the_last_wording_is_published(
    hub: Hub, in_the_tool: Callable[[Edit], Path], publish_now: Publish, folder: Path
) -> None:
    import_issues(hub, in_the_tool(said("渗水")))
    import_issues(hub, in_the_tool(lambda topic: replace(topic, comments=(edited,))))
    publish_now()
    assert [item.text for topic in read_bcf(folder / "P01.bcf").topics for item in topic.comments if item.guid == GUID] == [
        "渗水,两处"
    ]


def test_an_issue_closed_in_another_tool_closes_the_ticket(
    hub: Hub, seeded: Engine, in_the_tool: Callable[[Edit], Path]
) -> None:
    """It is a proposal: the ticket's state stays what its own store says, until that store says otherwise."""
    file = in_the_tool(closed)
    assert import_issues(hub, file).outcomes["new"] == 1
    assert import_issues(hub, file).outcomes["new"] == 0
    (proposal,) = open_proposals(hub)
    assert (proposal.ticket_no, proposal.kind, proposal.at) == ("WX1", "CLOSE_PROPOSED", LATER)
    with seeded.begin() as db:
        assert db.execute(text("SELECT reported_state FROM hub.ticket WHERE ticket_no = 'WX1'")).scalar_one() == "IN_REPAIR"
        db.execute(text("UPDATE hub.ticket SET reported_state = 'CLOSED' WHERE ticket_no = 'WX1'"))
    assert open_proposals(hub) == []


def test_an_old_copy_asks_to_open_a_closed_ticket_again(hub: Hub, seeded: Engine, in_the_tool: Callable[[Edit], Path]) -> None:
    file = in_the_tool(lambda topic: topic)
    with seeded.begin() as db:
        db.execute(text("UPDATE hub.ticket SET reported_state = 'CLOSED' WHERE ticket_no = 'WX1'"))
    import_issues(hub, file)
    assert open_proposals(hub) == []
    import_issues(hub, in_the_tool(lambda topic: replace(closed(topic), topic_status="ReOpened")))
    assert [proposal.kind for proposal in open_proposals(hub)] == ["REOPEN_PROPOSED"]


def test_an_issue_that_is_none_of_ours_is_lost(hub: Hub, seeded: Engine, tmp_path: Path) -> None:
    topic = Topic(str(uuid4()), "管井漏水", SAID, ENGINEER, comments=(Comment(GUID, SAID, ENGINEER, "新问题"),))
    write_bcf(tmp_path / "new.bcf", BcfFile((topic,)))
    with pytest.raises(ConfigError, match="of which project"):
        import_issues(hub, tmp_path / "new.bcf")
    report = import_issues(hub, tmp_path / "new.bcf", "P01")
    assert (report.read, report.outcomes["quarantined"]) == (1, 1)
    with seeded.connect() as db:
        row = db.execute(text("SELECT unit, source_id, reason, payload FROM ops.quarantine")).one()
    assert (row.unit, row.source_id, row.payload["title"]) == ("P01", topic.guid, "管井漏水")
    assert row.payload["comments"][0]["text"] == "新问题"
    assert ENGINEER not in row.reason


def test_a_file_in_the_inbox_is_taken_twice_or_holds_up_the_others(
    hub: Hub, seeded: Engine, in_the_tool: Callable[[Edit], Path], tmp_path: Path
) -> None:
    assert not (tmp_path / "inbox").exists()
    with pytest.raises(ConfigError, match="does not exist"):
        projects_with_issue_files(hub)
    inbox = tmp_path / "inbox" / "P01"
    inbox.mkdir(parents=True)
    (inbox / "a.bcf").write_bytes(b"<Markup/>")
    (inbox / "b.bcfzip").write_bytes(in_the_tool(said("渗水")).read_bytes())
    (inbox / "copy of b.bcf").write_bytes((inbox / "b.bcfzip").read_bytes())
    (inbox / "notes.txt").write_text("x")
    assert projects_with_issue_files(hub) == ["P01"]
    first, second = take_issue_files(hub, "P01"), take_issue_files(hub, "P01")
    assert (first.details, second.details) == ({"files": 3, "new_files": 2}, {"files": 3, "new_files": 0})
    assert (first.outcomes["new"], first.outcomes["quarantined"], second.read) == (1, 1, 0)
    with seeded.connect() as db:
        assert "a.bcf is no BCF file" in db.execute(text("SELECT reason FROM ops.quarantine")).scalar_one()
    with pytest.raises(MalformedAnswerError, match="no BCF file"):
        import_issues(hub, inbox / "a.bcf", "P01")


def test_a_comment_without_date_or_in_another_zone_is_taken_twice(
    hub: Hub, seeded: Engine, in_the_tool: Callable[[Edit], Path], tmp_path: Path
) -> None:
    zone = datetime.fromisoformat("2025-06-03T17:00:00+08:00")
    assert zone == LATER
    import_issues(hub, in_the_tool(lambda topic: replace(topic, comments=(edited,))))
    import_issues(hub, in_the_tool(lambda topic: replace(topic, comments=(replace(edited, modified_date=zone),))))
    assert len(comments(seeded)) == 1
    assert comments(seeded)[0].at - LATER == timedelta(0)
