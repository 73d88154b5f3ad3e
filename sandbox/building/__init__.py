"""The demo's sample building: a residential tower, laid out by parameters and written as an IFC4 model.

``tower`` says what stands where (``plan``, ``enclosure`` and ``fittings`` do it room by room); ``ifc`` writes it down.
"""

from sandbox.building.ifc import write_tower
from sandbox.building.parts import Component, Room
from sandbox.building.tower import Tower

__all__ = ["Component", "Room", "Tower", "write_tower"]
