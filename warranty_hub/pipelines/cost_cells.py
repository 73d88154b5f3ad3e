"""The cells of the monthly rollup: each combination of its dimensions has a number, and every part carries that of its own.

So a month is summed by one narrow key instead of fourteen texts. The number is a hash over the dimensions: whoever writes parts
has it without asking the database, and the same dimensions have the same number for ever.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from warranty_hub.rules.allocation import UNKNOWN, Part
from warranty_hub.rules.repeats import REPEATED
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import cost_cell


class Place(NamedTuple):
    """What all parts of one amount have in common in the rollup."""

    period: str
    project_code: str | None
    building_code: str | None
    category: str
    repairer_code: str | None
    stage: str
    currency: str


class Cells:
    """Numbers the cells of the parts that are written, and keeps what each number means."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str | bool, ...], UUID] = {}

    def number(self, place: Place, part: Part) -> UUID:
        """The number of the part's cell."""
        cell = _cell(place, part)
        number = self._numbers.get(cell)
        if number is None:
            number = self._numbers[cell] = _number(cell)
        return number

    def of_line(self, place: Place, parts: Iterable[Part]) -> Iterator[tuple[Part, UUID, bool]]:
        """Each part of a line with the number of its cell, and whether it is the line's first one there."""
        met = set[UUID]()
        for part in parts:
            cell = self.number(place, part)
            yield part, cell, cell not in met
            met.add(cell)

    def keep(self, db: Connection) -> None:
        """Write down the cells that are new. None is ever removed: it may be filled again."""
        known = set(db.execute(text(_KNOWN), {"cells": list(self._numbers.values())}).scalars())
        new = ((number, *cell) for cell, number in self._numbers.items() if number not in known)
        copy_rows(db, cost_cell, ("cell", *DIMENSIONS), new)


DIMENSIONS = (
    "period", "project_code", "building_code", "component_code", "defect_type_code", "category", "cause", "party_code",
    "repairer_code", "payer", "finality", "is_repeat", "stage", "currency",
)  # fmt: skip

_KNOWN = "SELECT cell FROM hub.cost_cell WHERE cell = ANY(:cells)"


def _cell(place: Place, part: Part) -> tuple[str | bool, ...]:
    """In the order of DIMENSIONS."""
    defect, share = part.defect, part.share
    return (
        place.period, place.project_code or UNKNOWN, place.building_code or "", defect.component_code, defect.defect_type_code,
        place.category, share.cause.value, share.party_code or "", place.repairer_code or "", part.payer.value,
        share.finality.value, (defect.repeat_no or 0) >= REPEATED, place.stage, place.currency,
    )  # fmt: skip


def _number(cell: tuple[str | bool, ...]) -> UUID:
    """Joined by what no text of the database can hold, so that no two cells are written alike."""
    return UUID(bytes=sha256("\0".join(map(str, cell)).encode()).digest()[:16])
