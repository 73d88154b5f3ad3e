"""Finding words: the longest first, whole words in Latin script."""

from hypothesis import given
from hypothesis import strategies as st

from mappings.lexicon.finder import WordFinder


def found(words: list[str], text: str) -> list[str]:
    return [text[start:end] for start, end in WordFinder(words).find(text)]


def test_the_longest_word_wins_and_is_consumed() -> None:
    assert found(["水", "水管", "下水管", "管道"], "下水管道水") == ["下水管", "水"]


def test_latin_words_are_whole_words_and_chinese_ones_need_no_spaces() -> None:
    assert found(["tap", "窗", "a203"], "tape a203窗tap a2031") == ["a203", "窗", "tap"]


def test_a_shorter_word_is_found_where_the_longer_one_breaks_off() -> None:
    assert found(["red tap", "red"], "red tape") == ["red"]


@given(st.lists(st.text("水管下窗", min_size=1, max_size=4), max_size=8), st.text("水管下窗门", max_size=20))
def test_it_finds_what_trying_every_word_at_every_place_finds(words: list[str], text: str) -> None:
    expected, place = [], 0
    while place < len(text):
        here = max((word for word in words if text.startswith(word, place)), key=len, default="")
        expected += [here] if here else []
        place += len(here) or 1
    assert found(words, text) == expected
