"""What people would call the rooms and components of a model we have never seen: its own names, plain words for classes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.bim.ifc import read_model
from connectors.bim.shapes import Element, ModelIndex
from warranty_hub.errors import RefusedModelError

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
    """The words of a model; None when it cannot be read: the hub will say why, here its project just goes without."""
    try:
        model = read_model(path)
    except RefusedModelError:
        return None
    return ModelWords(tuple(_rooms(model) if model.spaces else _storeys(model)))


def _rooms(model: ModelIndex) -> Iterator[Room]:
    elements = {element.step_id: element for element in model.elements}
    inside: dict[int, dict[int, Part]] = defaultdict(dict)
    for relation in model.relations:
        if part := _part(elements[relation.element_step]):
            inside[relation.space_step][relation.element_step] = part
    storeys = {storey.step_id: storey.name or "" for storey in model.storeys}
    for space in model.spaces:
        name = " ".join(word for word in (space.name, space.long_name) if word)
        if name:
            yield Room(name, storeys.get(space.storey_step or 0, ""), tuple(inside[space.step_id].values()))


def _storeys(model: ModelIndex) -> Iterator[Room]:
    for storey in model.storeys:
        parts = [_part(element) for element in model.elements if element.storey_step == storey.step_id]
        yield Room(storey.name or "", "", tuple(part for part in parts if part))


def _part(element: Element) -> Part | None:
    label = element.tag or element.guid
    if element.ifc_class not in NOUNS or label is None:
        return None
    return Part(*NOUNS[element.ifc_class], label)
