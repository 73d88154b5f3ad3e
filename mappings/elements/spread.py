"""Water that shows on another floor than it comes from concerns elements on both: ``spread.csv`` says which."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mappings.elements.location import Role


@cache
def spread() -> Mapping[Role, tuple[str, ...]]:
    """The components that may be the cause of a leak below, and those that suffer from one above."""
    with Path(__file__).with_name("spread.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {role: tuple(row["component"] for row in rows if row["role"] == role) for role in Role}
