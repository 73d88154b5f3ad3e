"""A BIM engineer opens what we write, and we read what the engineer's tools write."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import pytest
from lxml import etree

from connectors.bim.bcf import (
    BcfFile,
    Coloring,
    Comment,
    Component,
    HeaderFile,
    Topic,
    Viewpoint,
    camera_to,
    read_bcf,
    reader,
    write_bcf,
)
from connectors.bim.bcf.markup import added_comment
from connectors.bim.bcf.shapes import Version
from connectors.bim.bcf.visualization import FROM_ABOVE
from connectors.bim.shapes import Box
from tests.connectors.bim.material import NEEDS_SHARED, SHARED
from warranty_hub.errors import MalformedAnswerError

BCF = SHARED / "bcf"
FILES = sorted(BCF.rglob("*.bcf*"))
SCHEMAS = {
    ".bcf": "markup.xsd", ".bcfv": "visinfo.xsd", ".bcfp": "project.xsd", ".version": "version.xsd", ".xml": "extensions.xsd",
}  # fmt: skip
VERSIONS: tuple[Version, ...] = get_args(Version)
IN_EACH_VERSION = pytest.mark.parametrize("version", VERSIONS)
WHEN = datetime(2025, 6, 1, 9, 30, tzinfo=timezone(timedelta(hours=8)))
TOPIC = "2f8a1c9e-0c5b-5d0e-9a50-0e4a7f3b2d11"
FIRST, SECOND = "8d3e0f42-6f07-5d7b-8a30-6d7c1b1f4a01", "8d3e0f42-6f07-5d7b-8a30-6d7c1b1f4a02"
RELATED = "11111111-2222-5333-8444-555555555555"
WINDOW, WALL = "1hOSvn6df7F8_7GcBWlRrM", "2O2Fr$t4X7Zf8NOew3FLOH"


def full_topic() -> Topic:
    """Every field that we can write."""
    window = Component(WINDOW, "146885", "Autodesk Revit 2024")
    first = Viewpoint(
        FIRST,
        camera_to(Box(0, 0, 0.9, 1.2, 0.2, 2.4)),
        selection=(window, Component(None, "146886")),
        coloring=(Coloring("FF0000", (window,)), Coloring("8000FF00", (Component(WALL),))),
        exceptions=(Component(WALL),),
        default_visibility=False,
        snapshot=b"\x89PNG\r\n\x1a\nsnapshot",
    )
    camera = replace(camera_to(Box(0, 0, 0, 1, 1, 1)), field_of_view=None, view_to_world_scale=12.5)
    return Topic(
        TOPIC,
        "3号楼1单元1501 主卧飘窗渗水 <雨后> & 返潮",
        WHEN,
        "物业·王工",
        topic_type="Defect",
        topic_status="Open",
        priority="URGENT",
        labels=("渗漏", "飘窗"),
        modified_date=WHEN + timedelta(days=1),
        modified_author="总部·李工",
        due_date=WHEN + timedelta(days=30),
        assigned_to="华东区域",
        stage="保修期",
        description="雨后渗水\n第二次报修",
        reference_links=("https://example.com/WX2024-1",),
        related_topics=(RELATED,),
        files=(HeaderFile("0YvctVUKr0kugbFTf53O9L", "3号楼.ifc", WHEN, "3号楼.ifc"),),
        comments=(Comment(RELATED, WHEN, "物业·王工", "已约业主", FIRST, WHEN + timedelta(hours=1), "物业·张工"),),
        viewpoints=(first, Viewpoint(SECOND, camera)),
    )


def packed(bcf: BcfFile, version: Version = "2.1") -> bytes:
    target = io.BytesIO()
    write_bcf(target, bcf, version)
    return target.getvalue()


def with_topic(**changes: Any) -> BcfFile:
    return BcfFile((replace(full_topic(), **changes),), "P03", "星河公馆")


def archive(path: Path, **entries: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return path


def invalidities(content: bytes, version: Version) -> Iterator[str]:
    """What the official schemas say against a file of ours."""
    schemas = BCF / f"xsd{version.replace('.', '')}"
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        for name in opened.namelist():
            if not name.endswith(".png"):
                schema = etree.XMLSchema(etree.parse(schemas / SCHEMAS[Path(f"_{name}").suffix]))
                if not schema.validate(etree.fromstring(opened.read(name))):
                    yield f"{name}: {schema.error_log}"


# ------------------------------------------------------------------------------------------------ what we write


BARE = Topic(TOPIC, "t", WHEN, "王", topic_type="Issue", topic_status="Open")


@NEEDS_SHARED
@IN_EACH_VERSION
@pytest.mark.parametrize(
    "bcf",
    [
        BcfFile((full_topic(),), "P03", "星河公馆"),
        BcfFile(()),
        BcfFile((BARE,)),
        BcfFile((replace(BARE, description=" ", priority="", comments=(Comment(RELATED, WHEN, "王", ""),)),)),
        BcfFile((replace(BARE, viewpoints=(Viewpoint(FIRST),)),)),
        BcfFile((replace(BARE, viewpoints=(Viewpoint(FIRST, selection=(Component("not a guid"),)),)),)),
        BcfFile((replace(BARE, viewpoints=(Viewpoint(FIRST, coloring=(Coloring("FF0000", ()),)),)),)),
        BcfFile((replace(BARE, files=(HeaderFile("", None, None, None),)),), "P03", None),
    ],
    ids=["everything", "no topic", "little", "blank", "view of nothing", "a damaged GlobalId", "a color of nothing", "no file"],
)
def test_another_tool_refuses_our_file_by_the_schema(bcf: BcfFile, version: Version) -> None:
    assert list(invalidities(packed(bcf, version), version)) == []


@IN_EACH_VERSION
def test_something_that_was_written_is_missing_when_read(tmp_path: Path, version: Version) -> None:
    topic = full_topic()
    write_bcf(tmp_path / "a.bcf", BcfFile((topic,), "P03", "星河公馆"), version)
    found = read_bcf(tmp_path / "a.bcf")
    assert (found.project_id, found.project_name, found.version) == ("P03", "星河公馆", version)
    seen = found.topics[0]
    given, added = seen.comments
    assert replace(seen, comments=(given,), viewpoints=seen.viewpoints[:1]) == replace(topic, viewpoints=topic.viewpoints[:1])
    assert seen.viewpoints[1].camera == topic.viewpoints[1].camera
    assert (added.text, added.viewpoint_guid) == (topic.title, SECOND)  # a view without comment is not shown by BIMcollab


def test_the_first_viewpoint_has_not_the_names_that_tools_look_for() -> None:
    with zipfile.ZipFile(io.BytesIO(packed(BcfFile((full_topic(),))))) as opened:
        names = opened.namelist()
        assert {f"{TOPIC}/markup.bcf", f"{TOPIC}/viewpoint.bcfv", f"{TOPIC}/snapshot.png"} < set(names)
        assert opened.read(f"{TOPIC}/snapshot_{SECOND}.png").startswith(b"\x89PNG")
    assert not [name for name in names if name.endswith("/")]


def test_publishing_the_same_again_changes_the_file() -> None:
    assert packed(BcfFile((full_topic(),))) == packed(BcfFile((full_topic(),)))


def test_control_characters_of_a_ticket_make_the_file_unreadable(tmp_path: Path) -> None:
    write_bcf(tmp_path / "a.bcf", with_topic(title="渗\x00水\x0b\ud800", description="\ufffe好🏠"))
    topic = read_bcf(tmp_path / "a.bcf").topics[0]
    assert (topic.title, topic.description) == ("渗水", "好🏠")


@pytest.mark.parametrize("kind", ["title", "attribute", "project"])
def test_control_characters_end_the_whole_publication(kind: str) -> None:
    dirty = {"title": with_topic(title="a\x01"), "attribute": with_topic(topic_type="缺陷\x01", topic_status="Open\x02")}
    packed(dirty.get(kind, BcfFile((full_topic(),), "P\x0303", "名\x04")))


def test_an_element_without_name_of_its_own_is_written_and_breaks_the_viewer(tmp_path: Path) -> None:
    viewpoint = Viewpoint(FIRST, selection=(Component("broken"), Component(None), Component("x", "tag-7"), Component(WALL)))
    write_bcf(tmp_path / "a.bcf", with_topic(viewpoints=(viewpoint,)))
    selection = read_bcf(tmp_path / "a.bcf").topics[0].viewpoints[0].selection
    assert selection == (Component(None, "tag-7"), Component(WALL))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"guid": "../../etc"}, "badly formed"),
        ({"creation_date": datetime(2025, 1, 1)}, "without a zone"),  # noqa: DTZ001 - that is what is tried
        ({"creation_date": None}, "demands a creation date"),
        ({"creation_author": None}, "demands a creation date and author"),
        ({"comments": (Comment(RELATED, None, "王", "?"),)}, "demands a date"),
        ({"viewpoints": (Viewpoint(FIRST, selection=(Component(WALL),) * 1001),)}, "at most 1000"),
    ],
)
@IN_EACH_VERSION
def test_content_that_bcf_cannot_say_is_written_all_the_same(changes: dict[str, Any], reason: str, version: Version) -> None:
    with pytest.raises(ValueError, match=reason):
        packed(with_topic(**changes), version)


@pytest.mark.parametrize("changes", [{"title": " "}, {"topic_type": None}, {"topic_status": ""}])
def test_bcf_3_goes_out_without_what_it_demands(changes: dict[str, Any]) -> None:
    packed(with_topic(**changes))
    with pytest.raises(ValueError, match="demands a title, a type and a status"):
        packed(with_topic(**changes), "3.0")


# ------------------------------------------------------------------------------------------------ what we read


def raw_texts(path: Path, ending: str) -> str:
    with zipfile.ZipFile(path) as opened:
        return "".join(opened.read(name).decode("utf-8-sig") for name in opened.namelist() if name.endswith(ending))


def components_of(view: Viewpoint) -> Iterator[Component]:
    yield from (*view.selection, *view.exceptions, *(item for part in view.coloring for item in part.components))


@NEEDS_SHARED
@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.stem}" for path in FILES])
def test_an_official_or_real_file_loses_something_when_read(path: Path) -> None:
    """Compared with the raw text, searched without any knowledge of the format's versions."""
    markups, views = raw_texts(path, "markup.bcf"), raw_texts(path, ".bcfv")
    topics = read_bcf(path).topics
    seen = [viewpoint for topic in topics for viewpoint in topic.viewpoints]
    assert {topic.guid for topic in topics} == set(re.findall(r'<Topic\b[^>]*\bGuid="([^"]+)', markups))
    assert sum(len(topic.comments) for topic in topics) == len(re.findall(r"<Comment\b[^>]*\bGuid=", markups))
    assert sum(view.camera is not None for view in seen) == len(re.findall(r"<(?:Perspective|Orthogonal)Camera>", views))
    assert all(view.snapshot and view.snapshot[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0") for view in seen)
    read = {item.ifc_guid for view in seen for item in components_of(view)}
    assert read == set(re.findall(r'<Component\b[^>]*IfcGuid="([^"]+)', views))


@NEEDS_SHARED
@pytest.mark.parametrize(
    "name", ["v2.0/ComponentSelection.bcfzip", "v2.1/Component_Selection.bcf", "v3.0/component_selection.bcf"]
)
def test_a_selection_depends_on_the_version_of_the_format(name: str) -> None:
    view = read_bcf(BCF / name).topics[0].viewpoints[0]
    assert len({item.ifc_guid for item in view.selection}) == 3
    assert view.default_visibility


@NEEDS_SHARED
@pytest.mark.parametrize(
    "name", ["v2.0/SingleVisibleWall.bcfzip", "v2.1/Single_visible_wall.bcf", "v3.0/single_visible_wall.bcf"]
)
def test_a_wall_shown_alone_is_lost_among_the_others(name: str) -> None:
    view = read_bcf(BCF / name).topics[0].viewpoints[0]
    assert (view.default_visibility, len(view.exceptions), view.selection) == (False, 1, ())


@NEEDS_SHARED
@pytest.mark.parametrize(
    "name", ["v2.0/SingleInvisibleWall.bcfzip", "v2.1/single_invisible_wall.bcf", "v3.0/single_invisible_wall.bcf"]
)
def test_a_wall_taken_away_hides_the_others(name: str) -> None:
    view = read_bcf(BCF / name).topics[0].viewpoints[0]
    assert (view.default_visibility, len(view.exceptions)) == (True, 1)


def passed_on(topic: Topic) -> Topic:
    """Files of old versions may lack what newer ones demand: the person who passes them on says it."""
    return replace(
        topic,
        title=topic.title or "–",
        creation_date=topic.creation_date or WHEN,
        creation_author=topic.creation_author or "王",
        topic_type=topic.topic_type or "Issue",
        topic_status=topic.topic_status or "Open",
    )


def kept(topic: Topic, version: Version) -> Topic:
    """What a round trip must keep: all but a field of view that 2.1 does not allow, and what we add."""
    given = [item for item in topic.comments if item.guid not in {added_comment(view.guid) for view in topic.viewpoints}]
    views = []
    for view in topic.viewpoints:
        camera = view.camera
        if camera and camera.field_of_view and version == "2.1":
            camera = replace(camera, field_of_view=min(max(camera.field_of_view, 45.0), 60.0))
        views.append(replace(view, camera=camera or (FROM_ABOVE if version == "3.0" else None)))
    related = tuple(guid.lower() for guid in topic.related_topics)  # written in lower case, as 3.0 demands
    return replace(topic, comments=tuple(given), viewpoints=tuple(views), related_topics=related)


@NEEDS_SHARED
@IN_EACH_VERSION
@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.stem}" for path in FILES])
def test_what_we_read_from_others_is_lost_when_passed_on(path: Path, version: Version, tmp_path: Path) -> None:
    """All that we model comes back; a picture that is a JPEG keeps its bytes."""
    read = read_bcf(path)
    bcf = replace(read, topics=tuple(map(passed_on, read.topics)))
    content = packed(bcf, version)
    assert list(invalidities(content, version)) == []
    (tmp_path / "a.bcf").write_bytes(content)
    again = read_bcf(tmp_path / "a.bcf")
    assert [kept(topic, version) for topic in again.topics] == [kept(topic, version) for topic in bcf.topics]
    assert (again.project_id, again.project_name) == (bcf.project_id, bcf.project_name)


# ------------------------------------------------------------------------------------------------ hostile and broken files

MARKUP = f'<Markup><Topic Guid="{TOPIC}"><Title>t</Title></Topic>{{}}</Markup>'
VIEWPOINTS = MARKUP.format(f'<Viewpoints Guid="{FIRST}"><Viewpoint>v.bcfv</Viewpoint></Viewpoints>')
ENTITY = '<!DOCTYPE Markup [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + MARKUP.format("<x>&x;</x>")
FIELD_OF_VIEW = "<VisualizationInfo><PerspectiveCamera>{}</PerspectiveCamera></VisualizationInfo>"


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({}, "holds no topic"),
        ({"readme.txt": "x"}, "holds no topic"),
        ({"a/markup.bcf": "<Markup/>"}, "holds no topic"),
        ({"a/markup.bcf": "<Markup><Topic>"}, "no valid XML"),
        ({"a/markup.bcf": ""}, "no valid XML"),
        ({"a/markup.bcf": ENTITY}, "document type"),
        ({"a/markup.bcf": MARKUP.format("<Comment Guid='1'><Date>gestern</Date></Comment>")}, "gestern"),
        ({"a/markup.bcf": VIEWPOINTS, "a/v.bcfv": FIELD_OF_VIEW.format("")}, "without CameraViewPoint"),
        ({"a/markup.bcf": VIEWPOINTS, "a/v.bcfv": "<VisualizationInfo"}, "no valid XML"),
    ],
)
def test_a_broken_file_ends_in_a_traceback(entries: dict[str, str], reason: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedAnswerError, match=reason) as caught:
        read_bcf(archive(tmp_path / "问题.bcf", **entries))
    assert "问题.bcf" in caught.value.message
    assert "BCF 2.1" in caught.value.remedy


def cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def scrambled(content: bytes) -> bytes:
    return content[:60] + bytes(byte ^ 0x5A for byte in content[60:400]) + content[400:]


@pytest.mark.parametrize("damage", [cut_off, scrambled, lambda _: b"", lambda _: b"<Markup/>"])
def test_a_damaged_archive_ends_in_a_traceback(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "a.bcf").write_bytes(damage(packed(with_topic())))
    with pytest.raises(MalformedAnswerError, match=r"a\.bcf"):
        read_bcf(tmp_path / "a.bcf")


def test_a_zip_bomb_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_TOTAL", 1 << 20)
    content = MARKUP.format(f"<x>{'0' * (1 << 21)}</x>")
    with pytest.raises(MalformedAnswerError, match="unpack to more"):
        read_bcf(archive(tmp_path / "a.bcf", **{"a/markup.bcf": content}))


def test_the_names_that_windows_tools_write_hide_the_topics(tmp_path: Path) -> None:
    view = FIELD_OF_VIEW.format("").replace("PerspectiveCamera", "Components")
    topic = read_bcf(archive(tmp_path / "a.bcf", **{"A\\Markup.bcf": VIEWPOINTS, "A\\V.bcfv": view})).topics[0]
    assert [viewpoint.guid for viewpoint in topic.viewpoints] == [FIRST]


def test_a_listed_viewpoint_that_is_not_there_ends_the_reading(tmp_path: Path) -> None:
    topic = read_bcf(archive(tmp_path / "a.bcf", **{"a/markup.bcf": VIEWPOINTS})).topics[0]
    assert topic.viewpoints == (Viewpoint(FIRST),)


def test_a_time_without_zone_shifts_by_the_reader(tmp_path: Path) -> None:
    comment = "<Comment Guid='1'><Date>2025-06-01T09:30:00.1234567</Date></Comment>"
    topic = read_bcf(archive(tmp_path / "a.bcf", **{"a/markup.bcf": MARKUP.format(comment)})).topics[0]
    assert topic.comments[0].date == datetime(2025, 6, 1, 9, 30, 0, 123456, tzinfo=UTC)
