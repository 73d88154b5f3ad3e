"""How ready a model is for locating defects: what its exporter left out, in words for the people who export it."""

import re
from collections import Counter
from collections.abc import Iterator

from connectors.bim.shapes import GLOBAL_ID, Finding, ModelIndex

CONTROL = re.compile(r"[\x80-\x9f]")

MESSAGES = {
    "NO_BUILDING": ("The model has no building.", "模型中没有建筑物（IfcBuilding）。"),
    "NO_STOREYS": ("The model has no storeys: defects cannot be located by floor.", "模型中没有楼层：无法按楼层定位报修。"),
    "UNNAMED_STOREYS": ("Storeys without a name.", "楼层没有名称。"),
    "NO_SPACES": (
        "The model has no rooms (IfcSpace): defects can be located by storey and point only.",
        "模型中没有房间（IfcSpace）：只能按楼层和坐标定位。",
    ),
    "UNNAMED_SPACES": ("Rooms without a name or number.", "房间没有名称或编号。"),
    "SPACES_WITHOUT_STOREY": ("Rooms that belong to no storey.", "房间不属于任何楼层。"),
    "SPACES_WITHOUT_ZONE": (
        "Rooms that belong to no zone: the dwelling must follow from the room's name.",
        "房间没有归入分区（IfcZone）：只能从房间名称推断所属住户。",
    ),
    "NO_SPACE_BOUNDARIES": (
        "The model does not say which elements bound its rooms: this is judged from geometry.",
        "模型没有房间边界关系：只能根据几何位置判断哪些构件围合房间。",
    ),
    "NO_ELEMENTS": ("The model has no building elements.", "模型中没有构件。"),
    "ELEMENTS_WITHOUT_STOREY": ("Elements that belong to no storey.", "构件不属于任何楼层。"),
    "ELEMENTS_WITHOUT_TAG": (
        "Elements without a tag: if GlobalIds change, a new revision can be matched by position only.",
        "构件没有标识（Tag）：GlobalId 变化后只能按位置匹配新版本。",
    ),
    "ELEMENTS_WITHOUT_GEOMETRY": (
        "Elements without geometry: they cannot be found by a point.",
        "构件没有几何形状：无法按坐标定位。",
    ),
    "GEOMETRY_STOPPED": (
        "The geometry is incomplete ({detail}): elements without a box cannot be found by a point.",
        "几何计算未完成（{detail}）：没有包围盒的构件无法按坐标定位。",
    ),
    "GEOMETRY_FAILED": (
        "Elements whose shape could not be built ({detail}): they have no box and cannot be found by a point.",
        "构件的几何形状无法生成（{detail}）：没有包围盒，无法按坐标定位。",
    ),
    "STOREY_BY_GEOMETRY": (
        "Elements and rooms whose storey was judged from their height, since the file names none.",
        "文件未给出所属楼层的构件和房间：按高度推断。",
    ),
    "GEOREFERENCED_TWICE": (
        "The model already stands on its map coordinates and has a map conversion besides: we leave the conversion out.",
        "模型坐标已是地图坐标，却又带有坐标转换：不再重复转换。",
    ),
    "FRAMES_DIFFER": (
        "The model lies apart from others of its building ({detail}): their origins or units differ.",
        "模型与同一楼栋的其他模型不在同一坐标系（{detail}）：原点或单位不一致。",
    ),
    "PROXY_ELEMENTS": (
        "Elements of no particular class (IfcBuildingElementProxy): class words in a defect do not help to find them.",
        "构件没有具体类别（IfcBuildingElementProxy）：无法按构件类别定位。",
    ),
    "MISSING_GLOBAL_IDS": (
        "Objects without a valid GlobalId: they cannot be followed across revisions by it.",
        "对象缺少有效的 GlobalId：无法据此跨版本跟踪。",
    ),
    "DUPLICATE_GLOBAL_IDS": (
        "GlobalIds that several objects share: all are kept.",
        "多个对象使用同一 GlobalId：全部保留。",
    ),
    "RAW_TEXT": (
        "Texts are written in {detail}, against the standard: check that names are right.",
        "文本以 {detail} 写入，不符合标准：请核对名称是否正确。",
    ),
    "GARBLED_TEXT": ("Names with control characters: the exporter encoded them wrongly.", "名称含有控制字符：导出时编码有误。"),
    "UNKNOWN_CLASSES": (
        "Objects of classes that the schema does not have were lost ({detail}).",
        "模型版本中不存在的类别的对象已丢失（{detail}）。",
    ),
    "PARSER_ERRORS": ("Errors in the file, the first: {detail}", "文件有错误，第一处：{detail}"),
}


