"""Reads BCF 2.0, 2.1 and 3.0, and what tools write under these names.

Lenient about what a file lacks or where its version puts a thing; strict about what could do harm: DTDs and entities are
refused, sizes are limited, and names in the archive are never used as paths.
"""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from connectors.bim.bcf.shapes import BcfFile, Camera, Coloring, Comment, Component, HeaderFile, Topic, Vector, Viewpoint
from connectors.bim.step_file import BROKEN_ZIP
from warranty_hub.errors import MalformedAnswerError

MAX_ENTRIES = 50_000
MAX_ENTRY = 64 << 20  # bytes unpacked
MAX_TOTAL = 1 << 30
REMEDY = "Export the issues again as BCF 2.1 (.bcf or .bcfzip)."


def read_bcf(source: Path | BinaryIO, name: str = "") -> BcfFile:
    """All topics of a BCF file, in the archive's order. ``name``: what errors call it, the path's own by default.

    Raises MalformedAnswerError for a file that is no zip archive, holds no topic, is too large, or has XML that does not parse.
    """
    name = source.name if isinstance(source, Path) else name
    try:
        with zipfile.ZipFile(source) as archive:
            return _Reader(name, archive).read()
    except BROKEN_ZIP as error:
        raise MalformedAnswerError(f"{name} is no BCF file: no readable zip archive ({error})", remedy=REMEDY) from error


class _Reader:
    """One archive. Windows tools write backslashes into names, so entries are looked up by their name with slashes."""

    def __init__(self, name: str, archive: zipfile.ZipFile) -> None:
        self._name = name
        self._archive = archive
        self._entries = {entry.filename.replace("\\", "/").lower(): entry for entry in archive.infolist()}
        self._left = MAX_TOTAL
        if len(self._entries) > MAX_ENTRIES:
            raise self._malformed(f"{len(self._entries)} entries, at most {MAX_ENTRIES} are read")

    def read(self) -> BcfFile:
        folders = [name.removesuffix("markup.bcf") for name in self._entries if name.endswith("/markup.bcf")]
        if not folders:
            raise self._malformed("it holds no topic (no markup.bcf)")
        version = self._xml("bcf.version")
        project = self._xml("project.bcfp")
        described = None if project is None else _find(project, "Project")
        return BcfFile(
            topics=tuple(self._topic(folder) for folder in folders),
            project_id=None if described is None else described.get("ProjectId") or None,
            project_name=None if described is None else _text(described, "Name"),
            version="" if version is None else version.get("VersionId", ""),
        )

    def _topic(self, folder: str) -> Topic:
        markup = self._xml(f"{folder}markup.bcf")
        topic = None if markup is None else _find(markup, "Topic")
        if markup is None or topic is None:
            raise self._malformed(f"{folder}markup.bcf holds no topic")
        try:
            return Topic(
                guid=topic.get("Guid") or folder.strip("/"),
                title=_text(topic, "Title") or "",
                creation_date=_date(topic, "CreationDate"),
                creation_author=_text(topic, "CreationAuthor"),
                topic_type=topic.get("TopicType"),
                topic_status=topic.get("TopicStatus"),
                priority=_text(topic, "Priority"),
                labels=_texts(topic, "Labels", "Label"),
                modified_date=_date(topic, "ModifiedDate"),
                modified_author=_text(topic, "ModifiedAuthor"),
                due_date=_date(topic, "DueDate"),
                assigned_to=_text(topic, "AssignedTo"),
                stage=_text(topic, "Stage"),
                description=_text(topic, "Description"),
                reference_links=_texts(topic, "ReferenceLink"),
                related_topics=tuple(item.get("Guid", "") for item in _identified(topic, "RelatedTopic", "RelatedTopics")),
                files=tuple(_header_file(item) for item in _all(markup, "File")),
                comments=tuple(_comment(item) for item in _identified(markup, "Comment")),
                viewpoints=tuple(self._viewpoints(folder, markup)),
            )
        except ValueError as error:
            raise self._malformed(f"{folder}markup.bcf or a viewpoint beside it: {error}") from error

    def _viewpoints(self, folder: str, markup: etree._Element) -> Iterator[Viewpoint]:
        listed = list(_identified(markup, "Viewpoints", "ViewPoint"))
        for item in listed:
            view, picture = _text(item, "Viewpoint") or "viewpoint.bcfv", _text(item, "Snapshot") or "snapshot.png"
            yield self._viewpoint(item.get("Guid", ""), folder + view, folder + picture)
        if not listed and f"{folder}viewpoint.bcfv" in self._entries:  # BCF 1.0 lists none: they are there by their names
            yield self._viewpoint(folder.strip("/"), f"{folder}viewpoint.bcfv", f"{folder}snapshot.png")

    def _viewpoint(self, guid: str, view: str, picture: str) -> Viewpoint:
        """A file that is listed and not there leaves the viewpoint empty."""
        snapshot = self._bytes(picture)
        info = self._xml(view)
        if info is None:
            return Viewpoint(guid, snapshot=snapshot)
        visibility = next(_all(info, "Visibility"), None)
        if visibility is None:
            return _flat_viewpoint(guid, info, snapshot)
        return Viewpoint(
            guid,
            _camera(info),
            _components(next(_all(info, "Selection"), None)),
            tuple(Coloring(color.get("Color", ""), _components(color)) for color in _all(info, "Color")),
            _components(_find(visibility, "Exceptions")),
            visibility.get("DefaultVisibility", "false") in ("true", "1"),
            snapshot,
        )

    def _xml(self, name: str) -> etree._Element | None:
        content = self._bytes(name)
        if content is None:
            return None
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
        try:
            root = etree.fromstring(content, parser)
        except etree.XMLSyntaxError as error:
            raise self._malformed(f"{name} is no valid XML: {error}") from error
        if root.getroottree().docinfo.internalDTD is not None:
            raise self._malformed(f"{name} declares a document type, which could hide entities")
        return root

    def _bytes(self, name: str) -> bytes | None:
        entry = self._entries.get(name.lower())
        if entry is None:
            return None
        limit = min(MAX_ENTRY, self._left)
        with self._archive.open(entry) as packed:
            content = packed.read(limit + 1)  # the size that an archive declares may be a lie
        if len(content) > limit:
            raise self._malformed(f"{name} or all files together unpack to more than the limit")
        self._left -= len(content)
        return content

    def _malformed(self, reason: str) -> MalformedAnswerError:
        return MalformedAnswerError(f"{self._name} cannot be read as BCF: {reason}", remedy=REMEDY)


