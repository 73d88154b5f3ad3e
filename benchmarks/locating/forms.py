"""Bar 1: the forms of addresses, each as often as people use it.

A form with one reading must give exactly that, whole. One with two must give both; a register that holds one of the two places
must decide for it, and one that holds both must not.
"""

import random
from collections.abc import Iterator

from benchmarks.locating.addresses import Form, Said, forms, numbers_for
from benchmarks.locating.score import Score
from mappings.places import AddressReading, Place, Register, parse_address
from warranty_hub.records.codes import PlaceKind

SAMPLES = 20  # of each form

ONE = "one reading: whole record"
ONE_PLACE = "one reading: the register gives its place"
BOTH = "two readings: both are kept"
DECIDES = "two readings: the register that holds one decides"
GUESS = "two readings: a register that holds both does not guess"


def score_forms(seed: int = 1) -> Score:
    """Read every form, with numbers of its own."""
    score, dice = Score(), random.Random(seed)
    for readings in forms().values():
        for form in readings:
            for _ in range(SAMPLES):
                said = numbers_for(form, dice)
                _judge(score, form, said, len(readings) > 1)
    return score


def _judge(score: Score, form: Form, said: Said, has_two: bool) -> None:
    text, weight = form.filled(said), form.weight / SAMPLES
    readings = [_stated(reading) for reading in parse_address(text)]
    if not has_two:
        score.judge(ONE, readings == [said], weight)
        score.judge(ONE_PLACE, _places(text, said) == [_last(said)], weight)
        return
    score.judge(BOTH, said in readings and len(readings) > 1, weight)
    score.judge(DECIDES, _places(text, said) == [_last(said)], weight)
    if len(readings) > 1:
        score.judge(GUESS, len(_places(text, *readings)) == len(readings), weight)


def _stated(reading: AddressReading) -> Said:
    storey = None if reading.storey_derived else reading.storey
    parts = {"building": reading.building, "unit": reading.unit, "storey": storey, "room_no": reading.room_no}
    return {part: value for part, value in parts.items() if value}


def _places(text: str, *held: Said) -> list[str]:
    """The places that a text means where a register holds these, and their buildings."""
    places = {place.place_id: place for said in held for place in _levels(said)}
    return [place.place_id for place in Register(places.values()).resolve(text).candidates]


def _last(said: Said) -> str:
    return list(_levels(said))[-1].place_id


_KINDS = {
    "building": PlaceKind.BUILDING,
    "unit": PlaceKind.UNIT,
    "storey": PlaceKind.STOREY,
    "room_no": PlaceKind.DWELLING,
}


def _levels(said: Said) -> Iterator[Place]:
    """The places from the building down to the last part; without a building, in one called 88."""
    values = {"building": "88", **said}
    place = Place("P", PlaceKind.PROJECT, None, "project")
    yield place
    for part, kind in _KINDS.items():
        if part in values:
            number = values[part]
            place = _below(place, kind, number)
            yield place


def _below(outer: Place, kind: PlaceKind, number: str) -> Place:
    return Place(
        f"{outer.place_id}/{kind}{number}", kind, outer.place_id, f"{number}号楼" if kind is PlaceKind.BUILDING else number,
        building=number if kind is PlaceKind.BUILDING else outer.building,
        unit=number if kind is PlaceKind.UNIT else outer.unit,
        storey=number if kind is PlaceKind.STOREY else outer.storey,
        dwelling=number if kind is PlaceKind.DWELLING else None,
    )  # fmt: skip
