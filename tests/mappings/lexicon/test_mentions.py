"""Several defects in one text: each must get its own component and room, or the craftsman mends the wrong thing."""

import pytest

from mappings.lexicon import Level, Mention, Standing, read


def told(text: str) -> list[str]:
    return [" ".join(code or "-" for code in (said.room, said.component, said.defect_type)) for said in read(text).mentions]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("主卧飘窗渗水，次卧墙面开裂", ["R02 C25 D01", "R03 C84 D02"]),
        ("水槽下面那根下水管漏水", ["- C49 D01"]),
        ("靠窗的插座松动", ["- C66 D13"]),
        ("漏水的窗户", ["- C25 D01"]),
        ("飘窗老化，一直渗水", ["- C25 D01"]),
        ("漏水，位置：吊顶", ["- C33 D01"]),
        ("电梯异响", ["- C75 D23"]),
        ("保姆房顶灯不亮", ["R13 C68 D18"]),
        ("客厅、餐厅墙面和吊顶开裂", ["R01 C84 D02", "R06 C84 D02", "R01 C33 D02", "R06 C33 D02"]),
        ("窗户把手松动", ["- C28 D13"]),
        ("客厅地砖空鼓、开裂", ["R01 C29 D03", "R01 C29 D02"]),
        ("卫生间漏水木地板发黑", ["R07 - D01", "R07 C31 D07"]),
        ("厨房水管漏水，主卧没电", ["R05 C48 D01", "R02 - D16"]),
        ("1.客厅地砖色差；2.主卧门划伤；3.厨房门关不严", ["R01 C29 D12", "R02 C83 D12", "R05 C20 D14"]),
        ("a crack in the ceiling of the living room", ["R01 C33 D02"]),
        ("Mould in the kitchen and a leaking tap in the study", ["R05 - D07", "R04 C46 D01"]),
        ("cracks and leaks in the wall", ["- C84 D02", "- C84 D01"]),
        ("门窗变形", ["- C25 D08"]),
        ("楼上漏水，我家书房吊顶滴水", ["R04 C33 D01"]),
        ("漏水漏水漏水", ["- - D01"]),
        ("墙面有裂缝，木地板一踩就响，噪音大", ["- C84 D02", "- C31 D22"]),
        ("主卧飘窗有问题", ["R02 C25 -"]),
        ("尽快派人来", []),
    ],
)
def test_each_defect_gets_its_own_component_and_room(text: str, wanted: list[str]) -> None:
    assert told(text) == wanted


def test_a_word_for_two_components_keeps_both() -> None:
    assert read("门窗变形").mentions[0].components == ("C25", "C83")


@pytest.mark.parametrize(
    ("text", "standings"),
    [
        ("没有漏水，就是墙皮掉了，担心开裂", [Standing.NEGATED, Standing.PRESENT, Standing.FEARED]),
        ("以前漏过，现在墙面发霉", [Standing.PAST, Standing.PRESENT]),
        ("没有漏水、开裂", [Standing.NEGATED, Standing.NEGATED]),
    ],
)
def test_what_is_denied_past_or_feared_is_kept_and_says_so(text: str, standings: list[Standing]) -> None:
    assert [said.standing for said in read(text).mentions if said.defect_type] == standings


def test_without_a_defect_that_is_there_the_component_is_still_told() -> None:
    first, denied = read("马桶没有漏水").mentions
    assert (first.component, first.defect_type, denied.standing) == ("C41", None, Standing.NEGATED)


@pytest.mark.parametrize(
    ("text", "shows", "cause"),
    [
        ("楼上漏水", Level.HERE, Level.ABOVE),
        ("吊顶滴水", Level.HERE, Level.ABOVE),
        ("马桶漏水", Level.HERE, Level.HERE),
        ("漏水漏到楼下了", Level.BELOW, Level.HERE),
        ("楼下业主说他家天花板渗水", Level.BELOW, Level.HERE),
        ("楼下大堂门口漏水", Level.HERE, Level.HERE),
        ("吊顶开裂", Level.HERE, Level.HERE),
        ("ceiling leaks, it comes from upstairs", Level.HERE, Level.ABOVE),
    ],
)
def test_water_comes_from_the_floor_above_where_it_shows(text: str, shows: Level, cause: Level) -> None:
    (said,) = read(text).mentions
    assert (said.shows, said.cause) == (shows, cause)


def test_the_side_is_that_of_the_clause() -> None:
    sides = [said.orientation for said in read("东侧外墙渗水，南侧栏杆生锈").mentions]
    assert sides == ["E", "S"]


def test_a_mention_says_where_the_text_names_the_defect() -> None:
    text = "主卧飘窗渗水"
    (said,) = read(text).mentions
    assert isinstance(said, Mention)
    assert text[said.start : said.end] == "渗水"
