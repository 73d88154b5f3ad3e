"""How a text is read, with everything that decided: what `warranty-hub words explain` shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from mappings.elements import DefectText, Element, Location, locate
from mappings.lexicon import Reading, our_words, read
from mappings.places import DefectReading, read_ticket
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.locate import surroundings_of
from warranty_hub.pipelines.location_quality import calibration_of
from warranty_hub.pipelines.words import words_of
from warranty_hub.settings import load_settings


@dataclass(frozen=True)
class Explanation:
    """What was read. ``defects`` with their locations, and the ``elements`` in those, only where a project was named."""

    reading: Reading
    defects: tuple[tuple[DefectReading, Location], ...] = ()
    elements: Mapping[UUID, Element] = field(default_factory=dict)


def explain_text(config: Path, text: str, address: str, project: str | None) -> Explanation:
    """Read a text as a ticket's. Without a project no database is asked, and without a hub.yaml our own words are used."""
    if project is None:
        words = words_of(load_settings(config)) if config.exists() else our_words()
        return Explanation(read(text, words))
    hub = open_hub(config)
    with hub.transactions() as db:
        around = surroundings_of(db, project, words_of(hub.settings), calibration_of(db, project))
    ticket = read_ticket(text, address, None, around.register)
    only = len(ticket.defects) == 1
    said = [DefectText(defect, ticket.text, "", only) for defect in ticket.defects]
    located = tuple(zip(ticket.defects, locate(said, around), strict=True))
    keys = {candidate.element_key for _, location in located for candidate in location.candidates}
    elements = {key: around.elements.by_key(key) for key in keys}
    return Explanation(read(text, around.register.words), located, elements)
