"""A connector as docs/connectors.md shows it: module, field map, and the suite that it passes."""
