"""Writes BCF 2.1, the version that Solibri, BIMcollab and OpenProject all take, or 3.0.

Beyond the XSDs, tools want (buildingSMART BCF-XML 2.1 documentation; IfcOpenShell #7152, #4887; ifc-lite #3612, #3891,
#4872): a first viewpoint named viewpoint.bcfv with a snapshot.png, a comment that refers to each viewpoint, schema locations on
the root elements, dates with zone, cameras in metres in the model's frame, no clipping planes, no directory entries in the zip,
few components. The same content gives the same bytes.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from connectors.bim.bcf.markup import extensions_file, markup_file, project_file, version_file
from connectors.bim.bcf.shapes import BcfFile, Topic, Version, Viewpoint
from connectors.bim.bcf.visualization import PLAIN_SNAPSHOT, view_file
from connectors.bim.bcf.xml import uuid

FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def write_bcf(target: Path | BinaryIO, bcf: BcfFile, version: Version = "2.1") -> None:
    """Write a BCF file of this version (usual endings: .bcf, .bcfzip), whatever version the content was read from.

    A component with neither a valid GlobalId nor a tag cannot be named and is left out; the camera shows it all the same.
    Raises ValueError for content that BCF cannot say: a GUID that is no UUID, a time without zone, over 1,000 components;
    in 3.0 also a topic without title, type or status.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _entries(bcf, version):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.create_system = 3  # the same on every operating system
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _entries(bcf: BcfFile, version: Version) -> Iterator[tuple[str, bytes]]:
    yield "bcf.version", version_file(version)
    if bcf.project_id is not None:
        yield "project.bcfp", project_file(bcf.project_id, bcf.project_name, version)
    if version == "3.0":
        yield "extensions.xml", extensions_file(bcf)
    for topic in bcf.topics:
        yield from _topic_entries(topic, version)


def _topic_entries(topic: Topic, version: Version) -> Iterator[tuple[str, bytes]]:
    folder = uuid(topic.guid)
    names = [_names(position, viewpoint) for position, viewpoint in enumerate(topic.viewpoints)]
    yield f"{folder}/markup.bcf", markup_file(topic, names, version)
    for viewpoint, (_, view, picture) in zip(topic.viewpoints, names, strict=True):
        yield f"{folder}/{view}", view_file(viewpoint, version)
        yield f"{folder}/{picture}", viewpoint.snapshot or PLAIN_SNAPSHOT


def _names(position: int, viewpoint: Viewpoint) -> tuple[str, str, str]:
    guid = uuid(viewpoint.guid)
    return (guid, f"viewpoint_{guid}.bcfv", f"snapshot_{guid}.png") if position else (guid, "viewpoint.bcfv", "snapshot.png")