def find(index: ModelIndex, bodiless: int, log: str, raw_encoding: str) -> tuple[Finding, ...]:
    """What counts more than zero. ``bodiless``: elements without geometry; ``log`` and ``raw_encoding``: see `index_model`."""
    found = [*_places(index), *_elements(index, bodiless), *_identities(index), *_texts(index, raw_encoding), *_errors(log)]
    return tuple(finding(code, count, detail) for code, count, detail in found if count)


def finding(code: str, count: int, detail: str = "") -> Finding:
    """A finding in words; ``detail`` goes where its message has a place for it."""
    english, chinese = MESSAGES[code]
    return Finding(code, english.format(detail=detail), chinese.format(detail=detail), int(count))


def _places(index: ModelIndex) -> Iterator[tuple[str, int, str]]:
    yield "NO_BUILDING", not index.buildings, ""
    yield "NO_STOREYS", not index.storeys, ""
    yield "UNNAMED_STOREYS", sum(row.name is None for row in index.storeys), ""
    yield "NO_SPACES", not index.spaces, ""
    yield "UNNAMED_SPACES", sum(row.name is None and row.long_name is None for row in index.spaces), ""
    yield "SPACES_WITHOUT_STOREY", sum(row.storey_step is None for row in index.spaces), ""
    yield "SPACES_WITHOUT_ZONE", sum(not row.zones for row in index.spaces), ""
    yield "NO_SPACE_BOUNDARIES", bool(index.spaces) and not index.space_boundaries, ""


def _elements(index: ModelIndex, bodiless: int) -> Iterator[tuple[str, int, str]]:
    yield "NO_ELEMENTS", not index.elements, ""
    yield "ELEMENTS_WITHOUT_STOREY", sum(row.storey_step is None for row in index.elements), ""
    yield "ELEMENTS_WITHOUT_TAG", sum(row.tag is None for row in index.elements), ""
    yield "ELEMENTS_WITHOUT_GEOMETRY", bodiless, ""
    yield "PROXY_ELEMENTS", sum(row.ifc_class == "IfcBuildingElementProxy" for row in index.elements), ""


def _identities(index: ModelIndex) -> Iterator[tuple[str, int, str]]:
    guids = [row.guid for rows in (index.buildings, index.storeys, index.spaces, index.elements) for row in rows]
    uses = Counter(guid for guid in guids if guid is not None)
    yield "MISSING_GLOBAL_IDS", sum(guid is None or not GLOBAL_ID.fullmatch(guid) for guid in guids), ""
    yield "DUPLICATE_GLOBAL_IDS", sum(count > 1 for count in uses.values()), ""


def _texts(index: ModelIndex, raw_encoding: str) -> Iterator[tuple[str, int, str]]:
    yield "RAW_TEXT", bool(raw_encoding), raw_encoding
    names = [row.name for rows in (index.buildings, index.storeys, index.spaces, index.elements) for row in rows]
    yield "GARBLED_TEXT", sum(name is not None and bool(CONTROL.search(name)) for name in names), ""


def _errors(log: str) -> Iterator[tuple[str, int, str]]:
    """ifcopenshell leaves out what it does not understand and notes it in its log."""
    unknown = Counter(re.findall(r"Entity with name '([^']*)' not found in schema", log))
    yield "UNKNOWN_CLASSES", unknown.total(), ", ".join(sorted(unknown)[:5])
    others = [line for line in log.splitlines() if line.startswith("[error]") and "not found in schema" not in line]
    yield "PARSER_ERRORS", len(others), others[0].split("] ")[-1][:200] if others else ""
