"""What people would call the rooms and components of a model we have never seen: its own names, plain words for classes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell

NOUNS = {  # IFC class → what people call it, who repairs it, what happens to it
    "IfcDoor": ("门", "门窗", ("关不严", "打不开", "变形")),
    "IfcWindow": ("窗户", "门窗", ("渗水", "关不上", "漏风")),
    "IfcWall": ("墙", "装饰", ("开裂", "发霉", "渗水")),
    "IfcWallStandardCase": ("墙", "装饰", ("开裂", "发霉", "渗水")),
    "IfcSlab": ("地面", "装饰", ("开裂", "不平")),
    "IfcStair": ("楼梯", "土建", ("开裂", "破损")),
    "IfcRailing": ("栏杆", "土建", ("松动", "生锈")),
    "IfcFlowTerminal": ("设备", "机电", ("坏了", "漏水")),
    "IfcSanitaryTerminal": ("马桶", "机电", ("漏水", "堵塞")),
    "IfcOutlet": ("插座", "机电", ("没电", "松动")),
    "IfcLightFixture": ("灯", "机电", ("不亮", "一直闪")),
    "IfcFurnishingElement": ("柜子", "装饰", ("变形", "破损")),
}


@dataclass(frozen=True)
class Part:
    """A component in a room; ``label`` is what its sticker would say: its Tag, else its GlobalId."""

    noun: str
    trade: str
    symptoms: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Room:
    """A room by the model's own name; a storey stands for the rooms of a model that has none."""

    name: str
    storey: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class ModelWords:
    """The words of one model."""

    rooms: tuple[Room, ...]


def read_words(path: Path) -> ModelWords | None:
    """The words of a model; None when it cannot be read at all: the hub will say why, here its project just goes without."""
    try:
        model = ifcopenshell.open(str(path))
    except (OSError, RuntimeError, ValueError, AttributeError):
        return None
    return ModelWords(tuple(_rooms(model)))


def _rooms(model: Any) -> Iterator[Room]:
    inside = _parts_by_place(model)
    for space in model.by_type("IfcSpace"):
        name = " ".join(word for word in (space.Name, space.LongName) if word)
        parent = space.Decomposes[0].RelatingObject if space.Decomposes else None
        storey = parent.Name if parent is not None and parent.is_a("IfcBuildingStorey") else None
        if name:
            yield Room(name, storey or "", tuple(inside[space.id()]))
    if not model.by_type("IfcSpace"):
        for level in model.by_type("IfcBuildingStorey"):
            yield Room(level.Name or "", "", tuple(inside[level.id()]))


def _parts_by_place(model: Any) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = defaultdict(list)
    pairs = [
        (rel.RelatingStructure, element)
        for rel in model.by_type("IfcRelContainedInSpatialStructure")
        for element in rel.RelatedElements
    ]
    pairs += [(rel.RelatingSpace, rel.RelatedBuildingElement) for rel in model.by_type("IfcRelSpaceBoundary")]
    seen = set()
    for place, element in pairs:
        if place is None or element is None or element.is_a() not in NOUNS or (place.id(), element.id()) in seen:
            continue
        seen.add((place.id(), element.id()))
        noun, trade, symptoms = NOUNS[element.is_a()]
        found[place.id()].append(Part(noun, trade, symptoms, getattr(element, "Tag", None) or element.GlobalId))
    return found
