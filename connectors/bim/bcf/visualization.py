"""Writes what is seen in an issue: a viewpoint's .bcfv file, and the plain picture for one without a snapshot."""

import numpy as np
from lxml import etree

from connectors.bim.bcf.png import png
from connectors.bim.bcf.shapes import Camera, Component, Vector, Version, Viewpoint
from connectors.bim.bcf.xml import add_text, add_vector, packed, root, uuid, valid_guid

MAX_COMPONENTS = 1000  # in each list of a viewpoint: the documentation's advice
ASPECT_RATIO = 4 / 3
FROM_ABOVE = Camera(Vector(0.0, 0.0, 100.0), Vector(0.0, 0.0, -1.0), Vector(0.0, 1.0, 0.0), field_of_view=60.0)
"""Stands in where a view has no camera: BCF 3.0 demands one. The selection is what such a view is about."""


def view_file(viewpoint: Viewpoint, version: Version) -> bytes:
    """``viewpoint.bcfv``. Raises ValueError for more components than tools can show."""
    element = root("VisualizationInfo", "visinfo.xsd")
    element.set("Guid", uuid(viewpoint.guid))
    components = etree.SubElement(element, "Components")
    _component_list(components, "Selection", viewpoint.selection)
    visibility = etree.SubElement(components, "Visibility", DefaultVisibility=str(viewpoint.default_visibility).lower())
    _component_list(visibility, "Exceptions", viewpoint.exceptions)
    _coloring(components, viewpoint, version)
    camera = viewpoint.camera or (FROM_ABOVE if version == "3.0" else None)
    if camera is not None:
        _camera(element, camera, version)
    return packed(element)


def _coloring(components: etree._Element, viewpoint: Viewpoint, version: Version) -> None:
    coloring = etree.Element("Coloring")
    for part in viewpoint.coloring:
        if version == "2.1":
            _component_list(coloring, "Color", part.components, Color=part.color)
        else:
            color = etree.Element("Color", Color=part.color)
            _component_list(color, "Components", part.components)
            coloring.extend([color] if len(color) else [])
    if len(coloring):
        components.append(coloring)


def _component_list(parent: etree._Element, name: str, components: tuple[Component, ...], **attributes: str) -> None:
    """Nothing for no components: the schema allows no empty list."""
    if len(components) > MAX_COMPONENTS:
        raise ValueError(f"{name}: {len(components)} components, at most {MAX_COMPONENTS} can be shown")
    named = [item for item in components if valid_guid(item.ifc_guid) or item.authoring_tool_id]
    if not named:
        return
    entry = etree.SubElement(parent, name, attributes)
    for component in named:
        item = etree.SubElement(entry, "Component")
        if guid := valid_guid(component.ifc_guid):
            item.set("IfcGuid", guid)
        add_text(item, "OriginatingSystem", component.originating_system)
        add_text(item, "AuthoringToolId", component.authoring_tool_id)


def _camera(parent: etree._Element, camera: Camera, version: Version) -> None:
    entry = etree.SubElement(parent, "OrthogonalCamera" if camera.field_of_view is None else "PerspectiveCamera")
    add_vector(entry, "CameraViewPoint", camera.position)
    add_vector(entry, "CameraDirection", camera.direction)
    add_vector(entry, "CameraUpVector", camera.up)
    if camera.field_of_view is None:
        add_text(entry, "ViewToWorldScale", repr(camera.view_to_world_scale))
    else:
        angle = min(max(camera.field_of_view, 45.0), 60.0) if version == "2.1" else camera.field_of_view  # what 2.1 allows
        add_text(entry, "FieldOfView", repr(angle))
    if version == "3.0":
        add_text(entry, "AspectRatio", repr(ASPECT_RATIO))


PLAIN_SNAPSHOT = png(np.zeros((240, 320), np.uint8), [(0xDD, 0xDD, 0xDD)])
