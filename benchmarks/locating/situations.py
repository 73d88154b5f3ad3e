"""Tickets as they reach the cascade: with stickers scanned, rooms that no register knows, and what is broken in common areas.

Made from the generated tickets with dice of their own, so that those stay what they are.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.locating.homes import Estate, code_of, room_id
from benchmarks.locating.models import Models
from benchmarks.locating.phrases import ROOMS, words
from benchmarks.locating.tickets import Ticket, Truth, tickets
from mappings.elements.points.layout import Told
from sandbox.building import Room

SCANNED, BY_GUID, WRONG_STICKER, BARE, UNKNOWN_ROOM, COMMON = 0.08, 0.4, 0.02, 0.4, 0.03, 0.08
"""How often: a sticker is scanned, it bears a GlobalId, it is another one's, little is written beside it, the text names a room
that is none, it is about a common area."""
NO_SUCH_ROOMS = ("书房", "衣帽间", "储藏室", "保姆间")
LITTLE = ("坏了", "有问题，请处理", "要修", "漏水", "开裂了", "broken")


@dataclass(frozen=True)
class Situation:
    """A ticket, what was scanned and which point was set with it, and the one element that each of its truths meant."""

    ticket: Ticket
    element_ref: str
    meant: tuple[str | None, ...]
    told: Told | None = None


def situations(models: Models, count: int, seed: int) -> Iterator[Situation]:
    """So many tickets of an estate, the same for the same seed."""
    dice = random.Random(f"situations {seed}")
    common = _Common(models.estate, dice)
    for ticket in tickets(models.estate, count, seed):
        luck = dice.random()
        if luck < COMMON:
            ticket = common.ticket()
        elif luck < COMMON + UNKNOWN_ROOM:
            ticket = _in_unknown_room(ticket, models.estate, dice)
        meant = tuple(dice.choice(sorted(truth.elements)) if truth.elements else None for truth in ticket.defects)
        scanned = _scanned(models, meant, dice)
        if scanned:
            ticket = _told_apart(models, bare(ticket, dice) if dice.random() < BARE else ticket, meant[0], scanned)
        yield Situation(ticket, scanned, meant[: len(ticket.defects)])


def bare(ticket: Ticket, dice: random.Random) -> Ticket:
    """Who has scanned the sticker writes little more, and no address half of the time."""
    first = replace(ticket.defects[0], rooms=frozenset())
    address, building = (ticket.address, ticket.building) if dice.random() < 0.5 else ("", None)
    return replace(ticket, text=dice.choice(LITTLE), address=address, building=building, defects=(first,))


def _told_apart(models: Models, ticket: Ticket, meant: str | None, scanned: str) -> Ticket:
    """A sticker says which of all that the text allows; a tag, which in each tower that uses it."""
    first, *others = ticket.defects
    like = {element for element in first.elements if element == meant or models.tagged(element) == scanned}
    return replace(ticket, defects=(replace(first, elements=frozenset(like)), *others))


def _scanned(models: Models, meant: Sequence[str | None], dice: random.Random) -> str:
    """The sticker of the element that is meant, or of one near it; a ticket of two defects has it of the first."""
    if meant[0] is None or dice.random() >= SCANNED:
        return ""
    building, _, _ = meant[0].partition("/")
    item = models.items[meant[0]][1]
    if dice.random() < WRONG_STICKER:
        item = dice.choice([other for other in models.beside(building, item) if other is not item] or [item])
    if dice.random() < BY_GUID:
        return f"https://bim.example/e/{item.guid}" if dice.random() < 0.5 else item.guid
    return models.tag(building, item)


def _in_unknown_room(ticket: Ticket, estate: Estate, dice: random.Random) -> Ticket:
    """The room of the one defect is called what no flat has: any such component of the flat may be meant."""
    (truth, *more), text = ticket.defects, ticket.text
    said = next((word for room in truth.rooms for word in ROOMS[room][0] if word in text), None)
    if more or said is None or len(truth.rooms) != 1:
        return ticket
    names = {name for (name, _), called in words().items() if called.component == truth.component}
    anywhere = {
        element
        for home in ticket.homes
        for room in estate.register.rooms_of(estate.register.place(home))
        for name in names
        for element in estate.elements[room.place_id].get(name, ())
    }
    new = replace(truth, rooms=frozenset(), elements=frozenset(anywhere))
    return replace(ticket, text=text.replace(said, dice.choice(NO_SUCH_ROOMS), 1), defects=(new,), wrong_room=True)


# ------------------------------------------------------------------------------------------------ common areas
_AREAS = {"电梯厅": ("电梯厅", "电梯口", "候梯厅"), "楼梯间": ("楼梯间", "楼梯间里"), "车库": ("车库", "地下车库")}
_PHRASES = {  # what the flats' phrases do not have
    "电梯": ("C75", (("电梯老是异响", "D21"), ("电梯坏了，停着不动", "D11"), ("电梯门关不上", "D14"))),
    "防火门": ("C21", (("防火门关不严", "D14"), ("防火门坏了", "D11"))),
}


class _Common:
    """Writes tickets about lobbies, stairs, garages and lifts."""

    def __init__(self, estate: Estate, dice: random.Random) -> None:
        self.estate, self.dice = estate, dice
        self.rooms = {code_of(tower): [room for room in tower.rooms() if room.long_name in _AREAS] for tower in estate.towers}
        self.on_storey: dict[tuple[str, str], list[Room]] = {}
        for tower in estate.towers:
            for room in tower.rooms():
                self.on_storey.setdefault((code_of(tower), room.storey), []).append(room)

    def ticket(self) -> Ticket:
        """One defect in a common room; the text names the room, or only its storey, or of a lift only the unit."""
        dice = self.dice
        building = dice.choice(sorted(self.rooms))
        room = dice.choice(self.rooms[building])
        phrases = dict(self._phrases(room))
        name = dice.choice(sorted(phrases))
        component, said = phrases[name]
        phrase, defect_type = dice.choice(said)
        unit = f"{room.unit}单元" if room.unit and dice.random() < 0.7 else ""
        tower = f"{building}座" if building.isalpha() else f"{building}{dice.choice(('号楼', '栋', '幢'))}"
        if name == "电梯" and unit and dice.random() < 0.6:
            rooms = [other for other in self.rooms[building] if other.unit == room.unit]
            return self._written(f"{tower}{unit}", phrase, component, defect_type, building, name, rooms)
        level = "负一楼" if room.storey == "B1" else f"{room.storey.removesuffix('F')}{dice.choice('楼层')}"
        area = dice.choice(_AREAS[room.long_name]) if dice.random() < 0.7 else ""
        near = self.on_storey[building, room.storey]
        rooms = [other for other in near if not area or other.long_name == room.long_name]
        rooms = [other for other in rooms if not unit or other.unit in (None, room.unit)]
        return self._written(f"{tower}{unit}{level}", f"{area}{phrase}", component, defect_type, building, name, rooms)

    def _phrases(self, room: Room) -> Iterator[tuple[str, tuple[str, tuple[tuple[str, str], ...]]]]:
        for name in self.estate.contents[room.long_name]:
            if name in _PHRASES:
                yield name, _PHRASES[name]
            elif (name, "zh") in words() and name not in ("入户门", "外墙", "楼板"):
                called = words()[name, "zh"]
                phrases = ((phrase.format(it=called.names[0]), code) for phrase, code in called.phrases)
                yield name, (called.component, tuple(phrases))

    def _written(
        self, address: str, text: str, component: str, defect_type: str, building: str, name: str, rooms: Sequence[Room]
    ) -> Ticket:
        same = {other for (other, _), called in words().items() if called.component == component} | {name}
        elements = {
            element
            for room in rooms
            for each in same
            for element in self.estate.elements[room_id(building, room)].get(each, ())
        }
        truth = Truth(component, defect_type, frozenset(room.long_name for room in rooms), frozenset(elements))
        return Ticket(f"{address}{text}", "", None, frozenset(), (truth,))
