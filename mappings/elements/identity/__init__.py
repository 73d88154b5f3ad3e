"""Which element of a new revision is which element known before: docs/identity.md."""

from mappings.elements.identity.match import CONFIDENCE, Matching, Method, Pair, match
from mappings.elements.identity.parts import split_and_merged
from mappings.elements.identity.snapshots import Snapshots, content_of

__all__ = ["CONFIDENCE", "Matching", "Method", "Pair", "Snapshots", "content_of", "match", "split_and_merged"]
