"""Find the longest known word at each place of a text, left to right; what is found is consumed."""

import re
from collections.abc import Collection, Iterator

_LATIN = re.compile(r"[a-z0-9]")
_LAST_LATIN = "z"


class WordFinder:
    """A set of lower-case words, ready to be looked for.

    Latin words and numbers match as whole words only (``tap`` is not in ``tape``); Chinese knows no such bounds.
    """

    __slots__ = ("_lengths", "_starts", "_words")

    def __init__(self, words: Collection[str]) -> None:
        self._words = frozenset(word for word in words if word)
        lengths: dict[str, set[int]] = {}
        for word in self._words:
            lengths.setdefault(word[:2], set()).add(len(word))
        for opening in lengths:
            lengths[opening] |= lengths.get(opening[0], set())
        self._lengths = {opening: tuple(sorted(sizes, reverse=True)) for opening, sizes in lengths.items()}
        first = "".join(re.escape(character) for character in sorted({word[0] for word in self._words}))
        self._starts = re.compile(rf"[{first}]" if first else r"(?!)")

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """The spans (start, end) of the words in a lower-case text."""
        consumed = 0
        for match in self._starts.finditer(text):
            start = match.start()
            if start >= consumed and (end := self._longest(text, start)):
                consumed = end
                yield start, end

    def _longest(self, text: str, start: int) -> int:
        lengths = self._lengths.get(text[start : start + 2]) or self._lengths.get(text[start], ())
        for length in lengths:
            end = start + length
            word = text[start:end]
            if word in self._words and not (
                (word[0] <= _LAST_LATIN and _inside_word(text, start)) or (word[-1] <= _LAST_LATIN and _inside_word(text, end))
            ):
                return end
        return 0


def _inside_word(text: str, position: int) -> bool:
    return 0 < position < len(text) and bool(_LATIN.match(text, position - 1) and _LATIN.match(text, position))