def _flat_viewpoint(guid: str, info: etree._Element, snapshot: bytes | None) -> Viewpoint:
    """BCF 1.0 and 2.0 list components with flags; real files often set none, and mean the listed ones.

    Where some are declared visible and none hidden, they are all there is to see (official test case SingleVisibleWall).
    """
    listed = list(_all(info, "Component"))
    selected = [item for item in listed if item.get("Selected", "false" if item.get("Visible") else "true") == "true"]
    visible = [item for item in listed if item.get("Visible") == "true"]
    hidden = [item for item in listed if item.get("Visible") == "false"]
    colored: dict[str, list[etree._Element]] = {}
    for item in listed:
        if color := item.get("Color"):
            colored.setdefault(color, []).append(item)
    return Viewpoint(
        guid,
        _camera(info),
        tuple(map(_component, selected)),
        tuple(Coloring(color, tuple(map(_component, items))) for color, items in colored.items()),
        tuple(map(_component, hidden or visible)),
        default_visibility=bool(hidden) or not visible,
        snapshot=snapshot,
    )


def _header_file(file: etree._Element) -> HeaderFile:
    return HeaderFile(file.get("IfcProject") or None, _text(file, "Filename"), _date(file, "Date"), _text(file, "Reference"))


def _comment(comment: etree._Element) -> Comment:
    viewpoint = _find(comment, "Viewpoint")
    return Comment(
        comment.get("Guid", ""),
        _date(comment, "Date"),
        _text(comment, "Author"),
        _text(comment, "Comment") or "",
        None if viewpoint is None else viewpoint.get("Guid"),
        _date(comment, "ModifiedDate"),
        _text(comment, "ModifiedAuthor"),
    )


def _components(parent: etree._Element | None) -> tuple[Component, ...]:
    return () if parent is None else tuple(map(_component, _all(parent, "Component")))


def _component(item: etree._Element) -> Component:
    return Component(item.get("IfcGuid") or None, _text(item, "AuthoringToolId"), _text(item, "OriginatingSystem"))


def _camera(info: etree._Element) -> Camera | None:
    camera = next(_all(info, "PerspectiveCamera", "OrthogonalCamera"), None)
    if camera is None:
        return None
    position, direction, up = (_vector(camera, name) for name in ("CameraViewPoint", "CameraDirection", "CameraUpVector"))
    return Camera(position, direction, up, _number(camera, "FieldOfView"), _number(camera, "ViewToWorldScale"))


def _vector(camera: etree._Element, name: str) -> Vector:
    vector = _find(camera, name)
    if vector is None:
        raise ValueError(f"a camera without {name}")
    x, y, z = (_number(vector, axis) for axis in "XYZ")
    if x is None or y is None or z is None:
        raise ValueError(f"{name} without one of its coordinates")
    return Vector(x, y, z)


def _find(parent: etree._Element, name: str) -> etree._Element | None:
    """A child by its local name: some tools write a namespace."""
    return parent.find(f"{{*}}{name}")


def _all(parent: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Descendants by local name: BCF 3.0 wraps into another element what 2.x lists at once."""
    return parent.iter(*(f"{{*}}{name}" for name in names))


def _identified(parent: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Descendants with a Guid: the text of a <Comment> is a <Comment> too, and 2.0 has a RelatedTopics for each one."""
    return (item for item in _all(parent, *names) if item.get("Guid"))


def _text(parent: etree._Element, name: str) -> str | None:
    child = _find(parent, name)
    return None if child is None or not child.text or not child.text.strip() else child.text.strip()


def _number(parent: etree._Element, name: str) -> float | None:
    text = _text(parent, name)
    return None if text is None else float(text)


def _texts(parent: etree._Element, *names: str) -> tuple[str, ...]:
    return tuple(item.text.strip() for item in _all(parent, *names) if item.text and item.text.strip())


def _date(parent: etree._Element, name: str) -> datetime | None:
    value = _text(parent, name)
    if value is None:
        return None
    date = datetime.fromisoformat(value)
    return date if date.tzinfo else date.replace(tzinfo=UTC)
