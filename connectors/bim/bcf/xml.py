"""Small parts of the XML that BCF files are made of."""

import re
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from lxml import etree

from connectors.bim.bcf.shapes import Vector
from connectors.bim.shapes import GLOBAL_ID

NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def root(name: str, schema: str) -> etree._Element:
    """A root element that names its schema, which some tools ask for."""
    element = etree.Element(name, nsmap={"xsi": XSI})
    element.set(f"{{{XSI}}}noNamespaceSchemaLocation", schema)
    return element


def packed(element: etree._Element) -> bytes:
    """The file's content."""
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def add_text(parent: etree._Element, name: str, value: str | None) -> None:
    """A child with a text; none for an empty one, which BCF 3.0 refuses."""
    if value and (cleaned := clean(value)).strip():
        etree.SubElement(parent, name).text = cleaned


def add_texts(parent: etree._Element, name: str, values: Iterable[str]) -> None:
    """A child for each text."""
    for value in values:
        add_text(parent, name, value)


def add_date(parent: etree._Element, name: str, value: datetime | None) -> None:
    """A child with an instant. Raises ValueError for one without a zone."""
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{name} {value}: a time without a zone means another hour to each reader")
    add_text(parent, name, None if value is None else value.isoformat())


def add_vector(parent: etree._Element, name: str, vector: Vector) -> None:
    """A child with the coordinates."""
    entry = etree.SubElement(parent, name)
    for axis, value in zip("XYZ", vector, strict=True):
        add_text(entry, axis, repr(float(value)))


def clean(value: str) -> str:
    """Without the characters that XML cannot hold: one stray control character would end the whole publication."""
    return NOT_XML.sub("", value)


def valid_guid(guid: str | None) -> str | None:
    """Models hold invalid GlobalIds, which the schemas refuse."""
    return guid if guid is not None and GLOBAL_ID.fullmatch(guid) else None


def uuid(guid: str) -> str:
    """The canonical form; ValueError for anything else: it also names a folder."""
    return str(UUID(guid))
