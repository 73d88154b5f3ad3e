"""BCF files (buildingSMART BIM Collaboration Format): issues on building elements, for the BIM engineer's own tool."""

from connectors.bim.bcf.camera import camera_to
from connectors.bim.bcf.reader import read_bcf
from connectors.bim.bcf.shapes import BcfFile, Camera, Coloring, Comment, Component, HeaderFile, Topic, Version, Viewpoint
from connectors.bim.bcf.writer import write_bcf

__all__ = [
    "BcfFile",
    "Camera",
    "Coloring",
    "Comment",
    "Component",
    "HeaderFile",
    "Topic",
    "Version",
    "Viewpoint",
    "camera_to",
    "read_bcf",
    "write_bcf",
]
