"""What words mean: components, defect types, rooms, in Chinese and English, and the labels of every code."""

from mappings.lexicon.company import company_words
from mappings.lexicon.mentions import Hit, Kind, Level, Mention
from mappings.lexicon.reading import Reading, hits_in, read
from mappings.lexicon.standing import Standing
from mappings.lexicon.terms import Component, DefectType, Label, Lexicon, Term, label, lexicon
from mappings.lexicon.warranty import warranty_category
from mappings.lexicon.words import Words, our_words

__all__ = [
    "Component",
    "DefectType",
    "Hit",
    "Kind",
    "Label",
    "Level",
    "Lexicon",
    "Mention",
    "Reading",
    "Standing",
    "Term",
    "Words",
    "company_words",
    "hits_in",
    "label",
    "lexicon",
    "our_words",
    "read",
    "warranty_category",
]
