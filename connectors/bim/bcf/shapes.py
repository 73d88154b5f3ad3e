"""The content of a BCF file, the same for all its versions. Lengths are metres in the model's world frame, angles degrees.

Instants are timezone-aware; the reader takes a time without zone as UTC. Fields that a file lacks are None or empty.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Version = Literal["2.1", "3.0"]
"""The versions that we write."""


class Vector(NamedTuple):
    """A point or a direction."""

    x: float
    y: float
    z: float


@dataclass(frozen=True)
class Camera:
    """A perspective camera has a ``field_of_view``, an orthogonal one the size of the view in ``view_to_world_scale``."""

    position: Vector
    direction: Vector
    up: Vector
    field_of_view: float | None = None
    view_to_world_scale: float | None = None


@dataclass(frozen=True)
class Component:
    """A building element: its GlobalId (22 characters), and its Tag as ``authoring_tool_id`` where GlobalIds drift."""

    ifc_guid: str | None
    authoring_tool_id: str | None = None
    originating_system: str | None = None


@dataclass(frozen=True)
class Coloring:
    """Elements to show in a color, ``RRGGBB`` or ``AARRGGBB`` in upper-case hexadecimal digits."""

    color: str
    components: tuple[Component, ...]


@dataclass(frozen=True)
class Viewpoint:
    """A view of the model. ``exceptions`` are hidden if ``default_visibility`` is true, and the only ones shown if it is not.

    ``snapshot``: a PNG; the writer puts a plain one where there is none, since some tools refuse a viewpoint without.
    """

    guid: str
    camera: Camera | None = None
    selection: tuple[Component, ...] = ()
    coloring: tuple[Coloring, ...] = ()
    exceptions: tuple[Component, ...] = ()
    default_visibility: bool = True
    snapshot: bytes | None = None


@dataclass(frozen=True)
class Comment:
    """What somebody said, possibly about a viewpoint."""

    guid: str
    date: datetime | None
    author: str | None
    text: str
    viewpoint_guid: str | None = None
    modified_date: datetime | None = None
    modified_author: str | None = None


@dataclass(frozen=True)
class HeaderFile:
    """A model file that a topic speaks of. BCF knows no better identity of a file than these three together."""

    ifc_project: str | None = None
    filename: str | None = None
    date: datetime | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Topic:
    """An issue. ``guid`` is a UUID that stays the same whenever the issue is published again."""

    guid: str
    title: str
    creation_date: datetime | None
    creation_author: str | None
    topic_type: str | None = None
    topic_status: str | None = None
    priority: str | None = None
    labels: tuple[str, ...] = ()
    modified_date: datetime | None = None
    modified_author: str | None = None
    due_date: datetime | None = None
    assigned_to: str | None = None
    stage: str | None = None
    description: str | None = None
    reference_links: tuple[str, ...] = ()
    related_topics: tuple[str, ...] = ()
    files: tuple[HeaderFile, ...] = ()
    comments: tuple[Comment, ...] = ()
    viewpoints: tuple[Viewpoint, ...] = ()


@dataclass(frozen=True)
class BcfFile:
    """A BCF file. ``version`` as read: "2.0", "2.1", "3.0", or "" where the file does not say."""

    topics: tuple[Topic, ...]
    project_id: str | None = None
    project_name: str | None = None
    version: str = "2.1"
