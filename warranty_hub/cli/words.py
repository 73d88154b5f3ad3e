"""``warranty-hub words``: what texts mean to the hub, step by step, and which words it knows."""

from collections.abc import Iterable, Mapping
from typing import Annotated
from uuid import UUID

import typer

from mappings.elements import Element, Location
from mappings.elements.points.layout import Pin
from mappings.fields.transforms import point as point_text
from mappings.lexicon import Hit, Kind, Mention, Reading, Standing, label, lexicon
from mappings.places import DefectReading, parse_address
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, console, table, told
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.explain import explain_text, explain_ticket
from warranty_hub.records.points import Point, PointFrame

app = typer.Typer(no_args_is_help=True, help="Words 词典: how a text is read, from its words to the building element.")

NEAREST = 8
"""So many elements near a point are shown."""
_SETS = {Kind.COMPONENT: "component", Kind.DEFECT_TYPE: "defect_type", Kind.ROOM: "room"}


@app.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="What somebody wrote, e.g. 3号楼2单元1501主卧飘窗渗水.")] = "",
    address: Annotated[str, typer.Option("--address", help="The ticket's address, where it has one of its own.")] = "",
    project: Annotated[str | None, typer.Option("--project", "-p", help="Go on to places and elements of a project.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="The point that it carries: x,y,z in metres, or longitude,latitude.")
    ] = None,
    frame: Annotated[PointFrame, typer.Option("--frame", help="In whose coordinates that is.")] = PointFrame.MODEL,
    ticket: Annotated[
        str | None, typer.Option("--ticket", help="Instead of a text: the number of a ticket in the hub.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Every step from a text to its places and elements, and why. Nothing is written.

    Examples: `warranty-hub words explain "3号楼2单元1501主卧飘窗渗水" --project P01`;
    `warranty-hub words explain 插座没电 -p P01 --at 12.4,3.05,1.2`; `warranty-hub words explain --ticket WX2025-00017`, which
    also tells what a person decided of it.
    """
    if bool(text) is bool(ticket):
        raise typer.BadParameter("Give a text, or --ticket with a ticket's number.")
    if at and not project:
        raise typer.BadParameter("--at needs --project: a point is looked for in a project's models.")
    with told():
        point = _point(frame, at) if at else None
        told_of = explain_ticket(config, ticket) if ticket else explain_text(config, text, address, project, point)
        _show_words(told_of.reading)
        _show_addresses(told_of.address)
        _show_mentions(told_of.reading.mentions)
        if told_of.pin:
            _show_pin(told_of.pin, told_of.elements)
        for number, defect in enumerate(told_of.defects, start=1):
            _show_defect(number, defect.reading)
            _show_location(defect.found, told_of.elements)
            if defect.decided:
                console.print("  decided 人工判定:")
                _show_location(defect.decided, told_of.elements)


@app.command("list")
def list_words(
    code_set: Annotated[str, typer.Argument(help="component, defect_type or room.")] = "component",
) -> None:
    """The codes of a dictionary with all their words.

    Example: `warranty-hub words list defect_type`.
    """
    terms = {"component": lexicon().components, "defect_type": lexicon().defect_types, "room": lexicon().rooms}
    if code_set not in terms:
        raise typer.BadParameter(f"{code_set} is none of {', '.join(terms)}")
    shown = table(f"Words 词典: {code_set}", "code", "中文", "English", "words")
    for term in terms[code_set].values():
        shown.add_row(term.code, term.label.zh, term.label.en, "; ".join(term.words))
    console.print(shown)


_HOW = "Write two or three numbers with commas between them: 12.4,3.05,1.2."


def _point(frame: PointFrame, at: str) -> Point:
    """A point as it is typed. Raises ConfigError with what is wrong with it."""
    x, y, z, *more = (*at.split(","), "", "", "")
    try:
        written = point_text(frame, x, y, z)
    except ValueError as error:
        raise ConfigError(f"--at {at}: {error}", remedy=_HOW) from None
    if written is None or any(more):
        raise ConfigError(f"--at {at} is no point", remedy=_HOW)
    return Point.parse(written)


def _show_pin(pin: Pin, elements: Mapping[UUID, Element]) -> None:
    """How the point was read, the rooms that it may be in, and the nearest elements, whatever the words say."""
    read_as = pin.why or f"read as {pin.read_as}, known to {pin.accuracy:g} m"
    console.print(f"Point 坐标点: {read_as}")
    for place_id, distance in sorted(pin.rooms.items(), key=lambda room: room[1]):
        console.print(f"  room 房间: {place_id} ({distance:.2f} m)")
    nearest = sorted((distance, str(key), element) for key, distance in pin.near.items() if (element := elements.get(key)))
    for distance, _, element in nearest[:NEAREST]:
        console.print(f"  near 附近: {_called(element)} ({distance:.2f} m)")


def _called(element: Element) -> str:
    return " ".join(filter(None, (element.ifc_class, element.name, element.tag or element.guid)))


def _show_words(reading: Reading) -> None:
    shown = table("Words found 识别的词", "words", "means", "codes", "standing")
    for hit in reading.hits:
        shown.add_row(reading.text[hit.start : hit.end], _meaning(hit), " or ".join(hit.codes), _standing(hit))
    console.print(shown if reading.hits else "The lexicon finds no word in this text. 词典未识别任何词 (UNMAPPED)。")


def _meaning(hit: Hit) -> str:
    return " / ".join(_named(_SETS[hit.kind], code) for code in hit.codes)


def _named(code_set: str, code: str | None) -> str:
    shown = label(code_set, code or "UNMAPPED")
    return f"{shown.zh} {shown.en}"


def _standing(hit: Hit) -> str:
    return _named("standing", hit.standing) if hit.kind is Kind.DEFECT_TYPE else ""


def _show_addresses(text: str) -> None:
    readings = [reading for reading in parse_address(text) if str(reading)]
    shown = table("Readings of the address 地址解读", "as written out", "zone", "building", "unit", "storey", "number")
    for reading in readings:
        derived = " (from the number)" if reading.storey_derived else ""
        storey = f"{reading.storey}{derived}" if reading.storey else ""
        parts = (reading.zone, reading.building, reading.unit, storey, reading.room_no)
        shown.add_row(str(reading), *(part or "" for part in parts))
    console.print(shown if readings else "There is no address in this text. 文本中没有地址。")


def _show_mentions(mentions: Iterable[Mention]) -> None:
    shown = table("Defects told 缺陷", "defect", "component", "room", "standing", "side", "shows", "comes from")
    for said in mentions:
        shown.add_row(
            _named("defect_type", said.defect_type),
            _named("component", said.component),
            _named("room", said.room) if said.rooms else "",
            _named("standing", said.standing) + ("" if said.standing is Standing.PRESENT else " (no defect)"),
            said.orientation or "",
            said.shows.name.lower(),
            said.cause.name.lower(),
        )
    console.print(shown)


def _show_defect(number: int, defect: DefectReading) -> None:
    said = defect.mention
    console.print(f"Defect {number}: {_named('component', said.component)}, {_named('defect_type', said.defect_type)}")
    where = defect.where
    found = [place.place_id for place in (*where.candidates, *where.rooms)] or ["none"]
    known = "all that the text names" if where.exact else "not all that the text names"
    console.print(f"  places 位置: {', '.join(found)} (by {where.method.value.lower()}, {known})")
    if defect.cause:
        console.print(f"  comes from 来源: {defect.cause.place_id}")


def _show_location(location: Location, elements: Mapping[UUID, Element]) -> None:
    for candidate in location.candidates:
        named = _called(elements[candidate.element_key])
        console.print(f"  candidate 候选 {candidate.rank}: {named} ({candidate.confidence:.2f})")
    state = label("locate_state", location.state).zh if location.state else "–"
    console.print(f"  answer 结论: {label('locate_method', location.method).zh} {location.method}, {state}, {location.reason}")
