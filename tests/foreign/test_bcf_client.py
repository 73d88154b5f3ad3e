"""bcf-client, which Bonsai reads and writes BCF with, finds in our file what we wrote, and we in its file what it wrote."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from connectors.bim.bcf import (
    BcfFile,
    Coloring,
    Comment,
    Component,
    HeaderFile,
    Topic,
    Version,
    Viewpoint,
    camera_to,
    read_bcf,
    write_bcf,
)
from connectors.bim.shapes import Box
from tests.foreign.counterparts import printed, program

pytestmark = pytest.mark.foreign

IN_EACH_VERSION = pytest.mark.parametrize("version", get_args(Version))
COMMENT = "7c1d2e3f-0000-4000-8000-000000000001"
WHEN = datetime(2025, 6, 1, 1, 30, tzinfo=UTC)
WINDOW, WALL, SLAB = "1hOSvn6df7F8_7GcBWlRrM", "2O2Fr$t4X7Zf8NOew3FLOH", "0jf0rYHfX3RAB3bSIRjmmy"
TITLES = {
    "2f8a1c9e-0c5b-5d0e-9a50-0e4a7f3b2d11": "3号楼1单元1501 主卧飘窗渗水",
    "2f8a1c9e-0c5b-5d0e-9a50-0e4a7f3b2d12": "地下室 <B1> 顶板 & 侧墙开裂",
}
READ = """
import json, sys
from pathlib import Path
from bcf import bcfxml

def told(viewpoint):
    info = viewpoint.visualization_info
    eye = info.perspective_camera.camera_view_point
    return {
        "selected": viewpoint.get_selected_guids(),
        "visibility": viewpoint.get_elements_visibility(),
        "colors": [color.color for color in info.components.coloring.color] if info.components.coloring else [],
        "eye": [eye.x, eye.y, eye.z],
        "snapshot": bool(viewpoint.snapshot),
    }

with bcfxml.load(Path(sys.argv[1])) as file:
    topics = {
        guid: {
            "title": handler.topic.title,
            "status": handler.topic.topic_status,
            "labels": getattr(handler.topic.labels, "label", handler.topic.labels),
            "created": str(handler.topic.creation_date),
            "author": handler.topic.creation_author,
            "files": [entry.filename for entry in getattr(handler.header, "files", handler.header).file],
            "comments": [comment.comment for comment in handler.comments],
            "viewpoints": {item.guid: told(item) for item in handler.viewpoints.values()},
        }
        for guid, handler in file.topics.items()
    }
    print(json.dumps({"version": file.version.version_id, "project": file.project.name, "topics": topics}))
"""
EDIT = """
import sys
from pathlib import Path
from bcf import bcfxml

with bcfxml.load(Path(sys.argv[1])) as file:
    for handler in file.topics.values():
        said = handler.comments[0]
        comment = type(said)(guid=sys.argv[3], date=said.date, author="li@example.com", comment="已现场查看")
        handler.comments = [*handler.comments, comment]
        handler.topic.topic_status = "Closed"
        break
    file.save(Path(sys.argv[2]))
"""
WRITE = """
import sys
import numpy
from bcf.v2.bcfxml import BcfXml

