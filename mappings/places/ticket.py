"""What a ticket's words tell: its defects, each with the places of the register where it may show and come from."""

from dataclasses import dataclass

from mappings.lexicon import Kind, Level, Mention, Reading, Standing, label, read
from mappings.places.address import parse_address
from mappings.places.normal import fold
from mappings.places.place import Place, Resolution
from mappings.places.register import Register
from warranty_hub.records.codes import PlaceKind


@dataclass(frozen=True, slots=True)
class DefectReading:
    """One defect that a ticket tells of. ``cause``: the place it comes from, where that is another than where it shows."""

    mention: Mention
    where: Resolution
    cause: Place | None = None


@dataclass(frozen=True, slots=True)
class TicketReading:
    """What a ticket tells. ``defects``: at least one, if only to say where; ``others``: those denied, past or feared.

    ``unknown``: the place that it names and the register does not know, in one way of writing (9号楼2单元1501室 书房).
    """

    text: str
    defects: tuple[DefectReading, ...]
    others: tuple[Mention, ...]
    unknown: str | None = None


def read_ticket(description: str, address: str, building: str | None, register: Register) -> TicketReading:
    """Read a ticket: its text, its address as written, and the code of its building where another field names it."""
    reading = read(description, register.words)
    mentions = reading.mentions
    present = tuple(mention for mention in mentions if mention.standing is Standing.PRESENT) or (_nothing_said(reading),)
    homes = register.resolve_each(address, building, reading.text, [mention.rooms for mention in present])
    defects = tuple(_on_its_floor(mention, home, register) for mention, home in zip(present, homes, strict=True))
    others = tuple(mention for mention in mentions if mention not in present)
    gaps = (_unknown(mention, home, address, reading.text, register) for mention, home in zip(present, homes, strict=True))
    return TicketReading(reading.text, defects, others, next((gap for gap in gaps if gap), None))


def _nothing_said(reading: Reading) -> Mention:
    return Mention(rooms=next((hit.codes for hit in reading.hits_of(Kind.ROOM)), ()))


def _on_its_floor(mention: Mention, home: Resolution, register: Register) -> DefectReading:
    """A leak that shows downstairs is there, and comes from here."""
    cause = home.place and register.neighbour(home.place, mention.cause)
    if mention.shows is Level.HERE or home.place is None:
        return DefectReading(mention, home, cause if cause != home.place else None)
    shown = register.neighbour(home.place, mention.shows)
    return DefectReading(
        mention, Resolution((shown,), home.method, home.exact) if shown else home, home.place if shown else None
    )


def _unknown(mention: Mention, home: Resolution, address: str, text: str, register: Register) -> str | None:
    """What no register knows of a place: an address, or a room of a dwelling whose other rooms are known."""
    if home.exact or home.ambiguous:
        return None
    readings = [str(reading) for reading in (*parse_address(address), *parse_address(text, free=True))]
    said = next(filter(None, readings), fold(address)[:_LONGEST])
    if home.place is None or home.place.kind is not PlaceKind.DWELLING:
        return said or None
    lacks_room = mention.room and not home.rooms and register.rooms_of(home.place)
    return f"{said} {label('room', mention.room).zh}".strip() if lacks_room else None


_LONGEST = 60  # characters of an address that is none we can read
