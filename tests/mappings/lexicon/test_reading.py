"""What a text says: the words that people write, and the words that look like ours and are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.lexicon import Kind, Standing, read


@pytest.mark.parametrize(
    ("text", "components", "defect_types", "rooms"),
    [
        ("主卧飘窗渗水", ["C25"], ["D01"], ["R02"]),
        ("主卧飘窗渗水,墙面发霉", ["C25", "C84"], ["D01", "D07"], ["R02"]),
        ("卫生间地漏堵塞", ["C52"], ["D05"], ["R07", "R08"]),
        ("客厅木地板起拱", ["C31"], ["D08"], ["R01"]),
        ("水龙头漏水", ["C46"], ["D01"], []),
        ("露筋", [], ["D25"], []),
        ("Ｗｉｎｄｏｗ　ｌｅａｋｓ", ["C25"], ["D01"], []),
        ("The bathroom tap is leaking", ["C46"], ["D01"], ["R07", "R08"]),
        ("Cracks in the living-room ceilings", ["C33"], ["D02"], ["R01"]),
        ("kitchen cabinets scratched", ["C39"], ["D12"], ["R05"]),
        ("bedroom door is stuck", ["C20"], ["D14"], ["R03", "R02"]),
        ("M_Toilet-Domestic-3D", ["C41"], [], ["R07", "R08"]),
        ("", [], [], []),
        ("希望尽快处理", [], [], []),
    ],
)
def test_people_s_words_become_codes(text: str, components: list[str], defect_types: list[str], rooms: list[str]) -> None:
    reading = read(text)
    assert (list(reading.components), list(reading.defect_types), list(reading.rooms)) == (components, defect_types, rooms)


@pytest.mark.parametrize(
    ("text", "components", "defect_types"),
    [
        ("门窗无法开关", ["C25", "C83"], ["D14"]),  # to open and close
        ("开关坏了", ["C67"], ["D11"]),  # a switch
        ("门口道路堵车", ["C80"], []),
        ("马桶堵了", ["C41"], ["D05"]),
        ("防水堵漏", ["C35"], []),
        ("物业漏签合同,漏缴费用", [], []),
        ("插座漏电", ["C66"], ["D17"]),  # current, not water
        ("漏电保护器跳闸", ["C70"], ["D16"]),
        ("楼板开裂", ["C05"], ["D02"]),
        ("地板砖空鼓", ["C29"], ["D03"]),
        ("下水井返味", ["C54"], ["D06"]),
        ("到窗口投诉", [], []),
        ("相关部门上门", [], []),
        ("梁先生反映", [], []),
        ("小区加装电梯", [], []),
        ("带电梯的房子", [], []),
        ("楼下水管漏水", ["C48"], ["D01"]),  # 楼下|水管, not 下水管
        ("电梯厅灯不亮", ["C68"], ["D18"]),  # the lobby's lamp, not the lift
        ("tape on the slight stain", [], ["D12"]),  # no tap, no light
    ],
)
def test_words_that_only_look_like_a_term_mean_nothing(text: str, components: list[str], defect_types: list[str]) -> None:
    reading = read(text)
    assert (list(reading.components), list(reading.defect_types)) == (components, defect_types)


def test_a_compound_names_its_room_or_component_but_a_room_is_not_about_the_component_in_it() -> None:
    assert (read("卧室门").component, read("卧室门").rooms) == ("C20", ("R03", "R02"))
    assert (read("电梯异响").defect_type, read("电梯异响").component) == ("D23", "C75")
    assert (read("水泵房").room, read("水泵房").component) == ("R22", None)
    assert (read("下水井").component, read("下水井").rooms) == ("C54", ())


def test_the_estate_and_any_room_are_no_room() -> None:
    assert read("小区房间").rooms == ()


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("漏水", Standing.PRESENT),
        ("没有漏水", Standing.NEGATED),
        ("未见渗漏", Standing.NEGATED),
        ("现在不漏水了", Standing.NEGATED),
        ("没有人来修漏水", Standing.PRESENT),
        ("漏水一直没有修", Standing.PRESENT),
        ("以前漏过", Standing.PAST),
        ("之前卫生间漏水", Standing.PAST),
        ("之前维修过,又漏水", Standing.PRESENT),
        ("去年开始漏水至今", Standing.PRESENT),
        ("裂缝过大", Standing.PRESENT),
        ("担心开裂", Standing.FEARED),
        ("是不是漏水", Standing.FEARED),
        ("no leak", Standing.NEGATED),
        ("it does not leak", Standing.NEGATED),
        ("the roof used to leak", Standing.PAST),
        ("afraid it may crack", Standing.FEARED),
        ("still leaking", Standing.PRESENT),
    ],
)
def test_a_denied_past_or_feared_defect_is_not_taken_for_one_that_is_there(text: str, standing: Standing) -> None:
    reading = read(text)
    assert [hit.standing for hit in reading.hits_of(Kind.DEFECT_TYPE)] == [standing]
    assert bool(reading.defect_types) == (standing is Standing.PRESENT)


@pytest.mark.parametrize("text", ["没有渗漏、开裂和发霉", "no leaks or cracks"])
def test_a_denial_holds_for_the_whole_enumeration(text: str) -> None:
    assert read(text).defect_types == ()


def test_a_clause_of_its_own_is_judged_by_itself() -> None:
    assert read("以前漏过,现在墙面开裂").defect_types == ("D02",)
    assert read("没有漏水,但是墙面开裂").defect_types == ("D02",)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("东侧外墙", "E"),
        ("朝南的窗", "S"),
        ("北阳台", "N"),
        ("东北角", "NE"),
        ("north-east corner", "NE"),
        ("south facing window", "S"),
        ("东西坏了", None),
        ("北京来电", None),
        ("南侧和北侧", None),
    ],
)
def test_a_side_is_read_only_where_one_side_is_named(text: str, side: str | None) -> None:
    assert read(text).orientation == side


def test_spans_point_at_the_words_that_were_read() -> None:
    reading = read("厨房　ＷＩＮＤＯＷ 漏水")
    assert [reading.text[hit.start : hit.end] for hit in reading.hits] == ["厨房", "WINDOW", "漏水"]


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_and_spans_never_leave_it(text: str) -> None:
    reading = read(text)
    assert all(0 <= hit.start < hit.end <= len(reading.text) for hit in reading.hits)


@pytest.mark.parametrize(
    ("text", "component", "defect_type"),
    [("次卧查座坏了", "C66", "D11"), ("卫生间露水", None, "D01"), ("强面开列", "C84", "D02"), ("床户关不上", "C25", "D14")],
)
def test_a_word_mistyped_by_its_sound_is_not_read(text: str, component: str | None, defect_type: str) -> None:
    assert (read(text).component, read(text).defect_type) == (component, defect_type)


@pytest.mark.parametrize("text", ["我家在楼上，还楼下也是", "不想再等了", "把东西送了过去", "又赌气了"])
def test_a_sentence_of_its_own_is_read_as_mistyped(text: str) -> None:
    assert read(text).defect_types == ()
    assert read(text).components == ()
