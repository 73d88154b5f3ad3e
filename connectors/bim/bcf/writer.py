"""Writes BCF 2.1, the version that Solibri, BIMcollab and OpenProject all take.

Beyond the XSDs, tools want (buildingSMART BCF-XML 2.1 documentation; IfcOpenShell #7152, #4887; ifc-lite #3612, #3891,
#4872): a first viewpoint named viewpoint.bcfv with a snapshot.png, a comment that refers to each viewpoint, schema locations on
the root elements, dates with zone, cameras in metres in the model's frame, no clipping planes, no directory entries in the zip,
few components. The same content gives the same bytes.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid5

from lxml import etree

from connectors.bim.bcf.shapes import BcfFile, Camera, Comment, Component, HeaderFile, Topic, Vector, Viewpoint
from connectors.bim.shapes import GLOBAL_ID

MAX_COMPONENTS = 1000  # in each list of a viewpoint: the documentation's advice
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def write_bcf(target: Path | BinaryIO, bcf: BcfFile) -> None:
    """Write a BCF 2.1 file (usual endings: .bcf, .bcfzip).

    A component with neither a valid GlobalId nor a tag cannot be named and is left out; the camera shows it all the same.
    Raises ValueError for content that BCF cannot say: a GUID that is no UUID, a time without zone, over 1,000 components.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _entries(bcf):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.create_system = 3  # the same on every operating system
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _entries(bcf: BcfFile) -> Iterator[tuple[str, bytes]]:
    yield "bcf.version", _version()
    if bcf.project_id is not None:
        yield "project.bcfp", _project(bcf.project_id, bcf.project_name)
    for topic in bcf.topics:
        folder = _uuid(topic.guid)
        yield f"{folder}/markup.bcf", _markup(topic)
        for position, viewpoint in enumerate(topic.viewpoints):
            yield f"{folder}/{_viewpoint_name(position, viewpoint)}", _visualization(viewpoint)
            yield f"{folder}/{_snapshot_name(position, viewpoint)}", viewpoint.snapshot or PLAIN_SNAPSHOT


def _viewpoint_name(position: int, viewpoint: Viewpoint) -> str:
    return f"viewpoint_{_uuid(viewpoint.guid)}.bcfv" if position else "viewpoint.bcfv"


def _snapshot_name(position: int, viewpoint: Viewpoint) -> str:
    return f"snapshot_{_uuid(viewpoint.guid)}.png" if position else "snapshot.png"


# ------------------------------------------------------------------------------------------------ the files


def _version() -> bytes:
    root = _root("Version", "version.xsd")
    root.set("VersionId", "2.1")
    _text(root, "DetailedVersion", "2.1")
    return _xml(root)


def _project(project_id: str, name: str | None) -> bytes:
    root = _root("ProjectExtension", "project.xsd")
    project = etree.SubElement(root, "Project", ProjectId=_clean(project_id))
    _text(project, "Name", name)
    etree.SubElement(root, "ExtensionSchema")
    return _xml(root)


def _markup(topic: Topic) -> bytes:
    root = _root("Markup", "markup.xsd")
    if topic.files:
        header = etree.SubElement(root, "Header")
        for file in topic.files:
            _header_file(header, file)
    _topic(root, topic)
    for comment in _comments(topic):
        _comment(root, comment)
    for position, viewpoint in enumerate(topic.viewpoints):
        entry = etree.SubElement(root, "Viewpoints", Guid=_uuid(viewpoint.guid))
        _text(entry, "Viewpoint", _viewpoint_name(position, viewpoint))
        _text(entry, "Snapshot", _snapshot_name(position, viewpoint))
        _text(entry, "Index", str(position))
    return _xml(root)


def _visualization(viewpoint: Viewpoint) -> bytes:
    root = _root("VisualizationInfo", "visinfo.xsd")
    root.set("Guid", _uuid(viewpoint.guid))
    components = etree.SubElement(root, "Components")
    _component_list(components, "Selection", viewpoint.selection)
    visibility = etree.SubElement(components, "Visibility", DefaultVisibility=str(viewpoint.default_visibility).lower())
    _component_list(visibility, "Exceptions", viewpoint.exceptions)
    coloring = etree.Element("Coloring")
    for part in viewpoint.coloring:
        _component_list(coloring, "Color", part.components, Color=part.color)
    if len(coloring):
        components.append(coloring)
    if viewpoint.camera is not None:
        _camera(root, viewpoint.camera)
    return _xml(root)


# ------------------------------------------------------------------------------------------------ their parts


def _header_file(header: etree._Element, file: HeaderFile) -> None:
    entry = etree.SubElement(header, "File")
    if guid := _valid_guid(file.ifc_project):
        entry.set("IfcProject", guid)
    _text(entry, "Filename", file.filename)
    _date(entry, "Date", file.date)
    _text(entry, "Reference", file.reference)


