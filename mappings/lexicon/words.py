"""Every word of the dictionaries with what it means, compiled once.

A word that contains words of another dictionary says those too, as far as Chinese compounds mean them: a defect word names its
component (电梯异响), a component word its room (卧室门); but a room word is not about the component in it (电梯厅), nor a
component about the defect in it (漏电保护器).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain

from mappings.lexicon.finder import WordFinder
from mappings.lexicon.mentions import Kind
from mappings.lexicon.terms import Lexicon, Term, lexicon, sounds

_LATIN = re.compile(r"[a-z0-9]")
_COMMON = frozenset("不没无有在又还再会了过到得着的被老总已长")  # beside these a typed form is easily meant: 还漏, 还露
_VERBS = frozenset({"开关"})  # a switch by itself, to open and close inside another word
_NAMED_WITHIN = {Kind.DEFECT_TYPE: (Kind.COMPONENT, Kind.ROOM), Kind.COMPONENT: (Kind.ROOM,), Kind.ROOM: ()}


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a word, and the part of the word that carries it."""

    kind: Kind
    codes: tuple[str, ...]
    start: int
    end: int


class Words:
    """Every word of a lexicon with its senses, ready to be looked for; a trap has none."""

    def __init__(self, terms: Lexicon) -> None:
        codes = {
            Kind.COMPONENT: _codes_by_word(terms.components.values()),
            Kind.DEFECT_TYPE: _codes_by_word(terms.defect_types.values()),
            Kind.ROOM: _codes_by_word(terms.rooms.values()),
        }
        finders = {kind: WordFinder(words) for kind, words in codes.items()}
        senses: dict[str, tuple[Sense, ...]] = {trap: () for trap in terms.traps}
        for kind, words in codes.items():
            for word in words:
                own = Sense(kind, words[word], 0, len(word))
                within = (
                    Sense(part, codes[part][word[start:end]], start, end)
                    for part in _NAMED_WITHIN[kind]
                    for start, end in finders[part].find(word)
                    if _is_named(word, start, end)
                )
                senses[word] = (*senses.get(word, ()), own, *within)
        self.senses: Mapping[str, tuple[Sense, ...]] = senses | _mistyped(senses)
        self.finder = WordFinder(self.senses)


@cache
def our_words() -> Words:
    """The words of our own dictionaries."""
    return Words(lexicon())


def _mistyped(senses: Mapping[str, tuple[Sense, ...]]) -> dict[str, tuple[Sense, ...]]:
    """The words with one character mistyped for another of the same sound: 查座 for 插座.

    Only words of two characters or more, and no form that is a word itself or might be meant for two.
    """
    table = sounds()
    found: dict[str, tuple[Sense, ...]] = {}
    for word, meanings in senses.items():
        for at, character in enumerate(word if meanings and len(word) > 1 and not _COMMON.intersection(word) else ""):
            for typed in table.get(character, ""):
                form = f"{word[:at]}{typed}{word[at + 1 :]}"
                if form not in senses:
                    found[form] = meanings if found.get(form, meanings) == meanings else ()
    return {form: meanings for form, meanings in found.items() if meanings}


def _is_named(word: str, start: int, end: int) -> bool:
    """Whether a word speaks of the shorter word in it: in Chinese it must come first (卧室|门, but not 下|水井)."""
    inner = word[start:end]
    return inner != word and inner not in _VERBS and (start == 0 or bool(_LATIN.match(word)))


def _codes_by_word(terms: Iterable[Term]) -> dict[str, tuple[str, ...]]:
    codes: dict[str, tuple[str, ...]] = {}
    for term in terms:
        for form in chain.from_iterable(map(_forms, term.words)):
            codes[form] = (*codes.get(form, ()), term.code)
    return codes


def _forms(word: str) -> tuple[str, ...]:
    """A word and, in English, its plural."""
    spaced = word.replace("-", " ")
    if not _LATIN.match(spaced[-1]):
        return (spaced,)
    return spaced, spaced + ("es" if spaced.endswith(("s", "x", "ch", "sh")) else "s")
