"""Addresses as people write them: the 150 most frequent forms of 7,002 real address tails, filled with numbers.

In a form 9 is one digit, 999 several, 〇 a Chinese numeral, A a letter; its labels say which part each is. A form that stands
twice in the list, with different labels, has two readings.
"""

import csv
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PARTS = {"BUILDING": "building", "UNIT": "unit", "FLOOR": "storey", "ROOM": "room_no"}
_FORMS = Path(__file__).with_name("address_forms.csv")
_SLOT = re.compile(r"999|9|〇|[A-Da-d]")
_CHINESE = "零一二三四五六七八九十"

Said = Mapping[str, str]
"""The parts of an address: building, unit, storey (a key such as 15F), room_no."""


@dataclass(frozen=True)
class Form:
    """A way to write an address; ``labels`` are the parts of its slots, in their order."""

    mask: str
    labels: tuple[str, ...]
    weight: int

    def slots(self) -> list[str]:
        """The places to fill, in their order; a dash written as a Chinese one is none."""
        return _SLOT.findall(self.mask)

    def filled(self, values: Said) -> str:
        """The form with the parts of an address, numbers as wide as they are."""
        texts = iter(self._texts(values))
        return _SLOT.sub(lambda _: next(texts), self.mask)

    def _texts(self, values: Said) -> list[str]:
        slots, labels = self.slots(), list(self.labels)
        if "一" in self.mask or len(slots) == len(labels):
            return [_written(slot, values[label]) for slot, label in zip(slots, labels, strict=True)]
        return re.split(r"-|(?<=[A-Z])(?=\d)|(?<=\d)(?=[A-Z])", values[labels[0]]) + [values[label] for label in labels[1:]]


def _written(slot: str, value: str) -> str:
    if slot.isalpha():
        return slot
    if slot == "〇":
        number = int(value.rstrip("F"))
        return _CHINESE[number] if number <= 10 else f"十{_CHINESE[number - 10]}"
    return value.rstrip("F")


@cache
def forms() -> Mapping[str, Sequence[Form]]:
    """All forms by mask, the more frequent reading first."""
    found: dict[str, list[Form]] = defaultdict(list)
    with _FORMS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            mask = row["masked_pattern"].replace("9〇999", "9一999")
            labels = tuple(PARTS[label] for label in row["labels"].split() if label != "redundant")
            found[mask].append(Form(mask, labels, int(row["count"])))
    return found


def numbers_for(form: Form, dice: random.Random) -> Said:
    """Numbers that fit the form: as wide as its slots, a house number on the storey that is named."""
    slots, labels = form.slots(), form.labels
    if len(slots) > len(labels):
        return _compound(form, dice)
    values: dict[str, str] = {}
    for slot, label in zip(slots, labels, strict=True):
        values[label] = _number(slot, label, values.get("storey"), dice)
    return values


def _number(slot: str, label: str, storey: str | None, dice: random.Random) -> str:
    several = slot == "999"
    if slot.isalpha():
        return slot.upper()
    if label == "room_no" and several:
        return f"{storey.rstrip('F') if storey else dice.randint(1, 33)}{dice.randint(1, 6):02}"
    if label == "building" and several:
        return str(dice.randint(10, 99) if dice.random() < 0.85 else dice.randint(100, 180))
    if label == "storey":
        return f"{dice.randint(10, 33) if several else dice.randint(1, 9)}F"
    return str(dice.randint(10, 30) if several else dice.randint(1, 9))


def _compound(form: Form, dice: random.Random) -> Said:
    """A part of several slots: house number A302 or 12-1001, building 3A."""
    house = f"{dice.randint(1, 33)}{dice.randint(1, 6):02}"
    letter = next((slot for slot in form.slots() if slot.isalpha()), "")
    if form.labels == ("building", "room_no"):
        return {"building": f"{dice.randint(1, 9)}{letter}", "room_no": house}
    if letter:
        return {"room_no": f"{letter}{house}"}
    second = dice.randint(1, 9) if form.mask.endswith("9号") and "999" not in form.mask else house
    first = dice.randint(1, 9) if form.mask.startswith("9-") else dice.randint(10, 99)
    return {"room_no": f"{first}-{second}"}