def _topic(root: etree._Element, topic: Topic) -> None:
    if topic.creation_date is None or topic.creation_author is None:
        raise ValueError(f"Topic {topic.guid}: BCF demands a creation date and author")
    entry = etree.SubElement(root, "Topic", Guid=_uuid(topic.guid))
    for name, value in (("TopicType", topic.topic_type), ("TopicStatus", topic.topic_status)):
        if value is not None:
            entry.set(name, _clean(value))
    _texts(entry, "ReferenceLink", topic.reference_links)
    _text(entry, "Title", topic.title)
    _text(entry, "Priority", topic.priority)
    _texts(entry, "Labels", topic.labels)
    _date(entry, "CreationDate", topic.creation_date)
    _text(entry, "CreationAuthor", topic.creation_author)
    _date(entry, "ModifiedDate", topic.modified_date)
    _text(entry, "ModifiedAuthor", topic.modified_author)
    _date(entry, "DueDate", topic.due_date)
    _text(entry, "AssignedTo", topic.assigned_to)
    _text(entry, "Stage", topic.stage)
    _text(entry, "Description", topic.description)
    for related in topic.related_topics:
        etree.SubElement(entry, "RelatedTopic", Guid=_uuid(related))


def _comments(topic: Topic) -> Iterator[Comment]:
    """The topic's own, and one with its title for each viewpoint that none speaks of: BIMcollab shows viewpoints by comment."""
    yield from topic.comments
    spoken_of = {_uuid(comment.viewpoint_guid) for comment in topic.comments if comment.viewpoint_guid}
    for viewpoint in topic.viewpoints:
        guid = _uuid(viewpoint.guid)
        if guid not in spoken_of:
            comment_guid = str(uuid5(UUID(guid), "comment"))
            yield Comment(comment_guid, topic.creation_date, topic.creation_author, topic.title, guid)


def _comment(root: etree._Element, comment: Comment) -> None:
    if comment.date is None or comment.author is None:
        raise ValueError(f"Comment {comment.guid}: BCF demands a date and an author")
    entry = etree.SubElement(root, "Comment", Guid=_uuid(comment.guid))
    _date(entry, "Date", comment.date)
    _text(entry, "Author", comment.author)
    _text(entry, "Comment", comment.text)
    if comment.viewpoint_guid is not None:
        etree.SubElement(entry, "Viewpoint", Guid=_uuid(comment.viewpoint_guid))


def _component_list(parent: etree._Element, name: str, components: tuple[Component, ...], **attributes: str) -> None:
    """Nothing for no components: the schema allows no empty list."""
    if len(components) > MAX_COMPONENTS:
        raise ValueError(f"{name}: {len(components)} components, at most {MAX_COMPONENTS} can be shown")
    named = [item for item in components if _valid_guid(item.ifc_guid) or item.authoring_tool_id]
    if not named:
        return
    entry = etree.SubElement(parent, name, attributes)
    for component in named:
        item = etree.SubElement(entry, "Component")
        if guid := _valid_guid(component.ifc_guid):
            item.set("IfcGuid", guid)
        _text(item, "OriginatingSystem", component.originating_system)
        _text(item, "AuthoringToolId", component.authoring_tool_id)


def _camera(root: etree._Element, camera: Camera) -> None:
    entry = etree.SubElement(root, "OrthogonalCamera" if camera.field_of_view is None else "PerspectiveCamera")
    _vector(entry, "CameraViewPoint", camera.position)
    _vector(entry, "CameraDirection", camera.direction)
    _vector(entry, "CameraUpVector", camera.up)
    if camera.field_of_view is None:
        _text(entry, "ViewToWorldScale", repr(camera.view_to_world_scale))
    else:
        _text(entry, "FieldOfView", repr(min(max(camera.field_of_view, 45.0), 60.0)))  # what 2.1 allows


# ------------------------------------------------------------------------------------------------ XML and PNG


def _root(name: str, schema: str) -> etree._Element:
    root = etree.Element(name, nsmap={"xsi": XSI})
    root.set(f"{{{XSI}}}noNamespaceSchemaLocation", schema)
    return root


def _xml(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _text(parent: etree._Element, name: str, value: str | None) -> None:
    if value is not None:
        etree.SubElement(parent, name).text = _clean(value)


def _clean(value: str) -> str:
    """Without the characters that XML cannot hold: one stray control character would end the whole publication."""
    return NOT_XML.sub("", value)


def _texts(parent: etree._Element, name: str, values: Iterable[str]) -> None:
    for value in values:
        _text(parent, name, value)


def _date(parent: etree._Element, name: str, value: datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{name} {value}: a time without a zone means another hour to each reader")
    _text(parent, name, None if value is None else value.isoformat())


def _vector(parent: etree._Element, name: str, vector: Vector) -> None:
    entry = etree.SubElement(parent, name)
    for axis, value in zip("XYZ", vector, strict=True):
        _text(entry, axis, repr(float(value)))


def _valid_guid(guid: str | None) -> str | None:
    """Models hold invalid GlobalIds, which the schema refuses."""
    return guid if guid is not None and GLOBAL_ID.fullmatch(guid) else None


def _uuid(guid: str) -> str:
    """The canonical form; ValueError for anything else: it also names a folder."""
    return str(UUID(guid))


def _plain_png(width: int, height: int, grey: int) -> bytes:
    """A grey picture, by the PNG specification: signature, then chunks of length, name, data and CRC."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\x00" + bytes([grey]) * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PLAIN_SNAPSHOT = _plain_png(320, 240, 0xDD)
