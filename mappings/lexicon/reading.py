"""What a text says, in our codes: one pass over the text, the longest word wins and is consumed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

from mappings.lexicon.characters import plain
from mappings.lexicon.mentions import Hit, Kind, Mention, mentions_of
from mappings.lexicon.orientation import orientation_of
from mappings.lexicon.standing import Standing, joined, standing
from mappings.lexicon.words import Words, our_words


@dataclass(frozen=True)
class Reading:
    """A text (NFKC) and everything the lexicon finds in it, in the order of the text."""

    text: str
    hits: tuple[Hit, ...]

    @cached_property
    def orientation(self) -> str | None:
        """The side that the text names."""
        return orientation_of(plain(self.text))

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


_SPACES = re.compile(r"\s+")


@lru_cache(maxsize=4096)
def read(text: str, words: Words | None = None) -> Reading:
    """Find components, defects, rooms and the orientation in free text, Chinese or English; what is unknown is not there.

    ``words``: those to look for; without, ours.
    """
    normal = _SPACES.sub(_space, unicodedata.normalize("NFKC", text))
    lower = plain(normal)
    return Reading(normal, _with_standings(lower, hits_in(lower, words or our_words())))


@lru_cache(maxsize=64)
def hits_in(lower: str, words: Words) -> tuple[Hit, ...]:
    """The words in a text of plain characters, whatever it says of them; a ticket's text is asked for twice."""
    spaced = lower.replace("-", " ")
    return tuple(
        Hit(sense.kind, sense.codes, start + sense.start, start + sense.end)
        for start, end in words.finder.find(spaced)
        for sense in words.senses[spaced[start:end]]
    )


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
