"""Reading addresses: a wrong reading sends a craftsman to somebody else's flat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.places import AddressReading, parse_address
from mappings.places.normal import arabic, normalise, storey


def said(reading: AddressReading) -> tuple[str | None, ...]:
    return reading.building, reading.unit, reading.storey, reading.room_no


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("5#楼1单元902室", ("5", "1", "9F", "902")),
        ("B座-12-03", ("B", None, "12F", "03")),
        ("12-3-1001", ("12", "3", "10F", "1001")),
        ("47-6-746", ("47", "6", "7F", "746")),
        ("9号楼3-42", ("9", "3", None, "42")),
        ("9-1148", ("9", None, "11F", "1148")),
        ("7-902", ("7", None, "9F", "902")),
        ("2-6-5-1187", ("2", "6", "5F", "1187")),
        ("一栋一单元2518", ("1", "1", "25F", "2518")),
        ("6栋三单元下水井", ("6", "3", None, None)),
        ("3号楼屋面", ("3", None, None, None)),
        ("2单元电梯厅", (None, "2", None, None)),
        ("负一楼", (None, None, "B1", None)),
        ("B1", (None, None, "B1", None)),
        ("-1F", (None, None, "B1", None)),
        ("地下室", (None, None, "B1", None)),
        ("地下二层", (None, None, "B2", None)),
        ("9F", (None, None, "9F", None)),
        ("Level 2", (None, None, "2F", None)),
        ("3号楼2单元15-01", ("3", "2", "15F", "01")),
        ("３＃楼２单元－１５０１", ("3", "2", "15F", "1501")),
        ("十二号楼二单元一百零二室", ("12", "2", "1F", "102")),
        ("云湖花园3号楼2单元1501主卧飘窗渗水", ("3", "2", "15F", "1501")),
        ("Apt 3L, 3rd floor, Building 5", ("5", None, "3F", "3L")),
        ("IN THE BATHROOM LOCATED AT APT 3L, 3rd STORY, 8th APARTMENT FROM NORTH", (None, None, "3F", "3L")),
    ],
)
def test_the_usual_forms_have_one_reading(text: str, wanted: tuple[str | None, ...]) -> None:
    assert [said(reading) for reading in parse_address(text)] == [wanted]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("63-12", [("63", "12", None, None), ("63", None, None, "12")]),
        ("16栋3号", [("16", "3", None, None), ("16", None, None, "3")]),
        ("125号", [("125", None, None, None), (None, None, "1F", "125")]),
        ("3楼2单元1501", [("3", "2", "15F", "1501"), (None, "2", "3F", "1501")]),
        ("A302", [(None, None, "3F", "A302"), ("A", None, "3F", "302")]),
    ],
)
def test_a_form_that_people_use_for_two_things_keeps_both_readings(text: str, wanted: list[tuple[str | None, ...]]) -> None:
    assert [said(reading) for reading in parse_address(text)] == wanted


def test_a_zone_stands_before_the_building() -> None:
    reading = parse_address("北辰某E4区1栋4003房")[0]
    assert (reading.zone, *said(reading)) == ("E4", "1", None, "40F", "4003")


def test_a_parking_bay_is_a_number_on_a_storey_below_ground() -> None:
    first = parse_address("地下二层车库B2-115")[0]
    assert (first.storey, first.room_no, first.rooms, first.storey_derived) == ("B2", "115", ("R20",), False)


def test_common_parts_are_kinds_of_room_without_a_number() -> None:
    assert parse_address("3号楼屋面")[0].rooms == ("R23",)
    assert parse_address("2单元电梯厅")[0].rooms == ("R17",)
    assert parse_address("东侧外墙") == (AddressReading(rooms=("R24",)),)


def test_a_storey_told_by_the_house_number_alone_is_marked_as_derived() -> None:
    assert parse_address("12-3-1001")[0].storey_derived
    assert not parse_address("B座-12-03")[0].storey_derived


@pytest.mark.parametrize(
    "text",
    [
        "有3-5个裂缝",
        "2023年5月3日来电",
        "2023-05-03 09:32",
        "电话13800001111",
        "三室两厅",
        "两梯四户",
        "三里屯",
        "220V",
        "DN100",
        "",
    ],
)
def test_numbers_that_count_other_things_are_no_address(text: str) -> None:
    assert parse_address(text) == ()


def test_a_lone_number_in_a_story_is_no_address() -> None:
    assert parse_address("漏水已报修3") != ()
    assert parse_address("漏水已报修3", free=True) == ()
    assert said(parse_address("昨天3号楼2单元1501漏水", free=True)[0]) == ("3", "2", "15F", "1501")


def test_two_addresses_in_one_text_are_both_read() -> None:
    assert [said(reading) for reading in parse_address("3号楼1501,5号楼1502")] == [
        ("3", None, "15F", "1501"),
        ("5", None, "15F", "1502"),
    ]


# The most frequent forms of 7,002 real address tails that have one meaning: how many tails, an example, the parts.
CORPUS = [
    (375, "5楼", "F"),
    (336, "8-8-2503", "BUR"),
    (243, "七楼", "F"),
    (226, "7-302", "BR"),
    (214, "302室", "R"),
    (120, "6幢302", "BR"),
    (106, "7幢4单元302", "BUR"),
    (103, "4幢302室", "BR"),
    (99, "1204-4-999", "BUR"),
    (81, "5号楼2503", "BR"),
    (72, "3号楼", "B"),
    (72, "2幢6单元902室", "BUR"),
    (67, "4", "B"),
    (63, "1号楼8楼", "BF"),
    (52, "2503栋2单元999", "BUR"),
    (50, "六楼2503", "FR"),
    (34, "六楼902号", "FR"),
    (25, "1号902", "BR"),
    (24, "8栋1单元", "BU"),
    (21, "A座2楼", "BF"),
    (20, "七幢302", "BR"),
    (17, "四栋四楼", "BF"),
    (17, "4栋7单元1楼", "BUF"),
    (17, "7单元302", "UR"),
    (12, "3楼1街902", "FUR"),
    (11, "4-8-3", "BUR"),
    (9, "6号楼1层", "BF"),
    (7, "5号楼5-2503", "BUR"),
    (6, "8栋6号5楼", "BUF"),
    (5, "3-5-7楼", "BUF"),
    (5, "3A902", "BR"),
]


@pytest.mark.parametrize(("count", "text", "parts"), CORPUS)
def test_the_most_frequent_real_forms_are_read_as_their_labels_say(count: int, text: str, parts: str) -> None:
    readings = parse_address(text)
    assert len(readings) == 1, f"{count} tails of the corpus have this form"
    building, unit, floor, room_no = said(readings[0])
    stated = None if readings[0].storey_derived else floor
    named = zip("BUFR", (building, unit, stated, room_no), strict=True)
    assert "".join(part for part, value in named if value) == "".join(sorted(parts, key="BUFR".index))


@pytest.mark.parametrize(("numeral", "value"), [("十", 10), ("十二", 12), ("二十", 20), ("一百零二", 102), ("一二〇四", 1204)])
def test_chinese_numerals(numeral: str, value: int) -> None:
    assert arabic(numeral) == value


@pytest.mark.parametrize(
    ("name", "key"), [("15F", "15F"), ("十五层", "15F"), ("Level 2", "2F"), ("2nd floor", "2F"), ("-1", "B1"), ("屋面", "屋面")]
)
def test_storeys_named_in_different_ways_have_one_key(name: str, key: str) -> None:
    assert storey(name) == key


@given(st.text(alphabet="0123456789-#号楼单元室层一二十百BF东 ,AptUNIT地下负", max_size=40))
def test_no_text_breaks_the_parser_and_no_number_is_invented(text: str) -> None:
    for reading in parse_address(text):
        for part in (reading.building, reading.unit, reading.room_no):
            assert part is None or part in normalise(text)
