"""What a text says, in our codes: one pass over the text, the longest word wins and is consumed.

A word that contains words of another dictionary says those too, as far as Chinese compounds mean them: a defect word names its
component (电梯异响), a component word its room (卧室门); but a room word is not about the component in it (电梯厅), nor a
component about the defect in it (漏电保护器).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain

from mappings.lexicon.characters import plain
from mappings.lexicon.finder import WordFinder
from mappings.lexicon.mentions import Hit, Kind, Mention, mentions_of
from mappings.lexicon.orientation import orientation_of
from mappings.lexicon.standing import Standing, joined, standing
from mappings.lexicon.terms import Term, lexicon


@dataclass(frozen=True)
class Reading:
    """A text (NFKC) and everything the lexicon finds in it, in the order of the text."""

    text: str
    hits: tuple[Hit, ...]
    orientation: str | None

    @cached_property
    def components(self) -> tuple[str, ...]:
        """All components named."""
        return self._codes(Kind.COMPONENT)

    @cached_property
    def defect_types(self) -> tuple[str, ...]:
        """All defects that the text says are there; not the denied, past or feared ones."""
        return self._codes(Kind.DEFECT_TYPE)

    @cached_property
    def rooms(self) -> tuple[str, ...]:
        """All kinds of room named."""
        return self._codes(Kind.ROOM)

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """What it says of each defect, the denied, past and feared ones among them."""
        return mentions_of(plain(self.text), self.hits)

    @property
    def component(self) -> str | None:
        """The component named first: what people complain of comes before its consequences."""
        return next(iter(self.components), None)

    @property
    def defect_type(self) -> str | None:
        """The present defect named first."""
        return next(iter(self.defect_types), None)

    @property
    def room(self) -> str | None:
        """The kind of room named first; the general one where the word is general."""
        return next(iter(self.rooms), None)

    def hits_of(self, kind: Kind) -> tuple[Hit, ...]:
        """The hits of one dictionary."""
        return tuple(hit for hit in self.hits if hit.kind is kind)

    def _codes(self, kind: Kind) -> tuple[str, ...]:
        said = (hit.codes for hit in self.hits if hit.kind is kind and hit.standing is Standing.PRESENT)
        return tuple(dict.fromkeys(chain.from_iterable(said)))


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Find components, defects, rooms and the orientation in free text, Chinese or English; what is unknown is not there."""
    normal = _SPACES.sub(_space, unicodedata.normalize("NFKC", text).replace("’", "'"))
    lower = plain(normal)
    words = _vocabulary()
    spaced = lower.replace("-", " ")
    hits = (
        Hit(sense.kind, sense.codes, start + sense.start, start + sense.end)
        for start, end in words.finder.find(spaced)
        for sense in words.senses[spaced[start:end]]
    )
    return Reading(normal, _with_standings(lower, hits), orientation_of(lower))


def _space(blank: re.Match[str]) -> str:
    return "\n" if "\n" in blank[0] else " "


def _with_standings(lower: str, hits: Iterable[Hit]) -> tuple[Hit, ...]:
    judged: list[Hit] = []
    last: Hit | None = None
    for hit in hits:
        if hit.kind is Kind.DEFECT_TYPE:
            inherits = last is not None and last.standing is not Standing.PRESENT and joined(lower, last.end, hit.start)
            stands = last.standing if last and inherits else standing(lower, hit.start, hit.end)
            last = hit = Hit(hit.kind, hit.codes, hit.start, hit.end, stands)
        judged.append(hit)
    return tuple(judged)


# ------------------------------------------------------------------------------------------------ vocabulary
_SPACES = re.compile(r"\s+")
_LATIN = re.compile(r"[a-z0-9]")
_VERBS = frozenset({"开关"})  # a switch by itself, to open and close inside another word
_NAMED_WITHIN = {Kind.DEFECT_TYPE: (Kind.COMPONENT, Kind.ROOM), Kind.COMPONENT: (Kind.ROOM,), Kind.ROOM: ()}


@dataclass(frozen=True, slots=True)
class _Sense:
    """One meaning of a word, and the part of the word that carries it."""

    kind: Kind
    codes: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Every word with its senses; a trap has none."""

    senses: Mapping[str, tuple[_Sense, ...]]
    finder: WordFinder


@cache
def _vocabulary() -> _Vocabulary:
    terms = lexicon()
    codes = {
        Kind.COMPONENT: _codes_by_word(terms.components.values()),
        Kind.DEFECT_TYPE: _codes_by_word(terms.defect_types.values()),
        Kind.ROOM: _codes_by_word(terms.rooms.values()),
    }
    finders = {kind: WordFinder(words) for kind, words in codes.items()}
    senses: dict[str, tuple[_Sense, ...]] = {trap: () for trap in terms.traps}
    for kind, words in codes.items():
        for word in words:
            own = _Sense(kind, words[word], 0, len(word))
            within = (
                _Sense(part, codes[part][word[start:end]], start, end)
                for part in _NAMED_WITHIN[kind]
                for start, end in finders[part].find(word)
                if _is_named(word, start, end)
            )
            senses[word] = (*senses.get(word, ()), own, *within)
    return _Vocabulary(senses, WordFinder(senses))


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
