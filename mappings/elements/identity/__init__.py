"""Which element of a new revision is which element known before: docs/identity.md."""

from mappings.elements.identity.match import Matching, Method, Pair, match
from mappings.elements.identity.snapshots import Snapshots, content_of

__all__ = ["Matching", "Method", "Pair", "Snapshots", "content_of", "match"]
