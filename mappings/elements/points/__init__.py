"""Points that tickets carry: docs/locating.md, "Points"."""
