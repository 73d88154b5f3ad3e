"""``warranty-hub words``: what texts mean to the hub, step by step, and which words it knows."""

from collections.abc import Iterable, Mapping
from typing import Annotated
from uuid import UUID

import typer

from mappings.elements import Element, Location
from mappings.lexicon import Hit, Kind, Mention, Reading, Standing, label, lexicon
from mappings.places import DefectReading, parse_address
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, console, table, told
from warranty_hub.pipelines.explain import explain_text

app = typer.Typer(no_args_is_help=True, help="Words 词典: how a text is read, from its words to the building element.")

_SETS = {Kind.COMPONENT: "component", Kind.DEFECT_TYPE: "defect_type", Kind.ROOM: "room"}


@app.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="What somebody wrote, e.g. 3号楼2单元1501主卧飘窗渗水.")],
    address: Annotated[str, typer.Option("--address", help="The ticket's address, where it has one of its own.")] = "",
    project: Annotated[str | None, typer.Option("--project", "-p", help="Go on to places and elements of a project.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Every step from a text to its places and elements, and why. Nothing is written.

    Example: `warranty-hub words explain "3号楼2单元1501主卧飘窗渗水" --project P01`.
    """
    with told():
        told_of = explain_text(config, text, address, project)
        _show_words(told_of.reading)
        _show_addresses(f"{address} {text}".strip())
        _show_mentions(told_of.reading.mentions)
        for number, (defect, location) in enumerate(told_of.defects, start=1):
            _show_defect(number, defect)
            _show_location(location, told_of.elements)


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
        element = elements[candidate.element_key]
        named = " ".join(filter(None, (element.ifc_class, element.name, element.tag or element.guid)))
        console.print(f"  candidate 候选 {candidate.rank}: {named} ({candidate.confidence:.2f})")
    state = label("locate_state", location.state).zh if location.state else "–"
    console.print(f"  answer 结论: {label('locate_method', location.method).zh} {location.method}, {state}, {location.reason}")
