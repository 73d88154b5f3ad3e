"""What words mean: components, defect types, rooms, in Chinese and English, and the labels of every code."""

from mappings.lexicon.mentions import Hit, Kind, Level, Mention
from mappings.lexicon.reading import Reading, read
from mappings.lexicon.standing import Standing
from mappings.lexicon.terms import Component, DefectType, Label, Lexicon, Term, label, lexicon
from mappings.lexicon.warranty import warranty_category

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
    "label",
    "lexicon",
    "read",
    "warranty_category",
]
