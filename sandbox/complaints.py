"""What people write when something is broken: components and symptoms as owners and site staff put them, not as our lexicon.

Each trouble names the trade that repairs it, the rooms where it happens, and some ways to say it.
"""

from dataclasses import dataclass

BATHS = ("主卫", "客卫")
BEDROOMS = ("主卧", "次卧")
LIVING = ("客厅", "餐厅", *BEDROOMS)


@dataclass(frozen=True)
class Trouble:
    """One kind of complaint. ``rooms`` empty: it is about the flat's own door. ``weight``: how often, among all."""

    trade: str
    rooms: tuple[str, ...]
    texts: tuple[str, ...]
    weight: int = 10
    cost: tuple[int, int] = (200, 3000)  # 元


TROUBLES = (
    Trouble(
        "防水",
        BATHS,
        ("{room}地面防水没做好，楼下天花在滴水", "{room}渗水到楼下，楼下业主投诉了", "{room}门口木地板泡水，怀疑防水层漏"),
        14,
        (1800, 9000),
    ),
    Trouble(
        "防水",
        BATHS,
        ("{room}地漏返臭，晚上味道很大", "{room}地漏下水慢，洗澡积水", "{room}地漏堵了，水排不下去"),
        12,
        (150, 900),
    ),
    Trouble(
        "门窗",
        BEDROOMS,
        ("{room}飘窗下雨就渗水，窗台板都泡了", "{room}窗户下雨天往里渗水，墙角已经湿了", "{room}窗框四周漏风，关不严"),
        14,
        (300, 4500),
    ),
    Trouble(
        "门窗", LIVING, ("{room}玻璃有一道裂纹", "{room}窗户把手坏了，关不上", "{room}推拉窗推不动，轨道变形"), 8, (120, 1600)
    ),
    Trouble(
        "门窗",
        ("客厅", "阳台"),
        ("{room}阳台推拉门拉不动，滑轮坏了", "{room}移门下面进水", "{room}玻璃门锁不上"),
        6,
        (150, 1200),
    ),
    Trouble("门窗", (), ("入户门锁芯卡顿，钥匙拧不动", "入户门关不严，门缝漏风", "大门门框松动，关门有异响"), 7, (100, 1500)),
    Trouble(
        "装饰",
        (*LIVING, "厨房"),
        ("{room}墙面开裂，裂缝有一米多长", "{room}墙皮起泡脱落", "{room}墙角发霉，一大片黑的"),
        12,
        (200, 2500),
    ),
    Trouble(
        "装饰",
        (*BATHS, "厨房"),
        ("{room}墙砖空鼓，敲着是空的", "{room}瓷砖掉下来两块", "{room}墙砖裂了一条缝"),
        11,
        (300, 3800),
    ),
    Trouble("装饰", LIVING, ("{room}木地板起拱，走路有响声", "{room}地板翘起来了", "{room}地板有色差还有划痕"), 8, (300, 3200)),
    Trouble(
        "装饰",
        ("厨房", *BATHS),
        ("{room}吊顶下沉变形", "{room}天花板有水渍，面积越来越大", "{room}吊顶扣板松了，快掉下来"),
        7,
        (150, 1400),
    ),
    Trouble(
        "装饰",
        ("客厅", "餐厅", "阳台"),
        ("{room}地砖空鼓，踩上去响", "{room}地砖裂了三块", "{room}地面不平，高低差明显"),
        9,
        (300, 3600),
    ),
    Trouble(
        "机电",
        (*LIVING, "厨房"),
        ("{room}插座没电，试过别的电器也不行", "{room}靠窗的插座松动，一插就掉", "{room}插座一用就跳闸"),
        9,
        (80, 500),
    ),
    Trouble(
        "机电",
        (*LIVING, "厨房", *BATHS),
        ("{room}灯不亮，换了灯泡也没用", "{room}吸顶灯一直闪", "{room}灯具安装不牢，歪了"),
        6,
        (60, 400),
    ),
    Trouble("机电", BATHS, ("{room}马桶底部漏水", "{room}马桶冲水不畅，老堵", "{room}坐便器松动，坐上去晃"), 8, (150, 1500)),
    Trouble("机电", BATHS, ("{room}洗手盆下面滴水", "{room}台盆裂了", "{room}洗脸盆下水慢"), 6, (120, 900)),
    Trouble("机电", BATHS, ("{room}淋浴水压小", "{room}花洒漏水关不住"), 4, (80, 600)),
    Trouble(
        "机电",
        ("厨房",),
        ("{room}水槽下水管漏水，橱柜泡坏了", "{room}洗菜盆堵塞，反水", "{room}菜盆边上胶条脱落渗水"),
        7,
        (120, 1800),
    ),
    Trouble(
        "机电",
        ("厨房", *BATHS),
        ("{room}排水管接口渗水", "{room}下水管道夜里异响，噪音大", "{room}给水管接头漏水，关总阀了"),
        7,
        (150, 2200),
    ),
    Trouble("土建", ("阳台",), ("{room}栏杆松动，小孩靠着危险", "{room}栏杆生锈，焊口开了"), 4, (200, 1800)),
    Trouble("土建", LIVING, ("{room}顶板有裂缝，担心结构问题", "{room}楼板渗水，楼上不承认"), 5, (500, 6000)),
    Trouble(
        "门窗",
        (*BEDROOMS, *BATHS),
        ("{room}房门变形，关不上", "{room}木门门套发霉", "{room}门锁坏了，人被反锁过"),
        7,
        (100, 900),
    ),
)

COMMON = (  # where nobody lives: address tail, text
    ("{unit}单元{storey}层电梯厅", ("电梯厅地砖空鼓开裂", "电梯厅吊顶有水渍", "电梯厅的灯不亮")),
    ("{unit}单元{storey}楼楼梯间", ("楼梯间墙面渗水发霉", "楼梯间扶手松动", "楼道灯坏了")),
    ("{unit}单元电梯", ("电梯运行有异响，昨天还困人", "电梯门关不上，反复开合")),
    ("屋面", ("屋面漏水，顶层几户都受影响", "屋顶女儿墙根部开裂渗水", "天面防水卷材起鼓")),
    ("地下车库", ("车库顶板渗水，滴到车上", "地下车库坡道裂缝", "地库集水坑水泵不启动")),
    ("外墙", ("外墙瓷砖脱落，已经拉警戒线", "外墙涂料起皮脱落", "外墙渗水，几层都有水印")),
)

NOISE = (
    "", "", "", "", "", "", "，请尽快处理", "，业主很着急", "，已经报过一次了没人来", "。家里有老人孩子，麻烦快点",
    "，联系电话{phone}", "，请打{phone}约时间", "（周末才有人在家）",
)  # fmt: skip

PLAN_WORDS = {
    "防水": "铲除饰面层，重做防水并做48小时闭水试验，恢复饰面",
    "门窗": "拆除后更换密封胶条，重新打胶并做淋水试验",
    "装饰": "铲除空鼓开裂部位，修补基层后恢复面层",
    "机电": "更换损坏配件，恢复后通水通电测试",
    "土建": "开槽检查，压力注浆处理裂缝，恢复面层",
    "公区": "搭设作业平台，排查原因后维修并恢复",
}


def in_flat_forms() -> tuple[str, ...]:
    """How people write where they live; ``{flat}`` is the room number."""
    return (
        "{number}号楼{unit}单元{flat}室",
        "{number}号楼{unit}单元{flat}",
        "{number}栋{unit}单元{flat}",
        "{number}-{unit}-{flat}",
        "{number}幢{unit}单元{flat}室",
        "{number}#{unit}-{flat}",
    )
