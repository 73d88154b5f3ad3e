"""How a text or a ticket is read, with everything that decided: what `warranty-hub words explain` shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, or_, select

from mappings.elements import DefectText, Element, Location, Surroundings, locate
from mappings.elements.points.layout import Pin, Told
from mappings.lexicon import Reading, our_words, read
from mappings.places import DefectReading, read_ticket
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.locate import links_of, located, surroundings_of, with_decisions
from warranty_hub.pipelines.location_decisions import decisions_of
from warranty_hub.pipelines.location_quality import calibration_of
from warranty_hub.pipelines.points import ACCURACY, told_by, whole_layout
from warranty_hub.pipelines.words import rule_version, words_of
from warranty_hub.records.points import Point
from warranty_hub.settings import Settings, load_settings
from warranty_hub.warehouse.tables import ticket


@dataclass(frozen=True)
class ExplainedDefect:
    """A defect with what was found of it, and what a person made of that."""

    reading: DefectReading
    found: Location
    decided: Location | None = None


@dataclass(frozen=True)
class Explanation:
    """What was read. ``defects`` and ``elements`` only where a project was named; ``pin``: what a point stands for."""

    reading: Reading
    address: str
    defects: tuple[ExplainedDefect, ...] = ()
    elements: Mapping[UUID, Element] = field(default_factory=dict)
    pin: Pin | None = None


def explain_text(config: Path, text: str, address: str, project: str | None, at: Point | None = None) -> Explanation:
    """Read a text as a ticket's. Without a project no database is asked, and without a hub.yaml our own words are used."""
    if project is None:
        words = words_of(load_settings(config)) if config.exists() else our_words()
        return Explanation(read(text, words), f"{address} {text}".strip())
    hub = open_hub(config)
    with hub.transactions() as db:
        around = _around(db, project, hub.settings)
    told = Told(at, ACCURACY[at.frame]) if at else None
    ticket = read_ticket(text, address, None, around.register)
    only = len(ticket.defects) == 1
    said = [DefectText(defect, ticket.text, "", only, told=told) for defect in ticket.defects]
    defects = tuple(map(ExplainedDefect, ticket.defects, locate(said, around)))
    return _explanation(text, address, defects, around, told)


def explain_ticket(config: Path, number: str) -> Explanation:
    """Read a ticket of the hub, by number or id, as the next run would. Raises ConfigError for one that it does not have."""
    hub = open_hub(config)
    with hub.transactions() as db:
        named = or_(ticket.c.ticket_no == number, ticket.c.source_id == number)
        row = db.execute(select(ticket).where(named).order_by(ticket.c.source_system).limit(1)).one_or_none()
        if row is None:
            raise ConfigError(f"The hub has no ticket {number}", remedy="Give its number as the ticket store writes it.")
        around, keys = _around(db, row.project_code, hub.settings), [(row.source_system, row.source_id)]
        told = told_by(row, hub.settings)
        (found,) = located([row], around, links_of(db, keys), [told], rule_version(hub.settings))
        settled = with_decisions(found, decisions_of(db, keys), around)
    defects = (
        ExplainedDefect(reading, before, after if after is not before else None)
        for reading, before, after in zip(found.reading.defects, found.locations, settled.locations, strict=True)
    )
    return _explanation(row.description, row.address_text or "", tuple(defects), around, told)


def _around(db: Connection, project: str, settings: Settings) -> Surroundings:
    layout = whole_layout(db, project, settings)
    return surroundings_of(db, project, words_of(settings), calibration_of(db, project), layout)


def _explanation(
    text: str, address: str, defects: tuple[ExplainedDefect, ...], around: Surroundings, told: Told | None
) -> Explanation:
    pin = around.layout.pins([told])[0]
    keys = {key for defect in defects for key in _keys(filter(None, (defect.found, defect.decided)))} | {
        *(pin.near if pin else ())
    }
    elements = {key: element for key in keys if (element := around.elements.get(key))}
    return Explanation(read(text, around.register.words), f"{address} {text}".strip(), defects, elements, pin)


def _keys(locations: Iterable[Location]) -> Iterable[UUID]:
    return (candidate.element_key for location in locations for candidate in location.candidates)
