"""The words in use: ours, and those of the company's own file where hub.yaml names one."""

import hashlib
from functools import lru_cache
from pathlib import Path

from mappings.elements import RULE_VERSION
from mappings.lexicon import Words, company_words, our_words
from warranty_hub.settings import Settings


def words_of(settings: Settings) -> Words:
    """The words by which texts are read. Raises ConfigError that names file and line."""
    if settings.lexicon is None:
        return our_words()
    path = settings.path(settings.lexicon)
    return _company(path, _digest(path))


def rule_version(settings: Settings) -> str:
    """The version of rules and words: where either changes, every ticket is read anew."""
    if settings.lexicon is None:
        return RULE_VERSION
    return f"{RULE_VERSION}+{_digest(settings.path(settings.lexicon))}"


@lru_cache(maxsize=4)
def _company(path: Path, digest: str) -> Words:
    return company_words(path)


def _digest(path: Path) -> str:
    """What the file holds, in short; a file that cannot be read is told by whoever reads it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else ""