file = BcfXml.create_new("星河公馆")
topic = file.add_topic("飘窗渗水", "雨后渗水", "物业·王工", "Defect", "Open")
topic.add_viewpoint_from_point_and_guids(numpy.array((1.0, 2.0, 3.0)), *sys.argv[2:])
file.save(sys.argv[1])
"""


def issue(guid: str, number: int) -> Topic:
    """A defect with two viewpoints: the elements selected and colored, and the wall alone."""
    chosen = (Component(WINDOW, "146885", "Autodesk Revit 2024"), Component(SLAB))
    shown = Viewpoint(
        f"8d3e0f42-6f07-5d7b-8a30-6d7c1b1f4a{number}1",
        camera_to(Box(1, -0.2, 0.9, 2.5, 0, 2.4), Box(0, 0, 0, 4, 3, 2.8)),
        selection=chosen,
        coloring=(Coloring("FF0000", chosen),),
    )
    alone = Viewpoint(
        f"8d3e0f42-6f07-5d7b-8a30-6d7c1b1f4a{number}2",
        camera_to(Box(0, 0, 0, 5, 0.2, 2.8)),
        exceptions=(Component(WALL),),
        default_visibility=False,
    )
    return Topic(
        guid, TITLES[guid], WHEN, "物业·王工", topic_type="Defect", topic_status="Open", labels=("渗漏",),
        files=(HeaderFile("0YvctVUKr0kugbFTf53O9L", "3号楼.ifc", WHEN),), viewpoints=(shown, alone),
    )  # fmt: skip


def expected(topic: Topic) -> dict[str, Any]:
    """In the words of the other library's answer."""
    shown, alone = topic.viewpoints
    assert shown.camera is not None
    assert alone.camera is not None
    return {
        "title": topic.title,
        "status": "Open",
        "labels": ["渗漏"],
        "created": "2025-06-01T01:30:00Z",
        "author": "物业·王工",
        "files": ["3号楼.ifc"],
        "comments": [topic.title] * 2,
        "viewpoints": {
            shown.guid: {
                "selected": [WINDOW, SLAB],
                "visibility": [True, []],
                "colors": ["FF0000"],
                "eye": list(shown.camera.position),
                "snapshot": True,
            },
            alone.guid: {
                "selected": None,
                "visibility": [False, [WALL]],
                "colors": [],
                "eye": list(alone.camera.position),
                "snapshot": True,
            },
        },
    }


@IN_EACH_VERSION
def test_bcf_client_misses_or_changes_something_of_ours(tmp_path: Path, version: Version) -> None:
    topics = tuple(issue(guid, number) for number, guid in enumerate(TITLES))
    write_bcf(tmp_path / "报修.bcf", BcfFile(topics, "P03", "星河公馆"), version)
    found = json.loads(printed(program("bcf", "python"), "-c", READ, tmp_path / "报修.bcf"))
    assert (found["version"], found["project"]) == (version, "星河公馆")
    assert found["topics"] == {topic.guid: expected(topic) for topic in topics}


@IN_EACH_VERSION
def test_what_we_wrote_is_lost_on_its_way_through_another_tool(tmp_path: Path, version: Version) -> None:
    """It adds a comment and closes the issue; all else comes back as we wrote it."""
    topics = tuple(issue(guid, number) for number, guid in enumerate(TITLES))
    write_bcf(tmp_path / "a.bcf", BcfFile(topics, "P03", "星河公馆"), version)
    ours = read_bcf(tmp_path / "a.bcf").topics
    printed(program("bcf", "python"), "-c", EDIT, tmp_path / "a.bcf", tmp_path / "b.bcf", COMMENT)
    edited, untouched = read_bcf(tmp_path / "b.bcf").topics
    assert edited.topic_status == "Closed"
    assert [item for item in edited.comments if item.guid == COMMENT] == [
        Comment(COMMENT, WHEN, "li@example.com", "已现场查看")
    ]
    left = tuple(item for item in edited.comments if item.guid != COMMENT)
    assert [replace(edited, topic_status="Open", comments=left), untouched] == list(ours)


def test_we_miss_something_of_what_bcf_client_writes(tmp_path: Path) -> None:
    printed(program("bcf", "python"), "-c", WRITE, tmp_path / "a.bcf", WINDOW, WALL)
    found = read_bcf(tmp_path / "a.bcf")
    (topic,) = found.topics
    (view,) = topic.viewpoints
    assert (found.version, found.project_name) == ("2.1", "星河公馆")
    assert (topic.title, topic.description, topic.creation_author) == ("飘窗渗水", "雨后渗水", "物业·王工")
    assert (topic.topic_type, topic.topic_status) == ("Defect", "Open")
    assert [item.ifc_guid for item in view.selection] == [WINDOW, WALL]
    assert view.camera is not None
