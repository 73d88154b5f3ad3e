"""A company's own words: they are read like ours, and a mistake in the file is told with its line."""

from pathlib import Path

import pytest

from mappings.lexicon import company_words, read
from warranty_hub.errors import ConfigError


def written(folder: Path, *rows: str) -> Path:
    path = folder / "words.csv"
    path.write_text("\n".join(("set,code,words,example,source", *rows)) + "\n", encoding="utf-8")
    return path


def test_a_word_of_the_company_is_read_beside_ours(tmp_path: Path) -> None:
    words = company_words(written(tmp_path, "component,C25,推启扇;启闭扇,主卧启闭扇坏了,报修手册 2024", "room,R13,电竞房,,"))
    reading = read("电竞房启闭扇坏了，飘窗渗水", words)
    assert (reading.components, reading.rooms) == (("C25",), ("R13",))
    assert read("启闭扇坏了").component is None


def test_a_trap_of_the_company_means_nothing(tmp_path: Path) -> None:
    words = company_words(written(tmp_path, "trap,,阳台山,我家住阳台山路,street"))
    assert read("阳台山", words).rooms == ()
    assert read("阳台山").rooms == ("R09",)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("componnt,C25,推窗器,,", "set 'componnt' is not known"),
        ("component,C999,推窗器,,", "'C999' is no component"),
        ("component,D01,推窗器,,", "'D01' is no component"),
        ("component,C25, ; ,,", "there are no words"),
        ("component,C26,马桶,,", "'马桶' already means C41"),
        ("component,C25,推窗器,主卧马桶松动,", "the example is read as C41, not as C25"),
        ("trap,,推窗器,推窗器边上的马桶,", "the example is read as C41, not as nothing"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        company_words(written(tmp_path, "room,R13,电竞房,,", row))
    assert f"words.csv:3: {told}" in caught.value.message
    assert caught.value.remedy


def test_a_file_without_the_columns_says_which_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("code,words\nC25,推窗器\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no column 'set'"):
        company_words(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        company_words(tmp_path / "nothing.csv")


# ------------------------------------------------------------------------------------------------ as YAML
YAML = """# 公司用词
- set: component
  code: C25
  words: [推启扇, 启闭扇]
  example: 主卧启闭扇坏了
- {set: trap, words: 阳台山, example: 我家住阳台山路}
"""


def in_yaml(folder: Path, text: str) -> Path:
    path = folder / "words.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_same_words_are_not_read_from_yaml(tmp_path: Path) -> None:
    words = company_words(in_yaml(tmp_path, YAML))
    assert read("推启扇坏了", words).components == read("启闭扇坏了", words).components == ("C25",)
    assert read("阳台山", words).rooms == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (YAML + "- {set: component, code: C999, words: 推窗器}\n", "words.yaml:7: 'C999' is no component"),
        (YAML + "- {set: component, words: 推窗器}\n", "words.yaml:7 has no key 'code'"),
        (YAML + "- 推窗器\n", "words.yaml:7 is no mapping"),
        (YAML + "- {set: room\n", "words.yaml:8 is no YAML"),
        (YAML + "- {set: room, code: R13, words: {a: b}}\n", "words.yaml:7: there are no words"),
        ("set: room", "words.yaml:1 is no list"),
        ("", "words.yaml:1 is no list"),
    ],
)
def test_a_mistake_in_yaml_is_told_without_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        company_words(in_yaml(tmp_path, text))
    assert told in caught.value.message
    assert caught.value.remedy
