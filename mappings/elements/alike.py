"""What a room lacks beside rooms like it: a model that shows one socket of two makes the one look certain.

Rooms are alike if they are called or coded the same and lie in the same building, in flats or outside of them. A room lacks a
kind of element if more than half of the rooms like it, itself among them, have more of it.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mappings.elements.index import Element, Numbers, Rooms
from mappings.places import Place, Register

_NUMBER = re.compile(r"\d+")


def lacking(rooms: Rooms, register: Register) -> Mapping[str, tuple[Element, ...]]:
    """For each room that lacks anything an element of each kind that it lacks, found elsewhere."""
    group, sizes = _groups(rooms, register)
    kind, examples = _kinds(rooms)
    counts = np.diff(rooms.starts)
    pair, many = np.unique(
        np.repeat(np.arange(len(counts)), counts) * len(examples) + kind[rooms.kinds[rooms.elements]], return_counts=True
    )
    room, what = np.divmod(pair, len(examples)) if len(pair) else (pair, pair)
    usual = _usual(group[room] * len(examples) + what, many, sizes, len(examples))
    found: dict[str, tuple[Element, ...]] = {}
    has = dict(zip(pair.tolist(), many.tolist(), strict=True))
    for name, number in rooms.numbers.items():
        fewer = [
            examples[one] for one, most in usual.get(int(group[number]), ()) if has.get(number * len(examples) + one, 0) < most
        ]
        if fewer:
            found[name] = tuple(fewer)
    return found


def _usual(of_group: Numbers, many: Numbers, sizes: Numbers, kinds: int) -> Mapping[int, list[tuple[int, int]]]:
    """By group the kinds that more than half of its rooms have, and how many of each more than half of them have at least."""
    order = np.lexsort((-many, of_group))
    asked, first = np.unique(of_group[order], return_index=True)
    length = np.diff(np.append(first, len(order)))
    half = sizes[asked // kinds] // 2 if len(asked) else length
    most = many[order][(first + half)[length > half]]
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one, count in zip(asked[length > half].tolist(), most.tolist(), strict=True):
        found[one // kinds].append((one % kinds, count))
    return found


def _groups(rooms: Rooms, register: Register) -> tuple[Numbers, Numbers]:
    """The number of each room's group, and how many rooms are in each."""
    known: dict[tuple[object, ...], int] = {}
    group = [known.setdefault(_called(name, register.places.get(name)), len(known)) for name in rooms.numbers]
    return np.array(group, np.int64), np.bincount(np.array(group, np.int64), minlength=len(known))


def _called(place_id: str, room: Place | None) -> tuple[object, ...]:
    """What rooms that are alike have in common; one that the register does not know is like none."""
    return (room.building, room.dwelling is not None, room.room_code or room.name) if room else (place_id,)


def _kinds(rooms: Rooms) -> tuple[Numbers, list[Element]]:
    """For each kind of the index its number here, where names differ by more than their numbers, and an example of each."""
    known: dict[tuple[object, ...], int] = {}
    examples: list[Element] = []
    of_kind = np.zeros(len(rooms.examples), np.int64)
    for kind, element in rooms.examples.items():
        plain = replace(element, name=_plain(element.name), object_type=_plain(element.object_type))
        number = of_kind[kind] = known.setdefault(plain.kind, len(known))
        if number == len(examples):
            examples.append(plain)
    return of_kind, examples


def _plain(name: str | None) -> str | None:
    return _NUMBER.sub("", name) if name else name
