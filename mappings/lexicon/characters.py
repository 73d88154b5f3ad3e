"""Lower case, simplified characters and plain apostrophes, one for one, so that positions in a text stay what they are."""

# fmt: off
_TRADITIONAL = (
    "滲磚窻門廳臥牆關馬陽間廚壞發頂燈鎖閥龍頭開縫鬆動響單樓號層電線氣熱濕潔衛"
    "櫃檯臺邊脫鏽變彎斷壓閃聲樑欄桿過現沒這裡說還們後來進漲釘塊麼棟廁"
)
_SIMPLIFIED = (
    "渗砖窗门厅卧墙关马阳间厨坏发顶灯锁阀龙头开缝松动响单楼号层电线气热湿洁卫"
    "柜台台边脱锈变弯断压闪声梁栏杆过现没这里说还们后来进涨钉块么栋厕"
)
# fmt: on
_TO_PLAIN = str.maketrans(_TRADITIONAL + "’", _SIMPLIFIED + "'")


def lower_case(text: str) -> str:
    """Lower case, character by character."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def plain(text: str) -> str:
    """Lower case in simplified characters; only those of the trade's words are known."""
    return lower_case(text).translate(_TO_PLAIN)
