"""Writes what is said in an issue: markup.bcf, and the files about the whole archive."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID, uuid5

from lxml import etree

from connectors.bim.bcf.shapes import BcfFile, Comment, HeaderFile, Topic, Version
from connectors.bim.bcf.xml import add_date, add_text, add_texts, clean, packed, root, uuid, valid_guid


def version_file(version: Version) -> bytes:
    """``bcf.version``."""
    element = root("Version", "version.xsd")
    element.set("VersionId", version)
    if version == "2.1":
        add_text(element, "DetailedVersion", version)
    return packed(element)


def project_file(project_id: str, name: str | None, version: Version) -> bytes:
    """``project.bcfp``."""
    element = root("ProjectExtension" if version == "2.1" else "ProjectInfo", "project.xsd")
    project = etree.SubElement(element, "Project", ProjectId=clean(project_id))
    add_text(project, "Name", name)
    if version == "2.1":
        etree.SubElement(element, "ExtensionSchema")
    return packed(element)


def extensions_file(bcf: BcfFile) -> bytes:
    """``extensions.xml`` of BCF 3.0: the words that the topics use."""
    element = root("Extensions", "extensions.xsd")
    for group, name, used in (
        ("TopicTypes", "TopicType", (topic.topic_type for topic in bcf.topics)),
        ("TopicStatuses", "TopicStatus", (topic.topic_status for topic in bcf.topics)),
        ("Priorities", "Priority", (topic.priority for topic in bcf.topics)),
        ("TopicLabels", "TopicLabel", (label for topic in bcf.topics for label in topic.labels)),
        ("Stages", "Stage", (topic.stage for topic in bcf.topics)),
    ):
        _listed(element, group, name, sorted({word for word in used if word}), "3.0")
    return packed(element)


def markup_file(topic: Topic, viewpoints: Iterable[tuple[str, str, str]], version: Version) -> bytes:
    """``markup.bcf``; ``viewpoints``: GUID, names of view and picture. Raises ValueError as `write_bcf` does."""
    element = root("Markup", "markup.xsd")
    if topic.files:
        header = etree.SubElement(element, "Header")
        for file in topic.files:
            _header_file(_group(header, "Files", version), file)
    entry = _topic(element, topic, version)
    said = element if version == "2.1" else entry
    for comment in _comments(topic):
        _comment(_group(said, "Comments", version), comment, version)
    for position, (guid, view, picture) in enumerate(viewpoints):
        name = "Viewpoints" if version == "2.1" else "ViewPoint"
        item = etree.SubElement(_group(said, "Viewpoints", version), name, Guid=guid)
        add_text(item, "Viewpoint", view)
        add_text(item, "Snapshot", picture)
        add_text(item, "Index", str(position))
    return packed(element)


def _group(parent: etree._Element, name: str, version: Version) -> etree._Element:
    """Where a list's items go: 3.0 wraps them into an element that 2.1 does without."""
    if version == "2.1":
        return parent
    found = parent.find(name)
    return etree.SubElement(parent, name) if found is None else found


def _listed(parent: etree._Element, group: str, name: str, values: Sequence[str], version: Version) -> None:
    if values:
        add_texts(_group(parent, group, version), name, values)


def _header_file(header: etree._Element, file: HeaderFile) -> None:
    entry = etree.SubElement(header, "File")
    if guid := valid_guid(file.ifc_project):
        entry.set("IfcProject", guid)
    add_text(entry, "Filename", file.filename)
    add_date(entry, "Date", file.date)
    add_text(entry, "Reference", file.reference)


def _topic(parent: etree._Element, topic: Topic, version: Version) -> etree._Element:
    _check(topic, version)
    entry = etree.SubElement(parent, "Topic", Guid=uuid(topic.guid))
    for name, value in (("TopicType", topic.topic_type), ("TopicStatus", topic.topic_status)):
        if value is not None:
            entry.set(name, clean(value))
    _listed(entry, "ReferenceLinks", "ReferenceLink", topic.reference_links, version)
    etree.SubElement(entry, "Title").text = clean(topic.title)
    add_text(entry, "Priority", topic.priority)
    _listed(entry, "Labels", "Labels" if version == "2.1" else "Label", topic.labels, version)
    add_date(entry, "CreationDate", topic.creation_date)
    add_text(entry, "CreationAuthor", topic.creation_author)
    add_date(entry, "ModifiedDate", topic.modified_date)
    add_text(entry, "ModifiedAuthor", topic.modified_author)
    add_date(entry, "DueDate", topic.due_date)
    add_text(entry, "AssignedTo", topic.assigned_to)
    add_text(entry, "Stage", topic.stage)
    add_text(entry, "Description", topic.description)
    for related in topic.related_topics:
        etree.SubElement(_group(entry, "RelatedTopics", version), "RelatedTopic", Guid=uuid(related))
    return entry


def _check(topic: Topic, version: Version) -> None:
    if topic.creation_date is None or not topic.creation_author:
        raise ValueError(f"Topic {topic.guid}: BCF demands a creation date and author")
    if version == "3.0" and not (clean(topic.title).strip() and topic.topic_type and topic.topic_status):
        raise ValueError(f"Topic {topic.guid}: BCF 3.0 demands a title, a type and a status")


def _comments(topic: Topic) -> Iterator[Comment]:
    """The topic's own, and one with its title for each viewpoint that none speaks of: BIMcollab shows viewpoints by comment."""
    yield from topic.comments
    spoken_of = {uuid(comment.viewpoint_guid) for comment in topic.comments if comment.viewpoint_guid}
    for viewpoint in topic.viewpoints:
        guid = uuid(viewpoint.guid)
        if guid not in spoken_of:
            yield Comment(added_comment(guid), topic.creation_date, topic.creation_author, topic.title, guid)


def added_comment(viewpoint_guid: str) -> str:
    """The GUID of the comment that we add to a viewpoint."""
    return str(uuid5(UUID(viewpoint_guid), "comment"))


def _comment(parent: etree._Element, comment: Comment, version: Version) -> None:
    if comment.date is None or not comment.author:
        raise ValueError(f"Comment {comment.guid}: BCF demands a date and an author")
    entry = etree.SubElement(parent, "Comment", Guid=uuid(comment.guid))
    add_date(entry, "Date", comment.date)
    add_text(entry, "Author", comment.author)
    if version == "2.1":
        etree.SubElement(entry, "Comment").text = clean(comment.text)
    else:
        add_text(entry, "Comment", comment.text)
    if comment.viewpoint_guid is not None:
        etree.SubElement(entry, "Viewpoint", Guid=uuid(comment.viewpoint_guid))
    add_date(entry, "ModifiedDate", comment.modified_date)
    add_text(entry, "ModifiedAuthor", comment.modified_author)
