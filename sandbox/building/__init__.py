"""Sample buildings: a residential tower, laid out by parameters and written as an IFC4 model, and estates of many.

``tower`` says what stands where (``plan``, ``enclosure`` and ``fittings`` do it room by room); ``ifc`` writes it down;
``estate`` sets up as many different towers as wanted: ``python -m sandbox.building.estate --help``.
"""

from sandbox.building.ifc import write_tower
from sandbox.building.parts import Component, Room
from sandbox.building.tower import Tower

__all__ = ["Component", "Room", "Tower", "write_tower"]
