"""What people write when something is broken, collected for the benchmark alone; nothing here is taken from the lexicon.

``phrases.csv`` has, for each component of the sample towers, what people call it (no defect type) and what they say of it, with
the code of the defect; ``{it}`` is the component. English stands apart, for a text is written in one language.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass
class Words:
    """The words for one kind of component in one language: its names, and phrases with the defect that each tells of."""

    component: str
    names: list[str] = field(default_factory=list)
    phrases: list[tuple[str, str]] = field(default_factory=list)


@cache
def words() -> Mapping[tuple[str, str], Words]:
    """The words by the element's name in the sample towers and the language, zh or en."""
    found: dict[tuple[str, str], Words] = {}
    with Path(__file__).with_name("phrases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            said = found.setdefault((row["element"], row["language"]), Words(row["component"]))
            if row["defect_type"]:
                said.phrases.append((row["text"], row["defect_type"]))
            else:
                said.names.append(row["text"])
    return found


ROOMS = {  # what people call the rooms, and English
    "客厅": (("客厅", "大厅", "厅里"), ("living room", "lounge")),
    "餐厅": (("餐厅", "饭厅"), ("dining room",)),
    "主卧": (("主卧", "主卧室", "主人房"), ("master bedroom",)),
    "次卧": (("次卧", "次卧室", "儿童房"), ("second bedroom", "guest bedroom")),
    "厨房": (("厨房", "厨房间"), ("kitchen",)),
    "主卫": (("主卫", "主卧卫生间", "主卧厕所"), ("master bathroom",)),
    "客卫": (("客卫", "公卫", "次卫"), ("guest bathroom",)),
    "阳台": (("阳台",), ("balcony",)),
}
VAGUE_ROOMS = {  # words that leave open which
    "卧室": ("主卧", "次卧"),
    "卫生间": ("主卫", "客卫"),
    "厕所": ("主卫", "客卫"),
}
OPENINGS = ("", "", "", "你好，", "师傅您好，", "您好！", "业主反映：", "又来报修了，", "物业转：", "麻烦看一下，", "急！")
CLOSINGS = (
    "", "", "", "，请尽快处理", "，麻烦安排人上门", "，谢谢", "。家里有老人",
    "，已经第三次报修了", "，周末在家", "！！！", "，影响正常居住",
)  # fmt: skip
JOINTS = ("，另外", "；", "，还有", "，", "。还有就是", "，同时", "\n")
REMARKS = (  # what is denied, past or feared; the defect's code
    ("，没有漏水", "D01", "NEGATED"), ("，未见裂缝", "D02", "NEGATED"), ("，没发霉", "D07", "NEGATED"),
    ("，之前漏过水，修好了", "D01", "PAST"), ("，以前堵过", "D05", "PAST"), ("，担心以后开裂", "D02", "FEARED"),
    ("，怕脱落砸到人", "D04", "FEARED"), ("，不知道会不会漏电", "D17", "FEARED"),
)  # fmt: skip
TYPOS = {  # what comes out of a pinyin keyboard, or from traditional characters
    "渗": "滲惨", "漏": "露", "砖": "磚专", "裂": "列", "窗": "窻", "门": "門", "厅": "廳", "卧": "臥", "墙": "牆强",
    "关": "關", "马": "馬", "阳": "陽", "间": "間", "厨": "橱廚", "坏": "壞", "发": "發", "顶": "頂", "灯": "燈", "插": "查",
    "空": "孔", "松": "送", "锈": "秀", "响": "向",
}  # fmt: skip
